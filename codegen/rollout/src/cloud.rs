//! What a cloud must do for the engine: show a group, perform an effect, and answer gates. AWS, Google Cloud and the
//! simulator implement [`Cloud`]; everything else is the same for all of them.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::scalar::{GateName, GroupName, ImageId};
use fleetgen_fleet::{Gate, HealthyPercentages};
use serde::{Deserialize, Serialize};

use crate::plan::{GroupPlan, Place};

/// A cloud, or something that behaves like one. Calls may block. None may be retried beyond what its SDK does by itself: the
/// engine decides that.
pub trait Cloud {
    /// Looks at a group.
    fn observe(&mut self, group: &GroupPlan) -> Sight;

    /// Performs an effect. The same effect may be asked for again with the same key after an unknown outcome; performing it
    /// twice must change nothing.
    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer;

    /// Checks an alarm or the sessions of new machines, or runs a command on one of them.
    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict;
}

/// The versions of what groups launch, which pile up: each rollout makes one.
pub trait Versions {
    /// All versions of a group.
    ///
    /// # Errors
    /// What the cloud said instead.
    fn list(&mut self, group: &GroupName, place: &Place) -> Result<VersionList, String>;

    /// Deletes a version.
    ///
    /// # Errors
    /// What the cloud said instead.
    fn delete(&mut self, group: &GroupName, place: &Place, version: &Version) -> Result<(), String>;
}

/// The versions of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionList {
    /// All of them, oldest first.
    pub all: Vec<Version>,
    /// The newest that Terraform made, which it copies its next one from.
    pub latest: Version,
    /// The template's default, on AWS.
    pub default: Option<Version>,
    /// The group.
    pub seen: Observation,
}

/// A group as it is, with the images of what it launches and of what its machines have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The group.
    pub seen: Observation,
    /// The images of its versions, by their ids in the cloud. A version that no longer exists has none.
    pub images: BTreeMap<Version, String>,
}

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A version of what a group launches: the number of a launch template version on AWS, the name of an instance template
    /// on GCP. The engine only compares versions.
    Version
    /// An instance refresh on AWS. The engine only compares ids.
    ChangeId
}

/// What looking at a group shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// The group.
    Seen(Observation),
    /// The cloud says that there is no such group.
    Gone,
    /// The cloud did not answer, or not completely.
    Unknown(String),
    /// The credentials are expired or insufficient.
    Denied(String),
}

/// A group as its cloud shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// How many machines it should have now.
    pub size: u32,
    /// What it launches.
    pub setting: Setting,
    /// Its machines, by version.
    pub machines: BTreeMap<Version, Machines>,
    /// AWS: its newest instance refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Why the cloud would refuse or never finish a change, such as "the process Launch is suspended".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
    /// Why its newest machine could not be started, in the cloud's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What a group launches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The version of all machines, or of those that are not canaries.
    pub version: Version,
    /// GCP: a second version, and how many machines run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<(Version, u32)>,
}

impl Setting {
    /// A version for all machines.
    pub fn only(version: Version) -> Self {
        Self { version, canary: None }
    }
}

/// The machines of a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machines {
    /// In service and healthy.
    pub healthy: u32,
    /// In service and not healthy.
    pub unhealthy: u32,
    /// Not in service yet, or not known to be healthy.
    pub starting: u32,
}

impl Machines {
    /// All of them.
    pub fn total(self) -> u32 {
        self.healthy + self.unhealthy + self.starting
    }
}

impl Observation {
    /// Every version that it launches or that a machine has.
    pub fn versions(&self) -> BTreeSet<&Version> {
        let canary = self.setting.canary.as_ref().map(|(version, _)| version);
        [&self.setting.version].into_iter().chain(canary).chain(self.machines.keys()).collect()
    }

    /// The machines of a version.
    pub fn on(&self, version: &Version) -> Machines {
        self.machines.get(version).copied().unwrap_or_default()
    }

    /// How many machines have another version.
    pub fn others(&self, version: &Version) -> u32 {
        self.machines.iter().filter(|(other, _)| *other != version).map(|(_, machines)| machines.total()).sum()
    }

    /// How many machines are healthy, whatever their version.
    pub fn healthy(&self) -> u32 {
        self.machines.values().map(|machines| machines.healthy).sum()
    }
}

/// An instance refresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Its id.
    pub id: ChangeId,
    /// The version that it moves machines to.
    pub to: Version,
    /// Whether it stops for a canary.
    pub canary: bool,
    /// How far it is.
    pub status: ChangeStatus,
}

/// How far an instance refresh is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    /// Replacing machines.
    Running,
    /// Waiting at its checkpoint, with the canaries in service.
    AtCanary,
    /// Being cancelled.
    Cancelling,
    /// Returning to the previous version.
    RollingBack,
    /// Ended: every machine has its version.
    Succeeded,
    /// Ended: it gave up.
    Failed,
    /// Ended: it was cancelled.
    Cancelled,
    /// Ended: every machine has the previous version.
    RolledBack,
}

impl ChangeStatus {
    /// Whether it keeps another change from starting.
    pub fn is_active(self) -> bool {
        match self {
            Self::Running | Self::AtCanary | Self::Cancelling | Self::RollingBack => true,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::RolledBack => false,
        }
    }
}

/// Something to do to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// The group.
    pub group: GroupName,
    /// The idempotency key: at most 64 characters, the same each time the effect is asked for.
    pub key: String,
    /// What to do.
    pub action: Action,
}

/// What to do to a group. None of these can touch what Terraform manages: sizes, update policies, processes or tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Creates a version like `source`, with another image. On AWS a launch template version, on GCP an instance template.
    /// If one with this key exists, that is the result.
    Prepare {
        /// The version to copy.
        source: Version,
        /// The image to launch.
        image: ImageId,
    },
    /// AWS: starts an instance refresh that skips machines that have the version already.
    Refresh {
        /// The version to move machines to.
        to: Version,
        /// Where to stop first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        canary: Option<Canary>,
        /// How many machines stay, and may exist, in percent of the live size.
        healthy: HealthyPercentages,
        /// Whether AWS may return to the previous version when the refresh fails.
        auto_rollback: bool,
    },
    /// AWS: cancels an instance refresh, if it is still this one.
    Cancel {
        /// The refresh.
        change: ChangeId,
    },
    /// AWS: returns to the version that the group had before an instance refresh, if it is still this one.
    RollBack {
        /// The refresh.
        change: ChangeId,
    },
    /// GCP: keeps a number of machines on a new version, and the others on the old one.
    Split {
        /// The version of the others.
        old: Version,
        /// The new version.
        new: Version,
        /// How many machines have the new one.
        machines: u32,
    },
    /// GCP: moves all machines to a version.
    Move {
        /// The version.
        to: Version,
    },
    /// AWS: sets what an empty group launches.
    Set {
        /// The version.
        to: Version,
    },
}

/// Where an instance refresh stops for a canary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// How many machines are canaries.
    pub machines: u32,
    /// The checkpoint in percent: the smallest that is at least that many machines.
    pub percent: u32,
    /// How long AWS waits there before it goes on by itself. Seconds.
    pub delay: u32,
}

impl Canary {
    /// The longest delay that AWS allows, 48 hours: a rollout that has died stays at its canary for that long.
    pub const DELAY: u32 = 172_800;
}

/// What a cloud answers to an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// The cloud's id of the request, or of the operation that it started: what its support asks for.
    pub request: Option<String>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, request: None }
    }
}

/// How an effect ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened, now or earlier.
    Done,
    /// The version exists.
    Prepared(Version),
    /// The instance refresh has started.
    Started(ChangeId),
    /// The cloud refuses it, and will refuse it again.
    Refused(String),
    /// It did not happen, and may be tried again: throttling, or a change at the same time.
    NotDone(String),
    /// It may have happened: the answer was lost.
    Unknown(String),
    /// The credentials are expired or insufficient. It did not happen.
    Denied(String),
}

/// What a gate's check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// There was no answer.
    Unknown,
}

/// What was seen of a group, with what its gates say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The group.
    pub sight: Sight,
    /// The verdicts of the gates that the engine wanted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<GateName, Verdict>,
}
