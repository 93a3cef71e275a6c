//! What the API does with a request.

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::{Action, Change, ChangeId, ChangeStatus, Effect, Outcome, Setting};
use jiff::Timestamp;

use super::Sickness;
use super::group::{Refresh, SimGroup, SimVersion};
use crate::FaultKind;

impl SimGroup {
    /// Answers a request, with the faults of the API. The second value is the request, if doing it twice changed something.
    pub(super) fn request(&mut self, now: Timestamp, effect: &Effect, sickness: Sickness) -> (Outcome, Option<String>) {
        self.advance(now);
        if self.has(FaultKind::Expired, now) {
            return (Outcome::Denied("ExpiredToken: the security token is expired".to_owned()), None);
        }
        if self.has(FaultKind::Throttled, now) {
            return (Outcome::NotDone("Throttling: rate exceeded".to_owned()), None);
        }
        if self.has(FaultKind::Contended, now) {
            return (Outcome::NotDone("ResourceContention: the group is being changed".to_owned()), None);
        }
        if self.has(FaultKind::ImageGone, now) && matches!(effect.action, Action::Prepare { .. }) {
            return (Outcome::Refused("InvalidAMIID.NotFound: the image does not exist".to_owned()), None);
        }
        if !self.exists() {
            return (Outcome::Refused("there is no such group".to_owned()), None);
        }
        let outcome = self.act(effect, sickness);
        let mut repeated = None;
        if self.has(FaultKind::Duplicated, now) {
            let before = (self.observation(), self.versions.len());
            self.act(effect, sickness);
            repeated = ((self.observation(), self.versions.len()) != before).then(|| effect.key.clone());
        }
        if self.has(FaultKind::AnswersLost, now) {
            return (Outcome::Unknown("the connection was reset".to_owned()), repeated);
        }
        (outcome, repeated)
    }

    fn act(&mut self, effect: &Effect, sickness: Sickness) -> Outcome {
        let now = self.now();
        let active = self.refresh.as_mut().filter(|refresh| refresh.change.status.is_active());
        match &effect.action {
            Action::Prepare { source, image } => {
                let existing = self.versions.iter().find(|(_, version)| version.key.as_ref() == Some(&effect.key));
                if let Some((version, _)) = existing {
                    return Outcome::Prepared(version.clone());
                }
                let Some(source) = self.versions.get(source) else {
                    return Outcome::Refused(format!("there is no version {source}"));
                };
                let settings = source.settings.clone();
                self.newest += 1;
                let version = super::version(self.newest);
                let made = SimVersion { image: Some(image.clone()), sickness, key: Some(effect.key.clone()), settings };
                self.versions.insert(version.clone(), made);
                Outcome::Prepared(version)
            }
            Action::Refresh { to, canary, healthy, auto_rollback } => {
                if self.cloud != Cloud::Aws {
                    return Outcome::Refused("GCP has no instance refreshes".to_owned());
                }
                if let Some(refresh) = active {
                    // Ours, if it has our version: the answer to an earlier request may have been lost.
                    if refresh.change.to == *to && !refresh.is_foreign {
                        return Outcome::Started(refresh.change.id.clone());
                    }
                    if !self.has(FaultKind::Stale, now) {
                        self.conflict = Some(effect.key.clone());
                    }
                    return Outcome::NotDone("InstanceRefreshInProgress".to_owned());
                }
                if let Some(foreign) = &self.foreign
                    && foreign.version != *to
                {
                    self.overwritten = Some(effect.key.clone());
                }
                self.changes += 1;
                let id = ChangeId::from(format!("refresh-{}", self.changes));
                let change =
                    Change { id: id.clone(), to: to.clone(), canary: canary.is_some(), status: ChangeStatus::Running };
                self.refresh = Some(Refresh {
                    change,
                    canary: *canary,
                    min: healthy.min,
                    max: healthy.max,
                    auto_rollback: *auto_rollback,
                    at_canary: None,
                    progress: (0, now),
                    is_foreign: false,
                });
                Outcome::Started(id)
            }
            Action::Cancel { change } => {
                match active {
                    Some(refresh) if refresh.change.id == *change => refresh.change.status = ChangeStatus::Cancelling,
                    _ => {}
                }
                Outcome::Done
            }
            Action::RollBack { change } => match active {
                Some(refresh) if refresh.change.id == *change => {
                    refresh.change.status = ChangeStatus::RollingBack;
                    Outcome::Done
                }
                _ => Outcome::Done,
            },
            Action::Split { old, new, machines } => {
                self.set(effect, Setting { version: old.clone(), canary: Some((new.clone(), *machines)) })
            }
            Action::Move { to } | Action::Set { to } => self.set(effect, Setting::only(to.clone())),
        }
    }

    /// Sets what the group launches.
    fn set(&mut self, effect: &Effect, setting: Setting) -> Outcome {
        let is_for_aws = matches!(effect.action, Action::Set { .. });
        if is_for_aws != (self.cloud == Cloud::Aws) {
            return Outcome::Refused("this is for the other cloud".to_owned());
        }
        if let Some(foreign) = &self.foreign
            && *foreign != setting
        {
            self.overwritten = Some(effect.key.clone());
        }
        self.setting = setting;
        Outcome::Done
    }
}
