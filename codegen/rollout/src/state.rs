//! The state of a rollout: what replaying its journal gives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fleetgen_fleet::scalar::{EnvironmentName, GateName, ImageId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::{Action, ChangeId, Setting, Version};
use crate::phase::{Phase, Trigger};

/// The state of a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What it is doing.
    pub status: Status,
    /// Whether a person paused it.
    pub paused: Option<Paused>,
    /// Why nothing new starts now, though something could.
    pub hold: Option<Hold>,
    /// The current wave: an index of the engine's waves, or their number after the last one.
    pub wave: usize,
    /// When the current wave began; nothing while it must not.
    pub wave_since: Option<Timestamp>,
    /// Since when its groups have ended, and the wave is watched.
    pub wave_ended: Option<Timestamp>,
    /// The gates before the current wave.
    pub wave_gates: BTreeMap<GateName, Tally>,
    /// The gate before the current wave that has failed, until a person lets it be checked again.
    pub wave_failed: Option<GateName>,
    /// The approvals that were given, as `ENVIRONMENT/GATE` or `GROUP/GATE`.
    pub approved: BTreeSet<String>,
    /// The groups, in the order of the plan.
    pub groups: Vec<GroupState>,
    /// How many groups have failed.
    pub failures: u32,
    /// When the last record was written: what is known about the groups is not newer.
    pub known_at: Timestamp,
    /// Images that were revoked since the plan was made.
    pub revoked: BTreeSet<ImageId>,
    /// The number of the driver that writes the journal: it grows with each start and resume.
    pub epoch: u64,
    /// Groups of the current wave that have not started. What the phases say too, so that nothing searches all groups.
    pub(crate) pending: VecDeque<usize>,
    /// Groups that take a place.
    pub(crate) active: BTreeSet<usize>,
    /// Groups that are to be rolled back by order, and wait for a place.
    pub(crate) returning: BTreeSet<usize>,
}

/// What a rollout is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Updating groups.
    Running,
    /// Waiting for the active groups, because too many have failed. Groups that have only canaries go back.
    Stopping,
    /// Waiting for the active groups to return or stop, because a person aborted it.
    Aborting,
    /// Rolling back, because a person said so.
    RollingBack,
    /// Over.
    Finished(Outcome),
}

/// How a rollout ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every group is done, set, or was skipped without a failure.
    Done,
    /// Groups that failed are back on their old version, or a person aborted it.
    RolledBack,
    /// A group failed and was left as it is.
    Failed,
    /// A group failed, and the rollout could not undo it.
    NeedsHuman,
}

impl Outcome {
    /// The words in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::RolledBack => "rolled back",
            Self::Failed => "failed",
            Self::NeedsHuman => "needs a human",
        }
    }
}

/// A person's pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

/// What keeps a group or a rollout from going on. It keeps its phase: a hold only says why that does not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// A person paused the rollout.
    Person {
        /// Why.
        reason: String,
    },
    /// The environment's windows are closed.
    Window {
        /// When one opens.
        until: Option<Timestamp>,
    },
    /// Nothing may start in this period.
    Freeze {
        /// When it ends.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// A person must approve.
    Approval {
        /// What to name to `approve`.
        gate: String,
    },
    /// A gate has failed, and waits for a person.
    Gate {
        /// The gate.
        gate: GateName,
    },
    /// The cloud, or a gate, does not answer.
    Unknown {
        /// What it says.
        why: String,
    },
    /// The credentials are expired or insufficient.
    Credentials {
        /// What the cloud says.
        why: String,
    },
    /// Something else has changed the group.
    Drift {
        /// What.
        what: String,
    },
    /// The cloud would refuse or never finish a change.
    Obstacle {
        /// Why.
        what: String,
    },
    /// Too few machines are healthy.
    Floor {
        /// How many are.
        healthy: u32,
        /// How many must be.
        floor: u32,
    },
}

impl Hold {
    /// What is waited for, and how to end it.
    pub fn words(&self) -> String {
        match self.unblock() {
            Some(unblock) => format!("{}; {unblock}", self.why()),
            None => self.why(),
        }
    }

    /// What is waited for.
    pub fn why(&self) -> String {
        match self {
            Self::Person { reason } => format!("paused: {reason}"),
            Self::Window { until: Some(until) } => format!("waiting for the window, which opens at {until}"),
            Self::Window { until: None } => "waiting for a window, and none opens in the next days".to_owned(),
            Self::Freeze { until, reason } => format!("frozen until {until}: {reason}"),
            Self::Approval { .. } => "waiting for approval".to_owned(),
            Self::Gate { gate } => format!("the gate `{gate}` failed"),
            Self::Unknown { why } => format!("its health is unknown: {why}"),
            Self::Credentials { why } => format!("no access: {why}"),
            Self::Drift { what } => format!("changed outside the rollout: {what}"),
            Self::Obstacle { what } => format!("cannot start: {what}"),
            Self::Floor { healthy, floor } => format!("only {healthy} machines are healthy, and {floor} must be"),
        }
    }

    /// When it ends by itself, if that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Window { until } => *until,
            Self::Freeze { until, .. } => Some(*until),
            Self::Person { .. }
            | Self::Approval { .. }
            | Self::Gate { .. }
            | Self::Unknown { .. }
            | Self::Credentials { .. }
            | Self::Drift { .. }
            | Self::Obstacle { .. }
            | Self::Floor { .. } => None,
        }
    }

    /// What a person can do about it.
    pub fn unblock(&self) -> Option<String> {
        match self {
            Self::Person { .. } => Some("`rollout resume --go-on` goes on".to_owned()),
            Self::Approval { gate } => Some(format!("`rollout approve {gate}` gives it")),
            Self::Gate { .. } => Some("`rollout resume --go-on` checks it again".to_owned()),
            Self::Credentials { .. } => Some("renew the credentials".to_owned()),
            Self::Drift { .. } => Some("undo that, or abort".to_owned()),
            Self::Floor { .. } => Some("heal it, or plan with --fix-forward".to_owned()),
            Self::Window { .. } | Self::Freeze { .. } | Self::Unknown { .. } | Self::Obstacle { .. } => None,
        }
    }

    /// Whether only a person can end it.
    pub fn needs_person(&self) -> bool {
        match self {
            Self::Drift { .. } | Self::Obstacle { .. } | Self::Floor { .. } | Self::Gate { .. } => true,
            Self::Person { .. }
            | Self::Window { .. }
            | Self::Freeze { .. }
            | Self::Approval { .. }
            | Self::Unknown { .. }
            | Self::Credentials { .. } => false,
        }
    }
}

/// How often in a row a gate has passed or failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Passes in a row.
    pub passes: u32,
    /// Failures in a row.
    pub fails: u32,
}

/// The state of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// How far it is.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// What keeps it there.
    pub hold: Option<Hold>,
    /// Why it failed, was skipped or is leaving.
    pub reason: Option<String>,
    /// The new version, once it exists.
    pub version: Option<Version>,
    /// What we last set it to launch.
    pub setting: Setting,
    /// Our newest instance refresh.
    pub change: Option<ChangeId>,
    /// Whether we cancelled it, or a person accepts that it was cancelled.
    pub cancelled: bool,
    /// When it started.
    pub change_since: Option<Timestamp>,
    /// The newest instance refresh before ours, which is not ours.
    pub foreign: Option<ChangeId>,
    /// The effect that was asked for last, until its outcome is known.
    pub pending: Option<Pending>,
    /// How many effects were asked for.
    pub effects: u32,
    /// Whether an effect may have changed the group itself.
    pub touched: bool,
    /// The most machines of the wanted version that were healthy at once in this phase, and since when.
    pub progress: (u32, Timestamp),
    /// Since when every wanted machine has been healthy, without a gap in what we know.
    pub healthy_since: Option<Timestamp>,
    /// In how many looks in a row a new machine was unhealthy.
    pub unhealthy: u32,
    /// Its gates.
    pub gates: BTreeMap<GateName, Tally>,
    /// The gate that has failed, until a person lets it be checked again.
    pub gate_failed: Option<GateName>,
    /// How many machines are canaries, once it has any.
    pub canary: u32,
    /// While it is held or paused: whether nothing was being replaced when it was looked at last.
    pub is_still: bool,
    /// What ends it, once nothing is being replaced.
    pub stopping: Option<Trigger>,
}

impl GroupState {
    /// Whether nothing that the rollout did has changed the group itself yet.
    pub(crate) fn is_untouched(&self) -> bool {
        self.phase == Phase::Preparing && !self.touched
    }
}

/// An effect without an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number, from 1.
    pub number: u32,
    /// What was asked for.
    pub action: Action,
    /// Whether its outcome can no longer arrive, so that the group must be looked at.
    pub uncertain: bool,
}

impl State {
    /// How many groups are in each phase.
    pub fn count(&self) -> BTreeMap<Phase, usize> {
        let mut count = BTreeMap::new();
        for group in &self.groups {
            *count.entry(group.phase).or_insert(0) += 1;
        }
        count
    }

    /// What it is doing, in words.
    pub fn words(&self) -> String {
        match (&self.paused, self.status) {
            (Some(_), Status::Running) => "the rollout is paused".to_owned(),
            (_, status) => status.words(),
        }
    }

    /// How it ended, if it has.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.status {
            Status::Finished(outcome) => Some(outcome),
            Status::Running | Status::Stopping | Status::Aborting | Status::RollingBack => None,
        }
    }

    /// The groups that take a place, in the order of the plan.
    pub fn active(&self) -> impl Iterator<Item = usize> {
        self.active.iter().copied()
    }

    /// Every hold: the rollout's own, and those of active groups.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.hold.iter().chain(self.active.iter().filter_map(|index| self.groups.get(*index)?.hold.as_ref()))
    }

    /// What an approval is called.
    pub fn approval(environment_or_group: &str, gate: &GateName) -> String {
        format!("{environment_or_group}/{gate}")
    }

    /// The approvals that the rollout has.
    pub fn is_approved(&self, environment: &EnvironmentName, gate: &GateName) -> bool {
        self.approved.contains(&Self::approval(environment.as_str(), gate))
    }
}
