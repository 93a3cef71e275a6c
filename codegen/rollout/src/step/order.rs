//! What people order.

use std::collections::BTreeSet;

use fleetgen_fleet::scalar::ImageId;
use serde::{Deserialize, Serialize};

use super::{Run, Subject};
use crate::phase::{Phase, Trigger};
use crate::state::{Hold, Paused, Status};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Start nothing, and stop replacing machines.
    Pause {
        /// Why.
        reason: String,
    },
    /// Go on, and check again what was held for a person.
    Resume,
    /// Give an approval: `ENVIRONMENT/GATE` or `GROUP/GATE`.
    Approve {
        /// Its name.
        gate: String,
    },
    /// Start nothing more, and take active groups back.
    Abort {
        /// Leave active groups as they are instead.
        leave_mixed: bool,
    },
    /// Take groups back, including those that are done.
    RollBack(Scope),
}

/// Which groups are taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All that were changed.
    All,
    /// Those of the current wave, or of the last one.
    Wave,
}

impl Run<'_> {
    pub(super) fn ordered(&mut self, order: &Order) {
        self.changed = true;
        self.touched.push(Subject::Wave);
        match order {
            Order::Pause { reason } => {
                let paused = || Paused { since: self.at, reason: reason.clone() };
                if self.state.outcome().is_none() {
                    self.state.paused.get_or_insert_with(paused);
                }
            }
            Order::Resume => self.resume(),
            Order::Approve { gate } => {
                self.state.approved.insert(gate.clone());
            }
            Order::Abort { leave_mixed } => self.abort(*leave_mixed),
            Order::RollBack(scope) => self.roll_back(*scope),
        }
        let active: Vec<usize> = self.state.active().collect();
        self.touched.extend(active.into_iter().map(Subject::Group));
    }

    fn resume(&mut self) {
        self.state.paused = None;
        self.state.hold = None;
        self.state.wave_gates.clear();
        self.state.wave_failed = None;
        let at = self.at;
        for index in self.state.active.clone() {
            let group = self.group(index);
            group.gate_failed = None;
            group.gates.clear();
            // A person has seen that the refresh was cancelled, or went on, and wants to go on.
            group.cancelled |= matches!(group.hold, Some(Hold::Drift { .. }));
            group.hold = None;
            group.progress.1 = at;
        }
    }

    fn abort(&mut self, leave_mixed: bool) {
        if self.state.outcome().is_some() {
            return;
        }
        self.state.paused = None;
        self.state.returning.clear();
        self.state.status = Status::Aborting;
        self.drop_pending("the rollout was aborted");
        for index in self.state.active.clone() {
            self.group(index).hold = None;
            let group = &self.state.groups[index];
            if group.phase == Phase::RollingBack || group.stopping.is_some() {
                continue;
            }
            if leave_mixed && !group.is_untouched() {
                self.group(index).reason = Some("the rollout was aborted".to_owned());
                self.stop(index, Trigger::GiveUp);
            } else {
                self.retreat(index, "the rollout was aborted".to_owned(), false);
            }
        }
    }

    /// Takes groups back. Those that are done wait for their turn, since only so many may be active.
    fn roll_back(&mut self, scope: Scope) {
        self.state.paused = None;
        self.state.status = Status::RollingBack;
        self.drop_pending("the rollout is rolling back");
        for index in self.state.active.clone() {
            if self.state.groups[index].phase != Phase::RollingBack {
                self.group(index).stopping = None;
                self.retreat(index, "ordered back".to_owned(), true);
            }
        }
        // While a wave waits to begin, the last one is the one before it.
        let last = self.state.wave.min(self.engine.waves.len().saturating_sub(1));
        let has_begun = self.state.wave == last && self.state.wave_since.is_some();
        let last = if has_begun || self.state.wave > last { last } else { last.saturating_sub(1) };
        let wave = self.engine.waves.get(last).map(|wave| wave.groups.clone());
        for (index, group) in self.state.groups.iter().enumerate() {
            let in_scope = match scope {
                Scope::All => true,
                Scope::Wave => wave.as_ref().is_some_and(|wave| wave.contains(&index)),
            };
            let is_changed = matches!(group.phase, Phase::Done | Phase::Set | Phase::Failed | Phase::NeedsHuman);
            if in_scope && is_changed && (group.touched || group.phase != Phase::Failed) {
                self.state.returning.insert(index);
            }
        }
    }

    /// Groups whose turn has not come are skipped.
    pub(super) fn drop_pending(&mut self, reason: &str) {
        self.state.pending.clear();
        for index in 0..self.state.groups.len() {
            if self.state.groups[index].phase == Phase::Pending {
                self.group(index).reason = Some(reason.to_owned());
                self.on(index, Trigger::Drop);
            }
        }
    }

    /// Images were revoked: nothing launches them any more, neither forward nor back.
    pub(super) fn revoked(&mut self, images: &BTreeSet<ImageId>) {
        self.changed = true;
        self.state.revoked.extend(images.iter().cloned());
        for index in 0..self.state.groups.len() {
            let plan = &self.engine.plan.groups[index];
            let group = &self.state.groups[index];
            if group.phase == Phase::RollingBack && plan.from.image.as_ref().is_some_and(|image| images.contains(image))
            {
                self.group(index).reason = Some("its old image was revoked while it returned to it".to_owned());
                self.stop(index, Trigger::AskHuman);
            } else if images.contains(&plan.to.image) {
                if group.phase == Phase::Pending {
                    self.group(index).reason = Some("its image was revoked".to_owned());
                    self.state.pending.retain(|other| *other != index);
                    self.on(index, Trigger::Drop);
                } else if group.phase.is_active() && group.phase != Phase::RollingBack && group.stopping.is_none() {
                    let reason = "its image was revoked".to_owned();
                    // If nothing was changed yet, nothing has failed.
                    if group.is_untouched() {
                        self.retreat(index, reason, false);
                    } else {
                        self.fail(index, reason);
                    }
                }
            }
        }
    }
}
