//! What a rollout did, from its journal.

use std::fmt::Write as _;

use fleetgen_fleet::scalar::{EnvironmentName, GroupName, ImageId, Key};
use fleetgen_rollout::{Engine, Event, Phase, Record, Rollback, RolloutOutcome, State, Transcript};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::timeline::Axis;
use crate::{count, duration, inert, template};

/// How many rows and lines a summary of a job has, which GitHub limits to 1 MiB.
const MOST: usize = 200;

/// What a rollout did.
#[derive(Debug, Serialize)]
pub struct History {
    /// The plan's id.
    pub rollout: String,
    /// The fleet.
    pub fleet: String,
    /// How it ended, or what it is doing.
    pub status: String,
    /// How it ended, if it has.
    pub outcome: Option<RolloutOutcome>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When the last record was written.
    pub last: Option<Timestamp>,
    /// Who took part: started or resumed it, or gave an order.
    pub people: Vec<String>,
    /// The groups, in the order of the plan.
    pub groups: Vec<GroupHistory>,
    /// What happened, and when.
    pub events: Vec<(Timestamp, String)>,
    /// How many records the journal has.
    pub records: usize,
}

/// What happened to a group.
#[derive(Debug, Serialize)]
pub struct GroupHistory {
    /// Its name.
    pub name: GroupName,
    /// Its environment.
    pub environment: EnvironmentName,
    /// Its wave.
    pub wave: u32,
    /// The key of its old image, if it may return to it.
    pub from: Option<Key>,
    /// Its old image, if it is one that fleetgen could have built.
    pub from_image: Option<ImageId>,
    /// The key of its new image.
    pub to: Key,
    /// Where it is now.
    pub phase: Phase,
    /// Why it failed, was skipped or left, and what holds it.
    pub reason: Option<String>,
    /// Where it was, and when.
    pub spans: Vec<Span>,
}

/// A phase of a group.
#[derive(Debug, Clone, Serialize)]
pub struct Span {
    /// The phase.
    pub phase: Phase,
    /// Since when.
    pub from: Timestamp,
    /// Until when; until the last record if it is still in it.
    pub until: Timestamp,
}

impl History {
    /// Follows a journal.
    pub fn new(engine: &Engine, records: &[Record]) -> Self {
        let mut transcript = Transcript::new(engine);
        let initial = engine.initial();
        let mut spans: Vec<Vec<Span>> = vec![Vec::new(); initial.groups.len()];
        let mut events = Vec::new();
        let mut people: Vec<String> = Vec::new();
        for record in records {
            events.extend(transcript.words(record).into_iter().map(|words| (record.at, words)));
            if matches!(record.event, Event::Opened { .. } | Event::Ordered(_)) && !people.contains(&record.actor) {
                people.push(record.actor.clone());
            }
            for (spans, group) in
                spans.iter_mut().zip(transcript.state().map(|state| &state.groups).into_iter().flatten())
            {
                if let Some(last) = spans.last_mut() {
                    // Clocks may go back.
                    last.until = last.until.max(record.at);
                }
                if spans.last().is_none_or(|last| last.phase != group.phase) {
                    spans.push(Span { phase: group.phase, from: record.at, until: record.at });
                }
            }
        }
        let state = transcript.state().unwrap_or(&initial);
        let groups =
            engine.plan().groups.iter().zip(&state.groups).zip(spans).map(|((plan, group), spans)| GroupHistory {
                name: plan.name.clone(),
                environment: plan.environment.clone(),
                wave: plan.wave,
                from: match &plan.rollback {
                    Rollback::Proven(key) => Some(key.clone()),
                    Rollback::Impossible(_) => None,
                },
                from_image: plan.from.image.clone(),
                to: plan.to.key.clone(),
                phase: group.phase,
                reason: group.reason.clone().or_else(|| group.hold.as_ref().map(fleetgen_rollout::Hold::words)),
                spans,
            });
        Self {
            rollout: engine.id().as_str().to_owned(),
            fleet: engine.plan().fleet.to_string(),
            status: status(state),
            outcome: state.outcome(),
            started: records.first().map(|record| record.at),
            last: records.last().map(|record| record.at),
            people,
            groups: groups.collect(),
            events,
            records: records.len(),
        }
    }

    /// How long it took, so far.
    pub fn took(&self) -> SignedDuration {
        self.started.zip(self.last).map_or(SignedDuration::ZERO, |(started, last)| last.duration_since(started))
    }

    /// The time line in words.
    pub fn text(&self) -> String {
        let mut text = format!("rollout {} of {}: {}\n", self.short(), self.fleet, inert(&self.status));
        for fact in self.facts() {
            let _ = writeln!(text, "{fact}");
        }
        text.push('\n');
        for (at, words) in &self.events {
            let _ = writeln!(text, "{}  {}", at.strftime("%Y-%m-%d %H:%M:%SZ"), inert(words));
        }
        text
    }

    /// A summary in Markdown.
    ///
    /// # Errors
    /// Never.
    pub fn markdown(&self) -> tera::TeraResult<String> {
        template::markdown(include_str!("templates/history.md"), &self.page(MOST))
    }

    /// A page that needs nothing else: no script, no font, no picture from anywhere.
    ///
    /// # Errors
    /// Never.
    pub fn html(&self) -> tera::TeraResult<String> {
        template::html(include_str!("templates/history.html"), &self.page(usize::MAX))
    }

    fn short(&self) -> &str {
        self.rollout.get(..12).unwrap_or_default()
    }

    fn facts(&self) -> Vec<String> {
        let mut facts = Vec::new();
        if let (Some(started), Some(last)) = (self.started, self.last) {
            let verb = if self.outcome.is_some() { "took" } else { "has taken" };
            facts.push(format!("from {} to {}: it {verb} {}", minute(started), minute(last), duration(self.took())));
        }
        let counts = Phase::ALL.iter().filter_map(|phase| {
            let number = self.groups.iter().filter(|group| group.phase == *phase).count();
            (number > 0).then(|| format!("{number} {phase}"))
        });
        facts.push(format!("{}: {}", count(self.groups.len(), "group"), counts.collect::<Vec<_>>().join(", ")));
        facts.push(format!("by {}; {}", inert(&self.people.join(", ")), count(self.records, "record")));
        facts
    }

    fn page(&self, most: usize) -> Page<'_> {
        let times = self.groups.iter().flat_map(|group| group.spans.iter().flat_map(|span| [span.from, span.until]));
        let axis = Axis::new(times.chain(self.started).chain(self.last).collect());
        let bar = |span: &Span| {
            let (from, until) = (axis.place(span.from), axis.place(span.until));
            let title = format!(
                "{} from {} for {}",
                span.phase,
                minute(span.from),
                duration(span.until.duration_since(span.from))
            );
            let tenths = |place: u32| format!("{}.{}", place / 10, place % 10);
            Bar { kind: kind(span.phase), left: tenths(from), width: tenths(until.saturating_sub(from).max(2)), title }
        };
        let is_shown = |span: &&Span| span.phase.is_active();
        let rows = self.groups.iter().take(most).map(|group| GroupRow {
            name: group.name.to_string(),
            wave: format!("{} {}", group.environment, group.wave),
            keys: format!("{} → {}", group.old(), group.to.short()),
            kind: kind(group.phase),
            phase: group.phase.as_str(),
            took: took(group),
            reason: group.reason.clone().unwrap_or_default(),
            bars: group.spans.iter().filter(is_shown).map(bar).collect(),
        });
        let line = |(at, words): &(Timestamp, String)| (at.strftime("%m-%d %H:%M:%S").to_string(), words.clone());
        let mark = |(place, gap): (u32, SignedDuration)| (format!("{}.{}", place / 10, place % 10), duration(gap));
        Page {
            title: format!("rollout {} of {}", self.short(), self.fleet),
            status: &self.status,
            kind: self.outcome.map_or("active", outcome_kind),
            facts: self.facts(),
            rows: rows.collect(),
            more_rows: self.groups.len().saturating_sub(most),
            gaps: axis.gaps().into_iter().map(mark).collect(),
            events: self.events.iter().take(most).map(line).collect(),
            more_events: self.events.len().saturating_sub(most),
            rollout: &self.rollout,
        }
    }
}

impl GroupHistory {
    /// Its old image: by key, or by id if that is all that is known.
    fn old(&self) -> &str {
        let image = self.from_image.as_ref().and_then(|image| image.as_str().rsplit('/').next());
        self.from.as_ref().map(Key::short).or(image).unwrap_or("unknown")
    }
}

/// What the templates show.
#[derive(Debug, Serialize)]
struct Page<'a> {
    title: String,
    status: &'a str,
    kind: &'static str,
    facts: Vec<String>,
    rows: Vec<GroupRow>,
    more_rows: usize,
    gaps: Vec<(String, String)>,
    events: Vec<(String, String)>,
    more_events: usize,
    rollout: &'a str,
}

#[derive(Debug, Serialize)]
struct GroupRow {
    name: String,
    wave: String,
    keys: String,
    kind: &'static str,
    phase: &'static str,
    took: String,
    reason: String,
    bars: Vec<Bar>,
}

#[derive(Debug, Serialize)]
struct Bar {
    kind: &'static str,
    left: String,
    width: String,
    title: String,
}

fn status(state: &State) -> String {
    match &state.hold {
        Some(hold) => format!("{}; held, {}", state.words(), hold.words()),
        None => state.words(),
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// How long a group was active.
fn took(group: &GroupHistory) -> String {
    let active = group.spans.iter().filter(|span| span.phase.is_active());
    let took =
        active.map(|span| span.until.duration_since(span.from)).fold(SignedDuration::ZERO, |all, next| all + next);
    if took.is_zero() { String::new() } else { duration(took) }
}

/// The class of a phase, which has a colour.
fn kind(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending | Phase::Skipped => "idle",
        Phase::Preparing | Phase::Updating => "active",
        Phase::Canary | Phase::Judging => "canary",
        Phase::Baking | Phase::Verifying => "bake",
        Phase::Done | Phase::Set => "good",
        Phase::RollingBack | Phase::RolledBack => "back",
        Phase::Failed | Phase::NeedsHuman => "bad",
    }
}

fn outcome_kind(outcome: RolloutOutcome) -> &'static str {
    match outcome {
        RolloutOutcome::Done => "good",
        RolloutOutcome::RolledBack => "back",
        RolloutOutcome::Failed | RolloutOutcome::NeedsHuman => "bad",
    }
}
