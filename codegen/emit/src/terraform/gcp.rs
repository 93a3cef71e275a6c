//! What the GCP templates need besides the group itself.

use std::collections::BTreeMap;

use fleetgen_fleet::{Fleet, Group, LoadBalancerTarget, Network, Scope, Target, resource_name};
use serde::Serialize;

use crate::StartImages;

#[derive(Serialize)]
pub(super) struct RootValues<'a> {
    bucket: &'a str,
    prefix: String,
    project: &'a str,
    region: &'a str,
    network: String,
}

pub(super) fn root<'a>(fleet: &'a Fleet, network: &'a Network, scope: &Scope) -> Option<RootValues<'a>> {
    let account = fleet.gcp_account(network)?;
    Some(RootValues {
        bucket: account.state_bucket.as_str(),
        prefix: scope.state_key(&fleet.name),
        project: account.project.as_str(),
        region: network.region.as_str(),
        network: resource_name::network(&fleet.name, &network.name),
    })
}

#[derive(Serialize)]
pub(super) struct GroupValues<'a> {
    group: &'a Group,
    name: String,
    labels: BTreeMap<&'a str, &'a str>,
    project: &'a str,
    region: &'a str,
    zones: Vec<&'a str>,
    service_account: String,
    image: String,
    hold: bool,
    proxy: super::ProxyValues,
    disk_type: &'static str,
    disk_key: Option<&'a str>,
    source_ranges: Vec<String>,
    migrates: bool,
}

/// The values of a group on GCP; nothing if it refers to something that does not exist.
pub(super) fn group<'a>(fleet: &'a Fleet, images: &StartImages, group: &'a Group) -> Option<GroupValues<'a>> {
    let Target::Gcp(gcp) = &group.target else { return None };
    let network = fleet.networks.get(&group.network)?;
    let account = fleet.gcp_account(network)?;
    let layer = fleet.layers.get(&group.layer)?;
    let (image_project, vendors) = layer.source.gcp.as_ref()?;
    let promoted = images.get(&group.name);
    let own = promoted.and_then(Option::as_deref);
    let image = match own {
        Some(name) => format!("projects/{}/global/images/{name}", fleet.gcp.as_ref()?.builder.project),
        None => format!("projects/{image_project}/global/images/{}", vendors.get(&group.machine.architecture)?),
    };
    Some(GroupValues {
        group,
        name: resource_name::group(&fleet.name, group),
        labels: super::tags(fleet, group),
        project: account.project.as_str(),
        region: network.region.as_str(),
        service_account: resource_name::service_account(&account.project, &resource_name::group(&fleet.name, group)),
        zones: network.zones.iter().map(AsRef::as_ref).collect(),
        image,
        hold: promoted.is_none(),
        proxy: super::proxy(fleet, network),
        disk_type: disk_type(group.machine.hyperdisk),
        disk_key: account.disk_key.as_ref().map(AsRef::as_ref),
        source_ranges: source_ranges(group, network),
        // Spot machines are stopped instead of moved.
        migrates: group.machine.migrates && !gcp.spot,
    })
}

/// The type of a boot disk. New families of machines boot from Hyperdisk only.
pub(super) fn disk_type(hyperdisk: bool) -> &'static str {
    if hyperdisk { "hyperdisk-balanced" } else { "pd-balanced" }
}

/// Where the load balancer's traffic comes from.
fn source_ranges(group: &Group, network: &Network) -> Vec<String> {
    let balancer = group.load_balancer.as_ref().and_then(|backend| network.load_balancers.get(&backend.name));
    match balancer.map(|balancer| &balancer.target) {
        Some(LoadBalancerTarget::Gcp { source_ranges }) => source_ranges.iter().map(ToString::to_string).collect(),
        Some(LoadBalancerTarget::Aws { .. }) | None => Vec::new(),
    }
}
