//! One compute group: what it says itself, what its profiles say, and what holds by default.

mod policy;
mod target;
mod traffic;

use std::collections::BTreeMap;

use super::profile::Profiles;
use super::taker::{Taker, entries};
use crate::catalog;
use crate::choice::Cloud;
use crate::decode::decode;
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::Field;
use crate::file::{self, FleetFile, Settings};
use crate::model::{Disk, Group, Layer, Machine, Network, Origin, Size, Target};
use crate::scalar::{EnvironmentName, Gibibytes, LayerName, NetworkName, StackName, TagKey, Text};
use crate::source::Span;
use crate::yaml::{Key, Node};

/// What groups refer to.
pub(super) struct Context<'a> {
    pub(super) file: &'a FleetFile,
    pub(super) tags: &'a BTreeMap<TagKey, Text>,
    pub(super) networks: &'a BTreeMap<NetworkName, Network>,
    pub(super) layers: &'a BTreeMap<LayerName, Layer>,
    pub(super) profiles: &'a Profiles<'a>,
}

/// Resolves a group. Every part is looked at before any missing one ends it, so that all is reported.
pub(super) fn group(context: &Context<'_>, key: &Key, node: &Node, found: &mut Vec<Diagnostic>) -> Option<Group> {
    let (chain, complete) = context.profiles.of(node, found);
    let stack: Vec<&Node> = std::iter::once(node).chain(chain.iter().map(|(_, node)| *node)).collect();
    let settings: Settings = decode(&stack, key.span, found)?;
    let mut take = Taker::new(key.span, complete, found);

    let description = take.need("description", settings.description.as_ref(), key.span);
    let network = network(&mut take, context, settings.network.as_ref(), key.span);
    let environment = environment(&mut take, context.file, settings.environment.as_ref(), key.span);
    let default_stack = environment.clone().map(StackName::from);
    let stack = take.maybe("stack", settings.stack.as_ref()).map(|stack| stack.or(default_stack));
    let layer = layer(&mut take, context, settings.layer.as_ref(), key.span);
    let size = size(&mut take, settings.size.as_ref(), key.span);
    let disk = disk(&mut take, settings.disk.as_ref());
    let health = part(settings.health.as_ref(), |health| traffic::health(&mut take, settings.health.as_ref(), health));
    let backend = part(settings.load_balancer.as_ref(), |backend| {
        traffic::load_balancer(&mut take, settings.load_balancer.as_ref(), backend)
    });
    let scaling = policy::scaling(&mut take, settings.scaling.as_ref());
    let tags = tags(&mut take, context, settings.tags.as_ref());

    // What is left depends on the cloud.
    let Some(network) = network else {
        take.need("machine", settings.machine.as_ref(), key.span);
        return None;
    };
    let machine = machine(&mut take, network.cloud, settings.machine.as_ref(), settings.gcp.as_ref(), key.span);
    let ports = traffic::ports(&mut take, context, network, settings.ports.as_ref());
    let rollout = policy::rollout(&mut take, network, size, settings.rollout.as_ref());
    let target = match network.cloud {
        Cloud::Aws => target::aws(&mut take, settings.aws.as_ref()).map(Target::Aws),
        Cloud::Gcp => target::gcp(&mut take, settings.gcp.as_ref()).map(Target::Gcp),
    };
    target::foreign(&mut take, network.cloud, &settings);
    let origins = take.origins;
    Some(Group {
        name: key.name.parse().ok()?,
        description: description?,
        network: network.name.clone(),
        environment: environment?,
        stack: stack??,
        layer: layer?,
        machine: machine?,
        size: size?,
        disk: disk?,
        ports: ports?,
        health: health?,
        load_balancer: backend?,
        scaling: scaling?,
        rollout: rollout?,
        tags: tags?,
        target: target?,
        profiles: chain.iter().map(|(name, _)| name.clone()).collect(),
        origins,
    })
}

/// A part that may be absent. The outer `Option` is empty where the part is wrong, which has been reported.
#[expect(clippy::option_option, reason = "absent and wrong are different things")]
fn part<T, R>(field: Option<&Field<T>>, read: impl FnOnce(&T) -> Option<R>) -> Option<Option<R>> {
    match field {
        None => Some(None),
        Some(field) => read(field.get()?).map(Some),
    }
}

fn refers<'k, T: Clone + AsRef<str>>(
    take: &mut Taker<'_>,
    path: &'static str,
    name: &T,
    known: impl Iterator<Item = &'k str> + Clone,
) -> Option<()> {
    if known.clone().any(|known| known == name.as_ref()) {
        return Some(());
    }
    let hint = suggest_or_list(name.as_ref(), known);
    let span = take.origins.span(path);
    take.found.push(
        Diagnostic::new(Rule::UnknownReference, span, format!("there is no {path} `{}`", name.as_ref()))
            .label(format!("not a key of `{path}s`"))
            .maybe_hint(hint),
    );
    None
}

fn network<'a>(
    take: &mut Taker<'_>,
    context: &Context<'a>,
    field: Option<&Field<NetworkName>>,
    at: Span,
) -> Option<&'a Network> {
    let name = take.need("network", field, at)?;
    refers(take, "network", &name, context.file.network_names().map(NetworkName::as_str))?;
    context.networks.get(&name)
}

fn environment(
    take: &mut Taker<'_>,
    file: &FleetFile,
    field: Option<&Field<EnvironmentName>>,
    at: Span,
) -> Option<EnvironmentName> {
    let name = take.need("environment", field, at)?;
    let known = file.environments.get().map(Vec::as_slice).unwrap_or_default();
    let known = known.iter().filter_map(|environment| environment.get()?.name.get());
    refers(take, "environment", &name, known.map(EnvironmentName::as_str))?;
    Some(name)
}

fn layer(take: &mut Taker<'_>, context: &Context<'_>, field: Option<&Field<LayerName>>, at: Span) -> Option<LayerName> {
    let name = take.need("layer", field, at)?;
    let written = entries(Some(&context.file.layers));
    refers(take, "layer", &name, written.iter().filter_map(|(name, _)| name.get()).map(LayerName::as_str))?;
    context.layers.contains_key(&name).then_some(name)
}

fn machine(
    take: &mut Taker<'_>,
    cloud: Cloud,
    field: Option<&Field<crate::scalar::MachineType>>,
    gcp: Option<&Field<file::GcpSettings>>,
    at: Span,
) -> Option<Machine> {
    let machine_type = take.need("machine", field, at)?;
    match catalog::find(cloud, machine_type.as_str()) {
        Ok(known) => {
            let attached = gcp.and_then(Field::get).is_some_and(|gcp| gcp.accelerator.is_some());
            Some(Machine {
                architecture: known.architecture,
                nvidia: known.nvidia || (known.attachable && attached),
                migrates: known.migrates && !attached,
                hyperdisk: known.hyperdisk,
                machine_type,
            })
        }
        Err(unknown) => {
            let span = take.origins.span("machine");
            let name = match cloud {
                Cloud::Aws => "AWS",
                Cloud::Gcp => "GCP",
            };
            take.found.push(
                Diagnostic::new(
                    Rule::Machine,
                    span,
                    format!("{name} has no machine type `{machine_type}` that fleetgen knows"),
                )
                .label(format!("not a machine type of {name}"))
                .maybe_hint(unknown.hint),
            );
            None
        }
    }
}

fn size(take: &mut Taker<'_>, field: Option<&Field<file::Size>>, at: Span) -> Option<Size> {
    take.note("size", field);
    let Some(field) = field else {
        take.need::<u32>("size", None, at);
        return None;
    };
    let size = field.get()?;
    let min = take.need("size.min", size.min.as_ref(), field.span);
    let min = take.within("size.min", min, 0..=10_000);
    let desired = take.or("size.desired", size.desired.as_ref(), min.unwrap_or(0));
    let desired = take.within("size.desired", desired, 0..=10_000);
    let max = take.or("size.max", size.max.as_ref(), desired.unwrap_or(0));
    let max = take.within("size.max", max, 1..=10_000);
    Some(Size { min: min?, desired: desired?, max: max? })
}

fn disk(take: &mut Taker<'_>, field: Option<&Field<file::Disk>>) -> Option<Disk> {
    take.note("disk", field);
    let disk = match field {
        None => None,
        Some(field) => Some(field.get()?),
    };
    let size = take.or("disk.size", disk.and_then(|disk| disk.size.as_ref()), Gibibytes(20));
    let iops = take.or("disk.iops", disk.and_then(|disk| disk.iops.as_ref()), 3_000);
    let iops = take.within("disk.iops", iops, 3_000..=16_000);
    let throughput = take.or("disk.throughput", disk.and_then(|disk| disk.throughput.as_ref()), 125);
    let throughput = take.within("disk.throughput", throughput, 125..=1_000);
    Some(Disk { size: size?, iops: iops?, throughput: throughput? })
}

/// The group's tags over those of the fleet.
fn tags(
    take: &mut Taker<'_>,
    context: &Context<'_>,
    field: Option<&Field<crate::field::Entries<TagKey, Text>>>,
) -> Option<BTreeMap<TagKey, Text>> {
    take.note("tags", field);
    let mut tags = context.tags.clone();
    let about = context.file.fleet.get();
    for (key, value) in entries(about.and_then(|about| about.tags.as_ref())) {
        let path = format!("tags.{}", key.get().map_or("", TagKey::as_str));
        take.origins.entries.push((path.into(), Origin::Fleet { span: value.span }));
    }
    for (key, value) in entries(field) {
        let key = key.value.clone()?;
        take.note(format!("tags.{key}"), Some(value));
        tags.insert(key, value.value.clone()?);
    }
    Some(tags)
}
