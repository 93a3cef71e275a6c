//! What a look at a group shows: whether an effect has happened, whether something else has changed the group, and whether the
//! new machines are healthy.

use fleetgen_fleet::scalar::GroupName;

use super::Run;
use crate::cloud::{Action, ChangeStatus, Look, Observation, Outcome, Setting, Sight, Version};
use crate::converge::{Next, View};
use crate::phase::{Phase, Trigger};
use crate::plan::Strategy;
use crate::state::{Hold, Status};

/// In how many looks in a row a new machine must be unhealthy for the group to fail. One could be a machine that is being
/// replaced anyway.
const UNHEALTHY: u32 = 3;

impl Run<'_> {
    pub(super) fn looked(&mut self, name: &GroupName, look: &Look) {
        let Some(index) = self.engine.index(name) else { return };
        let phase = self.state.groups[index].phase;
        if !phase.is_active() && phase != Phase::Done {
            return;
        }
        let before = self.state.groups[index].clone();
        match &look.sight {
            Sight::Seen(seen) => self.seen(index, seen, look),
            Sight::Gone if before.is_untouched() => {
                self.group(index).reason = Some("it no longer exists".to_owned());
                self.on(index, Trigger::Drop);
            }
            // It was done. What becomes of it now is not about this rollout.
            Sight::Gone if phase == Phase::Done => self.group(index).hold = None,
            Sight::Gone => self.blind(index, Hold::Drift { what: "the group no longer exists".to_owned() }),
            Sight::Unknown(why) => self.blind(index, Hold::Unknown { why: why.clone() }),
            Sight::Denied(why) => self.blind(index, Hold::Credentials { why: why.clone() }),
        }
        self.changed |= before != self.state.groups[index];
    }

    /// Nothing is known about a group, so nothing advances. A change from outside is for a person to undo, so an
    /// abort does not wait for it.
    pub(super) fn blind(&mut self, index: usize, hold: Hold) {
        if let (Hold::Drift { what }, Status::Aborting) = (&hold, self.state.status) {
            return self.ask_human(index, &format!("changed outside the rollout: {what}"));
        }
        let group = self.group(index);
        group.hold = Some(hold);
        group.healthy_since = None;
    }

    pub(super) fn seen(&mut self, index: usize, seen: &Observation, look: &Look) {
        if !self.take_uncertain(index, seen) {
            return;
        }
        if let Some(what) = self.drift(index, seen) {
            return self.blind(index, Hold::Drift { what });
        }
        // What held it is found again if it still applies. Until then, the deadline starts again.
        let (at, group) = (self.at, self.group(index));
        let (hold, progress) = (group.hold.take(), group.progress);
        if hold.is_some() {
            group.progress.1 = at;
        }
        if self.is_sick(index, seen) {
            return;
        }
        // A phase that ends leads to the next one's first action at once.
        for _ in 0..Phase::ALL.len() {
            let before = self.state.groups[index].phase;
            self.advance(index, seen, look);
            if self.state.groups[index].phase == before {
                break;
            }
        }
        let group = self.group(index);
        if hold.is_some() && group.hold == hold {
            group.progress = progress;
        }
        self.note_stillness(index, seen);
    }

    /// Notes whether a group that must not go on is really at rest.
    fn note_stillness(&mut self, index: usize, seen: &Observation) {
        let is_paused = self.state.paused.is_some();
        let plan = &self.engine.plan.groups[index];
        let group = &self.state.groups[index];
        let new = group.version.as_ref().unwrap_or(&plan.from.setting.version);
        let is_held = is_paused || group.hold.is_some();
        let is_still = is_held && View { plan, group, seen, new }.freeze() == Next::Reached;
        self.group(index).is_still = is_still;
    }

    /// Finds out whether an effect with an unknown outcome has happened. Returns whether to go on.
    pub(super) fn take_uncertain(&mut self, index: usize, seen: &Observation) -> bool {
        let group = self.group(index);
        let Some(pending) = &group.pending else { return true };
        if !pending.uncertain {
            return false;
        }
        let active = seen.change.as_ref().filter(|change| change.status.is_active());
        let outcome = match &pending.action {
            // Asked for again with the same key, it returns what exists.
            Action::Prepare { .. } => None,
            Action::Refresh { to, .. } => {
                let known = [&group.change, &group.foreign];
                let new = seen.change.as_ref().filter(|change| !known.contains(&&Some(change.id.clone())));
                new.filter(|change| change.to == *to).map(|change| Outcome::Started(change.id.clone()))
            }
            Action::Cancel { change } => match active.filter(|active| active.id == *change) {
                Some(active) if active.status != ChangeStatus::Cancelling => None,
                _ => Some(Outcome::Done),
            },
            Action::RollBack { change } => match active.filter(|active| active.id == *change) {
                Some(active) if active.status != ChangeStatus::RollingBack => None,
                _ => Some(Outcome::Done),
            },
            Action::Split { old, new, machines } => {
                let wanted = Setting { version: old.clone(), canary: Some((new.clone(), *machines)) };
                (seen.setting == wanted).then_some(Outcome::Done)
            }
            Action::Move { to } | Action::Set { to } => {
                (seen.setting == Setting::only(to.clone())).then_some(Outcome::Done)
            }
        };
        match outcome {
            Some(outcome) => self.apply(index, &outcome),
            // It has not happened. Whether it is still wanted is decided now.
            None => group.pending = None,
        }
        true
    }

    /// What was changed outside the rollout.
    pub(super) fn drift(&mut self, index: usize, seen: &Observation) -> Option<String> {
        let old = self.plan(index).from.setting.clone();
        let is_refreshed = self.plan(index).strategy == Strategy::InstanceRefresh;
        let group = self.group(index);
        if group.phase == Phase::Done {
            return None;
        }
        let is_first = group.is_untouched();
        let mut known = seen.setting == group.setting;
        if let Some(change) = &seen.change {
            let ours = group.change.as_ref() == Some(&change.id);
            if is_first && !change.status.is_active() {
                group.foreign = Some(change.id.clone());
            }
            if change.status.is_active() && !ours {
                return Some(format!("the instance refresh {} is not this rollout's", change.id));
            }
            if ours && change.status == ChangeStatus::Cancelled && !group.cancelled {
                return Some(format!(
                    "the instance refresh {} was cancelled, and `rollout resume --go-on` would go on",
                    change.id
                ));
            }
            let went_on = matches!(change.status, ChangeStatus::Running | ChangeStatus::Succeeded);
            if ours && change.canary && went_on && group.phase == Phase::Judging && !group.cancelled {
                return Some(format!(
                    "AWS went on with the canary refresh {} after 48 hours, and `rollout resume --go-on` would accept it",
                    change.id
                ));
            }
        }
        if is_refreshed {
            // AWS saves the version of a refresh when that succeeds, which may be any time, and both are ours.
            let saved = |version: &Version| seen.setting == Setting::only(version.clone());
            known |= saved(&old.version) || group.version.as_ref().is_some_and(saved);
        }
        if known {
            return None;
        }
        let Setting { version, canary } = &seen.setting;
        Some(match canary {
            None => format!("it launches version {version}"),
            Some((canary, machines)) => format!("it launches version {version}, and {machines} machines of {canary}"),
        })
    }

    /// Fails a group whose new machines are unhealthy. Machines of the old version do not count: a group that was sick
    /// before must be fixable.
    pub(super) fn is_sick(&mut self, index: usize, seen: &Observation) -> bool {
        let group = self.group(index);
        let Some(version) = group.version.as_ref().filter(|_| group.phase.is_watched()) else { return false };
        let machines = seen.on(version);
        if machines.unhealthy == 0 {
            group.unhealthy = 0;
            return false;
        }
        group.unhealthy = (group.unhealthy + 1).min(UNHEALTHY);
        group.healthy_since = None;
        if group.unhealthy < UNHEALTHY || group.stopping.is_some() {
            return false;
        }
        let (unhealthy, total) = (machines.unhealthy, machines.total());
        self.fail(index, format!("{unhealthy} of {total} new machines are unhealthy"));
        !self.state.groups[index].phase.is_active()
    }
}
