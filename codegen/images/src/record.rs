//! `images/<layer>.yaml`: the images of a layer, and where each may run.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{Architecture, Cloud, Os};
use fleetgen_fleet::scalar::{CommitId, EnvironmentName, ImageId, Key, LayerName, Region, Sha256, Text};
use fleetgen_problem::Problem;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Built, refusal};

const HEADER: &str = "\
# Written by `fleetgen images`, and reviewed in pull requests; Git keeps its history. By hand, only remove images that no
# longer exist.
#
# The images of a layer, oldest first, and where each may run.

";

/// The record of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Images {
    /// The layer.
    pub layer: LayerName,
    /// Its images, oldest first.
    pub images: Vec<Image>,
}

/// The image of a key, with the same content on every cloud and architecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The layer's key.
    pub key: Key,
    /// The key of the layer it is built on; nothing for a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Key>,
    /// The operating system.
    pub os: Os,
    /// Where it may run, in the order in which it was promoted. An image without any is a candidate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promotions: Vec<Promotion>,
    /// Set if it may run nowhere any more, whatever it was promoted to. The same applies to what is built on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
    /// The builds, by cloud and architecture.
    pub builds: BTreeMap<Cloud, Platforms>,
}

/// The builds on a cloud.
pub type Platforms = BTreeMap<Architecture, Build>;

/// An image was promoted to an environment. The pull request that adds this is the approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The environment.
    pub environment: EnvironmentName,
    /// Who promoted it.
    pub by: Text,
    /// When.
    pub at: Timestamp,
    /// Why it did not soak in the environment before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_soak: Option<Text>,
}

/// An image was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Why.
    pub reason: Text,
    /// Who revoked it.
    pub by: Text,
    /// When.
    pub at: Timestamp,
}

impl Image {
    /// When it was promoted to an environment, if it was. Whether it was revoked is another matter.
    pub fn promotion(&self, environment: &EnvironmentName) -> Option<&Promotion> {
        self.promotions.iter().find(|promotion| promotion.environment == *environment)
    }

    /// Whether it was neither promoted nor revoked.
    pub fn is_candidate(&self) -> bool {
        self.promotions.is_empty() && self.revoked.is_none()
    }

    /// Its build on a cloud, for an architecture.
    pub fn build(&self, cloud: Cloud, architecture: Architecture) -> Option<&Build> {
        self.builds.get(&cloud)?.get(&architecture)
    }

    /// Its id on a cloud, for an architecture, in a region.
    pub fn id(&self, cloud: Cloud, architecture: Architecture, region: &Region) -> Option<&ImageId> {
        self.build(cloud, architecture)?.ids.get(region)
    }

    /// Every build, with its cloud and architecture.
    pub fn builds(&self) -> impl Iterator<Item = (Cloud, Architecture, &Build)> {
        self.builds
            .iter()
            .flat_map(|(cloud, platforms)| platforms.iter().map(|(architecture, build)| (*cloud, *architecture, build)))
    }
}

/// One build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The image's id, by region.
    pub ids: BTreeMap<Region, ImageId>,
    /// The commit that it was built from.
    pub commit: CommitId,
    /// Digests of Packer's manifest, of the [`REPORTS`](crate::REPORTS) by name, and of the signed statement about them.
    pub digests: BTreeMap<String, Sha256>,
}

impl Images {
    /// The record of a layer without images.
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
    /// It is another layer's, or not a record, or writing it would lose something that was added by hand.
    pub fn parse(layer: &LayerName, text: &str) -> Result<Self, Problem> {
        let path = Self::path(layer);
        let restore = format!("`git log -p {path}` shows who changed it; restore it with `git checkout -- {path}`");
        let refuse = |message: String| refusal(message, restore.clone());
        // As a checkout on Windows would have it.
        let text = text.replace("\r\n", "\n");
        let images: Self =
            serde_saphyr::from_str(&text).map_err(|error| refuse(format!("{path} cannot be read: {error}")))?;
        if images.layer != *layer {
            return Err(refuse(format!("{path} is the record of the layer `{}`", images.layer)));
        }
        if images.images.iter().map(|image| &image.key).collect::<BTreeSet<_>>().len() < images.images.len() {
            return Err(refuse(format!("{path} has a key twice")));
        }
        let twice = images.images.iter().find(|image| {
            let environments: BTreeSet<_> = image.promotions.iter().map(|promotion| &promotion.environment).collect();
            environments.len() < image.promotions.len()
        });
        if let Some(image) = twice {
            return Err(refuse(format!("{path} promotes {} to an environment twice", image.key)));
        }
        match images.render() {
            Ok(rendered) if rendered == text => Ok(images),
            _ => Err(refuse(format!("{path} was edited by hand, and writing it would lose what was added"))),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// Never for what was parsed or built here.
    pub fn render(&self) -> Result<String, Problem> {
        let text = serde_saphyr::to_string(self).map_err(|error| {
            refusal(format!("the record cannot be written: {error}"), "this is a bug in fleetgen; please report it")
        })?;
        Ok(format!("{HEADER}{text}"))
    }

    /// Adds what was built, and returns whether that changes anything.
    ///
    /// # Errors
    /// The key is recorded with another image or another parent, or has been promoted or revoked; or the image is recorded for
    /// something else.
    pub fn add(&mut self, built: &Built) -> Result<bool, Problem> {
        let path = Self::path(&built.layer);
        let gone = format!(
            "a key is built once: delete the new image; or, if the recorded one no longer exists, remove it from {path} in a pull request (delete the file if nothing else is in it)"
        );
        for (image, cloud, architecture, build) in self.builds() {
            let is_same = image.key == built.key && cloud == built.cloud && architecture == built.architecture;
            if let Some(id) = build.ids.values().find(|id| !is_same && built.build.ids.values().any(|new| new == *id)) {
                let message = format!("{path} already has {id}, as the {cloud} {architecture} image of {}", image.key);
                return Err(refusal(
                    message,
                    "one of the two manifests belongs to another build: compare the image's tags in the cloud",
                ));
            }
            if is_same && build.ids != built.build.ids {
                let ids: Vec<&str> = build.ids.values().map(ImageId::as_str).collect();
                let message =
                    format!("{path} has another {cloud} {architecture} image of this key: {}", ids.join(", "));
                return Err(refusal(message, gone));
            }
            if is_same && !build.is_resigned(&built.build) {
                let message =
                    format!("{path} has this {cloud} {architecture} image with another commit or other reports");
                return Err(refusal(message, gone));
            }
        }
        let index = self.images.iter().position(|image| image.key == built.key).unwrap_or_else(|| {
            self.images.push(Image {
                key: built.key.clone(),
                parent: built.parent.clone(),
                os: built.os,
                promotions: Vec::new(),
                revoked: None,
                builds: BTreeMap::new(),
            });
            self.images.len() - 1
        });
        let image = &mut self.images[index];
        if (&image.parent, image.os) != (&built.parent, built.os) {
            let message = format!("{path} has {} with another parent or operating system", image.key);
            return Err(refusal(message, format!("`git log -p {path}` shows who changed it; restore it")));
        }
        let platforms = image.builds.entry(built.cloud).or_default();
        let before = platforms.insert(built.architecture, built.build.clone());
        if before.is_none() && !image.is_candidate() {
            return Err(refusal(
                format!("{path} already has {} promoted or revoked, without this image", image.key),
                "make it a candidate again in a pull request, record this image, and then promote or revoke them together",
            ));
        }
        Ok(before.as_ref() != Some(&built.build))
    }

    /// Every build, with its image, cloud and architecture.
    fn builds(&self) -> impl Iterator<Item = (&Image, Cloud, Architecture, &Build)> {
        self.images.iter().flat_map(|image| {
            image.builds().map(move |(cloud, architecture, build)| (image, cloud, architecture, build))
        })
    }

    /// Those of some sources that have no image of a key yet.
    pub fn missing(&self, key: &Key, sources: &[(Cloud, Architecture)]) -> Vec<(Cloud, Architecture)> {
        let has = |wanted: &(Cloud, Architecture)| {
            self.builds().any(|(image, cloud, architecture, _)| image.key == *key && (cloud, architecture) == *wanted)
        };
        sources.iter().copied().filter(|source| !has(source)).collect()
    }
}

impl Build {
    /// Whether another build is this one, except for the signature, which differs each time.
    fn is_resigned(&self, other: &Self) -> bool {
        let signed = |build: &Self| {
            let digests = build.digests.iter().filter(|(name, _)| *name != "attestation");
            digests.map(|(name, digest)| (name.clone(), digest.clone())).collect::<BTreeMap<_, _>>()
        };
        self.commit == other.commit && signed(self) == signed(other)
    }
}
