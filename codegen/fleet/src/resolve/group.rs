//! One compute group: what it says itself, what its profiles say, and what holds by default.

use std::collections::BTreeMap;

use super::profile::Profiles;
use super::taker::{Taker, entries, list, set};
use crate::catalog;
use crate::choice::{BackendProtocol, Cloud, HealthProtocol, HookDefault, SpotAllocation, Transport};
use crate::decode::decode;
use crate::diagnostic::{Diagnostic, Rule, suggest};
use crate::field::Field;
use crate::file::{self, FleetFile, Settings};
use crate::model::{
    AwsTarget, Backend, Disk, GcpTarget, Group, Health, Layer, LifecycleHook, Machine, Network, OpenPort, Origin,
    Rollout, Scaling, Schedule, Size, Spot, Target,
};
use crate::scalar::{
    Amount, Cidr, Duration, EnvironmentName, Gibibytes, LayerName, NetworkName, Percent, StackName, TagKey, Text,
};
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
    let health = part(settings.health.as_ref(), |health| self::health(&mut take, settings.health.as_ref(), health));
    let backend = part(settings.load_balancer.as_ref(), |backend| {
        load_balancer(&mut take, settings.load_balancer.as_ref(), backend)
    });
    let scaling = scaling(&mut take, settings.scaling.as_ref());
    let tags = tags(&mut take, context, settings.tags.as_ref());

    // What is left depends on the cloud.
    let Some(network) = network else {
        take.need("machine", settings.machine.as_ref(), key.span);
        return None;
    };
    let machine = machine(&mut take, network.cloud, settings.machine.as_ref(), settings.gcp.as_ref(), key.span);
    let ports = ports(&mut take, context, network, settings.ports.as_ref());
    let rollout = rollout(&mut take, network, size, settings.rollout.as_ref());
    let target = match network.cloud {
        Cloud::Aws => aws(&mut take, settings.aws.as_ref()).map(Target::Aws),
        Cloud::Gcp => gcp(&mut take, settings.gcp.as_ref()).map(Target::Gcp),
    };
    foreign(&mut take, network.cloud, &settings);
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
    let hint = suggest(name.as_ref(), known);
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

fn ports(
    take: &mut Taker<'_>,
    context: &Context<'_>,
    network: &Network,
    field: Option<&Field<Vec<Field<file::OpenPort>>>>,
) -> Option<Vec<OpenPort>> {
    take.note("ports", field);
    let items = match field {
        None => return Some(Vec::new()),
        Some(field) => field.get()?,
    };
    let mut ports = Vec::new();
    for item in items {
        let Some(port) = item.get() else { continue };
        let mut from = Vec::new();
        for source in port.from.iter().filter_map(Field::get).flatten() {
            from.extend(source.get().and_then(|text| origin(take, context, text, source.span)));
        }
        if port.from.is_none() {
            from.push(network.cidr);
        }
        from.sort();
        from.dedup();
        let Some(number) = port.port.get() else { continue };
        ports.push(OpenPort {
            port: *number,
            protocol: port.protocol.as_ref().map_or(Some(Transport::Tcp), |protocol| protocol.value)?,
            from,
            description: port.description.as_ref().and_then(|text| text.value.clone()),
        });
    }
    Some(ports)
}

/// Where a port is open from: a network by name, or a CIDR.
fn origin(take: &mut Taker<'_>, context: &Context<'_>, text: &Text, span: Span) -> Option<Cidr> {
    if let Some(network) = context.networks.get(text.as_str()) {
        return Some(network.cidr);
    }
    // A network that is not sound has been reported.
    if context.file.network_names().any(|name| name.as_str() == text.as_str()) {
        return None;
    }
    Cidr::try_from(text.as_str().to_owned())
        .map_err(|invalid| {
            let diagnostic = if text.as_str().contains('/') {
                Diagnostic::new(Rule::InvalidValue, span, invalid.message).hint(invalid.hint)
            } else {
                Diagnostic::new(Rule::UnknownReference, span, format!("there is no network `{text}`"))
                    .label("neither a key of `networks` nor a CIDR")
                    .maybe_hint(suggest(text.as_str(), context.file.network_names().map(NetworkName::as_str)))
            };
            take.found.push(diagnostic);
        })
        .ok()
}

fn health(take: &mut Taker<'_>, field: Option<&Field<file::Health>>, health: &file::Health) -> Option<Health> {
    take.note("health", field);
    let at = take.origins.span("health");
    let port = take.need("health.port", health.port.as_ref(), at);
    let protocol = take.or("health.protocol", health.protocol.as_ref(), HealthProtocol::Http);
    let path = take.or("health.path", health.path.as_ref(), "/".parse().ok()?);
    let interval = take.or("health.interval", health.interval.as_ref(), Duration::from_seconds(10));
    let interval = take.lasting("health.interval", interval, 5..=300);
    let timeout = take.or("health.timeout", health.timeout.as_ref(), Duration::from_seconds(5));
    let timeout = take.lasting("health.timeout", timeout, 2..=120);
    let healthy_after = take.or("health.healthy_after", health.healthy_after.as_ref(), 2);
    let healthy_after = take.within("health.healthy_after", healthy_after, 2..=10);
    let unhealthy_after = take.or("health.unhealthy_after", health.unhealthy_after.as_ref(), 3);
    let unhealthy_after = take.within("health.unhealthy_after", unhealthy_after, 2..=10);
    let grace = take.or("health.grace", health.grace.as_ref(), Duration::from_seconds(300));
    let grace = take.lasting("health.grace", grace, 0..=3_600);
    Some(Health {
        protocol: protocol?,
        port: port?,
        path: path?,
        interval: interval?,
        timeout: timeout?,
        healthy_after: healthy_after?,
        unhealthy_after: unhealthy_after?,
        grace: grace?,
    })
}

fn load_balancer(
    take: &mut Taker<'_>,
    field: Option<&Field<file::Backend>>,
    backend: &file::Backend,
) -> Option<Backend> {
    take.note("load_balancer", field);
    let at = take.origins.span("load_balancer");
    let name = take.need("load_balancer.name", backend.name.as_ref(), at);
    let port = take.need("load_balancer.port", backend.port.as_ref(), at);
    let protocol = take.or("load_balancer.protocol", backend.protocol.as_ref(), BackendProtocol::Http);
    let listener_port = take.maybe("load_balancer.listener_port", backend.listener_port.as_ref());
    let certificate = take.maybe("load_balancer.certificate", backend.certificate.as_ref());
    let drain = take.or("load_balancer.drain", backend.drain.as_ref(), Duration::from_seconds(60));
    let drain = take.lasting("load_balancer.drain", drain, 0..=3_600);
    Some(Backend {
        name: name?,
        port: port?,
        protocol: protocol?,
        listener_port: listener_port?,
        certificate: certificate?,
        drain: drain?,
    })
}

fn scaling(take: &mut Taker<'_>, field: Option<&Field<file::Scaling>>) -> Option<Scaling> {
    take.note("scaling", field);
    let scaling = match field {
        None => None,
        Some(field) => Some(field.get()?),
    };
    let cpu = take.maybe("scaling.cpu", scaling.and_then(|scaling| scaling.cpu.as_ref()))?;
    if let Some(Percent(share)) = cpu {
        take.within("scaling.cpu", Some(share), 10..=90);
    }
    let requests =
        take.maybe("scaling.requests_per_machine", scaling.and_then(|scaling| scaling.requests_per_machine.as_ref()))?;
    if requests.is_some() {
        take.within("scaling.requests_per_machine", requests, 1..=1_000_000);
    }
    let warmup =
        take.or("scaling.warmup", scaling.and_then(|scaling| scaling.warmup.as_ref()), Duration::from_seconds(120));
    let warmup = take.lasting("scaling.warmup", warmup, 0..=3_600);
    let written = scaling.and_then(|scaling| scaling.schedules.as_ref());
    take.note("scaling.schedules", written);
    let mut schedules = BTreeMap::new();
    for (name, schedule) in entries(written) {
        let (Some(key), Some(schedule)) = (name.get(), schedule.get()) else { continue };
        schedules.insert(key.clone(), self::schedule(take, name.span, schedule)?);
    }
    Some(Scaling { cpu, requests_per_machine: requests, warmup: warmup?, schedules })
}

fn schedule(take: &mut Taker<'_>, at: Span, schedule: &file::Schedule) -> Option<Schedule> {
    let cron = take.need("cron", schedule.cron.as_ref(), at);
    let machines = take.need("machines", schedule.machines.as_ref(), at);
    Some(Schedule {
        cron: cron?,
        time_zone: match &schedule.time_zone {
            None => "UTC".to_owned().try_into().ok()?,
            Some(field) => field.value.clone()?,
        },
        machines: machines?,
        duration: match &schedule.duration {
            None => None,
            Some(field) => Some(field.value?),
        },
    })
}

fn rollout(
    take: &mut Taker<'_>,
    network: &Network,
    size: Option<Size>,
    field: Option<&Field<file::Rollout>>,
) -> Option<Rollout> {
    take.note("rollout", field);
    let rollout = match field {
        None => None,
        Some(field) => Some(field.get()?),
    };
    let surge = match (network.cloud, size.map(|size| size.max)) {
        (Cloud::Gcp, _) => Amount::Machines(u32::try_from(network.zones.len()).unwrap_or(1)),
        (Cloud::Aws, Some(1)) => Amount::Share(Percent(100)),
        (Cloud::Aws, _) => Amount::Share(Percent(10)),
    };
    let wave = take.or("rollout.wave", rollout.and_then(|rollout| rollout.wave.as_ref()), 1);
    let wave = take.within("rollout.wave", wave, 1..=9);
    let max_unavailable = take.or(
        "rollout.max_unavailable",
        rollout.and_then(|rollout| rollout.max_unavailable.as_ref()),
        Amount::Machines(0),
    );
    let max_surge = take.or("rollout.max_surge", rollout.and_then(|rollout| rollout.max_surge.as_ref()), surge);
    let canary = take.maybe("rollout.canary", rollout.and_then(|rollout| rollout.canary.as_ref()));
    if let Some(Some(Percent(share))) = canary {
        take.within("rollout.canary", Some(share), 1..=50);
    }
    let bake = take.or("rollout.bake", rollout.and_then(|rollout| rollout.bake.as_ref()), Duration::from_seconds(300));
    let bake = take.lasting("rollout.bake", bake, 0..=172_800);
    let roll_back = take.or("rollout.roll_back", rollout.and_then(|rollout| rollout.roll_back.as_ref()), true);
    Some(Rollout {
        wave: wave?,
        max_unavailable: max_unavailable?,
        max_surge: max_surge?,
        canary: canary?,
        bake: bake?,
        roll_back: roll_back?,
    })
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

fn aws(take: &mut Taker<'_>, field: Option<&Field<file::AwsSettings>>) -> Option<AwsTarget> {
    take.note("aws", field);
    let aws = match field {
        None => None,
        Some(field) => Some(field.get()?),
    };
    let spot = aws.and_then(|aws| aws.spot.as_ref());
    take.note("aws.spot", spot);
    let spot = part(spot, |spot| {
        let base = take.or("aws.spot.on_demand_base", spot.on_demand_base.as_ref(), 0);
        let share = take.or("aws.spot.on_demand_share", spot.on_demand_share.as_ref(), Percent(0));
        let allocation =
            take.or("aws.spot.allocation", spot.allocation.as_ref(), SpotAllocation::PriceCapacityOptimized);
        Some(Spot { on_demand_base: base?, on_demand_share: share?, allocation: allocation? })
    });
    let machines = aws.and_then(|aws| aws.machines.as_ref());
    take.note("aws.machines", machines);
    let policies = aws.and_then(|aws| aws.policies.as_ref());
    take.note("aws.policies", policies);
    let hooks = aws.and_then(|aws| aws.lifecycle_hooks.as_ref());
    take.note("aws.lifecycle_hooks", hooks);
    let mut lifecycle_hooks = BTreeMap::new();
    for (name, hook) in entries(hooks) {
        let (Some(key), Some(hook)) = (name.get(), hook.get()) else { continue };
        let transition = take.need("transition", hook.transition.as_ref(), name.span);
        let timeout = take.or("aws.lifecycle_hooks.timeout", hook.timeout.as_ref(), Duration::from_seconds(300));
        let timeout = take.lasting("aws.lifecycle_hooks.timeout", timeout, 30..=7_200);
        let default = take.or("aws.lifecycle_hooks.default", hook.default.as_ref(), HookDefault::Abandon);
        lifecycle_hooks
            .insert(key.clone(), LifecycleHook { transition: transition?, timeout: timeout?, default: default? });
    }
    let monitoring = take.or("aws.detailed_monitoring", aws.and_then(|aws| aws.detailed_monitoring.as_ref()), false);
    let hops = take.or("aws.metadata_hops", aws.and_then(|aws| aws.metadata_hops.as_ref()), 1);
    let hops = take.within("aws.metadata_hops", hops, 1..=2);
    let lifetime = take.maybe("aws.max_lifetime", aws.and_then(|aws| aws.max_lifetime.as_ref()))?;
    if lifetime.is_some() {
        take.lasting("aws.max_lifetime", lifetime, 86_400..=31_536_000);
    }
    Some(AwsTarget {
        machines: list(machines),
        spot: spot?,
        policies: set(policies),
        lifecycle_hooks,
        detailed_monitoring: monitoring?,
        metadata_hops: hops?,
        max_lifetime: lifetime,
    })
}

fn gcp(take: &mut Taker<'_>, field: Option<&Field<file::GcpSettings>>) -> Option<GcpTarget> {
    take.note("gcp", field);
    let gcp = match field {
        None => None,
        Some(field) => Some(field.get()?),
    };
    let roles = gcp.and_then(|gcp| gcp.roles.as_ref());
    take.note("gcp.roles", roles);
    let spot = take.or("gcp.spot", gcp.and_then(|gcp| gcp.spot.as_ref()), false);
    let accelerator = take.maybe("gcp.accelerator", gcp.and_then(|gcp| gcp.accelerator.as_ref()));
    let accelerators = take.or("gcp.accelerators", gcp.and_then(|gcp| gcp.accelerators.as_ref()), 1);
    let accelerators = take.within("gcp.accelerators", accelerators, 1..=16);
    let secure_boot = take.or("gcp.secure_boot", gcp.and_then(|gcp| gcp.secure_boot.as_ref()), true);
    let accelerators = accelerators?;
    Some(GcpTarget {
        spot: spot?,
        roles: set(roles),
        accelerator: accelerator?.map(|accelerator| (accelerator, accelerators)),
        secure_boot: secure_boot?,
    })
}

/// Settings that only the other cloud has. The sections `aws` and `gcp` of a profile hold for those of its groups that
/// run there; in a group itself the other cloud's section can only be a mistake.
fn foreign(take: &mut Taker<'_>, cloud: Cloud, settings: &Settings) {
    fn at<T>(field: Option<&Field<T>>) -> Option<Span> {
        field.map(|field| field.span)
    }
    let own = |depth, span| (depth == 0).then_some(span);
    let backend = settings.load_balancer.as_ref().and_then(Field::get);
    let disk = settings.disk.as_ref().and_then(Field::get);
    let scaling = settings.scaling.as_ref().and_then(Field::get);
    let (here, there, spans) = match cloud {
        Cloud::Aws => {
            ("AWS", "GCP", vec![("gcp", settings.gcp.as_ref().and_then(|field| own(field.depth, field.span)))])
        }
        Cloud::Gcp => (
            "GCP",
            "AWS",
            vec![
                ("aws", settings.aws.as_ref().and_then(|field| own(field.depth, field.span))),
                ("disk.iops", at(disk.and_then(|disk| disk.iops.as_ref()))),
                ("disk.throughput", at(disk.and_then(|disk| disk.throughput.as_ref()))),
                ("load_balancer.listener_port", at(backend.and_then(|backend| backend.listener_port.as_ref()))),
                ("load_balancer.certificate", at(backend.and_then(|backend| backend.certificate.as_ref()))),
                ("scaling.requests_per_machine", at(scaling.and_then(|scaling| scaling.requests_per_machine.as_ref()))),
            ],
        ),
    };
    for (path, span) in spans {
        let Some(span) = span else { continue };
        take.found.push(
            Diagnostic::new(Rule::Cloud, span, format!("`{path}` is for groups on {there}; this group runs on {here}"))
                .label(format!("only {there} has this"))
                .related(take.origins.name, "this group")
                .hint("take it out, or set it to `null` where a profile says it"),
        );
    }
}
