//! What people are told while a rollout runs: that it began, ended, waits for them or has trouble. Which records deserve it is a
//! function of the journal, so nothing is forgotten when a driver dies.

use serde::Serialize;

use crate::phase::Phase;
use crate::plan::PlanId;
use crate::record::Record;
use crate::state::{Hold, State, Status};
use crate::step::{Engine, Event};

/// What someone should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The plan.
    pub rollout: PlanId,
    /// The fleet.
    pub fleet: String,
    /// The number of the record that it is about.
    pub record: u64,
    /// How the rollout is: `running`, `waiting`, `trouble` or `over`.
    pub status: &'static str,
    /// What happened, in a line or a few.
    pub text: String,
}

/// Follows a journal, and collects what was not told yet.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    notifies: bool,
    due: Vec<Notice>,
    before: Summary,
}

/// What a notice can be about.
#[derive(Debug, Clone, Default)]
struct Summary {
    status: Option<Status>,
    hold: Option<Hold>,
    groups: Vec<(Phase, Option<Hold>)>,
}

impl Notices {
    /// Takes a record, with the state after it.
    pub fn take(&mut self, engine: &Engine, record: &Record, after: &State) {
        match &record.event {
            // What happens while there is no one to tell is not sent later.
            Event::Opened { notifies, .. } => self.notifies = *notifies,
            Event::Notified { records } => self.due.retain(|notice| !records.contains(&notice.record)),
            Event::Closed
            | Event::Looked { .. }
            | Event::Performed { .. }
            | Event::Judged { .. }
            | Event::Ticked
            | Event::Ordered(_)
            | Event::Revoked { .. } => {}
        }
        let groups = after.groups.iter().map(|group| (group.phase, group.hold.clone())).collect();
        let now = Summary { status: Some(after.status), hold: after.hold.clone(), groups };
        let before = std::mem::replace(&mut self.before, now);
        if self.notifies {
            self.due.extend(notice(engine, record, &before, after));
        }
    }

    /// What was not told yet, oldest first.
    pub fn due(&self) -> &[Notice] {
        &self.due
    }
}

fn notice(engine: &Engine, record: &Record, before: &Summary, after: &State) -> Option<Notice> {
    let mut lines = Vec::new();
    let mut status = "running";
    match &record.event {
        Event::Opened { epoch: 1, .. } => lines.push(format!("{} starts it", record.actor)),
        Event::Ordered(order) => lines.push(format!("{} {}", record.actor, order.words())),
        Event::Revoked { images } => lines.push(format!("{} images were revoked", images.len())),
        Event::Opened { .. }
        | Event::Closed
        | Event::Looked { .. }
        | Event::Performed { .. }
        | Event::Judged { .. }
        | Event::Ticked
        | Event::Notified { .. } => {}
    }
    let is_news = |hold: &Hold| hold.needs_person() || matches!(hold, Hold::Approval { .. } | Hold::Credentials { .. });
    for (index, (plan, now)) in engine.plan().groups.iter().zip(&after.groups).enumerate() {
        let (phase, held) =
            before.groups.get(index).map_or((Phase::Pending, None), |(phase, held)| (*phase, held.as_ref()));
        let reason = now.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let is_bad = matches!(now.phase, Phase::RollingBack | Phase::Failed | Phase::NeedsHuman | Phase::RolledBack);
        if now.phase != phase && is_bad {
            status = "trouble";
            lines.push(format!("{} {}{reason}", plan.name, now.phase.failed_words()));
        }
        if let Some(hold) = now.hold.as_ref().filter(|hold| held != Some(*hold) && is_news(hold)) {
            status = "waiting";
            lines.push(format!("{} is held, {}", plan.name, hold.words()));
        }
    }
    if let Some(hold) = after.hold.as_ref().filter(|hold| before.hold.as_ref() != Some(*hold) && is_news(hold)) {
        status = "waiting";
        lines.push(format!("it is held, {}", hold.words()));
    }
    if before.status.is_some_and(|status| status != after.status) {
        status = match after.status {
            Status::Finished(_) => "over",
            Status::Stopping => "trouble",
            Status::Running | Status::Aborting | Status::RollingBack => status,
        };
        lines.push(after.status.words());
    }
    (!lines.is_empty()).then(|| Notice {
        rollout: engine.id().clone(),
        fleet: engine.plan().fleet.to_string(),
        record: record.number,
        status,
        text: lines.join("\n"),
    })
}
