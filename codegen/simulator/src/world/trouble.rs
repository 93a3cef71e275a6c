//! What faults do to a group.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::{Change, ChangeId, ChangeStatus, Setting};

use super::Sickness;
use super::group::{Refresh, SimGroup, SimVersion};
use crate::FaultKind;

impl SimGroup {
    pub(super) fn apply_faults(&mut self) {
        let at = self.at;
        for index in 0..self.faults.len() {
            let fault = &mut self.faults[index];
            if fault.from > at || fault.done {
                continue;
            }
            fault.done = true;
            let kind = fault.kind;
            self.injected |= kind.takes_machines();
            match kind {
                FaultKind::Killed(machines) => {
                    for machine in
                        self.machines.iter_mut().filter(|machine| machine.leaving.is_none()).take(machines as usize)
                    {
                        machine.leaving = Some(at);
                    }
                }
                FaultKind::Scaled(size) => self.size = size,
                FaultKind::ForeignChange => self.change_in_console(),
                FaultKind::ForeignCancel => {
                    if let Some(refresh) = self.refresh.as_mut().filter(|refresh| refresh.change.status.is_active()) {
                        refresh.change.status = ChangeStatus::Cancelled;
                    }
                }
                FaultKind::TerraformApply => {
                    let number = self.newest + 1;
                    self.apply("user data", &format!("of version {number}"));
                }
                FaultKind::Deleted => {
                    self.is_deleted = true;
                    self.machines.clear();
                }
                FaultKind::Stale => self.stale = Some(self.sight()),
                FaultKind::OldSick => {
                    let until = self.faults[index].until;
                    for machine in &mut self.machines {
                        machine.sick = Some(at);
                        machine.ready = machine.ready.min(until);
                    }
                }
                FaultKind::Throttled
                | FaultKind::AnswersLost
                | FaultKind::Contended
                | FaultKind::ImageGone
                | FaultKind::Duplicated
                | FaultKind::NoCapacity
                | FaultKind::Expired
                | FaultKind::SlowTermination
                | FaultKind::Suspended => {}
            }
        }
        if self.faults.iter().any(|fault| fault.kind == FaultKind::OldSick && fault.until == at) {
            for machine in &mut self.machines {
                machine.sick = None;
            }
        }
    }

    /// A person uses the console.
    fn change_in_console(&mut self) {
        let at = self.at;
        self.newest += 1;
        let version = super::version(self.newest);
        let image = SimVersion { image: None, sickness: Sickness::None, key: None, settings: BTreeMap::new() };
        self.versions.insert(version.clone(), image);
        match self.cloud {
            Cloud::Gcp => {
                self.setting = Setting::only(version);
                self.foreign = Some(self.setting.clone());
            }
            Cloud::Aws => {
                if self.refresh.as_ref().is_some_and(|refresh| refresh.change.status.is_active()) {
                    // AWS allows one at a time.
                    return;
                }
                self.changes += 1;
                let id = ChangeId::from(format!("console-{}", self.changes));
                let change = Change { id, to: version, canary: false, status: ChangeStatus::Running };
                self.refresh = Some(Refresh {
                    change,
                    canary: None,
                    min: 90,
                    max: 110,
                    auto_rollback: false,
                    at_canary: None,
                    progress: (0, at),
                    is_foreign: true,
                });
            }
        }
    }
}
