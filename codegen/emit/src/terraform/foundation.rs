//! The roots of networks: the network, its proxy, and the peerings that it names; here those on AWS. Squid's configuration is a
//! file beside the root, so that a reviewer sees which domain is new.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fleetgen_fleet::catalog::os::System;
use fleetgen_fleet::choice::{Architecture, BackendProtocol, Cloud, ProxyClient, Scheme};
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{
    AllowedDomain, Backend, Fleet, Layer, Network, ProxyImage, Runner, Scope, Subnet, Tier, resource_name,
};
use fleetgen_tree::{File, Subject};
use serde::Serialize;

use super::aws::{self, RootValues};
use crate::language::{Language, Templates};
use crate::{EmitError, LayerKey};

pub(super) const SQUID: &[(&str, &str)] = &[("squid.conf", include_str!("templates/squid.conf.tera"))];

pub(super) static SQUID_RENDERER: LazyLock<Result<Templates, String>> =
    LazyLock::new(|| Templates::new(Language::Squid, SQUID).map_err(|error| error.to_string()));

type Keys = BTreeMap<LayerName, LayerKey>;

/// The roots of all networks.
pub(super) fn emit(fleet: &Fleet, keys: &Keys) -> Result<Vec<File>, EmitError> {
    let mut files = Vec::new();
    for (scope, network) in fleet.foundations() {
        let subject = || Subject::Root(scope.directory());
        let path = format!("{}/main.tf", scope.directory());
        files.push(match network.cloud {
            Cloud::Aws => super::render(path, subject(), "aws/foundation.tf", values(fleet, keys, &scope, network))?,
            Cloud::Gcp => {
                super::render(path, subject(), "gcp/foundation.tf", super::gcp_network::values(fleet, &scope, network))?
            }
        });
        files.push(squid_file(fleet, &scope, network)?);
    }
    Ok(files)
}

fn squid_file(fleet: &Fleet, scope: &Scope, network: &Network) -> Result<File, EmitError> {
    let path = format!("{}/squid.conf", scope.directory());
    let renderer = SQUID_RENDERER.as_ref().map_err(|message| EmitError::fault(&path, message))?;
    renderer.file(path, Subject::Root(scope.directory()), "squid.conf", &squid(fleet, network))
}

/// Squid's configuration in a network.
///
/// # Errors
/// A bug in fleetgen.
pub fn squid_conf(fleet: &Fleet, network: &Network) -> Result<String, EmitError> {
    Ok(squid_file(fleet, &Scope::Network(network.name.clone()), network)?.content)
}

#[derive(Serialize)]
pub(super) struct FoundationValues<'a> {
    root: RootValues<'a>,
    cidr: String,
    zone_name: String,
    subnets: Vec<Subnet>,
    endpoints: Vec<&'a str>,
    buckets: BTreeSet<&'a str>,
    /// Other accounts in which jobs on the runner have roles.
    job_accounts: Vec<&'a str>,
    session_bucket: String,
    peers: Vec<PeerValues<'a>>,
    destinations: Vec<DestinationValues<'a>>,
    edge_ports: BTreeSet<u16>,
    edge_udp_ports: BTreeSet<u16>,
    udp_ports: BTreeSet<u16>,
    domains: BTreeSet<String>,
    proxy: ProxyValues<'a>,
    runner: Option<RunnerValues<'a>>,
    identity: aws::Identity,
    log_key_alias: String,
    log_retention_days: u32,
    run_as: &'a str,
    session_log_group: String,
    session_key_alias: String,
    tags: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
pub(super) struct PeerValues<'a> {
    name: &'a str,
    network: String,
    region: &'a str,
    cidr: String,
    /// This root creates the peering.
    owned: bool,
}

#[derive(Serialize)]
struct ProxyValues<'a> {
    port: u16,
    host: String,
    machines: u32,
    machine: &'a str,
    image_owner: &'a str,
    image: String,
    architecture: &'static str,
    /// The disk of the layer's image; nothing for a vendor's.
    disk_gib: Option<u32>,
    /// None if squid is in the image.
    package_sources: Vec<PackageSource>,
}

#[derive(Serialize)]
struct RunnerValues<'a> {
    machines: u32,
    machine: &'a str,
    image_owner: &'a str,
    image: &'a str,
    package_sources: Vec<PackageSource>,
    /// What it reaches without the proxy.
    exceptions: Vec<String>,
    repository: &'a str,
    label: String,
    app: &'a str,
    app_key: &'a str,
}

#[derive(Serialize)]
pub(super) struct PackageSource {
    url: String,
    suites: String,
    keyring: &'static str,
}

/// The values of a network's root; nothing if it refers to something that does not exist.
pub(super) fn values<'a>(
    fleet: &'a Fleet,
    keys: &Keys,
    scope: &Scope,
    network: &'a Network,
) -> Option<FoundationValues<'a>> {
    let aws = fleet.aws.as_ref()?;
    let ProxyImage { layer, architecture, vendors } = fleet.proxy_image(Cloud::Aws)?;
    let (image_owner, image) = if let Some((owner, name)) = vendors {
        (owner, name.to_owned())
    } else {
        let key = &keys.get(&layer.name)?.key;
        (aws.builder.account.as_str(), resource_name::image(&fleet.name, &layer.name, architecture, key))
    };
    let edge_ports = edge_ports(fleet, network);
    let udp: Vec<&Backend> = public_backends(fleet, network).filter(|backend| backend.protocol.has_udp()).collect();
    let builds = fleet.is_build_network(network);
    let runner = fleet.runner_of(network);
    let journals = fleet.rollout.journal.s3().filter(|(_, region, _)| **region == network.region);
    let of_builds = aws.artifact_bucket.iter().filter(|_| builds);
    let of_runners = aws.report_bucket.iter().chain(journals.map(|(bucket, ..)| bucket)).filter(|_| runner.is_some());
    let is_wanted = |subnet: &Subnet| match subnet.tier {
        Tier::Machines | Tier::Proxy => true,
        Tier::Build => builds,
        Tier::Edge => !edge_ports.is_empty(),
        Tier::Runner => runner.is_some(),
        Tier::ProxyOnly => false,
    };
    let mut domains: BTreeSet<String> = fleet
        .proxy
        .domains_in(network)
        .filter(|entry| entry.clients.iter().any(|client| *client != ProxyClient::Builds || builds))
        .map(|entry| entry.domain.to_string())
        .collect();
    domains.extend(fleet.runner_domains(network).into_keys());
    if vendors.is_some() {
        domains.insert(layer.os.snapshot_host.to_owned());
    }
    Some(FoundationValues {
        root: aws::root(fleet, network, scope)?,
        cidr: network.cidr.to_string(),
        zone_name: resource_name::zone(&fleet.name, &network.name),
        subnets: network.subnets().into_iter().filter(is_wanted).collect(),
        endpoints: network.endpoints.iter().map(AsRef::as_ref).collect(),
        buckets: of_builds.chain(of_runners).chain(&network.buckets).map(AsRef::as_ref).collect(),
        job_accounts: match runner {
            Some(_) => aws.others.iter().map(|account| account.account.as_str()).collect(),
            None => Vec::new(),
        },
        session_bucket: aws::session_bucket(fleet, network)?,
        peers: peers(fleet, network),
        destinations: destinations(network),
        edge_ports,
        edge_udp_ports: udp.iter().filter_map(|backend| Some(backend.listener_port?.get())).collect(),
        udp_ports: udp.iter().map(|backend| backend.port.get()).collect(),
        domains,
        proxy: ProxyValues {
            port: fleet.proxy.port.get(),
            host: resource_name::proxy_host(&fleet.name, &network.name),
            machines: network.proxies,
            machine: fleet.proxy.aws_machine.as_str(),
            image_owner,
            image,
            architecture: match architecture {
                Architecture::Amd64 => "x86_64",
                Architecture::Arm64 => "arm64",
            },
            disk_gib: vendors.is_none().then_some(layer.disk.0),
            package_sources: if vendors.is_some() { package_sources(layer) } else { Vec::new() },
        },
        runner: match runner {
            None => None,
            Some(runner) => Some(self::runner(fleet, network, runner)?),
        },
        identity: aws::identity(fleet, network, resource_name::network_identity_path(&fleet.name))?,
        log_key_alias: resource_name::log_key(&fleet.name),
        log_retention_days: super::log_retention_days(fleet),
        run_as: fleet.access.run_as.as_str(),
        session_log_group: resource_name::session_logs(&fleet.name),
        session_key_alias: resource_name::session_key(&fleet.name),
        tags: super::fleet_tags(fleet),
    })
}

fn runner<'a>(fleet: &'a Fleet, network: &'a Network, runner: &'a Runner) -> Option<RunnerValues<'a>> {
    let (layer, image_owner, image) = fleet.vendor_image(Cloud::Aws, Architecture::Amd64)?;
    let region = &network.region;
    let near = network.services().into_iter().map(|service| match service {
        "ecr.dkr" => format!(".dkr.ecr.{region}.amazonaws.com"),
        "ecr.api" => format!("api.ecr.{region}.amazonaws.com"),
        service => format!("{service}.{region}.amazonaws.com"),
    });
    let s3 = [format!("s3.{region}.amazonaws.com"), format!(".s3.{region}.amazonaws.com")];
    let own = super::NEAR.iter().map(|name| (*name).to_owned());
    Some(RunnerValues {
        machines: runner.machines,
        machine: runner.machine.as_str(),
        image_owner,
        image,
        package_sources: package_sources(layer),
        exceptions: own.chain([network.cidr.to_string()]).chain(s3).chain(near).collect(),
        repository: fleet.repository.as_str(),
        label: resource_name::runner_label(&fleet.name),
        app: runner.app.as_str(),
        app_key: runner.app_key.as_str(),
    })
}

/// What public load balancers of a network send to groups.
fn public_backends<'a>(fleet: &'a Fleet, network: &'a Network) -> impl Iterator<Item = &'a Backend> {
    let is_public = |name| network.load_balancers.get(name).is_some_and(|balancer| balancer.scheme == Scheme::Public);
    let groups = fleet.groups.values().filter(|group| group.network == network.name);
    let backends = groups.flat_map(|group| super::backends(group).map(|(_, backend)| backend));
    backends.filter(move |backend| is_public(&backend.name))
}

/// The TCP ports that the internet may connect to: those of listeners that groups of the network have on public load balancers,
/// and those that load balancers of the user's own usually have. None without public load balancers.
fn edge_ports(fleet: &Fleet, network: &Network) -> BTreeSet<u16> {
    if !network.load_balancers.values().any(|balancer| balancer.scheme == Scheme::Public) {
        return BTreeSet::new();
    }
    let backends = public_backends(fleet, network).filter(|backend| backend.protocol != BackendProtocol::Udp);
    backends.filter_map(|backend| Some(backend.listener_port?.get())).chain([80, 443]).collect()
}

#[derive(Serialize)]
struct DestinationValues<'a> {
    name: &'a str,
    cidrs: Vec<String>,
    gateway: Option<&'a str>,
    domains: Vec<&'a str>,
}

fn destinations(network: &Network) -> Vec<DestinationValues<'_>> {
    let values = network.destinations.iter().map(|(name, destination)| DestinationValues {
        name: name.as_str(),
        cidrs: destination.cidrs.iter().map(ToString::to_string).collect(),
        gateway: destination.gateway.as_ref().map(AsRef::as_ref),
        domains: destination.domains.iter().map(AsRef::as_ref).collect(),
    });
    values.collect()
}

pub(super) fn peers<'a>(fleet: &'a Fleet, network: &'a Network) -> Vec<PeerValues<'a>> {
    let peers = network.peers.iter().filter_map(|peer| fleet.networks.get(peer));
    let values = |peer: &'a Network| PeerValues {
        name: peer.name.as_str(),
        network: resource_name::network(&fleet.name, &peer.name),
        region: peer.region.as_str(),
        cidr: peer.cidr.to_string(),
        owned: network.peerings.contains(&peer.name),
    };
    peers.map(values).collect()
}

/// Where machines on a vendor's image get packages: the snapshots that `packer/scripts/base/sources.sh` uses, and never a mirror,
/// which may not speak HTTPS.
pub(super) fn package_sources(layer: &Layer) -> Vec<PackageSource> {
    let day = format!("{}T235959Z", layer.updates_until.to_string().replace('-', ""));
    let System { codename, snapshot_host, archive, security_archive, keyring, .. } = *layer.os;
    let source = |archive: &str, suites: &[&str]| PackageSource {
        url: format!("https://{snapshot_host}/{archive}/{day}"),
        suites: suites.iter().map(|suite| format!("{codename}{suite}")).collect::<Vec<_>>().join(" "),
        keyring,
    };
    if archive == security_archive {
        vec![source(archive, &["", "-updates", "-security"])]
    } else {
        vec![source(archive, &["", "-updates"]), source(security_archive, &["-security"])]
    }
}

#[derive(Serialize)]
pub(super) struct SquidValues<'a> {
    network: &'a str,
    host: String,
    port: u16,
    builds: Vec<String>,
    machines: Vec<String>,
    runners: Vec<String>,
    build_domains: Vec<&'a AllowedDomain>,
    machine_domains: Vec<&'a AllowedDomain>,
    /// By reason, since some have many.
    runner_domains: BTreeMap<String, Vec<String>>,
}

/// The values of squid's configuration, on both clouds.
pub(super) fn squid<'a>(fleet: &'a Fleet, network: &'a Network) -> SquidValues<'a> {
    let subnets = network.subnets();
    let sources = |tier| subnets.iter().filter(move |subnet| subnet.tier == tier).map(|subnet| subnet.cidr.to_string());
    let domains = |client| fleet.proxy.domains_in(network).filter(|domain| domain.clients.contains(&client)).collect();
    let has_builds = fleet.is_build_network(network);
    let has_runner = fleet.runner_of(network).is_some();
    let mut by_reason: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (domain, reason) in fleet.runner_domains(network) {
        by_reason.entry(reason).or_default().push(domain);
    }
    SquidValues {
        network: network.name.as_str(),
        host: resource_name::proxy_host(&fleet.name, &network.name),
        port: fleet.proxy.port.get(),
        builds: sources(Tier::Build).filter(|_| has_builds).collect(),
        runners: sources(Tier::Runner).filter(|_| has_runner).collect(),
        machines: sources(Tier::Machines).collect(),
        build_domains: domains(ProxyClient::Builds),
        machine_domains: domains(ProxyClient::Groups),
        runner_domains: by_reason,
    }
}
