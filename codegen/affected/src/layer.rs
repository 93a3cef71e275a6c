//! Layers with another key, why, and where their images are built.

use std::collections::BTreeSet;

use fleetgen_emit::LayerKey;
use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::scalar::{GroupName, LayerName, Region};
use fleetgen_fleet::{Fleet, Layer, placements};
use serde::Serialize;

use crate::{Change, Side};

/// A layer whose key changes.
#[derive(Debug, Clone, Serialize)]
pub struct LayerChange {
    /// The layer.
    pub layer: LayerName,
    /// The layer that it is built on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<LayerName>,
    /// What happens to it.
    pub change: Change,
    /// Its inputs that differ, such as `packages` or `packer/scripts/lib.sh`.
    pub why: Vec<String>,
    /// The key before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The key after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The images to build. Those that are recorded for the new key are not among them.
    pub builds: Vec<ImageBuild>,
    /// The groups that run it.
    pub groups: Vec<GroupName>,
}

/// An image to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageBuild {
    /// Where.
    pub cloud: Cloud,
    /// For which processor.
    pub architecture: Architecture,
    /// The regions that need it, that of the build first.
    pub regions: Vec<Region>,
}

pub(crate) fn changes(before: &Side, after: &Side) -> Vec<LayerChange> {
    let mut layers: Vec<&Layer> = after.fleet.layers.values().collect();
    layers.extend(before.fleet.layers.values().filter(|layer| !after.fleet.layers.contains_key(&layer.name)));
    layers.sort_by_key(|layer| (layer.ancestors.len(), &layer.name));
    let changed = layers.into_iter().filter_map(|layer| {
        let name = &layer.name;
        let (from, to) = (key(before, name), key(after, name));
        let change = Change::of(from.as_ref(), to.as_ref())?;
        let why = match change {
            Change::Created => vec!["new layer".to_owned()],
            Change::Removed => vec!["no longer in fleet.yaml".to_owned()],
            Change::Changed => why(before.keys.get(name), after.keys.get(name)),
        };
        let builds = to.as_ref().map(|key| builds(after, layer, key)).unwrap_or_default();
        let groups = after.fleet.groups.values().filter(|group| group.layer == *name);
        let groups = groups.map(|group| group.name.clone()).collect();
        Some(LayerChange {
            layer: name.clone(),
            parent: layer.parent().cloned(),
            change,
            why,
            from,
            to,
            builds,
            groups,
        })
    });
    changed.collect()
}

/// Whether a generated file belongs to one of the layers.
pub(crate) fn has(layers: &[LayerChange], path: &str) -> bool {
    let name = path.split('/').nth(2).unwrap_or_default();
    layers.iter().any(|layer| layer.layer.as_str() == name)
}

/// The key that the generated template has, which another version of fleetgen may have made.
fn key(side: &Side, layer: &LayerName) -> Option<String> {
    let template = side.generated.get(&format!("generated/packer/{layer}/build.pkr.hcl"))?;
    let line = template.lines().find_map(|line| line.trim_start().strip_prefix("\"key\""))?;
    Some(line.split('"').nth(1)?.to_owned())
}

/// The inputs that differ.
fn why(before: Option<&LayerKey>, after: Option<&LayerKey>) -> Vec<String> {
    let (Some(before), Some(after)) = (before, after) else { return vec!["fleetgen itself".to_owned()] };
    let why = inputs(before, after);
    if why.is_empty() { vec!["fleetgen itself".to_owned()] } else { why }
}

/// The inputs in which two keys differ.
pub fn inputs(before: &LayerKey, after: &LayerKey) -> Vec<String> {
    let names: BTreeSet<&String> = before.inputs.keys().chain(after.inputs.keys()).collect();
    let differs = |input: &&String| before.inputs.get(*input) != after.inputs.get(*input);
    let changed: Vec<&String> = names.into_iter().filter(differs).collect();
    // What is rendered follows from the other inputs, unless fleetgen itself has changed.
    let is_rendered = |input: &&String| input.starts_with("generated/");
    let only_rendered = changed.iter().all(&is_rendered);
    changed.into_iter().filter(|input| only_rendered || !is_rendered(input)).cloned().collect()
}

/// The images of a key that are not recorded.
fn builds(side: &Side, layer: &Layer, key: &str) -> Vec<ImageBuild> {
    let records = side.images.get(&layer.name).map(|images| images.images.as_slice()).unwrap_or_default();
    let recorded = records.iter().find(|image| image.key.as_str() == key);
    let has = |build: &ImageBuild| {
        recorded.is_some_and(|image| {
            build.regions.iter().all(|region| image.id(build.cloud, build.architecture, region).is_some())
        })
    };
    images(&side.fleet, layer).filter(|build| !has(build)).collect()
}

/// Every image of a layer.
fn images(fleet: &Fleet, layer: &Layer) -> impl Iterator<Item = ImageBuild> {
    placements(fleet, layer).into_iter().flat_map(|(cloud, placement)| {
        let regions: Vec<Region> = std::iter::once(placement.region).chain(placement.copies).collect();
        let build = move |architecture: &Architecture| ImageBuild {
            cloud,
            architecture: *architecture,
            regions: regions.clone(),
        };
        layer.architectures.iter().map(build).collect::<Vec<_>>()
    })
}
