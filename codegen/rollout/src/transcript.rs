//! A journal in words: what a person reads to see what happened.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::cloud::{Action, Outcome};
use crate::phase::Phase;
use crate::plan::Plan;
use crate::record::Record;
use crate::state::{State, Status};
use crate::step::{Engine, Event, Order, Scope};

/// Replays records, and says what each changed.
#[derive(Debug)]
pub struct Transcript<'a> {
    engine: &'a Engine,
    state: Option<State>,
    started: Option<Timestamp>,
}

impl<'a> Transcript<'a> {
    /// Before the first record.
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine, state: Some(engine.initial()), started: None }
    }

    /// The state after the last record.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The lines of the next record: the time since the start, and what changed. A record of which a reader would learn
    /// nothing has none.
    pub fn next(&mut self, record: &Record) -> Vec<String> {
        let started = *self.started.get_or_insert(record.at);
        let time = elapsed(started, record.at);
        self.words(record).into_iter().map(|words| format!("{time}  {words}")).collect()
    }

    /// What changed with the next record.
    pub fn words(&mut self, record: &Record) -> Vec<String> {
        let Some(state) = self.state.take() else { return Vec::new() };
        let before: Vec<_> = state.groups.iter().map(|group| (group.phase, group.hold.clone())).collect();
        let (status, hold, wave) = (state.status, state.hold.clone(), (state.wave, state.wave_since));
        let step = self.engine.step(state, &record.event, record.at);
        let after = &step.state;
        let mut words = Vec::new();
        match &record.event {
            Event::Opened { epoch: 1, .. } => words.push(format!("{} starts the rollout", record.actor)),
            Event::Opened { .. } => words.push(format!("{} resumes the rollout", record.actor)),
            Event::Ordered(order) => words.push(format!("{} {}", record.actor, order.words())),
            Event::Revoked { images } => words.push(format!("{} images were revoked", images.len())),
            Event::Performed { group, outcome, .. } => {
                words.extend(outcome.trouble().map(|trouble| format!("{group}: {trouble}")));
            }
            Event::Closed | Event::Looked { .. } | Event::Judged { .. } | Event::Ticked | Event::Notified { .. } => {}
        }
        if (after.wave, after.wave_since) != wave
            && after.wave_since.is_some()
            && let Some((environment, number, groups)) = self.engine.wave(after.wave)
        {
            let groups = groups.len();
            let s = if groups == 1 { "" } else { "s" };
            words.push(format!("{} wave {number} begins: {groups} group{s}", environment.name));
        }
        for ((group, plan), (phase, held)) in after.groups.iter().zip(&self.engine.plan().groups).zip(before) {
            if group.phase != phase {
                let reason = group.reason.as_ref().filter(|_| !matches!(group.phase, Phase::Preparing));
                let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                words.push(format!("{}: {phase} → {}{reason}", plan.name, group.phase));
            }
            match &group.hold {
                Some(hold) if Some(hold) != held.as_ref() => {
                    words.push(format!("{}: held, {}", plan.name, hold.words()));
                }
                None if held.is_some() && group.phase == phase => words.push(format!("{}: goes on", plan.name)),
                _ => {}
            }
        }
        words.extend(step.effects.iter().map(|effect| format!("{}: {}", effect.group, effect.action.words())));
        if after.hold != hold {
            words.extend(after.hold.as_ref().map(|hold| format!("held, {}", hold.words())));
        }
        if after.status != status {
            words.push(after.status.words());
        }
        self.state = Some(step.state);
        words
    }
}

/// A whole journal in words.
pub fn describe(plan: &Plan, records: &[Record]) -> String {
    let engine = Engine::new(plan.clone());
    let mut transcript = Transcript::new(&engine);
    records.iter().flat_map(|record| transcript.next(record)).fold(String::new(), |text, line| text + &line + "\n")
}

/// The time since the start, as hours, minutes and seconds.
fn elapsed(started: Timestamp, at: Timestamp) -> String {
    let seconds = at.duration_since(started).as_secs().max(0);
    let mut text = String::new();
    let _ = write!(text, "{:>3}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    text
}

impl Action {
    /// What is done, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Prepare { image, source } => format!("create a version like {source} with {image}"),
            Self::Refresh { to, canary: Some(canary), .. } => {
                format!("refresh to version {to}, stopping after {} of its machines", canary.machines)
            }
            Self::Refresh { to, canary: None, healthy, .. } => {
                format!("refresh to version {to}, with {}% to {}% of its machines", healthy.min, healthy.max)
            }
            Self::Cancel { change } => format!("cancel the refresh {change}"),
            Self::RollBack { change } => format!("roll the refresh {change} back"),
            Self::Split { old, new, machines } => format!("run {machines} machines of {new}, the others of {old}"),
            Self::Move { to } => format!("move all machines to {to}"),
            Self::Set { to } => format!("launch version {to} from now on"),
        }
    }
}

impl Outcome {
    /// What went wrong, if something did.
    fn trouble(&self) -> Option<String> {
        match self {
            Self::Done | Self::Prepared(_) | Self::Started(_) => None,
            Self::Refused(why) => Some(format!("refused: {why}")),
            Self::NotDone(why) => Some(format!("not done, will be tried again: {why}")),
            Self::Unknown(why) => Some(format!("the answer was lost: {why}")),
            Self::Denied(why) => Some(format!("denied: {why}")),
        }
    }
}

impl Order {
    /// What was ordered, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Pause { reason } => format!("pauses it: {reason}"),
            Self::Resume => "lets it go on".to_owned(),
            Self::Approve { gate } => format!("approves {gate}"),
            Self::Abort { leave_mixed: false } => "aborts it".to_owned(),
            Self::Abort { leave_mixed: true } => "aborts it, and leaves active groups as they are".to_owned(),
            Self::RollBack(Scope::All) => "rolls everything back".to_owned(),
            Self::RollBack(Scope::Wave) => "rolls the wave back".to_owned(),
        }
    }
}

impl Status {
    /// What a rollout is doing, in words.
    pub fn words(self) -> String {
        match self {
            Self::Running => "the rollout runs".to_owned(),
            Self::Stopping => "too many groups have failed: nothing new starts".to_owned(),
            Self::Aborting => "nothing new starts, and active groups return".to_owned(),
            Self::RollingBack => "groups return to their old versions".to_owned(),
            Self::Finished(outcome) => format!("the rollout is over: {}", outcome.as_str()),
        }
    }
}
