//! A step in progress: the parts that groups, waves and orders share.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::OnFailure;
use fleetgen_fleet::scalar::GateName;
use fleetgen_fleet::{Check, Gate};
use jiff::{SignedDuration, Timestamp};

use super::{Engine, Subject};
use crate::cloud::{Action, Effect, Verdict};
use crate::phase::Trigger;
use crate::plan::GroupPlan;
use crate::state::{GroupState, Hold, Pending, State, Status, Tally};

/// What gates lead to.
pub(super) enum Judgement {
    Passed,
    Waiting,
    Held(Hold),
    Failed(GateName, OnFailure),
}

/// What an event can change besides groups.
#[derive(PartialEq, Eq)]
pub(super) struct Summary {
    status: Status,
    hold: Option<Hold>,
    wave: (usize, Option<Timestamp>, Option<Timestamp>),
    failed: Option<GateName>,
    gates: BTreeMap<GateName, Tally>,
}

/// A step in progress.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) state: State,
    pub(super) at: Timestamp,
    pub(super) effects: Vec<Effect>,
    pub(super) touched: Vec<Subject>,
    pub(super) changed: bool,
}

impl Run<'_> {
    /// What an event can change outside of the group that it is about.
    pub(super) fn summary(&self) -> Summary {
        let state = &self.state;
        Summary {
            status: state.status,
            hold: state.hold.clone(),
            wave: (state.wave, state.wave_since, state.wave_ended),
            failed: state.wave_failed.clone(),
            gates: state.wave_gates.clone(),
        }
    }

    /// A driver begins. What an earlier one asked for has no outcome that could still arrive, and time in which no
    /// driver has looked does not count as watched.
    pub(super) fn opened(&mut self, epoch: u64) {
        self.changed = true;
        self.state.epoch = epoch;
        let at = self.at;
        let gap = at.duration_since(self.state.known_at).max(SignedDuration::ZERO);
        let shift = |since: Timestamp| since.checked_add(gap).unwrap_or(at);
        self.state.wave_gates.clear();
        for index in self.state.active.clone() {
            let group = self.group(index);
            if let Some(pending) = &mut group.pending {
                pending.uncertain = true;
            }
            group.healthy_since = group.healthy_since.map(shift);
            group.progress.1 = at;
            group.gates.clear();
            group.is_still = false;
            // What held it may be over.
            group.hold = None;
            self.touched.push(Subject::Group(index));
        }
        if let (Some(ended), Some(wave)) = (self.state.wave_ended, self.engine.waves.get(self.state.wave)) {
            self.state.wave_ended = Some(shift(ended));
            self.touched.extend(wave.groups.clone().map(Subject::Group));
        }
        self.touched.push(Subject::Wave);
    }

    pub(super) fn plan(&self, index: usize) -> &GroupPlan {
        &self.engine.plan.groups[index]
    }

    /// Moves a group along the table. Returns whether the table has this.
    pub(super) fn on(&mut self, index: usize, trigger: Trigger) -> bool {
        let at = self.at;
        let group = &mut self.state.groups[index];
        let Some(to) = group.phase.on(trigger) else { return false };
        group.phase = to;
        group.since = at;
        group.hold = None;
        group.progress = (0, at);
        group.healthy_since = None;
        group.unhealthy = 0;
        group.gates.clear();
        group.gate_failed = None;
        group.is_still = false;
        group.stopping = None;
        if to.is_active() {
            self.state.active.insert(index);
        } else {
            self.state.active.remove(&index);
        }
        self.changed = true;
        self.touched.push(Subject::Group(index));
        true
    }

    /// Asks for an effect.
    pub(super) fn emit(&mut self, index: usize, action: Action) {
        let plan = &self.engine.plan.groups[index];
        let group = &mut self.state.groups[index];
        group.effects += 1;
        let number = group.effects;
        // Creating a version twice would leave one behind, so it has the same key each time.
        let key = if matches!(action, Action::Prepare { .. }) {
            format!("{}-{}", self.engine.id.short(), plan.name)
        } else {
            group.touched = true;
            format!("{}-{}-{number}", self.engine.id.short(), plan.name)
        };
        group.pending = Some(Pending { number, action: action.clone(), uncertain: false });
        self.effects.push(Effect { group: plan.name.clone(), key, action });
        self.changed = true;
    }

    /// Counts verdicts, and judges. `scope` is what an approval is given to.
    pub(super) fn judge(
        &self,
        scope: &str,
        gates: &BTreeMap<GateName, Gate>,
        tallies: &mut BTreeMap<GateName, Tally>,
        verdicts: &BTreeMap<GateName, Verdict>,
    ) -> Judgement {
        let mut judgement = Judgement::Passed;
        for (name, gate) in gates {
            if matches!(gate.check, Check::Approval(_)) {
                if !self.state.approved.contains(&State::approval(scope, name)) {
                    let gate = State::approval(scope, name);
                    judgement = Judgement::Held(Hold::Approval { gate });
                }
                continue;
            }
            let tally = tallies.entry(name.clone()).or_default();
            match verdicts.get(name) {
                Some(Verdict::Pass) => *tally = Tally { passes: (tally.passes + 1).min(gate.passes), fails: 0 },
                Some(Verdict::Fail) => *tally = Tally { passes: 0, fails: (tally.fails + 1).min(gate.passes) },
                Some(Verdict::Unknown) => {
                    judgement = Judgement::Held(Hold::Unknown { why: format!("the gate `{name}` has no answer") });
                }
                None => {}
            }
            if tally.fails >= gate.passes {
                return Judgement::Failed(name.clone(), gate.on_failure);
            }
            if tally.passes < gate.passes && matches!(judgement, Judgement::Passed) {
                judgement = Judgement::Waiting;
            }
        }
        judgement
    }

    pub(super) fn group(&mut self, index: usize) -> &mut GroupState {
        &mut self.state.groups[index]
    }
}
