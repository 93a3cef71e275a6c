//! The world as driver, observer and script share it, and the invariants that are checked while a driver runs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use fleetgen_driver::Observer;
use fleetgen_fleet::Gate;
use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::{
    Answer, Cloud, Effect, Engine, Event, GroupPlan, Invariant, Phase, Record, Sight, State, Verdict, Violation, Watch,
};
use jiff::Timestamp;

use crate::{VirtualTime, World};

/// The world, which the driver, its observer and the script use by turns.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Rc<RefCell<World>>);

impl Cloud for Shared {
    fn observe(&mut self, group: &GroupPlan) -> Sight {
        self.0.borrow_mut().observe(group)
    }

    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer {
        self.0.borrow_mut().perform(group, effect)
    }

    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        Cloud::check(&mut *self.0.borrow_mut(), group, gate)
    }
}

impl fleetgen_driver::Gates for Shared {
    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        Cloud::check(self, group, gate)
    }
}

/// Checks invariants while a driver runs.
pub(crate) struct Observing<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) time: VirtualTime,
    /// What the journal alone leads to.
    pub(crate) replayed: Option<State>,
    pub(crate) checks: bool,
    pub(crate) history: Vec<(Timestamp, usize, Phase)>,
    pub(crate) watch: Watch,
    pub(crate) world: Shared,
    pub(crate) approved: BTreeSet<ImageId>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) violations: Vec<Violation>,
}

impl Observer for Observing<'_> {
    fn recorded(&mut self, record: &Record) {
        self.watch.recorded(&record.effects);
        if self.checks {
            let state = self.replayed.take();
            self.replayed = state.map(|state| self.engine.step(state, &record.event, record.at).state);
        }
    }

    fn performing(&mut self, effect: &Effect) {
        self.violations.extend(self.watch.performing(effect));
    }

    fn stepped(&mut self, engine: &Engine, event: &Event, at: Timestamp, state: &State, effects: &[Effect]) {
        if !self.checks {
            return;
        }
        if self.replayed.as_ref() != Some(state) {
            let what = format!("an event that was not recorded changed the state: {event:?}");
            self.violations.push(Violation { invariant: Invariant::Replay, what });
            self.replayed = Some(state.clone());
        }
        let found = self.watch.stepped(engine, event, at, state, effects, &self.approved);
        self.violations.extend(found);
        let groups = state.groups.iter().zip(&engine.plan().groups).enumerate();
        for ((index, (group, plan)), before) in groups.zip(&mut self.phases) {
            if std::mem::replace(before, group.phase) == group.phase {
                continue;
            }
            self.history.push((self.time.now(), index, group.phase));
            let version = match group.phase {
                Phase::Done => group.version.as_ref(),
                Phase::RolledBack => Some(&plan.from.setting.version),
                _ => None,
            };
            let Some(version) = version else { continue };
            let Some(truth) = self.world.0.borrow_mut().truth(&plan.name) else { continue };
            let others = truth.others(version);
            if others > 0 || truth.setting.version != *version {
                let invariant =
                    if group.phase == Phase::Done { Invariant::DoneMeansNew } else { Invariant::RolledBackMeansOld };
                let what = format!("{}: {others} machines have another version", plan.name);
                self.violations.push(Violation { invariant, what });
            }
        }
    }
}
