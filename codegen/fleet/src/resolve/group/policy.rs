//! How a group changes: scaling and rollout.

use std::collections::BTreeMap;

use super::super::taker::{Taker, entries};
use crate::choice::Cloud;
use crate::field::Field;
use crate::file;
use crate::model::{Network, Rollout, Scaling, Schedule, Size};
use crate::scalar::{Amount, Duration, Percent};
use crate::source::Span;

pub(super) fn scaling(take: &mut Taker<'_>, field: Option<&Field<file::Scaling>>) -> Option<Scaling> {
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

pub(super) fn schedule(take: &mut Taker<'_>, at: Span, schedule: &file::Schedule) -> Option<Schedule> {
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

pub(super) fn rollout(
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
    let wave = take.or("rollout.wave", rollout.and_then(|rollout| rollout.wave.as_ref()), 1);
    let wave = take.within("rollout.wave", wave, 1..=9);
    let max_unavailable = take.or(
        "rollout.max_unavailable",
        rollout.and_then(|rollout| rollout.max_unavailable.as_ref()),
        Amount::Machines(0),
    );
    let surge = default_surge(network, size, max_unavailable);
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

/// What may be added where nobody says it: on GCP a machine for each zone; on AWS a tenth of the group, or one machine of a
/// group of one, as far as AWS lets this be with what may be missing: both are 100% of the group at most.
fn default_surge(network: &Network, size: Option<Size>, max_unavailable: Option<Amount>) -> Amount {
    let zones = u32::try_from(network.zones.len()).unwrap_or(1);
    let (desired, max) = size.map_or((1, 1), |size| (size.desired.max(1), size.max));
    let missing = match max_unavailable {
        None => 0,
        Some(Amount::Share(Percent(share))) => share,
        Some(Amount::Machines(number)) => (number.saturating_mul(100)).div_ceil(desired).min(100),
    };
    match network.cloud {
        Cloud::Gcp => Amount::Machines(zones),
        Cloud::Aws if max == 1 => Amount::Share(Percent(100 - missing)),
        Cloud::Aws => Amount::Share(Percent((100 - missing).min(10))),
    }
}
