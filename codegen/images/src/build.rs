//! What a build made, held against the fleet.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{Architecture, Cloud, Os};
use fleetgen_fleet::scalar::{AmiId, CommitId, Key, LayerName, Region, Sha256};
use fleetgen_fleet::{Fleet, Layer, Placement, placements, resource_name, suggest_or_list};
use serde::Deserialize;

use crate::manifest::{self, Entry};
use crate::record::Build;
use crate::{REPORTS, Refusal, attestation, digest};

/// What a build made: one image, on one cloud, for one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The layer.
    pub layer: LayerName,
    /// The layer's key.
    pub key: Key,
    /// The key of the layer below.
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

/// Reads what a build left: its manifest, and the reports beside it by name. `keys` has the key of every layer.
///
/// # Errors
/// Everything in which it does not agree with the fleet, or with itself.
pub fn read(
    fleet: &Fleet,
    keys: &BTreeMap<LayerName, Key>,
    manifest: &[u8],
    reports: &BTreeMap<&str, Vec<u8>>,
) -> Result<Built, Vec<Refusal>> {
    let entry = manifest::parse(manifest).map_err(|refusal| vec![refusal])?;
    let (layer, key) = of_this_fleet(fleet, keys, &entry).map_err(|refusal| vec![refusal])?;
    let mut problems = Vec::new();
    agrees(layer, keys, key, &entry, &mut problems);
    let commit = said(&entry, "commit").parse::<CommitId>();
    if let Err(invalid) = &commit {
        problems.push(Refusal::new(format!("its commit: {}", invalid.message), invalid.hint.clone()));
    }
    let place = place(fleet, layer, &entry).and_then(|(cloud, architecture, placement)| {
        Ok((cloud, architecture, ids(fleet, layer, key, &entry, architecture, &placement, cloud)?))
    });
    let digests = judged(manifest, reports, &mut problems);
    let of = |name: &str| digests.get(name).and_then(|digest| digest.parse::<Sha256>().ok());
    match (place, commit) {
        (Err(refusal), _) => problems.push(refusal),
        (Ok((cloud, architecture, ids)), Ok(commit)) if problems.is_empty() => {
            let build = (|| {
                Some(Build {
                    ids,
                    commit,
                    manifest: of("manifest.json")?,
                    sbom: of("sbom.cdx.json")?,
                    trivy: of("trivy.json")?,
                    goss: of("goss.json")?,
                    junit: of("goss.xml")?,
                    attestation: of("attestation.sigstore.json")?,
                })
            })();
            if let Some(build) = build {
                let parent = layer.ancestors.first().and_then(|parent| keys.get(parent)).cloned();
                let (layer, os) = (layer.name.clone(), layer.os);
                return Ok(Built { layer, key: key.clone(), parent, os, cloud, architecture, build });
            }
        }
        _ => {}
    }
    Err(problems)
}

/// What the template said of the build.
fn said<'a>(entry: &'a Entry, what: &str) -> &'a str {
    entry.custom_data.get(what).map_or("", String::as_str)
}

/// The layer that was built. Where the fleet or the layer is another one, nothing else is worth telling.
fn of_this_fleet<'a>(
    fleet: &'a Fleet,
    keys: &'a BTreeMap<LayerName, Key>,
    entry: &Entry,
) -> Result<(&'a Layer, &'a Key), Refusal> {
    let (of, name) = (said(entry, "fleet"), said(entry, "layer"));
    if of != fleet.name.as_str() {
        let message = format!("it is of the fleet {of:?}, and this is {:?}", fleet.name.as_str());
        return Err(Refusal::new(message, "record it in the repository that it was built from"));
    }
    let layer = fleet.layers.values().find(|layer| layer.name.as_str() == name);
    layer.and_then(|layer| Some((layer, keys.get(&layer.name)?))).ok_or_else(|| {
        let hint = suggest_or_list(name, fleet.layers.keys().map(AsRef::as_ref)).unwrap_or_default();
        Refusal::new(format!("there is no layer {name:?} in fleet.yaml"), hint)
    })
}

/// The key, and what else the layer says, is what fleet.yaml gives now.
fn agrees(layer: &Layer, keys: &BTreeMap<LayerName, Key>, key: &Key, entry: &Entry, problems: &mut Vec<Refusal>) {
    let built = said(entry, "key");
    if built != key.as_str() {
        problems.push(Refusal::new(
            format!("its key is stale: it was built from {built:?}, and fleet.yaml gives {key}"),
            "record it where it was built from, or build the layer anew; `fleetgen layers --since REV` tells what has changed",
        ));
        return;
    }
    let parent = layer.ancestors.first().and_then(|parent| keys.get(parent)).map_or("", Key::as_str);
    for (what, wanted) in [("os", layer.os.as_str()), ("parent", parent)] {
        let built = said(entry, what);
        if built != wanted {
            let message = format!("its {what} is {built:?}, and the key stands for {wanted:?}");
            problems.push(Refusal::new(message, "the manifest was changed after the build: build the layer anew"));
        }
    }
}

/// The cloud and architecture of the source, which must be one that the layer is built on.
fn place(fleet: &Fleet, layer: &Layer, entry: &Entry) -> Result<(Cloud, Architecture, Placement), Refusal> {
    let cloud = match entry.builder_type.as_str() {
        "amazon-ebs" => Some(Cloud::Aws),
        "googlecompute" => Some(Cloud::Gcp),
        _ => None,
    };
    let architecture = layer.architectures.iter().find(|architecture| architecture.as_str() == entry.name);
    let placement = placements(fleet, layer).into_iter().find(|(on, _)| Some(*on) == cloud);
    placement.zip(architecture).map(|((cloud, placement), architecture)| (cloud, *architecture, placement)).ok_or_else(
        || {
            Refusal::new(
                format!(
                    "it is of the source {}.{}, on which {} is not built",
                    entry.builder_type, entry.name, layer.name
                ),
                "build it from generated/packer as it stands in this repository",
            )
        },
    )
}

/// The ids by region: those of every region that needs the image, and no other.
fn ids(
    fleet: &Fleet,
    layer: &Layer,
    key: &Key,
    entry: &Entry,
    architecture: Architecture,
    placement: &Placement,
    cloud: Cloud,
) -> Result<BTreeMap<Region, String>, Refusal> {
    let again = "build the layer anew; delete first what the build left";
    let wanted = [&placement.region].into_iter().chain(&placement.copies).cloned().collect::<BTreeSet<_>>();
    if cloud == Cloud::Gcp {
        let name = resource_name::image(&fleet.name, &layer.name, architecture, key.as_str());
        if entry.artifact_id != name {
            return Err(Refusal::new(format!("its image is called {:?}, and not {name}", entry.artifact_id), again));
        }
        let project = fleet.gcp.as_ref().map(|account| account.project.as_str()).unwrap_or_default();
        return Ok(wanted
            .into_iter()
            .map(|region| (region, format!("projects/{project}/global/images/{name}")))
            .collect());
    }
    let mut ids = BTreeMap::new();
    for part in entry.artifact_id.split(',').filter(|part| !part.is_empty()) {
        let parsed = part
            .split_once(':')
            .and_then(|(region, id)| Some((region.parse::<Region>().ok()?, id.parse::<AmiId>().ok()?)));
        let Some((region, id)) = parsed else {
            return Err(Refusal::new(format!("{part:?} is no AMI in a region"), again));
        };
        ids.insert(region, id.to_string());
    }
    let there: BTreeSet<Region> = ids.keys().cloned().collect();
    let list = |regions: Vec<&Region>| regions.into_iter().map(Region::to_string).collect::<Vec<_>>().join(", ");
    if let missing @ [_, ..] = wanted.difference(&there).collect::<Vec<_>>().as_slice() {
        return Err(Refusal::new(format!("it is partial: there is no image in {}", list(missing.to_vec())), again));
    }
    if let more @ [_, ..] = there.difference(&wanted).collect::<Vec<_>>().as_slice() {
        return Err(Refusal::new(format!("no group needs the image in {}", list(more.to_vec())), again));
    }
    Ok(ids)
}

/// The digests of everything that the build left, which must be whole, of a build that passed, and what was signed.
fn judged<'a>(
    manifest: &[u8],
    reports: &BTreeMap<&'a str, Vec<u8>>,
    problems: &mut Vec<Refusal>,
) -> BTreeMap<&'a str, String> {
    #[derive(Deserialize)]
    struct Goss {
        summary: Summary,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Summary {
        failed_count: u64,
        test_count: u64,
    }
    let again = "keep what the build leaves in one place: the reports stand beside manifest.json";
    let missing: Vec<&str> =
        REPORTS.iter().copied().filter(|name| reports.get(name).is_none_or(Vec::is_empty)).collect();
    if !missing.is_empty() {
        problems.push(Refusal::new(format!("{} are not there: the build did not end well", missing.join(", ")), again));
        return BTreeMap::new();
    }
    let mut digests: BTreeMap<&str, String> = reports.iter().map(|(name, bytes)| (*name, digest(bytes))).collect();
    digests.insert("manifest.json", digest(manifest));
    problems.extend(attestation::problems(&reports["attestation.sigstore.json"], &digests));
    match serde_json::from_slice::<Goss>(&reports["goss.json"]) {
        Ok(Goss { summary }) if summary.failed_count == 0 && summary.test_count > 0 => {}
        Ok(Goss { summary }) => problems.push(Refusal::new(
            format!("the build failed: {} of {} checks of Goss did", summary.failed_count, summary.test_count),
            "see goss.xml, and build the layer anew",
        )),
        Err(error) => problems.push(Refusal::new(format!("goss.json is no report of Goss: {error}"), again)),
    }
    digests
}
