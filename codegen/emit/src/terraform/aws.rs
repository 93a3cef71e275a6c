//! The values of AWS templates.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::{Architecture, BackendProtocol};
use fleetgen_fleet::scalar::{Amount, Percent, StackName};
use fleetgen_fleet::{Fleet, Group, LoadBalancerTarget, Network, Target};
use serde::Serialize;

use super::{HealthValues, PortValues};

#[derive(Serialize)]
pub(super) struct MainValues<'a> {
    bucket: &'a str,
    bucket_region: &'a str,
    key: String,
    region: &'a str,
    account: &'a str,
    network: String,
}

pub(super) fn main<'a>(fleet: &'a Fleet, network: &'a Network, stack: &StackName) -> Option<MainValues<'a>> {
    let account = fleet.aws.as_ref()?;
    Some(MainValues {
        bucket: account.state_bucket.as_str(),
        bucket_region: account.state_region.as_str(),
        key: super::state_key(fleet, network, stack),
        region: network.region.as_str(),
        account: account.account.as_str(),
        network: super::network_name(fleet, network),
    })
}

#[derive(Serialize)]
pub(super) struct GroupValues<'a> {
    module: &'a str,
    name: String,
    description: &'a str,
    tags: BTreeMap<&'a str, &'a str>,
    image_owner: &'a str,
    image_name: &'a str,
    architecture: &'static str,
    machine: &'a str,
    other_machines: Vec<&'a str>,
    min: u32,
    desired: u32,
    max: u32,
    disk_size: u32,
    disk_iops: u32,
    disk_throughput: u32,
    disk_key: Option<&'a str>,
    ports: Vec<PortValues<'a>>,
    load_balancer: Option<LoadBalancerValues<'a>>,
    health: Option<HealthValues<'a>>,
    scaling: Option<ScalingValues<'a>>,
    warmup_seconds: u32,
    min_healthy: u32,
    max_healthy: u32,
    spot: Option<SpotValues>,
    hooks: Vec<HookValues<'a>>,
    policies: Vec<&'a str>,
    detailed_monitoring: bool,
    metadata_hops: u32,
    max_lifetime_seconds: Option<u32>,
    egress_cidrs: Vec<String>,
}

#[derive(Serialize)]
struct LoadBalancerValues<'a> {
    arn: &'a str,
    security_group: &'a str,
    port: u16,
    protocol: &'static str,
    drain_seconds: u32,
    listener_port: Option<u16>,
    certificate: Option<&'a str>,
}

#[derive(Serialize)]
struct ScalingValues<'a> {
    cpu: Option<u32>,
    requests: Option<u32>,
    schedules: Vec<ScheduleValues<'a>>,
}

#[derive(Serialize)]
struct ScheduleValues<'a> {
    name: &'a str,
    cron: &'a str,
    time_zone: &'a str,
    machines: u32,
}

#[derive(Serialize)]
struct SpotValues {
    on_demand_base: u32,
    on_demand_percentage: u32,
    allocation: &'static str,
}

#[derive(Serialize)]
struct HookValues<'a> {
    name: &'a str,
    transition: &'static str,
    timeout_seconds: u32,
    default: &'static str,
}

/// The values of a group on AWS; nothing for one elsewhere.
pub(super) fn group<'a>(fleet: &'a Fleet, group: &'a Group) -> Option<GroupValues<'a>> {
    let Target::Aws(aws) = &group.target else { return None };
    let network = fleet.networks.get(&group.network)?;
    let layer = fleet.layers.get(&group.layer)?;
    let (owner, images) = layer.source.aws.as_ref()?;
    let name = super::base(fleet, group);
    let (min_healthy, max_healthy) = healthy_percentages(group);
    Some(GroupValues {
        module: group.name.as_str(),
        description: group.description.as_str(),
        tags: super::tags(fleet, group),
        image_owner: owner.as_str(),
        image_name: images.get(&group.machine.architecture)?.as_str(),
        architecture: match group.machine.architecture {
            Architecture::Amd64 => "x86_64",
            Architecture::Arm64 => "arm64",
        },
        machine: group.machine.machine_type.as_str(),
        other_machines: aws.machines.iter().map(AsRef::as_ref).collect(),
        min: group.size.min,
        desired: group.size.desired,
        max: group.size.max,
        disk_size: group.disk.size.0,
        disk_iops: group.disk.iops,
        disk_throughput: group.disk.throughput,
        disk_key: fleet.aws.as_ref().and_then(|account| account.disk_key.as_ref()).map(AsRef::as_ref),
        ports: super::ports(group),
        load_balancer: load_balancer(group, network),
        health: super::health(group),
        scaling: scaling(group),
        warmup_seconds: group.scaling.warmup.seconds,
        min_healthy,
        max_healthy,
        spot: aws.spot.as_ref().map(|spot| SpotValues {
            on_demand_base: spot.on_demand_base,
            on_demand_percentage: spot.on_demand_share.0,
            allocation: spot.allocation.as_str(),
        }),
        hooks: hooks(aws),
        policies: aws.policies.iter().map(AsRef::as_ref).collect(),
        detailed_monitoring: aws.detailed_monitoring,
        metadata_hops: aws.metadata_hops,
        max_lifetime_seconds: aws.max_lifetime.map(|lifetime| lifetime.seconds),
        egress_cidrs: egress(fleet, network),
        name,
    })
}

/// A machine reaches its own network, in which the proxy and the endpoints are, and those it is connected with.
fn egress(fleet: &Fleet, network: &Network) -> Vec<String> {
    let peers = network.peers.iter().filter_map(|peer| fleet.networks.get(peer));
    std::iter::once(network).chain(peers).map(|network| network.cidr.to_string()).collect()
}

fn load_balancer<'a>(group: &'a Group, network: &'a Network) -> Option<LoadBalancerValues<'a>> {
    let backend = group.load_balancer.as_ref()?;
    let LoadBalancerTarget::Aws { arn, security_group } = &network.load_balancers.get(&backend.name)?.target else {
        return None;
    };
    Some(LoadBalancerValues {
        arn: arn.as_str(),
        security_group: security_group.as_str(),
        port: backend.port.get(),
        protocol: match backend.protocol {
            BackendProtocol::Http => "HTTP",
            BackendProtocol::Https => "HTTPS",
            BackendProtocol::Tcp => "TCP",
        },
        drain_seconds: backend.drain.seconds,
        listener_port: backend.listener_port.map(fleetgen_fleet::scalar::Port::get),
        certificate: backend.certificate.as_ref().map(AsRef::as_ref),
    })
}

fn scaling(group: &Group) -> Option<ScalingValues<'_>> {
    let scaling = &group.scaling;
    let schedules: Vec<_> = scaling
        .schedules
        .iter()
        .map(|(name, schedule)| ScheduleValues {
            name: name.as_str(),
            cron: schedule.cron.as_str(),
            time_zone: schedule.time_zone.as_str(),
            machines: schedule.machines,
        })
        .collect();
    let some = scaling.cpu.is_some() || scaling.requests_per_machine.is_some() || !schedules.is_empty();
    some.then(|| ScalingValues {
        cpu: scaling.cpu.map(|Percent(share)| share),
        requests: scaling.requests_per_machine,
        schedules,
    })
}

fn hooks(aws: &fleetgen_fleet::AwsTarget) -> Vec<HookValues<'_>> {
    aws.lifecycle_hooks
        .iter()
        .map(|(name, hook)| HookValues {
            name: name.as_str(),
            transition: hook.transition.as_str(),
            timeout_seconds: hook.timeout.seconds,
            default: hook.default.as_str(),
        })
        .collect()
}

/// What may be missing, and what may be added, as percentages of the desired size. Both are rounded up, so that a whole
/// machine is always meant; together they are at most 100, as AWS wants it.
fn healthy_percentages(group: &Group) -> (u32, u32) {
    let size = group.size.desired.max(1);
    let percent = |amount| match amount {
        Amount::Machines(number) => (number * 100).div_ceil(size).min(100),
        Amount::Share(Percent(share)) => share,
    };
    let missing = percent(group.rollout.max_unavailable);
    let added = percent(group.rollout.max_surge).min(100 - missing);
    (100 - missing, 100 + added)
}
