//! The engine: `step(state, event) -> (state, effects)`. It is a function of its arguments, so replaying a journal's events
//! leads to the same state and asks for the same effects.

mod explain;
mod group;
mod look;
mod order;
mod outcome;
mod run;
mod wave;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use fleetgen_fleet::scalar::{GateName, GroupName, ImageId};
use fleetgen_fleet::{Check, Gate};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cloud::{Effect, Look, Outcome, Verdict};
use crate::phase::Phase;
use crate::plan::{EnvironmentPlan, GroupPlan, Plan, PlanId};
use crate::state::{GroupState, Hold, State, Status};
use crate::window::Calendar;

pub use explain::Explanation;
pub use order::{Order, Scope};
use run::{Judgement, Run};

/// How often an active group is looked at. AWS limits how often refreshes may be described; 15 to 30 s is what it tolerates.
const POLL: SignedDuration = SignedDuration::from_secs(20);
/// How often a finished group is looked at while its wave is watched, and a gate before a wave is checked.
const WATCH: SignedDuration = SignedDuration::from_secs(60);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A driver begins to write the journal: the rollout starts, or is resumed.
    Opened {
        /// The plan.
        plan: PlanId,
        /// The number of this driver: one more than the last one's.
        epoch: u64,
        /// Whether it tells someone what happens.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        notifies: bool,
    },
    /// A driver stops. What it has seen holds until now.
    Closed,
    /// A group was looked at.
    Looked {
        /// The group.
        group: GroupName,
        /// What was seen.
        look: Look,
    },
    /// An effect ended.
    Performed {
        /// The group.
        group: GroupName,
        /// The number of the effect.
        number: u32,
        /// How.
        outcome: Outcome,
        /// The cloud's id of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// The gates before a wave were checked.
    Judged {
        /// What they say.
        verdicts: BTreeMap<GateName, Verdict>,
    },
    /// Time has passed.
    Ticked,
    /// A person gave an order.
    Ordered(Order),
    /// Someone was told what happened. Changes nothing: it only says what need not be told again.
    Notified {
        /// The numbers of the records that they were told about.
        records: BTreeSet<u64>,
    },
    /// Images were revoked.
    Revoked {
        /// Their ids.
        images: BTreeSet<ImageId>,
    },
}

/// What an event led to.
#[derive(Debug)]
pub struct Step {
    /// The state after it.
    pub state: State,
    /// What to do, in order. Only after the event was appended to the journal.
    pub effects: Vec<Effect>,
    /// Whether the state changed or there is something to do. If not, the event need not be recorded.
    pub changed: bool,
    /// What must be looked at at another time than before: see [`Engine::attention`].
    pub touched: Vec<Subject>,
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A group, by its place in the plan.
    Group(usize),
    /// The current wave.
    Wave,
}

/// A wave of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wave {
    /// The index of the environment in the plan.
    pub(crate) environment: usize,
    /// Its groups in the plan.
    pub(crate) groups: Range<usize>,
    /// Whether another environment follows.
    pub(crate) ends_environment: bool,
}

/// A plan, ready to run.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    id: PlanId,
    calendar: Calendar,
    index: BTreeMap<GroupName, usize>,
    waves: Vec<Wave>,
}

impl Engine {
    /// Prepares a plan.
    pub fn new(plan: Plan) -> Self {
        let mut waves: Vec<Wave> = Vec::new();
        for (index, group) in plan.groups.iter().enumerate() {
            let environment = plan.environments.iter().take_while(|other| other.name != group.environment).count();
            match waves.last_mut() {
                Some(wave) if wave.environment == environment && plan.groups[wave.groups.start].wave == group.wave => {
                    wave.groups.end = index + 1;
                }
                last => {
                    if let Some(wave) = last {
                        wave.ends_environment = wave.environment != environment;
                    }
                    waves.push(Wave { environment, groups: index..index + 1, ends_environment: false });
                }
            }
        }
        let index = plan.groups.iter().enumerate().map(|(index, group)| (group.name.clone(), index)).collect();
        Self { id: plan.id(), calendar: Calendar::new(&plan), index, waves, plan }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its id.
    pub fn id(&self) -> &PlanId {
        &self.id
    }

    /// Its windows and freezes.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The approvals that the plan needs, as `ENVIRONMENT/GATE` or `GROUP/GATE`.
    pub fn approvals(&self) -> BTreeSet<String> {
        let environments =
            self.plan.environments.iter().map(|environment| (environment.name.as_str(), &environment.gates));
        let groups = self.plan.groups.iter().map(|group| (group.name.as_str(), &group.gates));
        let gates = environments.chain(groups).flat_map(|(scope, gates)| gates.iter().map(move |gate| (scope, gate)));
        let approvals = gates.filter(|(_, (_, gate))| matches!(gate.check, Check::Approval(_)));
        approvals.map(|(scope, (name, _))| State::approval(scope, name)).collect()
    }

    /// The place of a group in the plan.
    pub fn index(&self, group: &GroupName) -> Option<usize> {
        self.index.get(group).copied()
    }

    /// The environment and number of a wave, and its groups; nothing after the last one.
    pub fn wave(&self, wave: usize) -> Option<(&EnvironmentPlan, u32, Range<usize>)> {
        let wave = self.waves.get(wave)?;
        let number = self.plan.groups.get(wave.groups.start)?.wave;
        Some((self.plan.environments.get(wave.environment)?, number, wave.groups.clone()))
    }

    /// How many waves there are.
    pub fn waves(&self) -> usize {
        self.waves.len()
    }

    /// The state before the first event.
    pub fn initial(&self) -> State {
        let at = self.plan.request.created;
        let group = |plan: &GroupPlan| GroupState {
            phase: Phase::Pending,
            since: at,
            hold: None,
            reason: None,
            version: None,
            setting: plan.from.setting.clone(),
            change: None,
            cancelled: false,
            change_since: None,
            foreign: None,
            pending: None,
            effects: 0,
            touched: false,
            progress: (0, at),
            healthy_since: None,
            unhealthy: 0,
            gates: BTreeMap::new(),
            gate_failed: None,
            canary: 0,
            is_still: false,
            stopping: None,
        };
        State {
            status: Status::Running,
            paused: None,
            hold: None,
            wave: 0,
            wave_since: None,
            wave_ended: None,
            wave_gates: BTreeMap::new(),
            wave_failed: None,
            known_at: at,
            approved: BTreeSet::new(),
            groups: self.plan.groups.iter().map(group).collect(),
            failures: 0,
            revoked: BTreeSet::new(),
            epoch: 0,
            pending: VecDeque::new(),
            active: BTreeSet::new(),
            returning: BTreeSet::new(),
        }
    }

    /// What an event leads to.
    pub fn step(&self, state: State, event: &Event, at: Timestamp) -> Step {
        let mut run = Run { engine: self, state, at, effects: Vec::new(), touched: Vec::new(), changed: false };
        let before = run.summary();
        match event {
            Event::Opened { epoch, .. } => run.opened(*epoch),
            Event::Looked { group, look } => run.looked(group, look),
            Event::Performed { group, number, outcome, .. } => run.performed(group, *number, outcome),
            Event::Judged { verdicts } => run.judged(verdicts),
            Event::Closed | Event::Notified { .. } => run.changed = true,
            Event::Ticked => {}
            Event::Ordered(order) => run.ordered(order),
            Event::Revoked { images } => run.revoked(images),
        }
        run.settle();
        let changed = run.changed || before != run.summary();
        if changed {
            run.state.known_at = at;
        }
        Step { state: run.state, effects: run.effects, changed, touched: run.touched }
    }

    /// When something should be looked at next, if ever: now and again for what changes by itself, at a fixed time for a
    /// window or the end of a bake.
    pub fn attention(&self, state: &State, subject: Subject, at: Timestamp) -> Option<Timestamp> {
        if state.outcome().is_some() {
            return None;
        }
        let after = |wait: SignedDuration| at.checked_add(wait).unwrap_or(Timestamp::MAX);
        match subject {
            Subject::Group(index) => {
                let group = state.groups.get(index)?;
                let is_watched = group.phase == Phase::Done
                    && state.wave_ended.is_some()
                    && self.waves.get(state.wave).is_some_and(|wave| wave.groups.contains(&index));
                if group.phase.is_active() {
                    // A machine may get sick while the group waits for its window, so it is looked at before that too.
                    let is_waiting = matches!(group.hold, Some(Hold::Window { .. } | Hold::Freeze { .. }));
                    Some(after(if is_waiting { WATCH } else { POLL }))
                } else {
                    is_watched.then(|| after(WATCH))
                }
            }
            Subject::Wave => self.wave_attention(state, at).map(|time| time.max(after(SignedDuration::from_secs(1)))),
        }
    }

    /// The gates whose verdicts the next look at a subject needs.
    pub fn wanted<'a>(&'a self, state: &State, subject: Subject, at: Timestamp) -> Vec<(&'a GateName, &'a Gate)> {
        let gates = match subject {
            Subject::Group(index) => {
                let (Some(group), Some(plan)) = (state.groups.get(index), self.plan.groups.get(index)) else {
                    return Vec::new();
                };
                if state.paused.is_some() || !self.is_ready_for_gates(plan, group, at) {
                    return Vec::new();
                }
                &plan.gates
            }
            Subject::Wave => match self.environment_to_judge(state, at) {
                Some(environment) => &environment.gates,
                None => return Vec::new(),
            },
        };
        // Those that have passed too: what else is waited for may take days.
        let automatic = |(_, gate): &(&GateName, &Gate)| !matches!(gate.check, Check::Approval(_));
        gates.iter().filter(automatic).collect()
    }
}
