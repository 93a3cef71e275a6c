//! The `googlecompute` sources of a layer.

use fleetgen_fleet::catalog;
use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::{Fleet, Layer, Placement, resource_name};
use serde::Serialize;

use super::image::ImageNames;

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) architecture: &'static str,
    pub(super) project: &'a str,
    region: &'a str,
    zone: &'a str,
    build_network: String,
    identity: String,
    instance: String,
    pub(super) name: String,
    family: String,
    parent_name: String,
    parent_project: &'a str,
    machine: String,
    disk_type: &'static str,
    migrates: bool,
    disk_key: Option<&'a str>,
}

/// The machine type that builds arm64 images.
const ARM64_BUILDER: &str = "c4a-standard-2";

/// A source for each architecture.
pub(super) fn sources<'a>(
    fleet: &'a Fleet,
    layer: &'a Layer,
    placement: &Placement,
    names: impl Fn(Architecture) -> Option<ImageNames>,
) -> Vec<Source<'a>> {
    let account = fleet.gcp.as_ref().map(|gcp| &gcp.builder).zip(layer.source.gcp.as_ref());
    let Some((network, (account, (owner, vendor)))) = fleet.networks.get(&placement.network).zip(account) else {
        return Vec::new();
    };
    let source = |architecture: &Architecture| {
        let names = names(*architecture)?;
        let vendors = vendor.get(architecture).map(|name| name.as_str().to_owned());
        let machine = match architecture {
            Architecture::Amd64 => layer.gcp_builder.clone(),
            Architecture::Arm64 => ARM64_BUILDER.parse().ok()?,
        };
        let facts = catalog::machine(Cloud::Gcp, &machine).ok();
        Some(Source {
            architecture: architecture.as_str(),
            project: account.project.as_str(),
            region: network.region.as_str(),
            zone: layer.gcp_builder_zone.as_ref().or(network.zones.first())?.as_str(),
            build_network: resource_name::build_network(&fleet.name, &network.name),
            identity: resource_name::build_identity(&fleet.name),
            instance: resource_name::build_instance(&fleet.name, &layer.name, *architecture),
            name: names.image,
            family: names.family,
            parent_project: if names.parent.is_some() { account.project.as_str() } else { owner.as_str() },
            parent_name: names.parent.or(vendors)?,
            machine: machine.to_string(),
            disk_type: if facts.is_some_and(|facts| facts.hyperdisk) { "hyperdisk-balanced" } else { "pd-balanced" },
            migrates: facts.is_some_and(|facts| facts.migrates),
            disk_key: account.disk_key.as_ref().map(AsRef::as_ref),
        })
    };
    layer.architectures.iter().filter_map(source).collect()
}
