//! The plan of a rollout: everything that will happen, and nothing that is left to choose. It is made once, read by people,
//! and never changed; its id is the digest of its content.

mod build;
mod image;

use std::collections::BTreeMap;

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{
    Amount, Duration, EnvironmentName, FleetName, GroupName, ImageId, Key, LayerName, Percent, Region, Sha256, Text,
};
use fleetgen_fleet::{Freeze, Gates, Group, Window};
use fleetgen_problem::{Code, Place as ProblemPlace, Problem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use build::{Found, Inventory, plan};
pub use image::choose;

use crate::cloud::{Setting, Version};
use crate::digest::{canonical, sha256};

/// The id of a plan: the SHA-256 of its canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(Sha256);

impl PlanId {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its first twelve digits, for people and names.
    pub fn short(&self) -> &str {
        self.as_str().get(..12).unwrap_or_default()
    }

    pub(crate) fn digest(&self) -> &Sha256 {
        &self.0
    }
}

impl std::fmt::Display for PlanId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.short())
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The fleet.
    pub fleet: FleetName,
    /// What was asked for.
    pub request: Request,
    /// How the rollout proceeds.
    pub policy: Policy,
    /// The environments that have groups here, in order.
    pub environments: Vec<EnvironmentPlan>,
    /// The groups, in the order in which they start: by environment, wave and name.
    pub groups: Vec<GroupPlan>,
    /// The other groups, and why the rollout leaves them alone.
    pub left_out: BTreeMap<GroupName, LeftOut>,
}

/// What was asked for. The same request, fleet, images and inventory give the same plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// When.
    pub created: Timestamp,
    /// The plan that this one follows or replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<PlanId>,
    /// Which kind of plan.
    pub kind: Kind,
    /// Whether groups that are sick before their update are updated nevertheless.
    pub fix_forward: bool,
    /// Only groups of these environments; all if empty.
    pub environments: Vec<EnvironmentName>,
    /// Only these groups; all if empty.
    pub groups: Vec<GroupName>,
}

impl Request {
    /// Whether a group was asked for.
    pub fn asks_for(&self, group: &Group) -> bool {
        is_asked_for(&self.environments, &self.groups, group)
    }
}

/// Whether a group is among these environments and these groups; each is all if empty.
pub fn is_asked_for(environments: &[EnvironmentName], groups: &[GroupName], group: &Group) -> bool {
    (environments.is_empty() || environments.contains(&group.environment))
        && (groups.is_empty() || groups.contains(&group.name))
}

/// Which kind of plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Every group that does not run the newest image that it may run.
    Regular,
    /// Only groups that run a revoked image, for this reason. Windows and soaks do not apply; gates, approvals and freezes do.
    Emergency(Text),
}

/// How a rollout proceeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How many groups may be active at a time.
    pub groups_at_once: u32,
    /// Nothing new starts after this many groups have failed.
    pub stop_after_failures: u32,
    /// How long a finished wave is watched.
    pub bake: Duration,
    /// Periods in which nothing starts.
    pub freezes: Vec<Freeze>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentPlan {
    /// Its name.
    pub name: EnvironmentName,
    /// When groups may start; empty for any time.
    pub windows: Vec<Window>,
    /// What must pass before each of its waves.
    pub gates: Gates,
    /// How long it is watched before the next environment starts.
    pub soak: Duration,
}

/// What a group is in its cloud.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The cloud.
    pub cloud: Cloud,
    /// The id of the AWS account, or of the GCP project.
    pub account: String,
    /// The region.
    pub region: Region,
    /// The name of the Auto Scaling group, or of the regional managed instance group.
    pub name: String,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlan {
    /// Its name in fleet.yaml.
    pub name: GroupName,
    /// What it is in its cloud.
    pub place: Place,
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its wave.
    pub wave: u32,
    /// Its layer.
    pub layer: LayerName,
    /// What it launches now.
    pub from: Running,
    /// What it will launch.
    pub to: Target,
    /// What it can return to.
    pub rollback: Rollback,
    /// Whether it returns by itself if it fails.
    pub roll_back: bool,
    /// How its cloud replaces machines.
    pub strategy: Strategy,
    /// How many machines it had when the plan was made.
    pub size: u32,
    /// The share of machines that is updated first and watched, of the size that the group has then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Percent>,
    /// How many machines may be missing at a time.
    pub max_unavailable: Amount,
    /// How many machines may be added at a time.
    pub max_surge: Amount,
    /// The fewest healthy machines. Without it, the size less `max_unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_healthy: Option<Amount>,
    /// How long the canary, and at the end the whole group, is watched.
    pub bake: Duration,
    /// The group fails if no further machine becomes healthy for this long.
    pub progress_deadline: Duration,
    /// What must pass after the canary, and after the whole group is updated.
    pub gates: Gates,
}

impl GroupPlan {
    /// How many machines of a size are canaries: at least one. Nothing if that would be the whole group.
    pub fn canaries(&self, size: u32) -> Option<u32> {
        let machines = (u64::from(size) * u64::from(self.canary?.0)).div_ceil(100);
        u32::try_from(machines).ok().map(|machines| machines.max(1)).filter(|machines| *machines < size)
    }

    /// Whether a group of this size has no machine while its only one is replaced, because none may be added.
    pub fn goes_without(&self, size: u32) -> bool {
        size == 1 && self.floor(size) == 0 && self.max_surge.of(100) == 0
    }

    /// The fewest healthy machines at a size. One machine may always be missing from a group that can never have one more.
    pub fn floor(&self, size: u32) -> u32 {
        self.min_healthy.map_or_else(|| size - self.max_unavailable.of(size), |floor| floor.of(size))
    }
}

/// What a group launches now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Running {
    /// What it is set to launch.
    pub setting: Setting,
    /// The image of its version, if it is one that fleetgen could have built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageId>,
}

/// What a group will launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The image.
    pub image: ImageId,
    /// The key of the layer that it was built from.
    pub key: Key,
    /// The version that is copied: the newest, so that nothing that Terraform has changed is lost.
    pub source: Version,
    /// What else differs in it from the version that the group launches now: settings that Terraform has changed since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comes_along: Vec<String>,
}

/// What a group can return to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rollback {
    /// The version it has now, whose image exists, is recorded under this key, and is not revoked.
    Proven(Key),
    /// Nothing, for this reason. A failure needs a human.
    Impossible(String),
}

/// How a cloud replaces the machines of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// AWS: an instance refresh, which stops at a checkpoint for the canary. Cancelled and started again, it goes on where it
    /// was. Returns with a rollback of the refresh, then with a refresh to the old version.
    InstanceRefresh,
    /// GCP: the `versions` of a managed instance group, with a fixed number of canaries. To pause, that number is set to how
    /// many machines are new already.
    Versions,
}

/// Why a group is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// It runs the newest image that it may run.
    Current(Key),
    /// No image may run there.
    NoImage(String),
    /// It does not exist in its cloud yet.
    NotCreated,
    /// Emergency plans are only about revoked images.
    NotRevoked,
    /// The plan was asked for other groups.
    NotAsked,
}

impl LeftOut {
    /// The reason in words.
    pub fn reason(&self) -> String {
        match self {
            Self::Current(key) => format!("runs the newest image it may run, {}", key.short()),
            Self::NoImage(why) => why.clone(),
            Self::NotCreated => "does not exist yet: `terraform apply` creates it".to_owned(),
            Self::NotRevoked => "does not run a revoked image".to_owned(),
            Self::NotAsked => "not asked for".to_owned(),
        }
    }
}

/// A plan file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanFile<P> {
    id: PlanId,
    plan: P,
}

impl Plan {
    /// The digest of the plan.
    pub fn id(&self) -> PlanId {
        PlanId(sha256(&canonical(self)))
    }

    /// The text of the plan's file: JSON, with the id.
    ///
    /// # Errors
    /// Never for a plan that was built or parsed here.
    pub fn render(&self) -> serde_json::Result<String> {
        let file = PlanFile { id: self.id(), plan: self };
        serde_json::to_string_pretty(&file).map(|text| text + "\n")
    }

    /// Reads a plan's file. The caller knows its path, and adds it.
    ///
    /// # Errors
    /// It is not a plan, or it has changed since it was written.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = |message: String| Problem::new(Code::Plan, ProblemPlace::Nowhere, message).hint(PLAN_AGAIN);
        let file: PlanFile<Self> =
            serde_json::from_str(text).map_err(|error| refuse(format!("this is not a plan: {error}")))?;
        let unchanged = file.plan.id() == file.id && file.plan.render().is_ok_and(|rendered| rendered == text);
        if unchanged { Ok(file.plan) } else { Err(refuse(format!("the plan {} was changed by hand", file.id))) }
    }

    /// What has changed since the plan was made, given the plan that the same request leads to now.
    pub fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.policy != now.policy {
            changes.push("`rollout` of fleet.yaml has changed".to_owned());
        }
        if self.environments != now.environments {
            changes.push("`environments` of fleet.yaml, or which of them take part, have changed".to_owned());
        }
        let groups = |plan: &Self| plan.groups.iter().map(|group| (group.name.clone(), group.clone())).collect();
        let (before, after): (BTreeMap<_, _>, BTreeMap<GroupName, GroupPlan>) = (groups(self), groups(now));
        for (name, group) in &before {
            let change = match (after.get(name), now.left_out.get(name)) {
                (Some(other), _) => group.change(other),
                (None, Some(left_out)) => Some(format!("would be left out: {}", left_out.reason())),
                (None, None) => Some("is no longer in fleet.yaml".to_owned()),
            };
            changes.extend(change.map(|change| format!("{name}: {change}")));
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            changes.push(format!("{name}: is not in the plan, and would be now"));
        }
        changes
    }
}

impl GroupPlan {
    fn change(&self, now: &Self) -> Option<String> {
        if self == now {
            None
        } else if self.to != now.to {
            let (image, new) = (&self.to.image, &now.to.image);
            Some(if image == new {
                "the newest version to copy, or what comes along with it, is another one".to_owned()
            } else {
                format!("its image would be {new}, not {image}")
            })
        } else if self.from != now.from {
            let (before, after) = (&self.from.setting.version, &now.from.setting.version);
            Some(format!("it launched version {before} when the plan was made, and {after} now"))
        } else if self.rollback != now.rollback {
            Some("what it can return to has changed".to_owned())
        } else if self.size != now.size && (Self { size: now.size, max_surge: now.max_surge, ..self.clone() }) == *now {
            // The size is the autoscaler's business.
            None
        } else {
            Some("its settings in fleet.yaml have changed".to_owned())
        }
    }
}

/// How to fix a plan that cannot be used.
pub(crate) const PLAN_AGAIN: &str = "make a new plan with `fleetgen rollout plan`, and review it";
