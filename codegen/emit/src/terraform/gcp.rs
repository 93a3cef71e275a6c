//! The values of GCP templates.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{Amount, Percent, StackName};
use fleetgen_fleet::{Fleet, Group, LoadBalancerTarget, Network, Target};
use serde::Serialize;

use super::{HealthValues, PortValues};

#[derive(Serialize)]
pub(super) struct MainValues<'a> {
    bucket: &'a str,
    prefix: String,
    project: &'a str,
    region: &'a str,
    network: String,
}

pub(super) fn main<'a>(fleet: &'a Fleet, network: &'a Network, stack: &StackName) -> Option<MainValues<'a>> {
    let account = fleet.gcp.as_ref()?;
    Some(MainValues {
        bucket: account.state_bucket.as_str(),
        prefix: super::state_key(fleet, network, stack),
        project: account.project.as_str(),
        region: network.region.as_str(),
        network: super::network_name(fleet, network),
    })
}

#[derive(Serialize)]
pub(super) struct GroupValues<'a> {
    module: &'a str,
    name: String,
    description: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
    project: &'a str,
    region: &'a str,
    zones: Vec<&'a str>,
    image: String,
    machine: &'a str,
    min: u32,
    desired: u32,
    max: u32,
    disk_size: u32,
    disk_type: &'static str,
    disk_key: Option<&'a str>,
    ports: Vec<PortValues<'a>>,
    load_balancer: Option<LoadBalancerValues>,
    health: Option<HealthValues<'a>>,
    scaling: Option<ScalingValues<'a>>,
    surge: AmountValues,
    unavailable: AmountValues,
    spot: bool,
    roles: Vec<&'a str>,
    accelerator: Option<&'a str>,
    accelerators: u32,
    migrates: bool,
    secure_boot: bool,
}

#[derive(Serialize)]
struct LoadBalancerValues {
    port: u16,
    source_ranges: Vec<String>,
}

#[derive(Serialize)]
struct ScalingValues<'a> {
    cpu: Option<u32>,
    warmup_seconds: u32,
    schedules: Vec<ScheduleValues<'a>>,
}

#[derive(Serialize)]
struct ScheduleValues<'a> {
    name: &'a str,
    cron: &'a str,
    time_zone: &'a str,
    machines: u32,
    duration_seconds: u32,
}

/// A number of machines or a percentage: one of the two.
#[derive(Serialize)]
struct AmountValues {
    fixed: Option<u32>,
    percent: Option<u32>,
}

impl From<Amount> for AmountValues {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Machines(number) => Self { fixed: Some(number), percent: None },
            Amount::Share(Percent(share)) => Self { fixed: None, percent: Some(share) },
        }
    }
}

/// The values of a group on GCP; nothing for one elsewhere.
pub(super) fn group<'a>(fleet: &'a Fleet, group: &'a Group) -> Option<GroupValues<'a>> {
    let Target::Gcp(gcp) = &group.target else { return None };
    let network = fleet.networks.get(&group.network)?;
    let account = fleet.gcp.as_ref()?;
    let layer = fleet.layers.get(&group.layer)?;
    let (image_project, images) = layer.source.gcp.as_ref()?;
    let name = super::base(fleet, group);
    Some(GroupValues {
        module: group.name.as_str(),
        description: group.description.as_str(),
        labels: super::tags(fleet, group),
        project: account.project.as_str(),
        region: network.region.as_str(),
        zones: network.zones.iter().map(AsRef::as_ref).collect(),
        image: format!("projects/{image_project}/global/images/{}", images.get(&group.machine.architecture)?),
        machine: group.machine.machine_type.as_str(),
        min: group.size.min,
        desired: group.size.desired,
        max: group.size.max,
        disk_size: group.disk.size.0,
        disk_type: if group.machine.hyperdisk { "hyperdisk-balanced" } else { "pd-balanced" },
        disk_key: account.disk_key.as_ref().map(AsRef::as_ref),
        ports: super::ports(group),
        load_balancer: load_balancer(group, network),
        health: super::health(group),
        scaling: scaling(group),
        surge: group.rollout.max_surge.into(),
        unavailable: group.rollout.max_unavailable.into(),
        spot: gcp.spot,
        roles: gcp.roles.iter().map(AsRef::as_ref).collect(),
        accelerator: gcp.accelerator.as_ref().map(|(accelerator, _)| accelerator.as_str()),
        accelerators: gcp.accelerator.as_ref().map_or(0, |(_, number)| *number),
        migrates: group.machine.migrates && !gcp.spot,
        secure_boot: gcp.secure_boot,
        name,
    })
}

fn load_balancer(group: &Group, network: &Network) -> Option<LoadBalancerValues> {
    let backend = group.load_balancer.as_ref()?;
    let LoadBalancerTarget::Gcp { source_ranges } = &network.load_balancers.get(&backend.name)?.target else {
        return None;
    };
    Some(LoadBalancerValues {
        port: backend.port.get(),
        source_ranges: source_ranges.iter().map(ToString::to_string).collect(),
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
            duration_seconds: schedule.duration.map_or(0, |duration| duration.seconds),
        })
        .collect();
    (scaling.cpu.is_some() || !schedules.is_empty()).then(|| ScalingValues {
        cpu: scaling.cpu.map(|Percent(share)| share),
        warmup_seconds: scaling.warmup.seconds,
        schedules,
    })
}
