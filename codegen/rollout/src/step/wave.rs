//! Waves: when one begins, which of its groups start, and when it ends.

use std::collections::BTreeMap;

use fleetgen_fleet::Check;
use fleetgen_fleet::scalar::{Duration, GateName};
use jiff::{SignedDuration, Timestamp};

use super::group::has_passed;
use super::{Engine, Judgement, Run, Subject, WATCH};
use crate::cloud::Verdict;
use crate::phase::{Phase, Trigger};
use crate::plan::{EnvironmentPlan, Kind};
use crate::state::{Hold, Outcome, State, Status};

impl Engine {
    fn environment(&self, wave: usize) -> Option<&EnvironmentPlan> {
        self.plan.environments.get(self.waves.get(wave)?.environment)
    }

    /// The environment whose gates must be checked now.
    pub(super) fn environment_to_judge(&self, state: &State, at: Timestamp) -> Option<&EnvironmentPlan> {
        let is_waiting = state.status == Status::Running && state.paused.is_none() && state.wave_since.is_none();
        let environment = self.environment(state.wave).filter(|_| is_waiting && state.wave_failed.is_none())?;
        self.calendar.hold(&environment.name, at).is_none().then_some(environment)
    }

    /// When time alone can change something about the current wave.
    pub(super) fn wave_attention(&self, state: &State, at: Timestamp) -> Option<Timestamp> {
        if state.status != Status::Running || state.paused.is_some() {
            return None;
        }
        let environment = self.environment(state.wave)?;
        if let Some((_, end)) = self.watched_until(state) {
            return Some(if end > at { end } else { at.checked_add(WATCH).ok()? });
        }
        match self.calendar.hold(&environment.name, at) {
            Some(Hold::Freeze { until, .. } | Hold::Window { until: Some(until) }) => Some(until),
            Some(_) => at.checked_add(SignedDuration::from_hours(24)).ok(),
            None if state.wave_since.is_none() => at.checked_add(WATCH / 2).ok(),
            None => None,
        }
    }

    /// The wave that has ended and is being watched, and until when.
    pub fn watched_until(&self, state: &State) -> Option<(usize, Timestamp)> {
        let is_watched = state.status == Status::Running && state.paused.is_none();
        let ended = state.wave_ended.filter(|_| is_watched)?;
        let watch = SignedDuration::from_secs(self.watch(state.wave).seconds.into());
        Some((state.wave, ended.checked_add(watch).ok()?))
    }

    /// How long a wave is watched after it has ended.
    pub(super) fn watch(&self, wave: usize) -> Duration {
        let (Some(wave), Some(environment)) = (self.waves.get(wave), self.environment(wave)) else {
            return Duration::from_seconds(0);
        };
        let is_emergency = matches!(self.plan.request.kind, Kind::Emergency(_));
        if wave.ends_environment && !is_emergency {
            self.plan.policy.bake.max(environment.soak)
        } else {
            self.plan.policy.bake
        }
    }
}

impl Run<'_> {
    /// The gates before the current wave were checked.
    pub(super) fn judged(&mut self, verdicts: &BTreeMap<GateName, Verdict>) {
        let Some(environment) = self.engine.environment_to_judge(&self.state, self.at) else { return };
        let mut tallies = std::mem::take(&mut self.state.wave_gates);
        let judgement = self.judge(environment.name.as_str(), &environment.gates, &mut tallies, verdicts);
        self.state.wave_gates = tallies;
        self.state.hold = match judgement {
            Judgement::Passed | Judgement::Waiting => None,
            Judgement::Held(hold) => Some(hold),
            Judgement::Failed(gate, _) => {
                self.state.wave_failed = Some(gate.clone());
                Some(Hold::Gate { gate })
            }
        };
    }

    /// Does what follows from the state alone: starts groups and waves, and ends the rollout.
    pub(super) fn settle(&mut self) {
        while self.state.paused.is_none()
            && self.state.active.len() < self.places()
            && let Some(index) = self.state.returning.pop_first()
        {
            self.retreat(index, "ordered back".to_owned(), true);
        }
        match self.state.status {
            Status::Running => self.run_waves(),
            Status::Stopping | Status::Aborting | Status::RollingBack => {
                self.state.hold = None;
                if self.state.active.is_empty() && self.state.returning.is_empty() {
                    self.finish();
                }
            }
            Status::Finished(_) => {}
        }
    }

    fn places(&self) -> usize {
        self.engine.plan.policy.groups_at_once as usize
    }

    fn run_waves(&mut self) {
        loop {
            if self.state.failures >= self.engine.plan.policy.stop_after_failures {
                self.state.status = Status::Stopping;
                self.drop_pending("the rollout stopped after failures");
                self.return_canaries();
                return self.settle();
            }
            if let Some(paused) = &self.state.paused {
                self.state.hold = Some(Hold::Person { reason: paused.reason.clone() });
                return;
            }
            let Some(wave) = self.engine.waves.get(self.state.wave) else { return self.finish() };
            if self.state.wave_since.is_none() && !self.begin_wave(wave.groups.clone()) {
                return;
            }
            self.start_groups();
            if !self.state.pending.is_empty() || !self.state.active.is_empty() {
                self.state.wave_ended = None;
                return;
            }
            self.state.hold = None;
            let is_last = self.state.wave + 1 == self.engine.waves.len();
            if !is_last && !self.has_been_watched(wave.groups.clone()) {
                return;
            }
            self.state.wave += 1;
            self.state.wave_since = None;
            self.state.wave_ended = None;
            self.state.wave_gates.clear();
        }
    }

    /// Begins a wave, if its window is open and its gates have passed.
    fn begin_wave(&mut self, groups: std::ops::Range<usize>) -> bool {
        let Some(environment) = self.engine.environment(self.state.wave) else { return false };
        if let Some(hold) = self.engine.calendar.hold(&environment.name, self.at) {
            self.state.wave_gates.clear();
            self.hold(Some(hold));
            return false;
        }
        if let Some(gate) = self.state.wave_failed.clone() {
            self.hold(Some(Hold::Gate { gate }));
            return false;
        }
        for (name, gate) in &environment.gates {
            let has_passed = match gate.check {
                Check::Approval(_) if self.state.is_approved(&environment.name, name) => true,
                Check::Approval(_) => {
                    self.hold(Some(Hold::Approval { gate: State::approval(environment.name.as_str(), name) }));
                    return false;
                }
                Check::Http(_)
                | Check::Alarm(_)
                | Check::Sessions
                | Check::MachineCommand(_)
                | Check::LocalCommand(_) => {
                    self.state.wave_gates.get(name).is_some_and(|tally| tally.passes >= gate.passes)
                }
            };
            if !has_passed {
                // A hold that the last check has led to stays.
                if !matches!(self.state.hold, Some(Hold::Unknown { .. })) {
                    self.hold(None);
                }
                self.touched.push(Subject::Wave);
                return false;
            }
        }
        self.hold(None);
        self.state.wave_since = Some(self.at);
        let is_pending = |index: &usize| self.state.groups[*index].phase == Phase::Pending;
        self.state.pending = groups.filter(is_pending).collect();
        true
    }

    /// What has failed elsewhere may fail here: groups that have only canaries go back. Those that are further go on.
    fn return_canaries(&mut self) {
        for index in self.state.active.clone() {
            let group = &self.state.groups[index];
            if matches!(group.phase, Phase::Preparing | Phase::Canary | Phase::Judging) && group.stopping.is_none() {
                self.retreat(index, "the rollout stopped after failures elsewhere".to_owned(), false);
            }
        }
    }

    fn hold(&mut self, hold: Option<Hold>) {
        if self.state.hold != hold {
            self.state.hold = hold;
            self.touched.push(Subject::Wave);
        }
    }

    /// Starts groups of the current wave while there are places, the window is open, and nothing has failed too often.
    fn start_groups(&mut self) {
        while self.state.active.len() < self.places()
            && let Some(index) = self.state.pending.front().copied()
        {
            let hold = self.engine.calendar.hold(&self.plan(index).environment, self.at);
            let is_held = hold.is_some();
            self.hold(hold);
            if is_held {
                return;
            }
            self.state.pending.pop_front();
            self.on(index, Trigger::Start);
        }
        self.hold(None);
    }

    /// Whether a wave that has ended was watched for long enough. What is unknown, or sick, is not good enough.
    fn has_been_watched(&mut self, groups: std::ops::Range<usize>) -> bool {
        let at = self.at;
        let watch = self.engine.watch(self.state.wave);
        if self.state.wave_ended.is_none() {
            self.state.wave_ended = Some(at);
            self.touched.extend(groups.clone().map(Subject::Group));
            self.touched.push(Subject::Wave);
        }
        if !self.state.wave_ended.is_some_and(|ended| has_passed(ended, watch, at)) {
            return false;
        }
        let is_well =
            |group: &crate::GroupState| group.phase != Phase::Done || (group.hold.is_none() && group.unhealthy == 0);
        self.state.groups[groups].iter().all(is_well)
    }

    fn finish(&mut self) {
        self.drop_pending("the rollout stopped");
        let is_back = matches!(self.state.status, Status::Aborting | Status::RollingBack);
        let outcomes = self.state.groups.iter().map(|group| match group.phase {
            Phase::NeedsHuman => Outcome::NeedsHuman,
            Phase::Failed => Outcome::Failed,
            Phase::RolledBack => Outcome::RolledBack,
            _ => Outcome::Done,
        });
        let worst = outcomes.max().unwrap_or(Outcome::Done);
        let outcome = if is_back { worst.max(Outcome::RolledBack) } else { worst };
        self.state.hold = None;
        self.state.paused = None;
        self.state.status = Status::Finished(outcome);
    }
}
