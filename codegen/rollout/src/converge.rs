//! How each cloud moves a group to a version: given what is seen, the next action. Each function converges, whatever an
//! earlier attempt, a crash or a person has left behind; so going on, going back and repairing are the same code.

use fleetgen_fleet::scalar::Amount;
use fleetgen_fleet::{HealthyPercentages, Size};

use crate::cloud::{Action, Canary, Change, ChangeStatus, Observation, Setting, Version};
use crate::plan::{GroupPlan, Rollback, Strategy};
use crate::state::GroupState;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The group is as wanted.
    Reached,
    /// The cloud is at work.
    Wait,
    /// Do this.
    Act(Action),
    /// The cloud has given up.
    Stuck(String),
}

/// A group, and what is seen of it. Changes by others have been ruled out.
pub(crate) struct View<'a> {
    pub(crate) plan: &'a GroupPlan,
    pub(crate) group: &'a GroupState,
    pub(crate) seen: &'a Observation,
    /// The new version.
    pub(crate) new: &'a Version,
}

impl<'a> View<'a> {
    fn old(&self) -> &'a Version {
        &self.plan.from.setting.version
    }

    /// Our newest instance refresh, if it is the group's newest.
    fn ours(&self) -> Option<&'a Change> {
        self.seen.change.as_ref().filter(|change| self.group.change.as_ref() == Some(&change.id))
    }

    fn running(&self) -> Option<&'a Change> {
        self.seen.change.as_ref().filter(|change| change.status.is_active())
    }

    /// Whether every machine has a version, and the group launches nothing else.
    fn is_on(&self, version: &Version) -> bool {
        self.seen.setting == Setting::only(version.clone()) && self.seen.others(version) == 0
    }

    /// Whether every machine has the new version and is healthy.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_on(self.new) && self.seen.on(self.new).healthy >= self.seen.size
    }

    /// Towards a number of canaries.
    pub(crate) fn canary(&self, machines: u32) -> Next {
        let machines = machines.min(self.seen.size);
        let is_up = self.seen.on(self.new).healthy >= machines;
        match self.plan.strategy {
            Strategy::InstanceRefresh => match (self.running().map(|change| change.status), self.given_up()) {
                (Some(ChangeStatus::AtCanary), _) | (None, None) if is_up => Next::Reached,
                (Some(_), _) => Next::Wait,
                (None, Some(why)) => Next::Stuck(why),
                (None, None) => {
                    let percent = (machines * 100).div_ceil(self.seen.size.max(1));
                    self.refresh(self.new, Some(Canary { machines, percent, delay: Canary::DELAY }))
                }
            },
            Strategy::Versions => {
                let wanted = Setting { version: self.old().clone(), canary: Some((self.new.clone(), machines)) };
                match self.seen.setting == wanted {
                    true if is_up => Next::Reached,
                    true => Next::Wait,
                    false => self.split(machines),
                }
            }
        }
    }

    /// Towards the new version on all machines.
    pub(crate) fn all(&self) -> Next {
        match self.plan.strategy {
            Strategy::InstanceRefresh => match (self.running(), self.given_up()) {
                (Some(change), _)
                    if change.canary && matches!(change.status, ChangeStatus::Running | ChangeStatus::AtCanary) =>
                {
                    Next::Act(Action::Cancel { change: change.id.clone() })
                }
                (Some(_), _) => Next::Wait,
                (None, _) if self.is_complete() => Next::Reached,
                (None, Some(why)) => Next::Stuck(why),
                (None, None) if self.is_on(self.new) => Next::Wait,
                (None, None) => self.refresh(self.new, None),
            },
            Strategy::Versions => self.move_to(self.new, self.is_complete()),
        }
    }

    /// Towards the old version on all machines.
    pub(crate) fn back(&self) -> Next {
        let is_back = self.is_on(self.old());
        match self.plan.strategy {
            Strategy::InstanceRefresh => match self.running() {
                Some(change) => match change.status {
                    ChangeStatus::Running | ChangeStatus::AtCanary if change.to == *self.new => {
                        Next::Act(Action::RollBack { change: change.id.clone() })
                    }
                    _ => Next::Wait,
                },
                None if is_back => Next::Reached,
                None => match self.ours() {
                    Some(change) if change.to == *self.old() && change.status == ChangeStatus::Failed => {
                        Next::Stuck("the instance refresh to the old version failed".to_owned())
                    }
                    _ => self.refresh(self.old(), None),
                },
            },
            Strategy::Versions => self.move_to(self.old(), is_back),
        }
    }

    /// Towards replacing nothing, wherever the group is.
    pub(crate) fn freeze(&self) -> Next {
        match self.plan.strategy {
            Strategy::InstanceRefresh => match self.running() {
                Some(change) if matches!(change.status, ChangeStatus::Running | ChangeStatus::AtCanary) => {
                    Next::Act(Action::Cancel { change: change.id.clone() })
                }
                Some(_) => Next::Wait,
                None => Next::Reached,
            },
            Strategy::Versions => {
                let new = self.seen.on(self.new).total();
                let wanted = self.seen.setting.canary.as_ref().map(|(_, machines)| *machines);
                let is_moving = self.seen.setting.version == *self.new && self.seen.others(self.new) > 0;
                if is_moving || wanted.is_some_and(|wanted| wanted > new) { self.split(new) } else { Next::Reached }
            }
        }
    }

    /// Why our newest instance refresh to the new version will not go on.
    fn given_up(&self) -> Option<String> {
        let change = self.ours().filter(|change| change.to == *self.new)?;
        match change.status {
            ChangeStatus::Failed => Some("the instance refresh failed".to_owned()),
            ChangeStatus::RolledBack => Some("AWS rolled the instance refresh back".to_owned()),
            ChangeStatus::Running
            | ChangeStatus::AtCanary
            | ChangeStatus::Cancelling
            | ChangeStatus::RollingBack
            | ChangeStatus::Succeeded
            | ChangeStatus::Cancelled => None,
        }
    }

    fn refresh(&self, to: &Version, canary: Option<Canary>) -> Next {
        let size = self.seen.size;
        if size == 0 {
            return Next::Act(Action::Set { to: to.clone() });
        }
        Next::Act(Action::Refresh {
            to: to.clone(),
            canary,
            healthy: percentages(self.plan.max_unavailable, self.plan.max_surge, size),
            auto_rollback: *to == *self.new && self.plan.roll_back && matches!(self.plan.rollback, Rollback::Proven(_)),
        })
    }

    fn split(&self, machines: u32) -> Next {
        Next::Act(Action::Split { old: self.old().clone(), new: self.new.clone(), machines })
    }

    fn move_to(&self, version: &Version, is_there: bool) -> Next {
        if is_there {
            return Next::Reached;
        }
        let is_set = self.seen.setting == Setting::only(version.clone());
        if is_set { Next::Wait } else { Next::Act(Action::Move { to: version.clone() }) }
    }
}

/// Percentages of the live size, not of the one in fleet.yaml: one machine of ten is 10%, and of a hundred 1%.
fn percentages(max_unavailable: Amount, max_surge: Amount, size: u32) -> HealthyPercentages {
    HealthyPercentages::new(max_unavailable, max_surge, Size { min: size, desired: size, max: size })
}
