//! `images/<layer>.yaml`: the images of a layer, and where each may run.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::{Architecture, Cloud, Os};
use fleetgen_fleet::scalar::{CommitId, EnvironmentName, Key, LayerName, Region, Sha256, Text};
use serde::{Deserialize, Serialize};

use crate::{Built, Refusal};

const HEADER: &str = "\
# Written by `fleetgen images` after a build. Do not edit: each change is reviewed in a pull request, and Git keeps its history.
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
    /// What the cloud calls the image, by region: an AMI's id, or the path of an image of Compute Engine.
    pub ids: BTreeMap<Region, String>,
    /// The commit that it was built from.
    pub commit: CommitId,
    /// Digest of Packer's manifest.
    pub manifest: Sha256,
    /// Digest of the SBOM, in `CycloneDX`.
    pub sbom: Sha256,
    /// Digest of Trivy's report.
    pub trivy: Sha256,
    /// Digest of Goss's report.
    pub goss: Sha256,
    /// Digest of Goss's report as `JUnit`.
    pub junit: Sha256,
    /// Digest of the signed statement that holds the digests above together.
    pub attestation: Sha256,
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
        let images: Self = serde_saphyr::from_str(text)
            .map_err(|error| Refusal::new(format!("{path} cannot be read: {error}"), restore.clone()))?;
        if images.layer != *layer {
            return Err(Refusal::new(format!("{path} is of the layer {}", images.layer), restore));
        }
        match images.render() {
            Ok(rendered) if rendered == text => Ok(images),
            _ => Err(Refusal::new(format!("{path} was edited by hand, and what was added would be lost"), restore)),
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

    /// Adds what was built, and says whether that changes anything. The state of an image that is there already stays.
    ///
    /// # Errors
    /// The same key was recorded with another image.
    pub fn add(&mut self, built: &Built) -> Result<bool, Refusal> {
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
        let platforms = self.images[index].builds.entry(built.cloud).or_default();
        match platforms.get(&built.architecture) {
            Some(there) if *there == built.build => Ok(false),
            Some(there) => Err(Refusal::new(
                format!(
                    "{} has another image of this key on {} {}: {}",
                    Self::path(&built.layer),
                    built.cloud,
                    built.architecture,
                    there.ids.values().cloned().collect::<Vec<_>>().join(", ")
                ),
                "a key is built once; delete the newer image, or, if the recorded one is gone, take its entry out in a pull request",
            )),
            None => {
                platforms.insert(built.architecture, built.build.clone());
                Ok(true)
            }
        }
    }
}
