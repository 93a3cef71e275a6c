//! Follows the journal of a rollout as it grows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fleetgen_driver::Observer;
use fleetgen_fleet::scalar::GroupName;
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_report::inert;
use fleetgen_rollout::{
    Effect, Engine, Event, Head, Journal, Observation, Record, SealedRecord, Sight, State, Transcript,
};
use jiff::Timestamp;

use crate::command::rollout::Rollout;
use crate::error::Failure;

/// What a driver in this process sees: more often than the journal, which has only what changes something.
#[derive(Debug, Clone, Default)]
pub(crate) struct Live(Arc<Mutex<BTreeMap<GroupName, Observation>>>);

impl Observer for Live {
    fn recorded(&mut self, _: &Record) {}

    fn performing(&mut self, _: &Effect) {}

    fn stepped(&mut self, _: &Engine, event: &Event, _: Timestamp, _: &State, _: &[Effect]) {
        if let Event::Looked { group, look } = event
            && let Sight::Seen(seen) = &look.sight
            && let Ok(mut groups) = self.0.lock()
        {
            groups.insert(group.clone(), seen.clone());
        }
    }
}

/// A journal, as far as it was read.
pub(crate) struct Follower<'a> {
    pub(crate) engine: &'a Engine,
    journal: Box<dyn Journal>,
    path: String,
    head: Head,
    transcript: Transcript<'a>,
    /// What happened.
    pub(crate) lines: Vec<(Timestamp, String)>,
    /// What was seen last of each group.
    pub(crate) seen: Vec<Option<Observation>>,
    /// When the first record was written.
    pub(crate) started: Option<Timestamp>,
    /// When the last one was.
    pub(crate) at: Option<Timestamp>,
    live: Live,
}

impl<'a> Follower<'a> {
    pub(crate) fn new(rollout: &'a Rollout, live: Live) -> Self {
        let engine = &rollout.engine;
        Self {
            engine,
            journal: rollout.watched(),
            path: rollout.journal.path().display().to_string(),
            head: Head::empty(engine.id()),
            transcript: Transcript::new(engine),
            lines: Vec::new(),
            seen: vec![None; engine.plan().groups.len()],
            started: None,
            at: None,
            live,
        }
    }

    /// The state after the last record.
    pub(crate) fn state(&self) -> Option<&State> {
        self.transcript.state()
    }

    /// Reads what was written since. Returns how many lines there were before.
    pub(crate) fn poll(&mut self) -> Result<usize, Failure> {
        let before = self.lines.len();
        loop {
            let number = self.head.number + 1;
            let path = self.path.clone();
            let broken = |why: String| {
                let path = path.clone();
                let problem = Problem::new(
                    Code::Journal,
                    Place::File(path),
                    format!("record {number} of the journal is broken: {why}"),
                );
                Failure::Problems(vec![problem.hint("`fleetgen rollout verify-journal` checks all of it")], None)
            };
            let Some(text) = self.journal.read(number).map_err(|error| anyhow::anyhow!("{error}"))? else {
                let live = self.live.0.lock().map(|mut groups| std::mem::take(&mut *groups)).unwrap_or_default();
                for (group, seen) in live {
                    if let Some(index) = self.engine.index(&group) {
                        self.seen[index] = Some(seen);
                    }
                }
                return Ok(before);
            };
            let SealedRecord { digest, record } = SealedRecord::parse(&text).map_err(broken)?;
            if record.previous != self.head.digest {
                return Err(broken("it does not follow the record before it".to_owned()));
            }
            self.head = Head { number, digest };
            if let Event::Looked { group, look } = &record.event
                && let (Some(index), Sight::Seen(seen)) = (self.engine.index(group), &look.sight)
            {
                self.seen[index] = Some(seen.clone());
            }
            self.started.get_or_insert(record.at);
            self.at = Some(record.at);
            self.lines.extend(self.transcript.words(&record).into_iter().map(|words| (record.at, inert(&words))));
        }
    }
}
