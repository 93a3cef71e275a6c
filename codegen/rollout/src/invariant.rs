//! What must always hold, as a value: whoever runs an engine can watch it. The simulator does in every test and every run.

use std::collections::BTreeSet;

use fleetgen_fleet::scalar::ImageId;
use jiff::Timestamp;

use crate::cloud::{Action, Effect};
use crate::phase::Phase;
use crate::plan::{Kind, Rollback};
use crate::state::{State, Status};
use crate::step::{Engine, Event};

macro_rules! invariants {
    ($($name:ident = $number:literal, $words:literal;)+) => {
        /// What must always hold.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant { $(#[doc = $words] $name,)+ }

        impl Invariant {
            /// Every invariant.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its number in the documentation.
            pub fn number(self) -> u32 {
                match self { $(Self::$name => $number,)+ }
            }

            /// The invariant in a sentence.
            pub fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }
        }
    };
}

invariants! {
    IntentFirst = 1, "No effect is performed before the record that asks for it is durable.";
    Replay = 2, "Replaying any prefix of a journal gives the same state.";
    Crash = 3, "After a crash anywhere and a resume, a rollout ends as it would have without.";
    Idempotent = 4, "An effect that is performed twice changes nothing the second time.";
    OneChange = 5, "At most one change of ours is active in a group.";
    WaveOrder = 6, "No wave starts before the one before it has ended and was watched.";
    EnvironmentOrder = 7, "No environment starts before the one before it has ended and was watched.";
    Concurrency = 8, "No more groups are updated at a time than `groups_at_once`; what fails after it was done goes back at once.";
    Budget = 9, "After `stop_after_failures` failures, nothing new starts.";
    Floor = 10, "Healthy machines never fall below the floor, except for those that something else takes.";
    GroupOfOne = 11, "A group of one never has none, unless fleet.yaml allows no machine to be added.";
    UnknownWaits = 12, "What is unknown never lets anything advance.";
    Calendar = 13, "Nothing starts outside a window, or in a freeze.";
    OnlyApproved = 14, "No image that is not approved, or was revoked, is ever launched by a rollout, nor returned to.";
    DoneMeansNew = 15, "When a group is done, every machine has the new version.";
    RolledBackMeansOld = 16, "When a group is rolled back, every machine has the old version.";
    Foreign = 17, "What was changed outside the rollout is never overwritten.";
    Fenced = 18, "A driver that was replaced performs nothing more, except what was in flight.";
    DeadEngine = 19, "If the driver dies, canaries stay canaries for 48 hours on AWS.";
    PauseResume = 20, "Pausing and resuming leads to the same end as neither.";
    AbortEnds = 21, "An abort ends.";
    BakeIsWhole = 22, "A clock that goes back never shortens a bake.";
    JournalIsWhole = 23, "Every changed, missing or reordered byte of a journal is found.";
    PruneKeeps = 24, "Pruning never takes a version that something refers to.";
    Ends = 25, "Once faults end, a rollout ends.";
    TerraformKeeps = 26, "What Terraform manages never changes.";
}

/// An invariant that does not hold, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What happened.
    pub what: String,
}

/// Watches the steps of an engine.
#[derive(Debug)]
pub struct Watch {
    phases: Vec<Phase>,
    epoch: u64,
    wave: usize,
    failures: u32,
    /// Since when the groups of the wave have ended.
    ended: Option<Timestamp>,
    /// Effects that a durable record asks for, and that were not performed yet.
    intents: Vec<String>,
}

impl Watch {
    /// Watches from the initial state.
    pub fn new(engine: &Engine) -> Self {
        Self {
            phases: vec![Phase::Pending; engine.plan().groups.len()],
            epoch: 0,
            wave: 0,
            failures: 0,
            ended: None,
            intents: Vec::new(),
        }
    }

    /// Watches from a state that was replayed.
    pub fn from_state(engine: &Engine, state: &State) -> Self {
        let mut watch = Self::new(engine);
        watch.remember(state);
        watch
    }

    fn remember(&mut self, state: &State) {
        self.epoch = state.epoch;
        self.wave = state.wave;
        self.failures = state.failures;
        self.ended = state.wave_ended;
        for (phase, group) in self.phases.iter_mut().zip(&state.groups) {
            *phase = group.phase;
        }
    }

    /// A record with these effects is durable.
    pub fn recorded(&mut self, effects: &[Effect]) {
        self.intents.extend(effects.iter().map(|effect| effect.key.clone()));
    }

    /// An effect is about to be performed.
    pub fn performing(&mut self, effect: &Effect) -> Option<Violation> {
        match self.intents.iter().position(|key| *key == effect.key) {
            Some(at) => {
                self.intents.swap_remove(at);
                None
            }
            None => Some(Violation { invariant: Invariant::IntentFirst, what: effect.key.clone() }),
        }
    }

    /// Checks a step. `approved` are the images that may be launched.
    pub fn stepped(
        &mut self,
        engine: &Engine,
        event: &Event,
        at: Timestamp,
        state: &State,
        effects: &[Effect],
        approved: &BTreeSet<ImageId>,
    ) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut violate = |invariant: Invariant, what: String| found.push(Violation { invariant, what });
        let places = engine.plan().policy.groups_at_once as usize;
        let updates = |index: &usize| state.groups[*index].phase != Phase::RollingBack;
        let active = state.active().filter(updates).count();
        if active > places {
            violate(Invariant::Concurrency, format!("{active} groups are active, and {places} may be"));
        }
        let names = engine.plan().groups.iter();
        for ((group, plan), before) in state.groups.iter().zip(names).zip(&self.phases) {
            if group.phase == *before {
                continue;
            }
            let what = format!("{}: {before} to {}", plan.name, group.phase);
            if *before == Phase::Pending && group.phase == Phase::Preparing {
                if engine.calendar().hold(&plan.environment, at).is_some() {
                    violate(Invariant::Calendar, what.clone());
                }
                if self.failures >= engine.plan().policy.stop_after_failures || state.status != Status::Running {
                    violate(Invariant::Budget, what.clone());
                }
            }
            let sight = match event {
                Event::Looked { group, look } if *group == plan.name => Some(&look.sight),
                _ => None,
            };
            let is_blind = matches!(sight, Some(crate::Sight::Unknown(_) | crate::Sight::Denied(_)));
            if is_blind {
                violate(Invariant::UnknownWaits, what);
            }
        }
        if state.wave > self.wave
            && let Some((environment, number, mut groups)) = engine.wave(self.wave)
        {
            let ended =
                |index: usize| !state.groups[index].phase.is_active() && state.groups[index].phase != Phase::Pending;
            let next = engine.wave(state.wave);
            let crosses = next.as_ref().is_some_and(|(next, _, _)| next.name != environment.name);
            let wanted = match &engine.plan().request.kind {
                Kind::Regular if crosses => environment.soak.max(engine.plan().policy.bake),
                Kind::Regular | Kind::Emergency(_) => engine.plan().policy.bake,
            };
            let watched = self.ended.map_or(0, |ended| at.duration_since(ended).as_secs());
            let is_short = next.is_some() && watched < i64::from(wanted.seconds);
            if is_short || !groups.all(ended) {
                let invariant = if crosses { Invariant::EnvironmentOrder } else { Invariant::WaveOrder };
                violate(
                    invariant,
                    format!("wave {number} of {} has not ended, or was watched for {watched} s only", environment.name),
                );
            }
        }
        for effect in effects {
            found.extend(Self::asked(engine, state, at, effect, approved));
        }
        self.remember(state);
        found
    }

    /// Checks an effect that is asked for.
    fn asked(
        engine: &Engine,
        state: &State,
        at: Timestamp,
        effect: &Effect,
        approved: &BTreeSet<ImageId>,
    ) -> Vec<Violation> {
        let Some(index) = engine.index(&effect.group) else { return Vec::new() };
        let (plan, group) = (&engine.plan().groups[index], &state.groups[index]);
        let mut found = Vec::new();
        let mut violate = |invariant: Invariant| {
            found.push(Violation { invariant, what: format!("{}: {:?}", plan.name, effect.action) });
        };
        let old = &plan.from.setting.version;
        let starts = match &effect.action {
            Action::Refresh { to, .. } | Action::Move { to } | Action::Set { to } => to != old,
            Action::Split { machines, .. } => state.paused.is_none() && group.stopping.is_none() && *machines > 0,
            Action::Prepare { .. } | Action::Cancel { .. } | Action::RollBack { .. } => false,
        };
        if starts && engine.calendar().hold(&plan.environment, at).is_some() {
            violate(Invariant::Calendar);
        }
        let image = match &effect.action {
            Action::Prepare { image, .. } => Some(image),
            Action::Refresh { to, .. } | Action::Move { to } | Action::Set { to } if to == old => {
                plan.from.image.as_ref()
            }
            Action::Refresh { .. } | Action::Split { .. } | Action::Move { .. } | Action::Set { .. } => {
                Some(&plan.to.image)
            }
            Action::Cancel { .. } | Action::RollBack { .. } => None,
        };
        // Stopping where a group is keeps machines of both versions, and launches none.
        let freezes = matches!(effect.action, Action::Split { .. }) && group.stopping.is_some();
        if image.is_some_and(|image| !approved.contains(image) || state.revoked.contains(image)) && !freezes {
            violate(Invariant::OnlyApproved);
        }
        if group.phase == Phase::RollingBack && matches!(plan.rollback, Rollback::Impossible(_)) {
            violate(Invariant::OnlyApproved);
        }
        found
    }
}
