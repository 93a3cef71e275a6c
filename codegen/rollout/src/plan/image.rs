//! Which image a group should run.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{ImageId, Key, LayerName};
use fleetgen_fleet::{Fleet, Group};
use fleetgen_images::{Image, Images, State};

/// The records of images, with an index of keys.
#[derive(Debug)]
pub struct Records<'a> {
    layers: &'a BTreeMap<LayerName, Images>,
    keys: BTreeMap<&'a Key, &'a Image>,
    ids: BTreeMap<&'a ImageId, &'a Image>,
}

impl<'a> Records<'a> {
    /// The records of all layers.
    pub fn new(layers: &'a BTreeMap<LayerName, Images>) -> Self {
        let images = || layers.values().flat_map(|record| &record.images);
        let ids = images().flat_map(|image| {
            let builds = image.builds.values().flat_map(BTreeMap::values);
            builds.flat_map(|build| build.ids.values()).map(move |id| (id, image))
        });
        Self { layers, keys: images().map(|image| (&image.key, image)).collect(), ids: ids.collect() }
    }

    /// The image with an id.
    pub fn image(&self, id: &ImageId) -> Option<&'a Image> {
        self.ids.get(id).copied()
    }

    /// Why an image may not run anywhere: it, or one that it was built on, was revoked.
    pub fn revoked(&self, image: &'a Image) -> Option<String> {
        let mut next = Some(image);
        // A chain of parents is as long as the layers are deep; a cycle in a record must not keep us here.
        for _ in 0..=self.keys.len() {
            let image = next?;
            if let State::Revoked(reason) = &image.state {
                return Some(format!("{} was revoked: {}", super::short(&image.key), reason));
            }
            next = image.parent.as_ref().and_then(|parent| self.keys.get(parent).copied());
        }
        None
    }

    /// Every id that was revoked, by itself or with its parent.
    pub fn revoked_ids(&self) -> impl Iterator<Item = &'a ImageId> {
        self.ids.iter().filter(|(_, image)| self.revoked(image).is_some()).map(|(id, _)| *id)
    }
}

/// The newest image that may run in a group's environment, has a build for its cloud, architecture and region, and has no
/// revoked ancestor.
///
/// # Errors
/// Why there is none.
pub fn choose<'a>(records: &Records<'a>, fleet: &Fleet, group: &Group) -> Result<(&'a Image, &'a ImageId), String> {
    let images = records.layers.get(&group.layer).map(|record| record.images.as_slice()).unwrap_or_default();
    if images.is_empty() {
        return Err(format!("layer `{}` has no images: build and record one", group.layer));
    }
    let region = fleet.networks.get(&group.network).map(|network| &network.region);
    let (cloud, architecture) = (group.cloud(), group.machine.architecture);
    let mut nearest = format!("no image of layer `{}` has been promoted to {}", group.layer, group.environment);
    for image in images.iter().rev() {
        let approved = matches!(&image.state, State::Approved(names) if names.contains(&group.environment));
        if !approved || records.revoked(image).is_some() {
            continue;
        }
        let build = image.builds.get(&cloud).and_then(|platforms| platforms.get(&architecture));
        match build.zip(region).and_then(|(build, region)| build.ids.get(region)) {
            Some(id) => return Ok((image, id)),
            None => {
                nearest =
                    format!("{} has no {cloud} {architecture} image in the group's region", super::short(&image.key));
            }
        }
    }
    Err(nearest)
}
