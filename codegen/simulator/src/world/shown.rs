//! A group in every detail that an API shows.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::{Canary, Change, Setting, Version};

use super::group::{Machine, NO_CAPACITY, SimGroup};
use crate::FaultKind;

/// A group.
#[derive(Debug, Clone)]
pub struct Shown {
    /// How many machines it should have.
    pub size: u32,
    /// What it launches.
    pub setting: Setting,
    /// Every version, oldest first.
    pub versions: Vec<ShownVersion>,
    /// Every machine, also those that are leaving.
    pub machines: Vec<ShownMachine>,
    /// AWS: its newest instance refresh.
    pub refresh: Option<ShownRefresh>,
    /// Whether a person has suspended processes of the group.
    pub is_suspended: bool,
    /// Why no machine can be started.
    pub trouble: Option<&'static str>,
}

/// A version.
#[derive(Debug, Clone)]
pub struct ShownVersion {
    /// Which.
    pub version: Version,
    /// Its image.
    pub image: Option<ImageId>,
    /// The key of the effect that made it; nothing if Terraform has.
    pub key: Option<String>,
    /// What Terraform has set in it since the first version.
    pub settings: BTreeMap<String, String>,
}

/// A machine.
#[derive(Debug, Clone)]
pub struct ShownMachine {
    /// Its place among all that the group ever launched.
    pub number: u32,
    /// Its version.
    pub version: Version,
    /// How it is.
    pub state: MachineState,
}

/// How a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineState {
    /// Not in service yet.
    Starting,
    /// In service and healthy.
    Healthy,
    /// In service and not healthy.
    Sick,
    /// Terminating.
    Leaving,
}

/// An instance refresh.
#[derive(Debug, Clone)]
pub struct ShownRefresh {
    /// What the engine sees of it.
    pub change: Change,
    /// Where it stops first.
    pub canary: Option<Canary>,
    /// The fewest and the most machines, in percent.
    pub healthy: (u32, u32),
    /// Whether AWS may return to the version before.
    pub auto_rollback: bool,
}

impl SimGroup {
    pub(super) fn shown(&self) -> Shown {
        let at = self.now();
        let state = |machine: &Machine| match machine {
            machine if machine.leaving.is_some() => MachineState::Leaving,
            machine if machine.ready > at => MachineState::Starting,
            machine if machine.is_sick(at) => MachineState::Sick,
            _ => MachineState::Healthy,
        };
        let machines = self.machines.iter().map(|machine| ShownMachine {
            number: machine.number,
            version: machine.version.clone(),
            state: state(machine),
        });
        let order = self.list().all;
        let versions = order.into_iter().filter_map(|version| {
            let it = self.versions.get(&version)?;
            Some(ShownVersion { version, image: it.image.clone(), key: it.key.clone(), settings: it.settings.clone() })
        });
        let refresh = self.refresh.as_ref().map(|refresh| ShownRefresh {
            change: refresh.change.clone(),
            canary: refresh.canary,
            healthy: (refresh.min, refresh.max),
            auto_rollback: refresh.auto_rollback,
        });
        Shown {
            size: self.size,
            setting: self.setting.clone(),
            versions: versions.collect(),
            machines: machines.collect(),
            refresh,
            is_suspended: self.has(FaultKind::Suspended, at),
            trouble: self.has(FaultKind::NoCapacity, at).then_some(NO_CAPACITY),
        }
    }
}
