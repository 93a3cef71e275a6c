//! What `start`, `resume` and `demo` share: a driver, what it prints or shows, and the exit code of how it ended.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use fleetgen_driver::{Clock, Driver, Gates, Halt, Limits, Messenger, Notifier, Observer, Parts, Stop, Waits};
use fleetgen_fleet::scalar::{Duration, ImageId};
use fleetgen_images::Records;
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_report::inert;
use fleetgen_rollout::{Effect, Engine, Event, Record, RolloutOutcome, State, Transcript};
use fleetgen_simulator::{Script, Sickness, VirtualClock, WATCHED};
use jiff::{SignedDuration, Timestamp};

use super::ground::{self, Ground, Where};
use super::place::Rollout;
use super::simulator::Simulator;
use super::{history, notify};
use crate::arguments::Format;
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::records::actor;
use crate::screen::{self, Live};
use crate::signals::Signals;
use crate::ui::Ui;

/// How long to drive.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Pace {
    /// Stop after this time, such as 50m, and exit with 13; `resume` goes on
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) time: Option<Duration>,
    /// Do not wait for windows and freezes: exit with 14 when nothing else is left to do
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// How many simulated seconds pass in a second; as many as possible if not set
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "within")]
    pub(crate) speed: Option<u32>,
    /// Spread the simulated rollout over about this time; long waits, such as for a window, are cut short
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) within: Option<Duration>,
    /// Show the rollout on the whole terminal, as `watch` does
    #[arg(long)]
    pub(crate) watch: bool,
}

/// Reads a duration of the command line.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    Duration::try_from(text.to_owned()).map_err(|problem| problem.hint.unwrap_or(problem.message))
}

/// A rollout that is about to be driven. It can be driven by another thread than the one that shows it.
pub(crate) struct Drive {
    pub(crate) rollout: Rollout,
    pub(crate) project: Project,
    pub(crate) orders: Vec<Event>,
    pub(crate) pace: Pace,
}

impl Drive {
    /// Drives it, and prints or shows what happens.
    pub(crate) fn run(self, ui: &mut Ui) -> Outcome {
        let signals = Signals::catch()?;
        let plan = self.rollout.engine.plan().clone();
        let path = self.rollout.journal.path().to_owned();
        let stop = if self.pace.watch && ui.is_terminal() {
            let stop = Arc::clone(&signals.stop);
            let live = Live::default();
            let mut observer = live.clone();
            let driver = std::thread::spawn(move || self.drive(&mut observer, true, &stop));
            let shown =
                Rollout::at(&path).and_then(|rollout| screen::show(&rollout, || !driver.is_finished(), live, &signals));
            // Whatever happens to the screen, the driver does not end in the middle of something.
            let stop = driver
                .join()
                .map_err(|_| anyhow::anyhow!("the driver failed; `fleetgen rollout resume` goes on"))??;
            shown?;
            stop
        } else {
            let engine = Engine::new(plan);
            let mut transcript = Transcript::new(&engine);
            for record in &self.rollout.replay()?.records {
                transcript.next(record);
            }
            let asks = signals.ask_first(ui.is_terminal());
            let mut printing = Printing { transcript, ui, error: None };
            let stop = self.drive(&mut printing, false, &signals.stop);
            let error = printing.error.take();
            drop(asks);
            let stop = stop?;
            error.map_or(Ok(()), Err)?;
            stop
        };
        if signals.is_gone() {
            // No one reads what would be printed.
            return Ok(exit(&stop.stop));
        }
        let rollout = Rollout::at(&path)?;
        if ui.format == Format::Json {
            super::status::print(&rollout, ui)?;
        } else {
            for trouble in &stop.warnings {
                ui.warn(&format!("warning: {trouble}"))?;
            }
            summary(&stop.stop, rollout.place().flag(), &signals, ui)?;
        }
        if ui.format == Format::Github {
            history::summarize(&rollout, ui)?;
        }
        Ok(exit(&stop.stop))
    }

    fn drive(self, observer: &mut dyn Observer, is_shown: bool, stop: &AtomicBool) -> Result<Ended, Failure> {
        let locked = self.rollout.lock()?;
        let replayed = self.rollout.replay()?;
        let place = self.rollout.place();
        let images = place.records(&self.project)?;
        let mut ground = place.open(&self.project, &images, true)?;
        let most = self.rollout.journal.most()?;
        let mut journal = self.rollout.store()?;
        let (mut clock, mut gates): (Box<dyn Clock>, Box<dyn Gates>) = match &ground {
            Ground::Simulator(simulator) => {
                // The world was saved with its last effect; the journal may be further.
                let last = replayed.records.last().map(|record| record.at);
                simulator.time.advance(last.unwrap_or(simulator.time.now()));
                (Box::new(self.clock(simulator, is_shown)), Box::new(simulator.clone()))
            }
            Ground::Clouds(_) => (ground::clock(), Box::new(ground::gates(&self.project))),
        };
        let mut lease = self.rollout.lease(locked, clock.as_mut())?;
        let until = self
            .pace
            .time
            .and_then(|time| clock.now().checked_add(SignedDuration::from_secs(time.seconds.into())).ok());
        let waits = match (self.pace.no_wait, is_shown) {
            (true, _) => Waits::Nothing,
            (false, false) => Waits::Calendar,
            (false, true) => Waits::People,
        };
        let mut revoked = revocations(&self.project, &place);
        let mut messenger = notify::messenger(&self.project.root);
        let parts = Parts {
            cloud: &mut ground,
            journal: journal.as_mut(),
            lease: lease.as_mut(),
            clock: clock.as_mut(),
            gates: gates.as_mut(),
            revoked: &mut revoked,
            observer,
            notifier: messenger.as_mut().map(|messenger| messenger as &mut dyn Notifier),
            stop,
        };
        let driven = Driver::open(&self.rollout.engine, parts, &actor(), Some(most)).and_then(|mut driver| {
            for order in self.orders {
                driver.submit(order)?;
            }
            driver.run(Limits { until, waits })
        });
        // What has happened in the simulator is kept, however the driver ended.
        let mut warnings = ground.close(&self.rollout, &self.project)?;
        let stop = driven.map_err(|halt| failure(&self.rollout, &halt))?;
        let undelivered = messenger.as_ref().and_then(Messenger::undelivered);
        warnings.extend(undelivered.map(|(number, trouble)| {
            format!(
                "{number} notices were not delivered ({trouble}); the next `fleetgen rollout resume` sends them again"
            )
        }));
        Ok(Ended { stop, warnings })
    }

    /// What is shown takes time, since people cannot read as fast as the simulator runs.
    fn clock(&self, simulator: &Simulator, is_shown: bool) -> VirtualClock {
        let clock = VirtualClock::new(&simulator.time);
        let within = self.pace.within.map(|within| within.seconds).or(is_shown.then_some(60));
        match (self.pace.speed, within) {
            (Some(speed), _) => clock.with_pace(1.0 / f64::from(speed.max(1)), SignedDuration::MAX),
            (None, Some(within)) => {
                // The same rollout, run once in no time, says how long it takes.
                let plan = self.rollout.engine.plan();
                let mut script = Script { checks: false, ..Script::new(plan.clone(), 1) };
                let sick = simulator.world();
                script.sick = (0..plan.groups.len())
                    .filter(|index| sick.is_sick(&plan.groups[*index].name))
                    .map(|index| (index, Sickness::AtOnce))
                    .collect();
                drop(sick);
                let watched = fleetgen_simulator::run(&script).watched.as_secs_f64().max(1.0);
                clock.with_pace(f64::from(within) / watched, WATCHED)
            }
            (None, None) => clock,
        }
    }
}

/// How a driver ended.
struct Ended {
    stop: Stop,
    /// What was not delivered or recorded.
    warnings: Vec<String>,
}

/// The images that are revoked, read again every second: a rollout may run for days.
fn revocations(project: &Project, place: &Where) -> impl FnMut() -> BTreeSet<ImageId> {
    let mut read: Option<Instant> = None;
    let mut known = BTreeSet::new();
    move || {
        if read.is_none_or(|read| read.elapsed() >= std::time::Duration::from_secs(1)) {
            read = Some(Instant::now());
            // A record that cannot be read now says nothing new.
            if let Ok(images) = place.records(project) {
                known.extend(Records::new(&images).revoked_ids().cloned());
            }
        }
        known.clone()
    }
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
                && let Err(error) = self.ui.print(&format!("{}\n", inert(&line)))
            {
                self.error.get_or_insert(error);
            }
        }
    }

    fn performing(&mut self, _: &Effect) {}

    fn stepped(&mut self, _: &Engine, _: &Event, _: Timestamp, _: &State, _: &[Effect]) {}
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

fn summary(stop: &Stop, flag: &str, signals: &Signals, ui: &mut Ui) -> std::io::Result<()> {
    match stop {
        Stop::Finished(_) => Ok(()),
        Stop::InProgress if signals.is_stopped() => {
            ui.note(&format!("stopped; what is being replaced goes on by itself, and nothing new starts; `fleetgen rollout resume{flag}` goes on"))
        }
        Stop::InProgress => ui.note(&format!("the time is up; `fleetgen rollout resume{flag}` goes on")),
        Stop::Paused => ui.note(&format!("paused; `fleetgen rollout resume --go-on{flag}` goes on")),
        Stop::Waiting(hold) => {
            ui.note(&format!("{}; then `fleetgen rollout resume{flag}` goes on", inert(&hold.words())))
        }
        Stop::NeedsHuman(hold) => ui.note(&format!("it needs you: {}", inert(&hold.words()))),
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
