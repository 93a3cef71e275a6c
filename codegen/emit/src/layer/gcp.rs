//! The `googlecompute` sources of a layer.

use fleetgen_fleet::catalog;
use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::{Fleet, Layer, Placement};
use serde::Serialize;

use super::packer::ImageNames;

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) architecture: &'static str,
    pub(super) project: &'a str,
    region: &'a str,
    zone: &'a str,
    network: &'a str,
    name: String,
    family: String,
    parent_name: String,
    parent_project: &'a str,
    machine: &'a str,
    disk_type: &'static str,
    migrates: bool,
    disk_key: Option<&'a str>,
}

/// The machine that builds for arm64.
const ARM64_BUILDER: &str = "c4a-standard-2";

/// A source for each architecture.
pub(super) fn sources<'a>(
    fleet: &'a Fleet,
    layer: &'a Layer,
    placement: &Placement,
    names: impl Fn(Architecture) -> ImageNames,
) -> Vec<Source<'a>> {
    let account = fleet.gcp.as_ref().zip(layer.source.gcp.as_ref());
    let Some((network, (account, (owner, vendor)))) = fleet.networks.get(&placement.network).zip(account) else {
        return Vec::new();
    };
    let source = |architecture: &Architecture| {
        let names = names(*architecture);
        let vendors = vendor.get(architecture).map(|name| name.as_str().to_owned());
        let machine = match architecture {
            Architecture::Amd64 => layer.gcp_builder.as_str(),
            Architecture::Arm64 => ARM64_BUILDER,
        };
        let known = catalog::find(Cloud::Gcp, machine).ok();
        Some(Source {
            architecture: architecture.as_str(),
            project: account.project.as_str(),
            region: network.region.as_str(),
            zone: network.zones.first()?.as_str(),
            network: network.name.as_str(),
            name: names.image,
            family: format!("{}-{}-{architecture}", fleet.name, layer.name),
            parent_project: if names.parent.is_some() { account.project.as_str() } else { owner.as_str() },
            parent_name: names.parent.or(vendors)?,
            machine,
            disk_type: if known.as_ref().is_some_and(|found| found.hyperdisk) {
                "hyperdisk-balanced"
            } else {
                "pd-balanced"
            },
            migrates: known.is_some_and(|found| found.migrates),
            disk_key: account.disk_key.as_ref().map(AsRef::as_ref),
        })
    };
    layer.architectures.iter().filter_map(source).collect()
}
