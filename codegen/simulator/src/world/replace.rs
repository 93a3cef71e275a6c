//! How the clouds launch, heal and replace machines.

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::{ChangeStatus, Setting, Version};
use jiff::SignedDuration;

use super::Sickness;
use super::group::{Machine, SimGroup};
use crate::FaultKind;

/// AWS gives up on a refresh that makes no progress for an hour.
const GIVES_UP: SignedDuration = SignedDuration::from_hours(1);
/// How long a machine may be unhealthy before its group replaces it.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

impl SimGroup {
    fn live(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(|machine| machine.leaving.is_none())
    }

    fn count(&self, wanted: impl Fn(&Machine) -> bool) -> u32 {
        u32::try_from(self.live().filter(|machine| wanted(machine)).count()).unwrap_or(u32::MAX)
    }

    fn launch(&mut self, version: &Version) -> bool {
        let now = self.now();
        if self.has(FaultKind::NoCapacity, now) || self.has(FaultKind::Suspended, now) {
            return false;
        }
        let boot = self.random(60..180);
        let (sickness, image) =
            self.versions.get(version).map(|version| (version.sickness, version.image.clone())).unwrap_or_default();
        self.launched.extend(image);
        let ready = now.saturating_add(boot).unwrap_or(now);
        let sick = match sickness {
            Sickness::None => None,
            Sickness::AtOnce => Some(ready),
            Sickness::After(seconds) => ready.checked_add(SignedDuration::from_secs(seconds.into())).ok(),
        };
        self.numbered += 1;
        self.machines.push(Machine { number: self.numbered, version: version.clone(), ready, sick, leaving: None });
        true
    }

    fn terminate(&mut self, wanted: impl Fn(&Machine) -> bool) -> bool {
        let now = self.now();
        let slow = self.has(FaultKind::SlowTermination, now);
        let time = if slow { SignedDuration::from_mins(50) } else { self.random(20..60) };
        // A machine that does not work goes first.
        let order = |machine: &&mut Machine| (machine.is_healthy(now), machine.ready);
        let candidates = self.machines.iter_mut().filter(|machine| machine.leaving.is_none() && wanted(machine));
        let Some(machine) = candidates.min_by_key(order) else { return false };
        machine.leaving = Some(now.saturating_add(time).unwrap_or(now));
        true
    }

    /// The version of a machine that is launched to reach the size. While a refresh is active, its own.
    fn launches(&self) -> Version {
        match &self.refresh {
            Some(refresh) if refresh.change.status == ChangeStatus::Running && refresh.canary.is_none() => {
                refresh.change.to.clone()
            }
            _ => self.setting.version.clone(),
        }
    }

    /// Keeps the size, and replaces machines that have been unhealthy for too long.
    pub(super) fn heal(&mut self) {
        let now = self.now();
        let expired = |machine: &Machine| {
            machine.sick.is_some_and(|sick| now.duration_since(sick) > GRACE && machine.ready <= now)
        };
        if let Some(machine) = self.machines.iter_mut().find(|machine| machine.leaving.is_none() && expired(machine)) {
            machine.leaving = Some(now + SignedDuration::from_secs(30));
        }
        if !self.exists() {
            return;
        }
        let version = self.launches();
        while self.count(|_| true) < self.size {
            if !self.launch(&version) {
                break;
            }
        }
        let is_replacing = self.refresh.as_ref().is_some_and(|refresh| refresh.change.status.is_active());
        while self.cloud == Cloud::Aws && !is_replacing && self.count(|_| true) > self.size && self.terminate(|_| true)
        {
        }
    }

    pub(super) fn replace(&mut self) {
        match self.cloud {
            Cloud::Aws => self.refresh_machines(),
            Cloud::Gcp => {
                let (surge, unavailable) = self.amounts();
                let (version, machines) = match &self.setting.canary {
                    None => (self.setting.version.clone(), self.size),
                    Some((version, machines)) => (version.clone(), (*machines).min(self.size)),
                };
                self.move_machines(&version, machines, self.size - unavailable, self.size + surge);
            }
        }
    }

    fn refresh_machines(&mut self) {
        let now = self.now();
        let Some(refresh) = &self.refresh else { return };
        let to = refresh.change.to.clone();
        let (min, max) = ((refresh.min * self.size).div_ceil(100), refresh.max * self.size / 100);
        // An explicit minimum of 100% launches a machine before it terminates one, although that is one too many.
        let max = if min >= self.size { max.max(self.size + 1) } else { max.max(self.size) };
        let limit = refresh.canary.map_or(self.size, |canary| canary.machines.min(self.size));
        let healthy = self.count(|machine| machine.version == to && machine.is_healthy(now));
        match refresh.change.status {
            ChangeStatus::Running => {
                let is_at_canary = refresh.canary.is_some() && healthy >= limit;
                let is_complete = refresh.canary.is_none()
                    && healthy >= self.size
                    && self.count(|machine| machine.version != to) == 0;
                if is_complete {
                    return self.end_refresh(ChangeStatus::Succeeded);
                }
                let gave_up = now.duration_since(refresh.progress.1) >= GIVES_UP;
                let auto_rollback = refresh.auto_rollback;
                if let Some(refresh) = &mut self.refresh {
                    if is_at_canary {
                        refresh.change.status = ChangeStatus::AtCanary;
                        refresh.at_canary = Some(now);
                        return;
                    }
                    if healthy > refresh.progress.0 {
                        refresh.progress = (healthy, now);
                    } else if gave_up && auto_rollback {
                        refresh.change.status = ChangeStatus::RollingBack;
                        return;
                    }
                }
                if gave_up && !auto_rollback {
                    return self.end_refresh(ChangeStatus::Failed);
                }
                self.move_machines(&to, limit, min, max);
            }
            ChangeStatus::AtCanary => {
                let delay = refresh.canary.map_or(0, |canary| canary.delay);
                let since = refresh.at_canary.unwrap_or(now);
                if now.duration_since(since) >= SignedDuration::from_secs(delay.into())
                    && let Some(refresh) = &mut self.refresh
                {
                    refresh.canary = None;
                    refresh.change.status = ChangeStatus::Running;
                    refresh.progress.1 = now;
                }
            }
            ChangeStatus::Cancelling => self.end_refresh(ChangeStatus::Cancelled),
            ChangeStatus::RollingBack => {
                let from = self.setting.version.clone();
                if self.count(|machine| machine.version != from) == 0
                    && self.count(|machine| machine.is_healthy(now)) >= self.size
                {
                    return self.end_refresh(ChangeStatus::RolledBack);
                }
                self.move_machines(&from, self.size, min, max);
            }
            ChangeStatus::Succeeded | ChangeStatus::Failed | ChangeStatus::Cancelled | ChangeStatus::RolledBack => {}
        }
    }

    fn end_refresh(&mut self, status: ChangeStatus) {
        let Some(refresh) = &mut self.refresh else { return };
        refresh.change.status = status;
        if status == ChangeStatus::Succeeded {
            // Only now AWS saves what the group launches from now on.
            self.setting = Setting::only(refresh.change.to.clone());
            if refresh.is_foreign {
                self.foreign = Some(self.setting.clone());
            }
        }
    }

    /// Moves machines to a version: adds what fits, and removes others while enough are healthy.
    fn move_machines(&mut self, to: &Version, wanted: u32, min: u32, max: u32) {
        let now = self.now();
        let is_new = |machine: &Machine| machine.version == *to;
        while self.count(is_new) < wanted && self.count(|_| true) < max {
            if !self.launch(to) {
                break;
            }
        }
        loop {
            let total = self.count(|_| true);
            let missing = wanted.saturating_sub(self.count(is_new));
            let healthy = self.count(|machine| machine.is_healthy(now));
            let sick_others = self.count(|machine| !is_new(machine) && !machine.is_healthy(now));
            let may_shrink = total > self.size || (missing > 0 && total + missing > self.size);
            let others = total - self.count(is_new);
            if others == 0 || !may_shrink || (wanted < self.size && others <= self.size - wanted) {
                return;
            }
            if sick_others == 0 && healthy <= min {
                return;
            }
            if !self.terminate(|machine| machine.version != *to) {
                return;
            }
            if total <= self.size && !self.launch(to) {
                return;
            }
        }
    }
}
