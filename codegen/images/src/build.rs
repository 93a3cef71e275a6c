//! What a build produced, checked against the fleet.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{Architecture, Cloud, Os};
use fleetgen_fleet::scalar::{CommitId, ImageId, Key, LayerName, Region};
use fleetgen_fleet::{Fleet, Layer, Placement, placements, resource_name};
use fleetgen_problem::{Problem, suggest_or_list};

use crate::manifest::{self, Entry};
use crate::record::Build;
use crate::{refusal, reports};

/// What the template itself says about a build, besides the fleet's tags.
const OWN: &[&str] = &["fleet", "layer", "key", "os", "parent", "commit", "architecture", "account"];

/// What a build produced: one image, on one cloud, for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The layer.
    pub layer: LayerName,
    /// The layer's key.
    pub key: Key,
    /// The key of the layer it is built on.
    pub parent: Option<Key>,
    /// The operating system.
    pub os: Os,
    /// The cloud.
    pub cloud: Cloud,
    /// The architecture.
    pub architecture: Architecture,
    /// The rest, as it is recorded.
    pub build: Build,
}

/// Reads what a build left: its manifest, and the reports beside it by file name. `keys` has the key of every layer.
///
/// # Errors
/// Everything that does not agree with the fleet, or with the rest of the build.
pub fn read(
    fleet: &Fleet,
    keys: &BTreeMap<LayerName, Key>,
    manifest: &[u8],
    reports: &BTreeMap<&str, Vec<u8>>,
) -> Result<Built, Vec<Problem>> {
    let entry = manifest::parse(manifest).map_err(|refusal| vec![refusal])?;
    let (layer, key) = of_this_fleet(fleet, keys, &entry).map_err(|refusal| vec![refusal])?;
    let mut problems = Vec::new();
    agrees(fleet, layer, keys, key, &entry, &mut problems);
    let commit = said(&entry, "commit").parse::<CommitId>().map_err(|invalid| {
        problems.push(refusal(
            format!("the commit in the manifest: {}", invalid.message),
            invalid.hint.unwrap_or_default(),
        ));
    });
    let place = place(fleet, layer, &entry).and_then(|(cloud, architecture, placement)| {
        Ok((cloud, architecture, ids(fleet, layer, key, &entry, architecture, &placement, cloud)?))
    });
    let place = place.map_err(|refusal| problems.push(refusal));
    let digests = reports::judge(manifest, reports).map_err(|refusals| problems.extend(refusals));
    if let (Ok((cloud, _, ids)), Ok(commit), Ok(_)) = (&place, &commit, &digests) {
        let built = place_of_build(fleet, layer, *cloud).and_then(|region| ids.get(&region));
        let image = built.map_or("", |id| id.as_str().rsplit('/').next().unwrap_or_default());
        let report = reports.get("boot.json").map_or(&[][..], Vec::as_slice);
        problems.extend(crate::reports::booted(report, image, key.as_str(), commit.as_str()).err());
    }
    match (place, commit, digests) {
        (Ok((cloud, architecture, ids)), Ok(commit), Ok(digests)) if problems.is_empty() => Ok(Built {
            layer: layer.name.clone(),
            key: key.clone(),
            parent: parent(layer, keys).cloned(),
            os: layer.os,
            cloud,
            architecture,
            build: Build { ids, commit, digests },
        }),
        _ => Err(problems),
    }
}

/// The region in which a layer is built.
fn place_of_build(fleet: &Fleet, layer: &Layer, cloud: Cloud) -> Option<Region> {
    placements(fleet, layer).into_iter().find(|(on, _)| *on == cloud).map(|(_, placement)| placement.region)
}

/// The sources that a layer is built from, as [`Built`] tells them apart.
pub fn sources(fleet: &Fleet, layer: &LayerName) -> Vec<(Cloud, Architecture)> {
    let Some(layer) = fleet.layers.get(layer) else { return Vec::new() };
    let clouds = placements(fleet, layer).into_iter().map(|(cloud, _)| cloud);
    clouds.flat_map(|cloud| layer.architectures.iter().map(move |architecture| (cloud, *architecture))).collect()
}

fn parent<'a>(layer: &Layer, keys: &'a BTreeMap<LayerName, Key>) -> Option<&'a Key> {
    layer.parent().and_then(|parent| keys.get(parent))
}

/// What the template said about the build.
fn said<'a>(entry: &'a Entry, what: &str) -> &'a str {
    entry.custom_data.get(what).map_or("", String::as_str)
}

/// The layer that was built. If the fleet or the layer is another one, nothing else is worth reporting.
fn of_this_fleet<'a>(
    fleet: &'a Fleet,
    keys: &'a BTreeMap<LayerName, Key>,
    entry: &Entry,
) -> Result<(&'a Layer, &'a Key), Problem> {
    if entry.custom_data.is_empty() {
        let message = "the manifest does not say what was built: no fleetgen template wrote it";
        return Err(refusal(message, "build the layer with packer/runner/build.sh"));
    }
    let (of, name) = (said(entry, "fleet"), said(entry, "layer"));
    if of != fleet.name.as_str() {
        let message = format!("the manifest belongs to the fleet `{of}`; this is `{}`", fleet.name);
        return Err(refusal(message, "record it in the repository that it was built from"));
    }
    let layer = fleet.layers.values().find(|layer| layer.name.as_str() == name);
    layer.and_then(|layer| Some((layer, keys.get(&layer.name)?))).ok_or_else(|| {
        let hint = suggest_or_list(name, fleet.layers.keys().map(AsRef::as_ref)).unwrap_or_default();
        refusal(format!("there is no layer `{name}` in fleet.yaml"), hint)
    })
}

/// The key, and everything else that the build says about itself, is what fleet.yaml says now.
fn agrees(
    fleet: &Fleet,
    layer: &Layer,
    keys: &BTreeMap<LayerName, Key>,
    key: &Key,
    entry: &Entry,
    problems: &mut Vec<Problem>,
) {
    let built = said(entry, "key");
    if built != key.as_str() {
        problems.push(refusal(
            format!("the key in the manifest is stale: the build used `{built}`, and fleet.yaml now gives `{key}`"),
            "record it from the commit that it was built from, or build the layer again; `fleetgen layers --since REV` shows what changed",
        ));
        return;
    }
    let account = match entry.builder_type.as_str() {
        "amazon-ebs" => fleet.aws.as_ref().map(|aws| aws.builder.account.as_str()),
        _ => fleet.gcp.as_ref().map(|gcp| gcp.builder.project.as_str()),
    };
    let wanted = [
        ("os", layer.os.label()),
        ("parent", parent(layer, keys).map(ToString::to_string).unwrap_or_default()),
        ("architecture", entry.name.clone()),
        ("account", account.unwrap_or_default().to_owned()),
    ];
    let tags = fleet.tags.iter().filter(|(tag, _)| !OWN.contains(&tag.as_str()));
    let tags = tags.map(|(tag, value)| (tag.as_str(), value.to_string()));
    for (what, wanted) in wanted.into_iter().chain(tags) {
        let built = said(entry, what);
        if built != wanted {
            problems.push(refusal(
                format!("the {what} in the manifest is `{built}`; fleet.yaml says `{wanted}`"),
                "record it from the commit that it was built from, or build the layer again",
            ));
        }
    }
}

/// The cloud and architecture of the source, which must be one of the layer's.
fn place(fleet: &Fleet, layer: &Layer, entry: &Entry) -> Result<(Cloud, Architecture, Placement), Problem> {
    let cloud = match entry.builder_type.as_str() {
        "amazon-ebs" => Some(Cloud::Aws),
        "googlecompute" => Some(Cloud::Gcp),
        _ => None,
    };
    let architecture = layer.architectures.iter().find(|architecture| architecture.as_str() == entry.name);
    let placement = placements(fleet, layer).into_iter().find(|(on, _)| Some(*on) == cloud);
    let place = placement.zip(architecture).map(|((cloud, placement), found)| (cloud, *found, placement));
    place.ok_or_else(|| {
        let (of, name) = (&entry.builder_type, &entry.name);
        refusal(
            format!("the manifest is from the source `{of}.{name}`, which `{}` does not have", layer.name),
            "build it from generated/packer as it is in this repository",
        )
    })
}

/// The image ids by region: exactly the regions that need the image.
fn ids(
    fleet: &Fleet,
    layer: &Layer,
    key: &Key,
    entry: &Entry,
    architecture: Architecture,
    placement: &Placement,
    cloud: Cloud,
) -> Result<BTreeMap<Region, ImageId>, Problem> {
    let again = "delete what the build left, and build the layer again";
    let artifact = &entry.artifact_id;
    let wanted: BTreeSet<&Region> = [&placement.region].into_iter().chain(&placement.copies).collect();
    if cloud == Cloud::Gcp {
        let name = resource_name::image(&fleet.name, &layer.name, architecture, key.as_str());
        let project = fleet.gcp.as_ref().map(|gcp| gcp.builder.project.as_str()).unwrap_or_default();
        let id = format!("projects/{project}/global/images/{name}").parse::<ImageId>().ok();
        let id = id.filter(|_| *artifact == name);
        let id = id.ok_or_else(|| refusal(format!("the image is named `{artifact}`, not `{name}`"), again))?;
        return Ok(wanted.into_iter().map(|region| (region.clone(), id.clone())).collect());
    }
    let mut ids = BTreeMap::new();
    for part in artifact.split(',').filter(|_| !artifact.is_empty()) {
        let parsed = part.split_once(':').filter(|(_, id)| id.starts_with("ami-"));
        let parsed =
            parsed.and_then(|(region, id)| Some((region.parse::<Region>().ok()?, id.parse::<ImageId>().ok()?)));
        let Some((region, id)) = parsed else {
            return Err(refusal(format!("`{part}` is not an AMI in a region"), again));
        };
        if ids.values().any(|known| *known == id) || ids.insert(region, id).is_some() {
            return Err(refusal(format!("a region or an image appears twice: `{artifact}`"), again));
        }
    }
    let list = |regions: Vec<&Region>| regions.into_iter().map(Region::to_string).collect::<Vec<_>>().join(", ");
    let missing: Vec<&Region> = wanted.iter().copied().filter(|region| !ids.contains_key(*region)).collect();
    if !missing.is_empty() {
        let message = format!("the build is incomplete: there is no image in {}", list(missing));
        return Err(refusal(
            message,
            "delete what the build left, and build the layer again; docs/layers.md explains what to do for a region that was added later",
        ));
    }
    let more: Vec<&Region> = ids.keys().filter(|region| !wanted.contains(region)).collect();
    if !more.is_empty() {
        let message = format!("no group needs the image in {}", list(more));
        return Err(refusal(message, "record it from the commit that it was built from, or build the layer again"));
    }
    Ok(ids)
}
