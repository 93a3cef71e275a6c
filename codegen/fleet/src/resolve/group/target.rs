//! What only one cloud has.

use std::collections::BTreeMap;

use super::super::taker::{Taker, entries, list, set};
use super::part;
use crate::choice::{Cloud, HookDefault, SpotAllocation};
use crate::diagnostic::{Diagnostic, Rule};
use crate::field::Field;
use crate::file::{self, Settings};
use crate::model::{AwsTarget, GcpTarget, LifecycleHook, Spot};
use crate::scalar::{Duration, Percent};
use crate::source::Span;

pub(super) fn aws(take: &mut Taker<'_>, field: Option<&Field<file::AwsSettings>>) -> Option<AwsTarget> {
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

pub(super) fn gcp(take: &mut Taker<'_>, field: Option<&Field<file::GcpSettings>>) -> Option<GcpTarget> {
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
pub(super) fn foreign(take: &mut Taker<'_>, cloud: Cloud, settings: &Settings) {
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
