//! What `start` and `resume` share: a driver on the simulator, what it prints, and the exit code of how it ended.

use std::collections::BTreeSet;
use std::time::Instant;

use fleetgen_driver::{Driver, Halt, Limits, Observer, Parts, Stop};
use fleetgen_fleet::scalar::{Duration, ImageId};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Effect, Engine, Event, Record, Records, RolloutOutcome, State, Transcript};
use fleetgen_simulator::VirtualClock;
use jiff::{SignedDuration, Timestamp};

use super::place::Rollout;
use super::simulator::{Simulator, records};
use crate::arguments::Format;
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// How long to drive.
#[derive(Debug, clap::Args)]
pub(crate) struct Pace {
    /// Stop after this time, such as 50m, and exit with 13; `resume` goes on
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    time: Option<Duration>,
    /// Do not wait for windows and freezes: exit with 14 when nothing else is left to do
    #[arg(long)]
    no_wait: bool,
    /// How many simulated seconds pass in a second; as many as possible if not set
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    speed: Option<u32>,
}

/// The images that are revoked, read again every second: a rollout may run for days.
fn revocations(project: &Project) -> impl FnMut() -> BTreeSet<ImageId> {
    let mut read: Option<Instant> = None;
    let mut known = BTreeSet::new();
    move || {
        if read.is_none_or(|read| read.elapsed() >= std::time::Duration::from_secs(1)) {
            read = Some(Instant::now());
            // A record that cannot be read now says nothing new.
            if let Ok(images) = records(project) {
                known.extend(Records::new(&images).revoked_ids().cloned());
            }
        }
        known.clone()
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::try_from(text.to_owned()).map_err(|problem| problem.hint.unwrap_or(problem.message))
}

/// Prints the journal in words as it grows.
struct Printing<'a, 'u> {
    transcript: Transcript<'a>,
    ui: &'u mut Ui,
    /// What could not be printed, as when the reader of our output is gone. The rollout goes on.
    error: Option<std::io::Error>,
}

impl Observer for Printing<'_, '_> {
    fn recorded(&mut self, record: &Record) {
        for line in self.transcript.next(record) {
            if self.ui.format != Format::Json
                && let Err(error) = self.ui.print(&format!("{line}\n"))
            {
                self.error.get_or_insert(error);
            }
        }
    }

    fn performing(&mut self, _: &Effect) {}

    fn stepped(&mut self, _: &Engine, _: &Event, _: Timestamp, _: &State, _: &[Effect]) {}
}

/// Drives a rollout on the simulator.
pub(crate) fn drive(
    mut rollout: Rollout,
    project: &Project,
    simulator: &Simulator,
    orders: Vec<Event>,
    pace: &Pace,
    ui: &mut Ui,
) -> Outcome {
    let mut locked = rollout.lock()?;
    let replayed = rollout.replay()?;
    // The world was saved with its last effect; the journal may be further.
    let last = replayed.records.last().map(|record| record.at);
    simulator.time.advance(last.unwrap_or(simulator.time.now()));
    let mut transcript = Transcript::new(&rollout.engine);
    for record in &replayed.records {
        transcript.next(record);
    }
    let most = rollout.journal.most()?;
    let mut printing = Printing { transcript, ui, error: None };
    let mut clock = VirtualClock::new(&simulator.time);
    if let Some(speed) = pace.speed {
        clock = clock.with_pace(1.0 / f64::from(speed.max(1)));
    }
    let until = pace
        .time
        .and_then(|time| simulator.time.now().checked_add(SignedDuration::from_secs(time.seconds.into())).ok());
    let (mut cloud, mut gates) = (simulator.clone(), simulator.clone());
    let mut revoked = revocations(project);
    let parts = Parts {
        cloud: &mut cloud,
        journal: &mut rollout.journal,
        lease: &mut locked,
        clock: &mut clock,
        gates: &mut gates,
        revoked: &mut revoked,
        observer: &mut printing,
    };
    let driven = Driver::open(&rollout.engine, parts, &actor(), Some(most)).and_then(|mut driver| {
        for order in orders {
            driver.submit(order)?;
        }
        driver.run(Limits { until, wait_for_windows: !pace.no_wait })
    });
    simulator.save()?;
    let error = printing.error.take();
    let stop = driven.map_err(|halt| failure(&rollout, &halt))?;
    error.map_or(Ok(()), Err)?;
    if ui.format == Format::Json {
        super::status::print(&mut rollout, ui)?;
    } else {
        summary(&stop, ui)?;
    }
    Ok(exit(&stop))
}

fn failure(rollout: &Rollout, halt: &Halt) -> Failure {
    match halt {
        Halt::Fenced(by) => {
            let problem = Problem::new(Code::Lease, Place::Nowhere, format!("{by} drives this rollout now"));
            Failure::Problems(vec![problem.hint("`fleetgen rollout status` shows how far it is")], None)
        }
        Halt::Replay(error) => rollout.broken(error),
        Halt::Journal(error) => Failure::Fault(anyhow::anyhow!("{error}; `fleetgen rollout resume` goes on")),
    }
}

fn summary(stop: &Stop, ui: &mut Ui) -> std::io::Result<()> {
    match stop {
        Stop::Finished(_) => Ok(()),
        Stop::InProgress => ui.note("the time is up; `fleetgen rollout resume --simulator` goes on"),
        Stop::Paused => ui.note("paused; `fleetgen rollout resume --go-on --simulator` goes on"),
        Stop::Waiting(hold) => {
            ui.note(&format!("{}; then `fleetgen rollout resume --simulator` goes on", hold.words()))
        }
        Stop::NeedsHuman(hold) => ui.note(&format!("it needs you: {}", hold.words())),
    }
}

/// The exit code of how a driver stopped.
pub(crate) fn exit(stop: &Stop) -> Exit {
    match stop {
        Stop::Finished(outcome) => of_outcome(*outcome),
        Stop::InProgress => Exit::InProgress,
        Stop::Paused => Exit::Paused,
        Stop::Waiting(_) => Exit::Waiting,
        Stop::NeedsHuman(_) => Exit::NeedsHuman,
    }
}

/// The exit code of a rollout that is over.
pub(crate) fn of_outcome(outcome: RolloutOutcome) -> Exit {
    match outcome {
        RolloutOutcome::Done => Exit::Ok,
        RolloutOutcome::RolledBack => Exit::RolledBack,
        RolloutOutcome::Failed => Exit::Failed,
        RolloutOutcome::NeedsHuman => Exit::NeedsHuman,
    }
}

/// Who is at work, for the journal.
pub(crate) fn actor() -> String {
    let names = ["GITHUB_ACTOR", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "an unknown user".to_owned())
}
