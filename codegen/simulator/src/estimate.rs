//! Many runs of a plan, with what usually goes wrong.

use std::collections::BTreeMap;

use fastrand::Rng;
use fleetgen_rollout::{Plan, RolloutOutcome};
use jiff::SignedDuration;

use crate::{Fault, FaultKind, Report, Script, Sickness, run};

/// What many runs lead to.
#[derive(Debug)]
pub struct Estimate {
    /// How many runs.
    pub runs: u64,
    /// How many ended in each way; nothing for those that had not ended after three weeks.
    pub outcomes: BTreeMap<Option<RolloutOutcome>, u64>,
    /// How long each took, from the shortest.
    pub took: Vec<SignedDuration>,
    /// The fewest healthy machines that a group had, in percent of its size, with the group, if only the rollout took any.
    pub lowest: Option<(u32, String)>,
    /// The seed of the worst run.
    pub worst_seed: u64,
    /// The worst run.
    pub worst: Option<Report>,
}

impl Estimate {
    /// The time within which this share of the runs ended.
    pub fn percentile(&self, percent: usize) -> SignedDuration {
        let last = self.took.len().saturating_sub(1);
        self.took.get((self.took.len() * percent / 100).min(last)).copied().unwrap_or(SignedDuration::ZERO)
    }
}

/// A run with a seed: one group in 50 has a sick image, and one in ten something else.
///
/// These are assumptions, not measurements: good enough to compare plans, and to see what a bad day looks like.
pub fn script(plan: &Plan, seed: u64) -> Script {
    let mut rng = Rng::with_seed(seed);
    let mut script = Script { checks: false, ..Script::new(plan.clone(), seed) };
    for group in 0..plan.groups.len() {
        if rng.u32(0..50) == 0 {
            let sickness = if rng.bool() { Sickness::AtOnce } else { Sickness::After(rng.u32(60..1_200)) };
            script.sick.push((group, sickness));
        }
        if rng.u32(0..10) == 0 {
            let kind = match rng.u32(0..6) {
                0 => FaultKind::Throttled,
                1 => FaultKind::AnswersLost,
                2 => FaultKind::NoCapacity,
                3 => FaultKind::SlowTermination,
                4 => FaultKind::Killed(1),
                _ => FaultKind::Stale,
            };
            let lasts = if kind == FaultKind::Stale { 30 } else { rng.u32(60..3_600) };
            script.faults.push(Fault { group, at: rng.u32(0..14_400), lasts, kind });
        }
    }
    script
}

/// Runs a plan many times, with the seeds from `seed` on.
pub fn estimate(plan: &Plan, seed: u64, runs: u64) -> Estimate {
    let mut estimate =
        Estimate { runs, outcomes: BTreeMap::new(), took: Vec::new(), lowest: None, worst_seed: seed, worst: None };
    for seed in seed..seed.saturating_add(runs) {
        let report = run(&script(plan, seed));
        *estimate.outcomes.entry(report.outcome).or_insert(0) += 1;
        estimate.took.push(report.took);
        for group in &plan.groups {
            let Some(lowest) = report.world.lowest(&group.name).filter(|lowest| lowest.size > 0) else { continue };
            let percent = lowest.healthy * 100 / lowest.size;
            if estimate.lowest.as_ref().is_none_or(|(least, _)| percent < *least) {
                estimate.lowest = Some((percent, group.name.to_string()));
            }
        }
        let badness = |report: &Report| (report.outcome.is_none(), report.outcome, report.took);
        if estimate.worst.as_ref().is_none_or(|worst| badness(&report) > badness(worst)) {
            estimate.worst_seed = seed;
            estimate.worst = Some(report);
        }
    }
    estimate.took.sort();
    estimate
}
