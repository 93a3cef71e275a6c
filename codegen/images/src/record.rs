//! `images/<layer>.yaml`: the images of a layer, and where each may run.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{Architecture, Cloud, Os};
use fleetgen_fleet::scalar::{CommitId, EnvironmentName, ImageId, Key, LayerName, Region, Sha256, Text};
use serde::{Deserialize, Serialize};

use crate::{Built, Refusal};

const HEADER: &str = "\
# Written by `fleetgen images`, and reviewed in pull requests; Git keeps its history. By hand, only take out what is gone.
#
# The images of a layer, the oldest first, and where each may run.

";

/// The record of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// The layer.
    pub layer: LayerName,
    /// Its images, the oldest first.
    pub images: Vec<Image>,
}

/// The image of a key: on every cloud and architecture that it was built for, the same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The layer's key.
    pub key: Key,
    /// The key of the layer below; nothing for a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Key>,
    /// The operating system.
    pub os: Os,
    /// Where it may run.
    pub state: State,
    /// The builds, by cloud and architecture.
    pub builds: BTreeMap<Cloud, Platforms>,
}

/// The builds on a cloud.
pub type Platforms = BTreeMap<Architecture, Build>;

/// Where an image may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nowhere yet.
    Candidate,
    /// In these environments.
    Approved(Vec<EnvironmentName>),
    /// Nowhere any more, for this reason; nor may what is built on it.
    Revoked(Text),
}

/// One build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// What the cloud calls the image, by region.
    pub ids: BTreeMap<Region, ImageId>,
    /// The commit that it was built from.
    pub commit: CommitId,
    /// Digests of Packer's manifest, of the reports as [`REPORTS`](crate::REPORTS) calls them, and of the signed statement
    /// that holds those together.
    pub digests: BTreeMap<String, Sha256>,
}

impl Images {
    /// The record of a layer of which there is no image yet.
    pub fn new(layer: LayerName) -> Self {
        Self { layer, images: Vec::new() }
    }

    /// The path of a layer's record in the repository.
    pub fn path(layer: &LayerName) -> String {
        format!("images/{layer}.yaml")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// It is of another layer or no record, or it would not be written as it stands, so that something would be lost.
    pub fn parse(layer: &LayerName, text: &str) -> Result<Self, Refusal> {
        let path = Self::path(layer);
        let restore =
            format!("see `git log -p {path}` for who changed it, and restore it with `git checkout -- {path}`");
        let refusal = |message: String| Refusal::new(message, restore.clone());
        // As a checkout on Windows would have it.
        let text = text.replace("\r\n", "\n");
        let images: Self =
            serde_saphyr::from_str(&text).map_err(|error| refusal(format!("{path} cannot be read: {error}")))?;
        if images.layer != *layer {
            return Err(refusal(format!("{path} is of the layer {}", images.layer)));
        }
        if images.images.iter().map(|image| &image.key).collect::<BTreeSet<_>>().len() < images.images.len() {
            return Err(refusal(format!("{path} has a key twice")));
        }
        match images.render() {
            Ok(rendered) if rendered == text => Ok(images),
            _ => Err(refusal(format!("{path} was edited by hand, and what was added would be lost"))),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never for what was parsed or built here.
    pub fn render(&self) -> Result<String, Refusal> {
        let text = serde_saphyr::to_string(self).map_err(|error| {
            Refusal::new(format!("the record cannot be written: {error}"), "this is a fault of fleetgen's")
        })?;
        Ok(format!("{HEADER}{text}"))
    }

    /// Adds what was built, and says whether that changes anything.
    ///
    /// # Errors
    /// The same key was recorded with another image or on another line of layers, or was judged already; or the image is
    /// recorded as another one.
    pub fn add(&mut self, built: &Built) -> Result<bool, Refusal> {
        let path = Self::path(&built.layer);
        let gone = format!(
            "a key is built once: delete the image that was just made; or, if the recorded one is gone, take it out of {path} in a pull request (the file itself, where nothing else is in it)"
        );
        for (image, cloud, architecture, build) in self.builds() {
            let is_same = image.key == built.key && cloud == built.cloud && architecture == built.architecture;
            if let Some(id) = build.ids.values().find(|id| !is_same && built.build.ids.values().any(|new| new == *id)) {
                let message =
                    format!("{path} has {id} already, as the image of {} on {cloud} {architecture}", image.key);
                return Err(Refusal::new(
                    message,
                    "one of the two manifests is of another build: look at what the cloud says of it",
                ));
            }
            if is_same && build.ids != built.build.ids {
                let ids: Vec<&str> = build.ids.values().map(ImageId::as_str).collect();
                let message =
                    format!("{path} has another image of this key on {cloud} {architecture}: {}", ids.join(", "));
                return Err(Refusal::new(message, gone));
            }
            if is_same && !build.is_resigned(&built.build) {
                let message =
                    format!("{path} has this image of {cloud} {architecture} with another commit, or other reports");
                return Err(Refusal::new(message, gone));
            }
        }
        let index = self.images.iter().position(|image| image.key == built.key).unwrap_or_else(|| {
            self.images.push(Image {
                key: built.key.clone(),
                parent: built.parent.clone(),
                os: built.os,
                state: State::Candidate,
                builds: BTreeMap::new(),
            });
            self.images.len() - 1
        });
        let image = &mut self.images[index];
        if (&image.parent, image.os) != (&built.parent, built.os) {
            let message = format!("{path} gives {} another parent or operating system", image.key);
            return Err(Refusal::new(message, format!("see `git log -p {path}` for who changed it, and restore it")));
        }
        let platforms = image.builds.entry(built.cloud).or_default();
        let before = platforms.insert(built.architecture, built.build.clone());
        if before.is_none() && image.state != State::Candidate {
            return Err(Refusal::new(
                format!("{path} has a verdict on {} already, which was not on this image", image.key),
                "make it a candidate again in a pull request, record this image, and judge them together",
            ));
        }
        Ok(before.as_ref() != Some(&built.build))
    }

    /// Every build, with what it is of.
    fn builds(&self) -> impl Iterator<Item = (&Image, Cloud, Architecture, &Build)> {
        self.images.iter().flat_map(|image| {
            image.builds.iter().flat_map(move |(cloud, platforms)| {
                platforms.iter().map(move |(architecture, build)| (image, *cloud, *architecture, build))
            })
        })
    }

    /// The sources among some from which there is no image of a key yet.
    pub fn missing(&self, key: &Key, sources: &[(Cloud, Architecture)]) -> Vec<(Cloud, Architecture)> {
        let has = |wanted: &(Cloud, Architecture)| {
            self.builds().any(|(image, cloud, architecture, _)| image.key == *key && (cloud, architecture) == *wanted)
        };
        sources.iter().copied().filter(|source| !has(source)).collect()
    }
}

impl Build {
    /// Whether another build is this one, up to the signature, which is another one each time.
    fn is_resigned(&self, other: &Self) -> bool {
        let signed = |build: &Self| {
            let digests = build.digests.iter().filter(|(name, _)| *name != "attestation");
            digests.map(|(name, digest)| (name.clone(), digest.clone())).collect::<BTreeMap<_, _>>()
        };
        self.commit == other.commit && signed(self) == signed(other)
    }
}
