//! Which layers are built, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_fleet::{Fleet, Layer, resource_name};
use fleetgen_images::{Images, sources};
use serde::Serialize;

/// What is built, in stages: the layers of a stage are built at once, after those that they are built on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildPlan {
    /// As many as the fleet's layers are deep; some may be empty.
    pub stages: Vec<Vec<LayerBuild>>,
}

/// A layer to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerBuild {
    /// The layer.
    pub layer: LayerName,
    /// Its key.
    pub key: Key,
    /// What `packer/runner/build.sh` builds, such as `amazon-ebs.arm64`.
    pub sources: Vec<String>,
    /// Whether an image of the key is recorded already, and is replaced.
    pub replaces: bool,
}

/// Which layers are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those without an image of their key.
    Missing,
    /// Those of these without an image of their key, and of what they are built on.
    Only(BTreeSet<LayerName>),
    /// All, also those that have one.
    All,
}

impl BuildPlan {
    /// The plan for the keys of a fleet's layers, given what is recorded.
    pub fn new(
        fleet: &Fleet,
        keys: &BTreeMap<LayerName, Key>,
        images: &BTreeMap<LayerName, Images>,
        wanted: &Wanted,
    ) -> Self {
        let mut stages = vec![Vec::new(); fleet.depth()];
        let is_wanted = |layer: &Layer| match wanted {
            Wanted::Missing | Wanted::All => true,
            Wanted::Only(names) => names
                .iter()
                .any(|name| fleet.layers.get(name).is_some_and(|asked| asked.is_or_descends_from(&layer.name))),
        };
        for layer in fleet.layers.values().filter(|layer| is_wanted(layer)) {
            let Some(key) = keys.get(&layer.name) else { continue };
            let all = sources(fleet, &layer.name);
            let missing = images.get(&layer.name).map_or_else(|| all.clone(), |images| images.missing(key, &all));
            let replaces = *wanted == Wanted::All && missing != all;
            let built = if *wanted == Wanted::All { all } else { missing };
            if !built.is_empty() {
                let sources =
                    built.iter().map(|(cloud, architecture)| resource_name::source(*cloud, architecture.as_str()));
                let planned =
                    LayerBuild { layer: layer.name.clone(), key: key.clone(), sources: sources.collect(), replaces };
                stages[layer.ancestors.len()].push(planned);
            }
        }
        Self { stages }
    }
}
