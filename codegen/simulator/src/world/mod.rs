//! The world: groups, and the API in front of them.

mod api;
mod group;
mod replace;
mod shown;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::scalar::{GroupName, ImageId};
use fleetgen_fleet::{Fleet, Gate};
use fleetgen_rollout::{
    Answer, Cloud, Effect, Found, GroupPlan, Inventory, Live, Observation, Outcome, Place, Plan, Sight, Verdict,
    Version, VersionList, Versions,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Crashes, Fault, VirtualTime};
pub(crate) use group::SimGroup;
pub use shown::{MachineState, Shown, ShownMachine, ShownRefresh, ShownVersion};

/// How healthy the machines of an image are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sickness {
    /// They work.
    #[default]
    None,
    /// They never work.
    AtOnce,
    /// They stop working this many seconds after they came into service.
    After(u32),
}

/// How few machines a group had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowest {
    /// The fewest healthy ones, while nothing but the rollout took any.
    pub healthy: u32,
    /// How many there should have been at that time.
    pub size: u32,
}

/// Both clouds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    /// By their names in fleet.yaml.
    groups: BTreeMap<GroupName, SimGroup>,
    /// When it began.
    began: Timestamp,
    /// When it was saved.
    saved: Timestamp,
    /// What happens to the machines of an image in a group.
    sick: BTreeMap<GroupName, Sickness>,
    /// Gates that fail.
    failing: BTreeSet<String>,
    /// Images that no longer exist.
    #[serde(default)]
    lost: BTreeSet<ImageId>,
    #[serde(skip)]
    time: Option<VirtualTime>,
    #[serde(skip)]
    crashes: Crashes,
    /// Effects that changed something when they were performed a second time.
    #[serde(skip)]
    repeated: Vec<String>,
}

impl World {
    /// A world with the groups of a fleet, each with the machines that it starts with, on a version with an image.
    pub fn of_fleet<'a>(
        fleet: &Fleet,
        image: impl Fn(&fleetgen_fleet::Group) -> Option<&'a ImageId>,
        seed: u64,
        at: Timestamp,
    ) -> Self {
        let groups = fleet.groups.values().zip(0..).map(|(group, index)| {
            let mut sim =
                SimGroup::new(group.cloud(), group.size.desired, image(group).cloned(), seed ^ (index << 20), at);
            sim.surge(group.rollout.max_surge, group.rollout.max_unavailable);
            (group.name.clone(), sim)
        });
        Self::new(groups.collect(), at)
    }

    /// Adds groups that the fleet has and the world does not: as `terraform apply` would.
    pub fn add_groups<'a>(&mut self, fleet: &Fleet, image: impl Fn(&fleetgen_fleet::Group) -> Option<&'a ImageId>) {
        let new = Self::of_fleet(fleet, image, 1, self.saved);
        for (name, group) in new.groups {
            self.groups.entry(name).or_insert(group);
        }
    }

    /// A world as a plan has found it.
    pub fn of_plan(plan: &Plan, seed: u64, at: Timestamp) -> Self {
        let groups = plan.groups.iter().zip(0..).map(|(group, index)| {
            let mut sim =
                SimGroup::new(group.place.cloud, group.size, group.from.image.clone(), seed ^ (index << 20), at);
            sim.surge(group.max_surge, group.max_unavailable);
            sim.start_on(group.from.setting.clone(), &group.to.source);
            (group.name.clone(), sim)
        });
        Self::new(groups.collect(), at)
    }

    fn new(groups: BTreeMap<GroupName, SimGroup>, at: Timestamp) -> Self {
        Self {
            groups,
            began: at,
            saved: at,
            sick: BTreeMap::new(),
            failing: BTreeSet::new(),
            lost: BTreeSet::new(),
            time: None,
            crashes: Crashes::default(),
            repeated: Vec::new(),
        }
    }

    /// Puts the world on a time line.
    pub fn join(&mut self, time: &VirtualTime, crashes: &Crashes) {
        self.time = Some(time.clone());
        self.crashes = crashes.clone();
    }

    /// When it was saved last.
    pub fn saved(&self) -> Timestamp {
        self.saved
    }

    /// Notes the time before the world is saved.
    pub fn save_at(&mut self, at: Timestamp) {
        self.saved = at;
    }

    /// Makes the new image of a group sick.
    pub fn make_sick(&mut self, group: &GroupName, sickness: Sickness) {
        self.sick.insert(group.clone(), sickness);
    }

    /// From now on, no machine of a group can be started.
    pub fn starve(&mut self, group: &GroupName) {
        if let Some(group) = self.groups.get_mut(group) {
            group.starve();
        }
    }

    /// Deletes an image. Groups go on with the machines that they have.
    pub fn lose(&mut self, image: &ImageId) {
        self.lost.insert(image.clone());
    }

    /// Whether the new image of a group is sick.
    pub fn is_sick(&self, group: &GroupName) -> bool {
        self.sick.get(group).is_some_and(|sickness| *sickness != Sickness::None)
    }

    /// Makes a gate fail, by its name.
    pub fn make_gate_fail(&mut self, gate: &str) {
        self.failing.insert(gate.to_owned());
    }

    /// Adds faults, by place in a plan.
    pub fn add_faults(&mut self, plan: &Plan, faults: &[Fault]) {
        for fault in faults {
            let name = plan.groups.get(fault.group).map(|group| &group.name);
            if let Some(group) = name.and_then(|name| self.groups.get_mut(name)) {
                group.add_fault(self.began, fault);
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.time.as_ref().map_or(self.saved, VirtualTime::now)
    }

    /// What there is to see for a plan.
    pub fn inventory(&mut self) -> Inventory {
        let now = self.now();
        let names: Vec<GroupName> = self.groups.keys().cloned().collect();
        let mut inventory = Inventory::new();
        for name in names {
            if let Some(group) = self.groups.get_mut(&name) {
                group.advance(now);
                let found = Found {
                    sight: group.sight(),
                    latest: group.latest(),
                    image: group.image().cloned(),
                    image_exists: group.image().is_none_or(|image| !self.lost.contains(image)),
                    comes_along: group.comes_along(),
                };
                inventory.insert(name, found);
            }
        }
        inventory
    }

    /// The images of all versions that machines have or get.
    pub fn images(&self) -> BTreeSet<ImageId> {
        self.groups.values().flat_map(SimGroup::images).cloned().collect()
    }

    /// `terraform apply` changes a setting of a group: it makes a new version, which nothing launches yet.
    pub fn apply(&mut self, group: &GroupName, setting: &str, value: &str) {
        if let Some(group) = self.groups.get_mut(group) {
            group.apply(setting, value);
        }
    }

    /// Does what an effect asks of a group.
    pub fn request(&mut self, group: &GroupName, effect: &Effect) -> Outcome {
        let now = self.now();
        let sickness = self.sick.get(group).copied().unwrap_or_default();
        let Some(group) = self.groups.get_mut(group) else {
            return Outcome::Refused("there is no such group".to_owned());
        };
        let (outcome, repeated) = group.request(now, effect, sickness);
        self.repeated.extend(repeated);
        outcome
    }

    /// The group with its machines one by one, as an API shows it.
    pub fn show(&mut self, group: &GroupName) -> Option<Shown> {
        let now = self.now();
        let group = self.groups.get_mut(group).filter(|group| group.exists())?;
        group.advance(now);
        Some(group.shown())
    }

    /// The group with the images of its versions.
    pub fn live(&mut self, group: &GroupName) -> Option<Live> {
        let shown = self.show(group)?;
        let seen = self.truth(group)?;
        let images = shown.versions.into_iter().filter_map(|it| Some((it.version, it.image?.to_string())));
        let images = images.filter(|(version, _)| seen.versions().contains(version)).collect();
        Some(Live { seen, images })
    }

    /// Deletes a version, whoever launches it.
    pub fn delete(&mut self, group: &GroupName, version: &Version) -> bool {
        self.groups.get_mut(group).is_some_and(|group| group.versions.remove(version).is_some())
    }

    /// Whether an image still exists.
    pub fn has(&self, image: &ImageId) -> bool {
        !self.lost.contains(image)
    }

    /// The group as it is, without any fault of the API.
    pub fn truth(&mut self, group: &GroupName) -> Option<Observation> {
        let now = self.now();
        let group = self.groups.get_mut(group)?;
        group.advance(now);
        Some(group.observation())
    }

    /// How few machines a group had.
    pub fn lowest(&self, group: &GroupName) -> Option<Lowest> {
        self.groups.get(group)?.lowest
    }

    /// How few machines a group had below a floor that depends on its size: the most that were missing.
    pub(crate) fn below(&self, group: &GroupName) -> Option<&group::Below> {
        self.groups.get(group).map(|group| &group.below)
    }

    /// What Terraform manages, as text.
    pub fn managed(&self, group: &GroupName) -> Option<String> {
        self.groups.get(group).map(SimGroup::managed)
    }

    /// Images that machines of a group ever had.
    pub(crate) fn launched(&self, group: &GroupName) -> impl Iterator<Item = &ImageId> {
        self.groups.get(group).into_iter().flat_map(|group| &group.launched)
    }

    /// Effects that changed something when they were performed a second time.
    pub(crate) fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// An effect that asked for a second change of a group at the same time.
    pub(crate) fn conflict(&self, group: &GroupName) -> Option<&str> {
        self.groups.get(group)?.conflict.as_deref()
    }

    /// How many versions a rollout has made in a group.
    pub(crate) fn made(&self, group: &GroupName) -> usize {
        self.groups.get(group).map_or(0, SimGroup::made)
    }

    /// What foreign changes of a group were overwritten.
    pub(crate) fn overwritten(&self, group: &GroupName) -> Option<&str> {
        self.groups.get(group)?.overwritten.as_deref()
    }

    /// The floor that each group's lowest healthy number is compared to.
    pub(crate) fn set_floors(&mut self, plan: &Plan) {
        for group in &plan.groups {
            if let Some(sim) = self.groups.get_mut(&group.name) {
                sim.floor = (0..=200).map(|size| group.floor(size)).collect();
            }
        }
    }
}

impl Cloud for World {
    fn observe(&mut self, plan: &GroupPlan) -> Sight {
        let now = self.now();
        match self.groups.get_mut(&plan.name) {
            Some(group) => group.show(now),
            None => Sight::Gone,
        }
    }

    fn perform(&mut self, plan: &GroupPlan, effect: &Effect) -> Answer {
        if self.crashes.pass() {
            return Outcome::Unknown("the driver crashed before it".to_owned()).into();
        }
        let outcome = self.request(&plan.name, effect);
        if self.crashes.pass() {
            return Outcome::Unknown("the driver crashed after it".to_owned()).into();
        }
        outcome.into()
    }

    fn check(&mut self, _: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        let named = |name: &str| self.failing.contains(name);
        let fails = match &gate.check {
            fleetgen_fleet::Check::Alarm(alarm) => named(alarm.as_str()),
            fleetgen_fleet::Check::Sessions => named("sessions"),
            fleetgen_fleet::Check::MachineCommand(words) | fleetgen_fleet::Check::LocalCommand(words) => {
                words.first().is_some_and(|word| named(word.as_str()))
            }
            fleetgen_fleet::Check::Http(url) => named(url.as_str()),
            fleetgen_fleet::Check::Approval(_) => false,
        };
        if fails { Verdict::Fail } else { Verdict::Pass }
    }
}

impl Versions for World {
    fn list(&mut self, group: &GroupName, _: &Place) -> Result<VersionList, String> {
        let now = self.now();
        let group = self.groups.get_mut(group).filter(|group| group.exists()).ok_or("there is no such group")?;
        group.advance(now);
        Ok(group.list())
    }

    fn delete(&mut self, group: &GroupName, _: &Place, version: &Version) -> Result<(), String> {
        if Self::delete(self, group, version) { Ok(()) } else { Err(format!("there is no version {version}")) }
    }
}

impl fleetgen_driver::Gates for World {
    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        Cloud::check(self, group, gate)
    }
}

/// A version by its number.
pub(crate) fn version(number: u32) -> Version {
    Version::from(number.to_string())
}
