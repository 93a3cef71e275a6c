//! What the root of a network on GCP needs.

use std::collections::BTreeMap;

use fleetgen_fleet::catalog;
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{Fleet, Network, ProxyImage, Scope, Tier, resource_name};
use serde::Serialize;

use super::foundation::{PackageSource, PeerValues, package_sources, peers};
use super::gcp::{self, RootValues};
use super::gcp_project::{BUILD_JOB, machine_users};

#[derive(Serialize)]
pub(super) struct FoundationValues<'a> {
    root: RootValues<'a>,
    cidr: String,
    zone_name: String,
    /// The addresses of subnetworks, by tier.
    subnets: BTreeMap<&'static str, String>,
    peers: Vec<PeerValues<'a>>,
    /// The service account of machines that build images here.
    builder: Option<String>,
    /// The accounts of jobs that create machines of groups.
    machine_users: Vec<String>,
    /// The account of the job that creates machines that build images here.
    build_user: Option<String>,
    proxy: ProxyValues<'a>,
    labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct ProxyValues<'a> {
    port: u16,
    host: String,
    machines: u32,
    machine: &'a str,
    zones: Vec<&'a str>,
    image: String,
    disk_type: &'static str,
    disk_key: Option<&'a str>,
    package_sources: Vec<PackageSource>,
}

/// The values of a network's root; nothing if it refers to something that does not exist.
pub(super) fn values<'a>(fleet: &'a Fleet, scope: &Scope, network: &'a Network) -> Option<FoundationValues<'a>> {
    let account = fleet.gcp_account(network)?;
    let ProxyImage { layer, vendors, .. } = fleet.proxy_image(Cloud::Gcp)?;
    let (project, image) = vendors?;
    let machine = catalog::machine(Cloud::Gcp, &fleet.proxy.gcp_machine).ok()?;
    let builds = fleet.is_build_network(network);
    let own = |name: &str| resource_name::service_account(&account.project, name);
    let is_wanted = |tier| match tier {
        Tier::Machines | Tier::Proxy | Tier::ProxyOnly => true,
        Tier::Build => builds,
        Tier::Edge | Tier::Runner => false,
    };
    let subnets = network.subnets().into_iter().filter(|subnet| is_wanted(subnet.tier));
    Some(FoundationValues {
        root: gcp::root(fleet, network, scope)?,
        cidr: network.cidr.to_string(),
        zone_name: resource_name::zone(&fleet.name, &network.name),
        subnets: subnets.map(|subnet| (subnet.tier.as_str(), subnet.cidr.to_string())).collect(),
        peers: peers(fleet, network),
        builder: builds.then(|| own(&resource_name::build_identity(&fleet.name))),
        machine_users: machine_users(fleet, account),
        build_user: builds.then(|| own(&resource_name::job_identity(&fleet.name, BUILD_JOB))),
        proxy: ProxyValues {
            port: fleet.proxy.port.get(),
            host: resource_name::proxy_host(&fleet.name, &network.name),
            machines: network.proxies,
            machine: fleet.proxy.gcp_machine.as_str(),
            zones: network.zones.iter().map(AsRef::as_ref).collect(),
            image: format!("projects/{project}/global/images/{image}"),
            disk_type: gcp::disk_type(machine.hyperdisk),
            disk_key: account.disk_key.as_ref().map(AsRef::as_ref),
            package_sources: package_sources(layer),
        },
        labels: super::fleet_tags(fleet),
    })
}
