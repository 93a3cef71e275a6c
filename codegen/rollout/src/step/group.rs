//! What a group does next.

use fleetgen_fleet::choice::OnFailure;
use jiff::{SignedDuration, Timestamp};

use super::{Engine, Judgement, Run};
use crate::cloud::{Action, Look, Observation, Version};
use crate::converge::{Next, View};
use crate::phase::{Phase, Trigger};
use crate::plan::GroupPlan;
use crate::state::{GroupState, Hold};

/// How long a cloud may show a group as it was.
const SETTLES: SignedDuration = SignedDuration::from_secs(60);

/// A canary refresh is cancelled after this long, and its canaries stay. AWS would go on by itself after twice as long.
const LONGEST_CANARY: SignedDuration = SignedDuration::from_hours(24);

/// Whether a time has passed. Clocks that go back make it longer, never shorter.
pub(super) fn has_passed(since: Timestamp, duration: fleetgen_fleet::scalar::Duration, now: Timestamp) -> bool {
    now.duration_since(since) >= SignedDuration::from_secs(duration.seconds.into())
}

/// A cloud may show a group as it was a moment before. So what was there already, that nothing is being replaced or that
/// every machine is old, counts only a minute after we asked for it.
fn settled(since: Timestamp, now: Timestamp, next: Next) -> Next {
    // A clock that was ahead when we asked does not make it longer.
    let age = now.duration_since(since);
    let is_fresh = !age.is_negative() && age < SETTLES;
    if next == Next::Reached && is_fresh { Next::Wait } else { next }
}

impl Engine {
    /// Whether a group has come to its gates.
    pub(super) fn is_ready_for_gates(&self, plan: &GroupPlan, group: &GroupState, at: Timestamp) -> bool {
        if group.gate_failed.is_some() || group.stopping.is_some() {
            return false;
        }
        match group.phase {
            Phase::Judging => {
                group.healthy_since.is_some_and(|since| has_passed(since, plan.bake, at))
                    && self.calendar.hold(&plan.environment, at).is_none()
            }
            Phase::Verifying => true,
            _ => false,
        }
    }
}

impl Run<'_> {
    pub(super) fn advance(&mut self, index: usize, seen: &Observation, look: &Look) {
        let plan = &self.engine.plan.groups[index];
        let group = &self.state.groups[index];
        if group.pending.is_some() {
            return;
        }
        let new = group.version.clone().unwrap_or_else(|| plan.from.setting.version.clone());
        let view = View { plan, group, seen, new: &new };
        if let Some(trigger) = group.stopping {
            let next = settled(group.progress.1, self.at, view.freeze());
            return self.follow(index, next, trigger, seen);
        }
        let is_paused = self.state.paused.is_some();
        match group.phase {
            Phase::Preparing if is_paused => {}
            Phase::Preparing => self.prepare(index, seen),
            Phase::Canary | Phase::Judging | Phase::Updating if is_paused => {
                if let Next::Act(action) = view.freeze() {
                    self.emit(index, action);
                }
            }
            Phase::Canary => {
                let next = view.canary(group.canary);
                self.note_progress(index, seen, &new);
                self.follow(index, next, Trigger::CanaryUp, seen);
            }
            Phase::Judging => {
                let is_late = group.change_since.is_some_and(|since| self.at.duration_since(since) >= LONGEST_CANARY);
                let freeze = view.freeze();
                let is_healthy = seen.on(&new).healthy >= group.canary.min(seen.size);
                if self.has_baked(index, is_healthy) {
                    match self.engine.calendar.hold(&plan.environment, self.at) {
                        Some(hold) => {
                            let group = self.group(index);
                            group.gates.clear();
                            group.hold = Some(hold);
                        }
                        None => self.gates(index, look, Trigger::Passed),
                    }
                }
                // AWS would not wait for ever. What is held may wait for days, without anybody who watches.
                let group = &self.state.groups[index];
                if let (true, Phase::Judging, Next::Act(action)) =
                    (is_late || group.hold.is_some(), group.phase, freeze)
                {
                    self.emit(index, action);
                }
            }
            Phase::Updating => {
                let next = view.all();
                self.note_progress(index, seen, &new);
                self.follow(index, next, Trigger::Updated, seen);
            }
            Phase::Baking => {
                let is_complete = view.is_complete();
                if self.has_baked(index, is_complete) && !is_paused {
                    self.on(index, Trigger::Baked);
                }
            }
            Phase::Verifying => {
                let is_complete = view.is_complete();
                let is_empty = seen.size == 0;
                if !is_complete {
                    self.check_deadline(index, &unhealthy(seen));
                } else if !is_paused {
                    self.gates(index, look, if is_empty { Trigger::Emptied } else { Trigger::Verified });
                }
            }
            Phase::RollingBack => {
                let next = settled(group.since, self.at, view.back());
                self.note_progress(index, seen, &plan.from.setting.version);
                self.follow(index, next, Trigger::Restored, seen);
            }
            Phase::Pending
            | Phase::Done
            | Phase::Set
            | Phase::Skipped
            | Phase::RolledBack
            | Phase::Failed
            | Phase::NeedsHuman => {}
        }
    }

    /// Creates the new version, or starts with it.
    pub(super) fn prepare(&mut self, index: usize, seen: &Observation) {
        let plan = &self.engine.plan.groups[index];
        let group = &self.state.groups[index];
        let Some(new) = &group.version else {
            return match self.obstacle(index, seen) {
                Some(hold) => self.group(index).hold = Some(hold),
                None => {
                    self.emit(index, Action::Prepare { source: plan.to.source.clone(), image: plan.to.image.clone() });
                }
            };
        };
        if seen.size == 0 {
            let next = View { plan, group, seen, new }.all();
            return self.follow(index, next, Trigger::Emptied, seen);
        }
        let canary = plan.canaries(seen.size);
        self.on(index, if canary.is_some() { Trigger::CanaryWanted } else { Trigger::NoCanary });
        self.group(index).canary = canary.unwrap_or(0);
    }

    /// Does what converging says.
    pub(super) fn follow(&mut self, index: usize, next: Next, reached: Trigger, seen: &Observation) {
        let is_back = reached == Trigger::Restored;
        let is_forward = matches!(reached, Trigger::CanaryUp | Trigger::Updated | Trigger::Emptied);
        match next {
            Next::Reached => {
                self.on(index, reached);
            }
            Next::Wait => self.check_deadline(index, &unhealthy(seen)),
            Next::Act(Action::Cancel { change }) => self.emit(index, Action::Cancel { change }),
            Next::Act(action) => {
                if let Some(hold) = if is_forward { self.start_hold(index, seen) } else { None } {
                    self.group(index).hold = Some(hold);
                    return;
                }
                let before = (self.state.groups[index].phase, self.state.groups[index].stopping);
                self.check_deadline(index, "the cloud does not do what it is asked");
                if before == (self.state.groups[index].phase, self.state.groups[index].stopping) {
                    self.emit(index, action);
                }
            }
            Next::Stuck(why) if is_back => self.ask_human(index, &why),
            Next::Stuck(why) => self.fail(index, why),
        }
    }

    /// What keeps machines from being replaced now.
    pub(super) fn start_hold(&self, index: usize, seen: &Observation) -> Option<Hold> {
        let environment = &self.plan(index).environment;
        self.engine.calendar.hold(environment, self.at).or_else(|| self.obstacle(index, seen))
    }

    pub(super) fn obstacle(&self, index: usize, seen: &Observation) -> Option<Hold> {
        if let Some(what) = &seen.obstacle {
            return Some(Hold::Obstacle { what: what.clone() });
        }
        let (healthy, floor) = (seen.healthy(), self.plan(index).floor(seen.size));
        let is_low = healthy < floor && !self.engine.plan.request.fix_forward;
        is_low.then_some(Hold::Floor { healthy, floor })
    }

    /// Notes that more machines are as wanted, in steps of a tenth of the group: each is a record in the journal.
    pub(super) fn note_progress(&mut self, index: usize, seen: &Observation, version: &Version) {
        let at = self.at;
        let healthy = seen.on(version).healthy;
        let group = self.group(index);
        if healthy >= group.progress.0 + (seen.size / 10).max(1) || (healthy > group.progress.0 && healthy >= seen.size)
        {
            group.progress = (healthy, at);
        }
    }

    /// Fails a group that makes no progress. A group that is held makes none by intention.
    pub(super) fn check_deadline(&mut self, index: usize, why: &str) {
        let deadline = self.plan(index).progress_deadline;
        let group = &self.state.groups[index];
        if group.hold.is_some() || !has_passed(group.progress.1, deadline, self.at) {
            return;
        }
        let why = format!("no progress for {deadline}: {why}");
        if group.phase == Phase::RollingBack || group.stopping.is_some() {
            self.ask_human(index, &why);
        } else {
            self.fail(index, why);
        }
    }

    /// Whether a group has been healthy for its bake, without a gap.
    pub(super) fn has_baked(&mut self, index: usize, is_healthy: bool) -> bool {
        let at = self.at;
        let bake = self.plan(index).bake;
        let group = self.group(index);
        if !is_healthy || group.unhealthy > 0 {
            group.healthy_since = None;
            self.check_deadline(index, "its machines do not stay healthy");
            return false;
        }
        has_passed(*group.healthy_since.get_or_insert(at), bake, at)
    }

    pub(super) fn gates(&mut self, index: usize, look: &Look, passed: Trigger) {
        let plan = &self.engine.plan.groups[index];
        if let Some(gate) = self.state.groups[index].gate_failed.clone() {
            self.group(index).hold = Some(Hold::Gate { gate });
            return;
        }
        let mut tallies = std::mem::take(&mut self.group(index).gates);
        let judgement = self.judge(plan.name.as_str(), &plan.gates, &mut tallies, &look.verdicts);
        self.group(index).gates = tallies;
        match judgement {
            Judgement::Passed => {
                self.on(index, passed);
            }
            Judgement::Waiting => {}
            Judgement::Held(hold) => self.group(index).hold = Some(hold),
            Judgement::Failed(gate, OnFailure::Hold) => {
                let group = self.group(index);
                group.gate_failed = Some(gate.clone());
                group.hold = Some(Hold::Gate { gate });
            }
            Judgement::Failed(gate, OnFailure::Fail) => self.fail(index, format!("the gate `{gate}` failed")),
        }
    }
}

/// That machines do not become healthy, and why if the cloud says it.
fn unhealthy(seen: &Observation) -> String {
    let why = seen.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
    format!("its machines do not become healthy{why}")
}
