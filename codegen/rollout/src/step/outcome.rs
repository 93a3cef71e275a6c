//! What the outcome of an effect leads to, and what becomes of a group that has failed.

use fleetgen_fleet::scalar::GroupName;

use super::{Run, Subject};
use crate::cloud::{Action, Outcome, Setting};
use crate::phase::{Phase, Trigger};
use crate::plan::Rollback;
use crate::state::{Hold, Pending};

impl Run<'_> {
    pub(super) fn performed(&mut self, name: &GroupName, number: u32, outcome: &Outcome) {
        self.changed = true;
        let Some(index) = self.engine.index(name) else { return };
        let is_expected = |pending: &Pending| pending.number == number;
        if self.state.groups[index].pending.as_ref().is_some_and(is_expected) {
            self.apply(index, outcome);
        }
        self.touched.push(Subject::Group(index));
    }

    /// Takes the outcome of the pending effect.
    pub(super) fn apply(&mut self, index: usize, outcome: &Outcome) {
        let at = self.at;
        let group = self.group(index);
        let Some(pending) = group.pending.take() else { return };
        match (outcome, &pending.action) {
            (Outcome::Prepared(version), _) => group.version = Some(version.clone()),
            (Outcome::Started(change), _) => {
                group.change = Some(change.clone());
                group.change_since = Some(at);
                group.cancelled = false;
            }
            (Outcome::Done, action) => match action {
                Action::Cancel { .. } => group.cancelled = true,
                Action::Split { old, new, machines } => {
                    group.setting = Setting { version: old.clone(), canary: Some((new.clone(), *machines)) };
                }
                Action::Move { to } | Action::Set { to } => group.setting = Setting::only(to.clone()),
                Action::Prepare { .. } | Action::Refresh { .. } | Action::RollBack { .. } => {}
            },
            (Outcome::Unknown(_), _) => group.pending = Some(Pending { uncertain: true, ..pending }),
            // The next look decides what to do.
            (Outcome::NotDone(_), _) => {}
            (Outcome::Denied(why), _) => group.hold = Some(Hold::Credentials { why: why.clone() }),
            // Without the fast way back, the refresh is cancelled, and another one goes back.
            (Outcome::Refused(_), Action::RollBack { change }) => {
                let change = change.clone();
                self.emit(index, Action::Cancel { change });
            }
            (Outcome::Refused(why), _) => {
                let is_leaving = group.phase == Phase::RollingBack || group.stopping.is_some();
                if is_leaving { self.ask_human(index, why) } else { self.fail(index, why.clone()) }
            }
        }
    }

    /// A group has failed: it goes back, if that is safe.
    pub(super) fn fail(&mut self, index: usize, reason: String) {
        self.state.failures += 1;
        let group = self.group(index);
        if group.is_untouched() {
            group.reason = Some(reason);
            self.on(index, Trigger::GiveUp);
        } else {
            self.retreat(index, reason, false);
        }
    }

    /// Takes a group back, or stops it where it is if that is not possible. `roll_back: false` does not stop a person.
    pub(super) fn retreat(&mut self, index: usize, reason: String, by_order: bool) {
        let plan = &self.engine.plan.groups[index];
        let revoked = plan.from.image.as_ref().is_some_and(|image| self.state.revoked.contains(image));
        let group = self.group(index);
        let unchanged = group.is_untouched();
        let no_way = match &plan.rollback {
            Rollback::Impossible(why) => Some(why.clone()),
            _ if revoked => Some("its old image was revoked".to_owned()),
            Rollback::Proven(_) => None,
        };
        group.reason = Some(match &no_way {
            Some(why) if !unchanged => format!("{reason}; it cannot return to its old version: {why}"),
            _ => reason,
        });
        match no_way {
            _ if unchanged => {
                self.on(index, Trigger::Drop);
            }
            Some(_) => self.stop(index, Trigger::AskHuman),
            None if !plan.roll_back && !by_order => self.stop(index, Trigger::GiveUp),
            None => {
                self.on(index, Trigger::Retreat);
            }
        }
    }

    /// Stops a group where it is, once nothing is being replaced.
    pub(super) fn stop(&mut self, index: usize, trigger: Trigger) {
        if self.state.groups[index].phase.is_active() {
            let at = self.at;
            let group = self.group(index);
            group.stopping = Some(trigger);
            group.hold = None;
            group.progress.1 = at;
            self.touched.push(Subject::Group(index));
        } else {
            self.on(index, trigger);
        }
    }

    pub(super) fn ask_human(&mut self, index: usize, why: &str) {
        let group = self.group(index);
        let reason = group.reason.take().map_or_else(|| why.to_owned(), |reason| format!("{reason}; then {why}"));
        group.reason = Some(reason);
        self.on(index, Trigger::AskHuman);
    }
}
