//! The records of all layers together: an image and those that it was built on.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{ImageId, Key, LayerName};
use fleetgen_problem::Problem;

use crate::{Image, Images, refuse};

/// The records of all layers, with indices of keys and ids.
#[derive(Debug)]
pub struct Records<'a> {
    layers: &'a BTreeMap<LayerName, Images>,
    keys: BTreeMap<&'a Key, (&'a LayerName, &'a Image)>,
    ids: BTreeMap<&'a ImageId, &'a Image>,
}

impl<'a> Records<'a> {
    /// The records of all layers.
    pub fn new(layers: &'a BTreeMap<LayerName, Images>) -> Self {
        let images = || layers.iter().flat_map(|(layer, record)| record.images.iter().map(move |image| (layer, image)));
        let ids = images().flat_map(|(_, image)| {
            image.builds().flat_map(|(_, _, build)| build.ids.values()).map(move |id| (id, image))
        });
        Self { layers, keys: images().map(|entry| (&entry.1.key, entry)).collect(), ids: ids.collect() }
    }

    /// The images of a layer, oldest first.
    pub fn layer(&self, layer: &LayerName) -> &'a [Image] {
        self.layers.get(layer).map(|record| record.images.as_slice()).unwrap_or_default()
    }

    /// Every image with its layer, by layer and age.
    pub fn images(&self) -> impl Iterator<Item = (&'a LayerName, &'a Image)> {
        self.layers.iter().flat_map(|(layer, record)| record.images.iter().map(move |image| (layer, image)))
    }

    /// The image with an id.
    pub fn image(&self, id: &ImageId) -> Option<&'a Image> {
        self.ids.get(id).copied()
    }

    /// The image of a key, with its layer.
    pub fn get(&self, key: &Key) -> Option<(&'a LayerName, &'a Image)> {
        self.keys.get(key).copied()
    }

    /// The image whose key begins with these digits.
    ///
    /// # Errors
    /// There is none, or there are several.
    pub fn find(&self, digits: &str) -> Result<(&'a LayerName, &'a Image), Problem> {
        let digits = digits.to_ascii_lowercase();
        let found: Vec<_> = self.keys.values().filter(|(_, image)| image.key.as_str().starts_with(&digits)).collect();
        match found[..] {
            [found] if !digits.is_empty() => Ok(*found),
            [] => Err(refuse(
                format!("no image with the key `{digits}` is recorded"),
                "`fleetgen images list` shows the keys of all images",
            )),
            _ => Err(refuse(format!("the keys of {} images begin with `{digits}`", found.len()), "write more digits")),
        }
    }

    /// An image, the one it was built on, and so on. Ends early if one is not recorded.
    pub fn lineage(&self, image: &'a Image) -> impl Iterator<Item = &'a Image> {
        let parent = |image: &&'a Image| self.get(image.parent.as_ref()?).map(|(_, image)| image);
        // A chain of parents is as long as the layers are deep; a cycle in a record must not keep us here.
        std::iter::successors(Some(image), parent).take(self.keys.len())
    }

    /// Why an image may not run anywhere: it, or one that it was built on, was revoked.
    pub fn revoked(&self, image: &'a Image) -> Option<String> {
        self.lineage(image).find_map(|image| {
            let revocation = image.revoked.as_ref()?;
            Some(format!("{} was revoked: {}", image.key.short(), revocation.reason))
        })
    }

    /// Every id that was revoked, by itself or with its parent.
    pub fn revoked_ids(&self) -> impl Iterator<Item = &'a ImageId> {
        self.ids.iter().filter(|(_, image)| self.revoked(image).is_some()).map(|(id, _)| *id)
    }
}
