//! Compute groups: what can be set, what it resolves to, and the step between. One file per subject, so that a new setting
//! of a group is added in one place; docs/adding-a-setting.md shows how.
//!
//! The `…Settings` types are the keys of fleet.yaml, and their documentation is the reference. In each of them a
//! [`Field`] that is not an `Option` must be set by the group or by one of its profiles.

mod aws;
mod config;
mod disk;
mod egress;
mod gcp;
mod health;
mod load_balancer;
mod ports;
mod profile;
mod refer;
mod rollout;
mod scaling;
mod size;

use std::collections::BTreeMap;

use fleetgen_problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use aws::{Aws, LifecycleHook, Spot};
pub(crate) use config::ConfigSettings;
pub use config::{Config, Secret};
pub use disk::{DataDisk, Disk, InstanceStore, Mount};
pub use egress::Egress;
pub use gcp::Gcp;
pub use health::Health;
pub use load_balancer::Backend;
pub use ports::OpenPort;
pub(crate) use profile::Profiles;
pub use rollout::{HealthyPercentages, Rollout};
pub use scaling::{Queue, Scaling, Schedule};
pub use size::Size;

use crate::choice::{Architecture, Cloud};
use crate::decode::{Missing, decode};
use crate::draft::GroupDraft;
use crate::field::{Entries, Field, Optional as _, entries};
use crate::file::FleetFile;
use crate::model::{Layer, Network};
use crate::origin::{Origin, Origins};
use crate::scalar::{
    BackendName, DiskName, EnvironmentName, GroupName, LayerName, MachineType, NetworkName, ProfileName, ResourceName,
    StackName, TagKey, Text, Zone,
};
use crate::yaml::{Key, Node};

/// A compute group: an Auto Scaling group on AWS, a regional managed instance group on GCP. A group sets only what its
/// profile does not: mappings are merged key by key, any other value replaces the profile's, and `null` removes it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Settings", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct GroupSettings {
    /// The profile to inherit settings from.
    #[expect(dead_code, reason = "followed in the tree, before settings are decoded")]
    pub(crate) profile: Option<Field<ProfileName>>,
    /// What the group is for, in a sentence.
    pub(crate) description: Field<Text>,
    /// The network the group runs in.
    pub(crate) network: Field<NetworkName>,
    /// The environment the group belongs to.
    pub(crate) environment: Field<EnvironmentName>,
    /// The Terraform state that holds the group. Default: the name of its environment.
    pub(crate) stack: Option<Field<StackName>>,
    /// The image layer that the machines run.
    pub(crate) layer: Field<LayerName>,
    /// The machine type, such as m7g.large or n2-standard-4.
    pub(crate) machine: Field<MachineType>,
    /// How many machines the group has, such as `{ min: 2, max: 10 }`.
    pub(crate) size: Field<size::SizeSettings>,
    /// The zones of the network that the machines run in, such as `[ap-northeast-1a, ap-northeast-1c]`. Default: all.
    pub(crate) zones: Option<Field<Vec<Field<Zone>>>>,
    /// The boot disk.
    pub(crate) disk: Option<Field<disk::DiskSettings>>,
    /// More disks, for data, by name. Default: none.
    pub(crate) disks: Option<Field<Entries<DiskName, disk::DataDiskSettings>>>,
    /// Use the disks inside the host, which some machine types have, such as m7gd.large. Default: they stay unused.
    pub(crate) instance_store: Option<Field<disk::InstanceStoreSettings>>,
    /// What machines find at boot besides their image: variables, files, and secrets by name. Default: that of the environment.
    pub(crate) config: Option<Field<config::ConfigSettings>>,
    /// Open ports, besides the one that the load balancer uses. Default: none.
    pub(crate) ports: Option<Field<Vec<Field<ports::PortSettings>>>>,
    /// What machines may connect to outside the fleet's networks, such as `[{ to: databases, port: 5432 }]`. Machines of the network and of its peers,
    /// and what the proxy allows, they reach anyway. Default: none.
    pub(crate) egress: Option<Field<Vec<Field<egress::EgressSettings>>>>,
    /// The health check of a machine. Default: a machine is healthy while it runs.
    pub(crate) health: Option<Field<health::HealthSettings>>,
    /// How the group receives traffic from a load balancer. Default: it does not.
    pub(crate) load_balancer: Option<Field<load_balancer::BackendSettings>>,
    /// More ports that load balancers send traffic to, by name, such as one for administrators. `health` decides for them too. Default: none.
    pub(crate) backends: Option<Field<Entries<BackendName, load_balancer::BackendSettings>>>,
    /// When machines are added and removed. Default: never.
    pub(crate) scaling: Option<Field<scaling::ScalingSettings>>,
    /// How the group moves to a new image.
    pub(crate) rollout: Option<Field<rollout::RolloutSettings>>,
    /// Tags (AWS) and labels (GCP), in addition to the fleet's.
    pub(crate) tags: Option<Field<Entries<TagKey, Text>>>,
    /// The group's name before it was renamed, for as long as states know it by that name: Terraform moves them, within a stack. Needs
    /// `resource_name`.
    pub(crate) renamed_from: Option<Field<GroupName>>,
    /// The name of the group's resources in its cloud. Set it to the name that they have before you rename the group, and its machines
    /// stay. It begins with the names of the fleet and of the environment. Default: these and the group's name, such as
    /// example-prod-web.
    pub(crate) resource_name: Option<Field<ResourceName>>,
    /// Settings that only AWS has.
    pub(crate) aws: Option<Field<aws::AwsSettings>>,
    /// Settings that only GCP has.
    pub(crate) gcp: Option<Field<gcp::GcpSettings>>,
}

/// A compute group. What few groups set is serialized only if it is set: templates and `explain` read thousands of them.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Its name, unique in the fleet.
    pub name: GroupName,
    /// What it is for.
    pub description: Text,
    /// Its network.
    pub network: NetworkName,
    /// Its environment.
    pub environment: EnvironmentName,
    /// The Terraform state that holds it.
    pub stack: StackName,
    /// Its image layer.
    pub layer: LayerName,
    /// Its machine type.
    pub machine: Machine,
    /// How many machines it has.
    pub size: Size,
    /// The zones that they run in; all of the network's if it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<Zone>,
    /// Their boot disk.
    pub disk: Disk,
    /// Their disks for data.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub disks: BTreeMap<DiskName, DataDisk>,
    /// How they use the disks inside the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_store: Option<InstanceStore>,
    /// What they find at boot.
    #[serde(skip_serializing_if = "Config::is_empty")]
    pub config: Config,
    /// Open ports, besides the load balancer's.
    pub ports: Vec<OpenPort>,
    /// What they may connect to outside the fleet's networks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub egress: Vec<Egress>,
    /// The health check of a machine.
    pub health: Option<Health>,
    /// How it receives traffic from a load balancer.
    pub load_balancer: Option<Backend>,
    /// More ports that load balancers send traffic to.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub backends: BTreeMap<BackendName, Backend>,
    /// When machines are added and removed.
    pub scaling: Scaling,
    /// How it moves to a new image.
    pub rollout: Rollout,
    /// Tags or labels, including the fleet's.
    pub tags: BTreeMap<TagKey, Text>,
    /// Its name before it was renamed.
    pub renamed_from: Option<GroupName>,
    /// The name of its resources, if it is not fleet, environment and group.
    pub resource_name: Option<ResourceName>,
    /// Settings that only its cloud has, which are written under the cloud's name, as in fleet.yaml.
    #[serde(flatten)]
    pub target: Target,
}

/// Settings that only a group's cloud has.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// AWS.
    Aws(Aws),
    /// GCP.
    Gcp(Gcp),
}

/// A machine type and the facts about it.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Its name in the cloud.
    #[serde(rename = "type")]
    pub machine_type: MachineType,
    /// The architecture of its processor.
    pub architecture: Architecture,
    /// Whether it has NVIDIA GPUs.
    pub nvidia: bool,
    /// GCP: whether it can move to another host while it runs.
    #[serde(skip)]
    pub migrates: bool,
    /// GCP: whether it boots from Hyperdisk only.
    #[serde(skip)]
    pub hyperdisk: bool,
}

impl Group {
    /// The cloud that it runs on.
    pub fn cloud(&self) -> Cloud {
        match self.target {
            Target::Aws(_) => Cloud::Aws,
            Target::Gcp(_) => Cloud::Gcp,
        }
    }

    /// Everything that load balancers send traffic to, by its path in the group: `load_balancer` first.
    pub fn all_backends(&self) -> impl Iterator<Item = (String, &Backend)> {
        let first = self.load_balancer.iter().map(|backend| ("load_balancer".to_owned(), backend));
        first.chain(self.backends.iter().map(|(name, backend)| (format!("backends.{name}"), backend)))
    }

    /// The zones that its machines run in.
    pub fn zones_in<'a>(&'a self, network: &'a Network) -> &'a [Zone] {
        if self.zones.is_empty() { &network.zones } else { &self.zones }
    }
}

/// What groups refer to.
pub(crate) struct Context<'a> {
    pub(crate) file: &'a FleetFile,
    pub(crate) tags: &'a BTreeMap<TagKey, Text>,
    pub(crate) networks: &'a BTreeMap<NetworkName, Network>,
    pub(crate) layers: &'a BTreeMap<LayerName, Layer>,
    pub(crate) profiles: &'a Profiles<'a>,
    /// Whether to record where each value comes from.
    pub(crate) record: bool,
}

/// Resolves a group. Every part is resolved before a missing one ends it, so that all problems are reported.
pub(crate) fn resolve(
    context: &Context<'_>,
    key: &Key<'_>,
    node: &Node<'_>,
    problems: &mut Vec<Problem>,
) -> Option<GroupDraft> {
    let (lineage, complete) = context.profiles.of(node, problems);
    let stack: Vec<&Node<'_>> = std::iter::once(node).chain(lineage.iter().map(|(_, node)| *node)).collect();
    let missing = if complete { Missing::ReportInGroup } else { Missing::Ignore };
    let mut origins = Origins::new(key.span);
    if context.record {
        record_fleet_tags(context.file, &mut origins);
    }
    let recorded = context.record.then_some(&mut origins);
    let settings: GroupSettings = decode(&stack, key.span, missing, recorded, problems)?;

    let network = settings.network(context, problems);
    let environment = settings.environment(context.file, problems);
    let layer = settings.layer(context, problems);
    let size = settings.size.get().and_then(size::SizeSettings::resolve);
    let stack =
        settings.stack.default_to(environment.clone().map_or_else(|| "none".parse(), |name| Ok(name.into())).ok()?);
    // What is left depends on the cloud.
    let network = network?;
    let machine = settings.machine(network.cloud, problems);
    let egress = egress::resolve(network, settings.egress.as_ref(), problems);
    let zones = settings.zones(network, problems);
    let config = settings.config(context.file, context.record.then_some(&mut origins));
    let ports = ports::resolve(context, network, settings.ports.as_ref(), problems);
    let count = zones.as_ref().map_or(0, Vec::len);
    let count = if count == 0 { network.zones.len() } else { count };
    let rollout = settings.rollout.section().and_then(|rollout| rollout.resolve(network.cloud, count, size, problems));
    settings.report_foreign(network.cloud, key.span, problems);
    let machine = machine?;
    let host = disk::Host { cloud: network.cloud, hyperdisk: machine.hyperdisk };
    let group = Group {
        name: key.name.parse().ok()?,
        description: settings.description.value.clone()?,
        network: network.name.clone(),
        environment: environment?,
        stack: stack?,
        layer: layer?,
        machine,
        size: size?,
        zones: zones?,
        disk: settings.disk.section()?.resolve(host)?,
        disks: disk::data_disks(host, settings.disks.as_ref())?,
        instance_store: option(settings.instance_store.as_ref(), disk::InstanceStoreSettings::resolve)?,
        config: config?,
        ports: ports?,
        egress: egress?,
        health: option(settings.health.as_ref(), health::HealthSettings::resolve)?,
        load_balancer: option(settings.load_balancer.as_ref(), load_balancer::BackendSettings::resolve)?,
        backends: load_balancer::backends(settings.backends.as_ref())?,
        scaling: settings.scaling.section()?.resolve()?,
        rollout: rollout?,
        tags: settings.tags(context)?,
        renamed_from: option(settings.renamed_from.as_ref(), |name| Some(name.clone()))?,
        resource_name: option(settings.resource_name.as_ref(), |name| Some(name.clone()))?,
        target: match network.cloud {
            Cloud::Aws => Target::Aws(settings.aws.section()?.resolve()?),
            Cloud::Gcp => Target::Gcp(settings.gcp.section()?.resolve()?),
        },
    };
    Some(GroupDraft { group, profiles: lineage.iter().map(|(name, _)| name.clone()).collect(), origins })
}

/// Resolves a section that may be left out. The outer `Option` is empty if the section is wrong.
#[expect(clippy::option_option, reason = "unset and wrong are different things")]
fn option<T, R>(field: Option<&Field<T>>, resolve: impl FnOnce(&T) -> Option<R>) -> Option<Option<R>> {
    match field {
        None => Some(None),
        Some(field) => resolve(field.get()?).map(Some),
    }
}

/// Records the fleet's tags before the group's own, which replace them.
fn record_fleet_tags(file: &FleetFile, origins: &mut Origins) {
    for (key, value) in entries(file.fleet.get().and_then(|about| about.tags.as_ref())) {
        let path = format!("tags.{}", key.get().map_or("", TagKey::as_str));
        origins.record(path, Origin::Fleet { span: value.span }, true);
    }
}
