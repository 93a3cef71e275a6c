//! What the AWS templates need besides the group itself.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{Architecture, BackendProtocol, Scheme};
use fleetgen_fleet::scalar::ImageReference;
use fleetgen_fleet::{
    Existing, Fleet, Group, HealthyPercentages, Layer, LoadBalancerTarget, Network, Scope, resource_name,
};
use serde::Serialize;

use crate::StartImages;

#[derive(Serialize)]
pub(super) struct RootValues<'a> {
    bucket: &'a str,
    bucket_region: &'a str,
    key: String,
    region: &'a str,
    account: &'a str,
    network: String,
    existing: Option<&'a Existing>,
    zones: Vec<&'a str>,
}

pub(super) fn root<'a>(fleet: &'a Fleet, network: &'a Network, scope: &Scope) -> Option<RootValues<'a>> {
    let account = fleet.aws_account(network)?;
    Some(RootValues {
        bucket: account.state_bucket.as_str(),
        bucket_region: account.state_region.as_str(),
        key: scope.state_key(&fleet.name),
        region: network.region.as_str(),
        account: account.account.as_str(),
        network: resource_name::network(&fleet.name, &network.name),
        existing: network.existing.as_ref(),
        zones: network.zones.iter().map(AsRef::as_ref).collect(),
    })
}

#[derive(Serialize)]
pub(super) struct GroupValues<'a> {
    group: &'a Group,
    name: String,
    tags: BTreeMap<&'a str, &'a str>,
    identity: Identity,
    image_parameter: String,
    image: Image<'a>,
    hold: bool,
    proxy: Option<super::ProxyValues>,
    session_log_group: String,
    session_bucket: String,
    session_key_alias: String,
    architecture: &'static str,
    disk_key: Option<&'a str>,
    /// The ARNs of the repositories that containers of the image come from, if they are near.
    repositories: BTreeSet<String>,
    backends: BTreeMap<&'a str, Backend<'a>>,
    rare: bool,
    config_files: BTreeMap<&'a str, super::ConfigFile<'a>>,
    healthy: HealthyPercentages,
    egress_cidrs: Vec<String>,
}

/// Where a role is in IAM, and the most that it can do.
#[derive(Serialize)]
pub(super) struct Identity {
    path: String,
    boundary: String,
}

/// The identity of machines in a network.
pub(super) fn identity(fleet: &Fleet, network: &Network, path: String) -> Option<Identity> {
    let boundary = resource_name::machines_boundary_arn(&fleet.name, &fleet.aws_account(network)?.account);
    Some(Identity { path, boundary })
}

/// The bucket with logs of sessions on machines of a network.
pub(super) fn session_bucket(fleet: &Fleet, network: &Network) -> Option<String> {
    Some(resource_name::session_bucket(&fleet.name, &fleet.aws_account(network)?.account, &network.region))
}

#[derive(Serialize)]
struct Image<'a> {
    owner: &'a str,
    name: &'a str,
}

/// A port that a load balancer sends traffic to.
#[derive(Serialize)]
struct Backend<'a> {
    #[serde(flatten)]
    settings: &'a fleetgen_fleet::Backend,
    arn: &'a str,
    security_group: &'a str,
    /// As AWS writes it.
    protocol: &'static str,
    /// A public Network Load Balancer connects from its own addresses: the machines' subnets let no others in.
    hides_clients: bool,
}

/// The values of a group on AWS; nothing if it refers to something that does not exist.
pub(super) fn group<'a>(fleet: &'a Fleet, images: &'a StartImages, group: &'a Group) -> Option<GroupValues<'a>> {
    let network = fleet.networks.get(&group.network)?;
    let layer = fleet.layers.get(&group.layer)?;
    let (owner, vendors) = layer.source.aws.as_ref()?;
    let promoted = images.get(&group.name);
    let own = promoted.and_then(Option::as_deref).zip(fleet.aws.as_ref());
    let image = match own {
        Some((name, aws)) => Image { owner: aws.builder.account.as_str(), name },
        None => Image { owner: owner.as_str(), name: vendors.get(&group.machine.architecture)?.as_str() },
    };
    Some(GroupValues {
        group,
        name: resource_name::group(&fleet.name, group),
        tags: super::tags(fleet, group),
        identity: identity(fleet, network, resource_name::identity_path(&fleet.name, &group.environment))?,
        image_parameter: resource_name::image_parameter(&fleet.name, group),
        image,
        hold: promoted.is_none(),
        proxy: super::proxy(fleet, network, group),
        session_log_group: resource_name::session_logs(&fleet.name),
        session_bucket: session_bucket(fleet, network)?,
        session_key_alias: resource_name::session_key(&fleet.name),
        architecture: match group.machine.architecture {
            Architecture::Amd64 => "x86_64",
            Architecture::Arm64 => "arm64",
        },
        disk_key: fleet.aws_account(network).and_then(|account| account.disk_key.as_ref()).map(AsRef::as_ref),
        repositories: repositories(fleet, network, layer),
        backends: backends(group, network),
        rare: super::is_rare(group),
        config_files: super::config_files(group),
        healthy: group.rollout.healthy_percentages(group.size),
        egress_cidrs: egress(fleet, network),
    })
}

/// The repositories that containers of a layer come from, if they are in the network's account and region.
fn repositories(fleet: &Fleet, network: &Network, layer: &Layer) -> BTreeSet<String> {
    let images = fleet.lineage(layer).flat_map(|layer| layer.containers.values()).filter_map(ImageReference::ecr);
    let account = fleet.aws_account(network).map(|account| account.account.as_str());
    let near = images.filter(|image| account == Some(image.account) && network.region.as_str() == image.region);
    near.map(|image| resource_name::ecr_repository_arn(image.region, image.account, image.repository)).collect()
}

/// A machine reaches its own network, where the proxy and the endpoints are, and the peers.
fn egress(fleet: &Fleet, network: &Network) -> Vec<String> {
    let peers = network.peers.iter().filter_map(|peer| fleet.networks.get(peer));
    std::iter::once(network).chain(peers).map(|network| network.cidr.to_string()).collect()
}

/// What load balancers send traffic to, by name.
fn backends<'a>(group: &'a Group, network: &'a Network) -> BTreeMap<&'a str, Backend<'a>> {
    let backends = super::backends(group).filter_map(|(name, backend)| {
        let balancer = network.load_balancers.get(&backend.name)?;
        let LoadBalancerTarget::Aws { arn, security_group } = &balancer.target else { return None };
        let is_public = balancer.scheme == Scheme::Public;
        let values = Backend {
            settings: backend,
            arn: arn.as_str(),
            security_group: security_group.as_str(),
            protocol: match backend.protocol {
                BackendProtocol::Http => "HTTP",
                BackendProtocol::Https => "HTTPS",
                BackendProtocol::Tcp => "TCP",
                BackendProtocol::Tls => "TLS",
                BackendProtocol::Udp => "UDP",
                BackendProtocol::TcpUdp => "TCP_UDP",
            },
            hides_clients: is_public && backend.protocol.is_network() && !backend.protocol.has_udp(),
        };
        Some((name, values))
    });
    backends.collect()
}
