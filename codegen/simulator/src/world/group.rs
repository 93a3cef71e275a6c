//! A group and its machines, moved on in steps of ten seconds while something happens.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{Amount, ImageId, Percent};
use fleetgen_rollout::{Canary, Change, Machines, Observation, Setting, Sight, Version, VersionList};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Lowest, Sickness};
use crate::{Fault, FaultKind};

/// What a cloud says that has no machine.
pub(super) const NO_CAPACITY: &str = "no zone has capacity for this machine type now";
/// The step of time. Drivers look every 20 s or more.
pub(super) const TICK: SignedDuration = SignedDuration::from_secs(10);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SimVersion {
    pub(super) image: Option<ImageId>,
    pub(super) sickness: Sickness,
    /// The key of the effect that made it.
    pub(super) key: Option<String>,
    /// What Terraform has set in it since the first version.
    #[serde(default)]
    pub(super) settings: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Machine {
    /// Its place among all that the group ever launched.
    #[serde(default)]
    pub(super) number: u32,
    pub(super) version: Version,
    /// When it is in service.
    pub(super) ready: Timestamp,
    /// From when on it is unhealthy.
    pub(super) sick: Option<Timestamp>,
    /// When it is gone.
    pub(super) leaving: Option<Timestamp>,
}

impl Machine {
    pub(super) fn is_healthy(&self, at: Timestamp) -> bool {
        self.ready <= at && !self.is_sick(at) && self.leaving.is_none()
    }

    pub(super) fn is_sick(&self, at: Timestamp) -> bool {
        self.sick.is_some_and(|sick| sick <= at)
    }
}

/// An instance refresh.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refresh {
    pub(super) change: Change,
    pub(super) canary: Option<Canary>,
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) auto_rollback: bool,
    /// When it reached its checkpoint.
    pub(super) at_canary: Option<Timestamp>,
    /// The most healthy machines of its version, and since when.
    pub(super) progress: (u32, Timestamp),
    pub(super) is_foreign: bool,
}

/// How far a group fell below its floor.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Below {
    /// Healthy machines and floor, at the worst time.
    pub(crate) worst: Option<(u32, u32)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Active {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) kind: FaultKind,
    pub(super) done: bool,
}

/// A group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SimGroup {
    pub(super) cloud: Cloud,
    pub(super) size: u32,
    pub(super) versions: BTreeMap<Version, SimVersion>,
    pub(super) newest: u32,
    pub(super) setting: Setting,
    pub(super) machines: Vec<Machine>,
    /// How many machines it ever launched.
    #[serde(default)]
    pub(super) numbered: u32,
    pub(super) refresh: Option<Refresh>,
    pub(super) changes: u32,
    max_surge: Amount,
    max_unavailable: Amount,
    pub(super) faults: Vec<Active>,
    seed: u64,
    pub(super) at: Timestamp,
    pub(super) is_deleted: bool,
    /// Whether something other than a rollout has taken machines.
    pub(super) injected: bool,
    pub(super) stale: Option<Sight>,
    pub(super) lowest: Option<Lowest>,
    pub(super) below: Below,
    #[serde(skip)]
    pub(super) floor: Vec<u32>,
    pub(super) launched: BTreeSet<ImageId>,
    pub(super) foreign: Option<Setting>,
    pub(super) overwritten: Option<String>,
    /// An effect that asked for a second change at the same time.
    pub(super) conflict: Option<String>,
}

impl SimGroup {
    pub(super) fn new(cloud: Cloud, size: u32, image: Option<ImageId>, seed: u64, at: Timestamp) -> Self {
        let first = super::version(1);
        let machine = |number| Machine { number, version: first.clone(), ready: at, sick: None, leaving: None };
        let machines = (1..=size).map(machine).collect();
        let version = SimVersion { image, sickness: Sickness::None, key: None, settings: BTreeMap::new() };
        Self {
            cloud,
            size,
            versions: BTreeMap::from([(first.clone(), version)]),
            newest: 1,
            setting: Setting::only(first.clone()),
            machines,
            numbered: size,
            refresh: None,
            changes: 0,
            max_surge: Amount::Share(Percent(10)),
            max_unavailable: Amount::Machines(0),
            faults: Vec::new(),
            // A seed of 0 and one of 1 must not give almost the same numbers.
            seed: Rng::with_seed(seed).u64(..),
            at,
            is_deleted: false,
            injected: false,
            stale: None,
            lowest: None,
            below: Below::default(),
            floor: Vec::new(),
            launched: BTreeSet::new(),
            foreign: None,
            overwritten: None,
            conflict: None,
        }
    }

    pub(super) fn surge(&mut self, max_surge: Amount, max_unavailable: Amount) {
        self.max_surge = max_surge;
        self.max_unavailable = max_unavailable;
    }

    /// Starts with the setting that a plan has found.
    pub(super) fn start_on(&mut self, setting: Setting, latest: &Version) {
        let Some(first) = self.versions.pop_first().map(|(_, version)| version) else { return };
        for machine in &mut self.machines {
            machine.version = setting.version.clone();
        }
        self.versions.insert(setting.version.clone(), first.clone());
        self.versions.entry(latest.clone()).or_insert(first);
        self.newest = self.versions.keys().filter_map(|version| version.as_str().parse().ok()).max().unwrap_or(1);
        self.setting = setting;
    }

    pub(super) fn add_fault(&mut self, began: Timestamp, fault: &Fault) {
        let after =
            |seconds: u32| began.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
        let until = after(fault.at.saturating_add(fault.lasts));
        self.faults.push(Active { from: after(fault.at), until, kind: fault.kind, done: false });
    }

    /// From now on, no machine can be started.
    pub(super) fn starve(&mut self) {
        self.faults.push(Active { from: self.at, until: Timestamp::MAX, kind: FaultKind::NoCapacity, done: false });
    }

    /// Whether a lasting fault is active.
    pub(super) fn has(&self, kind: FaultKind, at: Timestamp) -> bool {
        self.faults.iter().any(|fault| fault.kind == kind && fault.from <= at && at < fault.until)
    }

    pub(super) fn random(&mut self, range: std::ops::Range<i64>) -> SignedDuration {
        let mut rng = Rng::with_seed(self.seed);
        let seconds = rng.i64(range);
        self.seed = rng.get_seed();
        SignedDuration::from_secs(seconds)
    }

    /// Moves on to a time.
    pub(super) fn advance(&mut self, to: Timestamp) {
        while self.at < to {
            if let Some(next) = self.next_interesting() {
                // While nothing happens, nothing needs to be looked at.
                self.at = next.max(self.at + TICK).min(to);
            } else {
                self.at = (self.at + TICK).min(to);
            }
            self.tick();
        }
    }

    /// When something happens next, if the group is at rest.
    fn next_interesting(&self) -> Option<Timestamp> {
        let at_rest = !self.refresh.as_ref().is_some_and(|refresh| refresh.change.status.is_active())
            && u32::try_from(self.machines.len()).unwrap_or(u32::MAX) == self.size
            && self
                .machines
                .iter()
                .all(|machine| machine.leaving.is_none() && machine.ready <= self.at && machine.sick.is_none())
            && self.is_as_set();
        let fault = self.faults.iter().flat_map(|fault| [fault.from, fault.until]).filter(|at| *at > self.at).min();
        let overdue = self.faults.iter().any(|fault| fault.kind.is_momentary() && !fault.done && fault.from <= self.at);
        (at_rest && !overdue).then(|| fault.unwrap_or(Timestamp::MAX))
    }

    /// GCP: whether the machines are as `versions` say.
    fn is_as_set(&self) -> bool {
        if self.cloud == Cloud::Aws {
            return true;
        }
        let count = |version: &Version| {
            u32::try_from(self.machines.iter().filter(|machine| machine.version == *version).count()).unwrap_or(0)
        };
        match &self.setting.canary {
            None => count(&self.setting.version) == self.size,
            Some((version, machines)) => count(version) >= (*machines).min(self.size),
        }
    }

    fn tick(&mut self) {
        let at = self.at;
        self.apply_faults();
        self.machines.retain(|machine| machine.leaving.is_none_or(|leaving| leaving > at));
        self.heal();
        self.replace();
        self.measure();
    }

    fn measure(&mut self) {
        let healthy =
            u32::try_from(self.machines.iter().filter(|machine| machine.is_healthy(self.at)).count()).unwrap_or(0);
        // A machine that worked, and stops working, is not the rollout's doing.
        self.injected |= self
            .machines
            .iter()
            .any(|machine| machine.sick.is_some_and(|sick| machine.ready < sick && sick <= self.at));
        if self.injected {
            return;
        }
        let lowest = Lowest { healthy, size: self.size };
        if self.lowest.is_none_or(|lowest| healthy < lowest.healthy) {
            self.lowest = Some(lowest);
        }
        if let Some(floor) = self.floor.get(self.size as usize).copied()
            && healthy < floor
            && self.below.worst.is_none()
        {
            self.below.worst = Some((healthy, floor));
        }
    }

    pub(super) fn observation(&self) -> Observation {
        let mut machines: BTreeMap<Version, Machines> = BTreeMap::new();
        for machine in self.machines.iter().filter(|machine| machine.leaving.is_none()) {
            let count = match machines.get_mut(&machine.version) {
                Some(count) => count,
                None => machines.entry(machine.version.clone()).or_default(),
            };
            if machine.ready > self.at {
                count.starting += 1;
            } else if machine.is_sick(self.at) {
                count.unhealthy += 1;
            } else {
                count.healthy += 1;
            }
        }
        let suspended = self.has(FaultKind::Suspended, self.at);
        Observation {
            size: self.size,
            setting: self.setting.clone(),
            machines,
            change: self.refresh.as_ref().map(|refresh| refresh.change.clone()),
            obstacle: suspended.then(|| "the processes Launch and Terminate are suspended".to_owned()),
            trouble: self.has(FaultKind::NoCapacity, self.at).then(|| NO_CAPACITY.to_owned()),
        }
    }

    pub(super) fn sight(&self) -> Sight {
        if self.is_deleted { Sight::Gone } else { Sight::Seen(self.observation()) }
    }

    /// What the API shows.
    pub(super) fn show(&mut self, now: Timestamp) -> Sight {
        self.advance(now);
        if self.has(FaultKind::Expired, now) {
            return Sight::Denied("ExpiredToken: the security token is expired".to_owned());
        }
        if self.has(FaultKind::Throttled, now) {
            return Sight::Unknown("Throttling: rate exceeded".to_owned());
        }
        match &self.stale {
            Some(stale) if self.has(FaultKind::Stale, now) => stale.clone(),
            _ => self.sight(),
        }
    }

    pub(super) fn latest(&self) -> Version {
        super::version(self.newest)
    }

    pub(super) fn image(&self) -> Option<&ImageId> {
        self.versions.get(&self.setting.version)?.image.as_ref()
    }

    /// In which settings the newest version differs from the one that is launched.
    pub(super) fn comes_along(&self) -> Vec<String> {
        let settings = |version: &Version| self.versions.get(version).map(|version| &version.settings);
        let (Some(now), Some(newest)) = (settings(&self.setting.version), settings(&self.latest())) else {
            return Vec::new();
        };
        let changed = newest.iter().filter(|(name, value)| now.get(*name) != Some(*value));
        changed
            .map(|(name, value)| match now.get(name) {
                Some(before) => format!("{name}: {before} → {value}"),
                None => format!("{name}: {value}"),
            })
            .collect()
    }

    /// Terraform makes a new version with another setting.
    pub(super) fn apply(&mut self, setting: &str, value: &str) {
        let Some(mut version) = self.versions.get(&self.latest()).cloned() else { return };
        version.settings.insert(setting.to_owned(), value.to_owned());
        version.key = None;
        self.newest += 1;
        self.versions.insert(self.latest(), version);
    }

    /// All versions, oldest first.
    pub(super) fn list(&self) -> VersionList {
        let number = |version: &Version| version.as_str().parse::<u32>().unwrap_or(0);
        let mut all: Vec<Version> = self.versions.keys().cloned().collect();
        all.sort_by_key(number);
        let mut from_terraform =
            all.iter().filter(|version| self.versions.get(*version).is_some_and(|it| it.key.is_none()));
        let latest = from_terraform.next_back().cloned().unwrap_or_else(|| self.latest());
        let default = (self.cloud == Cloud::Aws).then(|| all.first().cloned()).flatten();
        VersionList { all, latest, default, seen: self.observation() }
    }

    /// The images of what machines have, or get.
    pub(super) fn images(&self) -> impl Iterator<Item = &ImageId> {
        let canary = self.setting.canary.as_ref().map(|(version, _)| version);
        let versions =
            self.machines.iter().map(|machine| &machine.version).chain([&self.setting.version]).chain(canary);
        versions.filter_map(|version| self.versions.get(version)?.image.as_ref())
    }

    /// How many versions rollouts have made.
    pub(super) fn made(&self) -> usize {
        self.versions.values().filter(|version| version.key.is_some()).count()
    }

    /// What Terraform manages. No effect can change it.
    pub(super) fn managed(&self) -> String {
        format!("surge {:?}, unavailable {:?}", self.max_surge, self.max_unavailable)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.at
    }

    pub(super) fn exists(&self) -> bool {
        !self.is_deleted
    }

    /// How many machines GCP may add, and how many may be missing.
    pub(super) fn amounts(&self) -> (u32, u32) {
        (self.max_surge.of(self.size), self.max_unavailable.of(self.size))
    }
}
