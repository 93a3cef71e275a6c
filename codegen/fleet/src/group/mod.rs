//! Compute groups: what can be set, what it resolves to, and the step between. One file per subject, so that a new setting
//! of a group is added in one place; docs/adding-a-setting.md shows how.
//!
//! The `…Settings` types are the keys of fleet.yaml, and their documentation is the reference. In each of them a
//! [`Field`] that is not an `Option` must be set by the group or by one of its profiles.

mod aws;
mod gcp;
mod health;
mod load_balancer;
mod ports;
mod profile;
mod rollout;
mod scaling;
mod size;

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use aws::{Aws, LifecycleHook, Spot};
pub use gcp::Gcp;
pub use health::Health;
pub use load_balancer::Backend;
pub use ports::OpenPort;
pub(crate) use profile::Profiles;
pub use rollout::{HealthyPercentages, Rollout};
pub use scaling::{Scaling, Schedule};
pub use size::{Disk, Size};

use crate::catalog;
use crate::choice::{Architecture, Cloud};
use crate::decode::{Missing, decode};
use crate::draft::GroupDraft;
use crate::field::{Entries, Field, Optional as _, entries};
use crate::file::FleetFile;
use crate::model::{Layer, Network};
use crate::origin::{Origin, Origins};
use crate::scalar::{
    EnvironmentName, GroupName, LayerName, MachineType, NetworkName, ProfileName, ResourceName, StackName, TagKey, Text,
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
    /// The boot disk.
    pub(crate) disk: Option<Field<size::DiskSettings>>,
    /// Open ports, besides the one that the load balancer uses. Default: none.
    pub(crate) ports: Option<Field<Vec<Field<ports::PortSettings>>>>,
    /// The health check of a machine. Default: a machine is healthy while it runs.
    pub(crate) health: Option<Field<health::HealthSettings>>,
    /// How the group receives traffic from a load balancer. Default: it does not.
    pub(crate) load_balancer: Option<Field<load_balancer::BackendSettings>>,
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

/// A compute group.
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
    /// Their boot disk.
    pub disk: Disk,
    /// Open ports, besides the load balancer's.
    pub ports: Vec<OpenPort>,
    /// The health check of a machine.
    pub health: Option<Health>,
    /// How it receives traffic from a load balancer.
    pub load_balancer: Option<Backend>,
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
    let ports = ports::resolve(context, network, settings.ports.as_ref(), problems);
    let rollout = settings.rollout.section().and_then(|rollout| rollout.resolve(network, size, problems));
    settings.report_foreign(network.cloud, key.span, problems);
    let group = Group {
        name: key.name.parse().ok()?,
        description: settings.description.value.clone()?,
        network: network.name.clone(),
        environment: environment?,
        stack: stack?,
        layer: layer?,
        machine: machine?,
        size: size?,
        disk: settings.disk.section()?.resolve()?,
        ports: ports?,
        health: option(settings.health.as_ref(), health::HealthSettings::resolve)?,
        load_balancer: option(settings.load_balancer.as_ref(), load_balancer::BackendSettings::resolve)?,
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

impl GroupSettings {
    fn network<'a>(&self, context: &Context<'a>, problems: &mut Vec<Problem>) -> Option<&'a Network> {
        let name = self.network.get()?;
        let known = context.file.network_names().map(NetworkName::as_str);
        refers("network", &self.network, known, problems)?;
        context.networks.get(name)
    }

    fn environment(&self, file: &FleetFile, problems: &mut Vec<Problem>) -> Option<EnvironmentName> {
        let known = file.environments.get().map(Vec::as_slice).unwrap_or_default();
        let known = known.iter().filter_map(|environment| environment.get()?.name.get());
        refers("environment", &self.environment, known.map(EnvironmentName::as_str), problems)?;
        self.environment.value.clone()
    }

    fn layer(&self, context: &Context<'_>, problems: &mut Vec<Problem>) -> Option<LayerName> {
        let known = entries(Some(&context.file.layers)).iter().filter_map(|(name, _)| name.get());
        refers("layer", &self.layer, known.map(LayerName::as_str), problems)?;
        self.layer.value.clone().filter(|name| context.layers.contains_key(name))
    }

    fn machine(&self, cloud: Cloud, problems: &mut Vec<Problem>) -> Option<Machine> {
        let machine_type = self.machine.value.clone()?;
        let facts = catalog::machine(cloud, &machine_type)
            .map_err(|unknown| problems.push(unknown.at(self.machine.span)))
            .ok()?;
        let attached = self.gcp.as_ref().and_then(Field::get).is_some_and(|gcp| gcp.accelerator.is_some());
        Some(Machine {
            architecture: facts.architecture,
            nvidia: facts.nvidia || (facts.attachable && attached),
            migrates: facts.migrates && !attached,
            hyperdisk: facts.hyperdisk,
            machine_type,
        })
    }

    /// The fleet's tags, with the group's own in their place.
    fn tags(&self, context: &Context<'_>) -> Option<BTreeMap<TagKey, Text>> {
        let mut tags = context.tags.clone();
        for (key, value) in entries(self.tags.as_ref()) {
            tags.insert(key.value.clone()?, value.value.clone()?);
        }
        Some(tags)
    }

    /// Reports settings that only the other cloud has. The sections `aws` and `gcp` of a profile apply to those of its groups
    /// that run there; in a group itself the other cloud's section can only be a mistake.
    fn report_foreign(&self, cloud: Cloud, name: Span, problems: &mut Vec<Problem>) {
        fn at<T>(field: Option<&Field<T>>) -> Option<Span> {
            field.map(|field| field.span)
        }
        fn own<T>(field: Option<&Field<T>>) -> Option<Span> {
            field.filter(|field| field.depth == 0).map(|field| field.span)
        }
        let backend = self.load_balancer.as_ref().and_then(Field::get);
        let disk = self.disk.as_ref().and_then(Field::get);
        let scaling = self.scaling.as_ref().and_then(Field::get);
        let (here, there, spans) = match cloud {
            Cloud::Aws => ("AWS", "GCP", vec![("gcp", own(self.gcp.as_ref()))]),
            Cloud::Gcp => (
                "GCP",
                "AWS",
                vec![
                    ("aws", own(self.aws.as_ref())),
                    ("disk.iops", at(disk.and_then(|disk| disk.iops.as_ref()))),
                    ("disk.throughput", at(disk.and_then(|disk| disk.throughput.as_ref()))),
                    ("load_balancer.listener_port", at(backend.and_then(|backend| backend.listener_port.as_ref()))),
                    ("load_balancer.certificate", at(backend.and_then(|backend| backend.certificate.as_ref()))),
                    (
                        "scaling.requests_per_machine",
                        at(scaling.and_then(|scaling| scaling.requests_per_machine.as_ref())),
                    ),
                ],
            ),
        };
        for (path, span) in spans {
            let Some(span) = span else { continue };
            problems.push(
                Problem::new(
                    Code::Cloud,
                    span,
                    format!("`{path}` is for groups on {there}; this group runs on {here}"),
                )
                .label(format!("only {there} has this"))
                .related(name, "this group")
                .hint("remove it, or set it to `null` if a profile sets it"),
            );
        }
    }
}

/// Reports a name that nothing has.
fn refers<'k, T: AsRef<str>>(
    what: &str,
    field: &Field<T>,
    known: impl Iterator<Item = &'k str> + Clone,
    problems: &mut Vec<Problem>,
) -> Option<()> {
    let name = field.get()?.as_ref();
    if known.clone().any(|known| known == name) {
        return Some(());
    }
    problems.push(
        Problem::new(Code::UnknownReference, field.span, format!("there is no {what} `{name}`"))
            .label(format!("not a key of `{what}s`"))
            .maybe_hint(suggest_or_list(name, known)),
    );
    None
}
