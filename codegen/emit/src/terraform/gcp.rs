//! What the GCP templates need besides the group itself.

use std::collections::BTreeMap;

use fleetgen_fleet::{ExistingPlace, Fleet, Group, LoadBalancerTarget, Network, Scope, Target, resource_name};
use serde::Serialize;

use crate::StartImages;

#[derive(Serialize)]
pub(super) struct RootValues<'a> {
    bucket: &'a str,
    prefix: String,
    project: &'a str,
    region: &'a str,
    network: String,
    existing: Option<ExistingValues<'a>>,
}

/// A network that exists already, in a project that may be another one.
#[derive(Serialize)]
struct ExistingValues<'a> {
    project: &'a str,
    network: &'a str,
    subnetwork: &'a str,
}

fn existing(network: &Network) -> Option<ExistingValues<'_>> {
    match &network.existing.as_ref()?.place {
        ExistingPlace::Gcp { network, subnetwork } => {
            let (project, network) = network.parts();
            Some(ExistingValues { project, network, subnetwork: subnetwork.parts().2 })
        }
        ExistingPlace::Aws { .. } => None,
    }
}

pub(super) fn root<'a>(fleet: &'a Fleet, network: &'a Network, scope: &Scope) -> Option<RootValues<'a>> {
    let account = fleet.gcp_account(network)?;
    Some(RootValues {
        bucket: account.state_bucket.as_str(),
        prefix: scope.state_key(&fleet.name),
        project: account.project.as_str(),
        region: network.region.as_str(),
        network: resource_name::network(&fleet.name, &network.name),
        existing: existing(network),
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
    proxy: Option<super::ProxyValues>,
    disk_key: Option<&'a str>,
    backends: BTreeMap<&'a str, Backend>,
    rare: bool,
    config_files: BTreeMap<&'a str, super::ConfigFile<'a>>,
    migrates: bool,
}

/// A port that a load balancer sends traffic to.
#[derive(Serialize)]
struct Backend {
    port: u16,
    protocol: &'static str,
    /// Where its traffic comes from.
    source_ranges: Vec<String>,
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
        zones: group.zones_in(network).iter().map(AsRef::as_ref).collect(),
        image,
        hold: promoted.is_none(),
        proxy: super::proxy(fleet, network, group),
        disk_key: account.disk_key.as_ref().map(AsRef::as_ref),
        backends: backends(group, network),
        rare: super::is_rare(group),
        config_files: super::config_files(group),
        // Spot machines are stopped instead of moved.
        migrates: group.machine.migrates && !gcp.spot,
    })
}

/// The type of a proxy's disk. New families of machines boot from Hyperdisk only.
pub(super) fn disk_type(hyperdisk: bool) -> &'static str {
    if hyperdisk { "hyperdisk-balanced" } else { "pd-balanced" }
}

/// What load balancers send traffic to, by name.
fn backends<'a>(group: &'a Group, network: &'a Network) -> BTreeMap<&'a str, Backend> {
    let backends = super::backends(group).filter_map(|(name, backend)| {
        let LoadBalancerTarget::Gcp { source_ranges } = &network.load_balancers.get(&backend.name)?.target else {
            return None;
        };
        let source_ranges = source_ranges.iter().map(ToString::to_string).collect();
        let protocol = if backend.protocol.has_udp() { "udp" } else { "tcp" };
        Some((name, Backend { port: backend.port.get(), protocol, source_ranges }))
    });
    backends.collect()
}
