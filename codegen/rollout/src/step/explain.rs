//! Why a group is where it is: what it waits for, until when, and what would end that.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{Duration, GateName, GroupName};
use fleetgen_fleet::{Check, Gates};
use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::phase::Phase;
use crate::plan::GroupPlan;
use crate::state::{GroupState, Hold, State, Status, Tally};

/// Why a group is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Why, in a sentence.
    pub why: String,
    /// When that changes by itself, if that is known.
    pub until: Option<Timestamp>,
    /// What would end it, most direct first. Empty if nothing has to be done.
    pub unblock: Vec<String>,
}

impl Explanation {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), until: None, unblock: Vec::new() }
    }

    fn hold(before: &str, hold: &Hold) -> Self {
        let unblock = hold.unblock().into_iter().collect();
        Self { why: format!("{before}{}", hold.why()), until: hold.until(), unblock }
    }

    fn until(mut self, until: Option<Timestamp>) -> Self {
        self.until = until;
        self
    }
}

fn after(since: Timestamp, duration: Duration) -> Option<Timestamp> {
    since.checked_add(SignedDuration::from_secs(duration.seconds.into())).ok()
}

impl Engine {
    /// Explains a group; nothing if fleet.yaml did not have it when the plan was made.
    pub fn explain(&self, state: &State, group: &GroupName) -> Option<Explanation> {
        let Some(index) = self.index(group) else {
            let left_out = self.plan.left_out.get(group)?;
            return Some(Explanation::new(format!("the rollout leaves it alone: {}", left_out.reason())));
        };
        let (plan, group) = (&self.plan.groups[index], &state.groups[index]);
        let because = group.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let machines = |all: u32| format!("{} of {all} machines", group.progress.0.min(all));
        let deadline = after(group.progress.1, plan.progress_deadline);
        let explanation = match group.phase {
            Phase::Done => Explanation::new("every machine has the new image, and works"),
            Phase::Set => Explanation::new("it is empty: its next machine will have the new image"),
            Phase::Skipped => Explanation::new(format!("its turn never came{because}")),
            Phase::RolledBack => Explanation::new(format!("it has its old image again{because}")),
            Phase::Failed | Phase::NeedsHuman => {
                let mut explanation = Explanation::new(format!("it {}{because}", group.phase.failed_words()));
                explanation
                    .unblock
                    .push("look at the group in its cloud; `rollout rollback` returns it to its old image".to_owned());
                explanation
            }
            _ if group.hold.is_some() || group.pending.is_some() => held(plan, group),
            _ if state.paused.is_some() && group.phase != Phase::RollingBack => {
                let reason = state.paused.as_ref().map(|paused| paused.reason.clone()).unwrap_or_default();
                Explanation::hold("", &Hold::Person { reason })
            }
            Phase::Pending => self.queued(state, index),
            Phase::Preparing => Explanation::new("its new version is being created"),
            Phase::Canary => Explanation::new(format!(
                "its canaries are being replaced: {} have the new image and are healthy",
                machines(group.canary)
            ))
            .until(deadline),
            Phase::Updating => Explanation::new(format!(
                "its machines are being replaced: {} have the new image and are healthy",
                machines(plan.size)
            ))
            .until(deadline),
            Phase::RollingBack => Explanation::new(format!(
                "its machines return to the old image{because}; {} have it",
                machines(plan.size)
            )),
            Phase::Judging | Phase::Verifying | Phase::Baking => watched(plan, group),
        };
        Some(explanation)
    }

    /// A group whose turn has not come.
    fn queued(&self, state: &State, index: usize) -> Explanation {
        let own = self.waves.iter().position(|wave| wave.groups.contains(&index)).unwrap_or(0);
        let Some((environment, number, groups)) = self.wave(state.wave) else { return Explanation::new("it is next") };
        let current = format!("{} wave {number}", environment.name);
        if let (Some(hold), Status::Running) = (&state.hold, state.status) {
            let before =
                if own == state.wave { String::new() } else { format!("{current} comes first, and is held: ") };
            return Explanation::hold(&before, hold);
        }
        if own > state.wave {
            if let Some((_, until)) = self.watched_until(state) {
                let watch = self.watch(state.wave);
                let why = format!("{current} comes first: it has ended, and is being watched for {watch}");
                return Explanation::new(why).until(Some(until));
            }
            let over = state.groups[groups.clone()].iter().filter(|group| group.phase.is_over()).count();
            return Explanation::new(format!("{current} comes first: {over} of {} done", groups.len()));
        }
        if state.wave_since.is_none() {
            return Explanation::new(format!(
                "{current} begins when its gates have passed: {}",
                tallies(&environment.gates, &state.wave_gates)
            ));
        }
        let active: Vec<&str> = state.active().map(|index| self.plan.groups[index].name.as_str()).collect();
        let before = state.pending.iter().take_while(|other| **other != index).count();
        Explanation::new(format!(
            "at most {} groups are updated at a time, and {before} are before it; now: {}",
            self.plan.policy.groups_at_once,
            active.join(", ")
        ))
    }
}

/// A group that something holds, or whose effect has no outcome yet.
fn held(plan: &GroupPlan, group: &GroupState) -> Explanation {
    match (&group.hold, &group.pending) {
        (Some(hold), _) => Explanation::hold("", hold),
        (None, Some(pending)) => {
            Explanation::new(format!("{} was asked to {}", plan.place.cloud.title(), pending.action.words()))
        }
        (None, None) => Explanation::new("it goes on"),
    }
}

/// A group whose canary or whose whole is being watched.
fn watched(plan: &GroupPlan, group: &GroupState) -> Explanation {
    let what = if group.phase == Phase::Judging { "its canary" } else { "it" };
    if group.phase != Phase::Verifying {
        match group.healthy_since {
            None => {
                let deadline = after(group.progress.1, plan.progress_deadline);
                return Explanation::new(format!("{what} must be healthy for {}, and is not yet", plan.bake))
                    .until(deadline);
            }
            Some(since) if group.phase == Phase::Baking || group.gates.is_empty() => {
                let end = after(since, plan.bake);
                return Explanation::new(format!("{what} is being watched for {}", plan.bake)).until(end);
            }
            Some(_) => {}
        }
    }
    Explanation::new(format!("its gates are being checked: {}", tallies(&plan.gates, &group.gates)))
}

/// How far each gate is.
fn tallies(gates: &Gates, tallies: &BTreeMap<GateName, Tally>) -> String {
    let words = gates.iter().map(|(name, gate)| match (&gate.check, tallies.get(name)) {
        (Check::Approval(what), _) => format!("`{name}` is a person's: {what}"),
        (_, Some(Tally { fails, .. })) if *fails > 0 => format!("`{name}` failed {fails} of {} times", gate.passes),
        (_, tally) => format!("`{name}` passed {} of {} times", tally.map_or(0, |tally| tally.passes), gate.passes),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "there are none".to_owned() } else { words.join(", ") }
}
