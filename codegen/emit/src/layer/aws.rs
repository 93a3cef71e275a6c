//! The `amazon-ebs` sources of a layer.

use std::collections::BTreeSet;

use fleetgen_fleet::choice::Architecture;
use fleetgen_fleet::scalar::Region;
use fleetgen_fleet::{AwsAccount, Fleet, Group, Layer, Placement, resource_name};
use serde::Serialize;

use super::image::ImageNames;

#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) architecture: &'static str,
    pub(super) region: &'a str,
    network: String,
    build_network: String,
    identity: String,
    pub(super) copies: Vec<String>,
    pub(super) name: String,
    parent_name: String,
    parent_owner: &'a str,
    machine_architecture: &'static str,
    machine: &'a str,
    user: &'static str,
    root_device: &'static str,
    disk_key: Option<&'a str>,
    /// The accounts that run the image, and do not build it.
    shared_with: BTreeSet<&'a str>,
    zones: Vec<&'a str>,
}

/// The machine type that builds arm64 images.
const ARM64_BUILDER: &str = "m7g.large";

/// A source for each architecture.
pub(super) fn sources<'a>(
    fleet: &'a Fleet,
    layer: &'a Layer,
    placement: &Placement,
    names: impl Fn(Architecture) -> Option<ImageNames>,
) -> Vec<Source<'a>> {
    let Some((network, (owner, vendor))) = fleet.networks.get(&placement.network).zip(layer.source.aws.as_ref()) else {
        return Vec::new();
    };
    let shared_with = shared_with(fleet, layer);
    let source = |architecture: &Architecture| {
        let names = names(*architecture)?;
        let vendors = vendor.get(architecture).map(|name| name.as_str().to_owned());
        Some(Source {
            architecture: architecture.as_str(),
            region: network.region.as_str(),
            network: resource_name::network(&fleet.name, &network.name),
            build_network: resource_name::build_network(&fleet.name, &network.name),
            identity: resource_name::build_identity(&fleet.name),
            copies: placement.copies.iter().map(Region::to_string).collect(),
            name: names.image,
            parent_owner: if names.parent.is_some() { "self" } else { owner.as_str() },
            parent_name: names.parent.or(vendors)?,
            machine_architecture: match architecture {
                Architecture::Amd64 => "x86_64",
                Architecture::Arm64 => "arm64",
            },
            machine: match architecture {
                Architecture::Amd64 => layer.aws_builder.as_str(),
                Architecture::Arm64 => ARM64_BUILDER,
            },
            user: layer.os.first_user,
            root_device: layer.os.root_device,
            disk_key: fleet.aws.as_ref().and_then(|aws| aws.builder.disk_key.as_ref()).map(AsRef::as_ref),
            shared_with: shared_with.clone(),
            zones: layer.aws_builder_zones.iter().map(AsRef::as_ref).collect(),
        })
    };
    layer.architectures.iter().filter_map(source).collect()
}

/// The other accounts with groups and proxies that run the layer itself: an image of a layer below is only built on.
fn shared_with<'a>(fleet: &'a Fleet, layer: &Layer) -> BTreeSet<&'a str> {
    let Some(aws) = &fleet.aws else { return BTreeSet::new() };
    let runs = |account: &AwsAccount| {
        let is_in = |group: &Group| fleet.networks.get(&group.network).is_some_and(|it| it.account == account.name);
        let proxies_run = |network| fleet.proxy_layer(network).is_some_and(|own| own.name == layer.name);
        fleet.networks_of(&account.name).any(proxies_run)
            || fleet.groups.values().any(|group| group.layer == layer.name && is_in(group))
    };
    aws.others.iter().filter(|account| runs(account)).map(|account| account.account.as_str()).collect()
}
