//! The screen of a rollout: waves, groups, machines, holds and what happened, on a whole terminal.
//!
//! It follows the journal, whoever drives the rollout: another process, or a thread of this one. Orders go through the journal
//! as well. So a screen that ends, or a terminal that goes away, changes nothing.

mod follow;
mod keys;
mod view;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fleetgen_rollout::{Engine, Order};
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use ratatui::{DefaultTerminal, Frame};

use crate::command::rollout::{Rollout, append};
use crate::error::Failure;
use crate::signals::Signals;

pub(crate) use follow::{Follower, Live};
use keys::{Command, Mode};
use view::View;

/// How often the screen is drawn.
const FRAME: Duration = Duration::from_millis(100);

/// Who drives the rollout that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driving {
    /// A thread of this process.
    Here,
    /// A thread of this process did, and has ended.
    Ended,
    /// Another process, or nobody.
    Elsewhere,
}

/// What is on the screen, besides the rollout.
#[derive(Debug)]
struct App {
    /// The selected group, by its place in the plan.
    selected: usize,
    /// Whether the selection follows the groups that are being updated, until a person moves it.
    follows: bool,
    mode: Mode,
    /// What the last command led to.
    message: Option<String>,
    driving: Driving,
    has_colors: bool,
}

/// Shows a rollout until a person leaves, or the terminal is gone. `is_driving` says whether a thread of this process still drives
/// it; nothing if none ever did.
pub(crate) fn show(
    engine: &Engine,
    path: &Path,
    is_driving: impl Fn() -> Option<bool>,
    live: Live,
    signals: &Signals,
) -> Result<(), Failure> {
    let mut follower = Follower::new(engine, path, live);
    let has_colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut app =
        App { selected: 0, follows: true, mode: Mode::Normal, message: None, driving: Driving::Elsewhere, has_colors };
    let mut terminal = ratatui::try_init()?;
    let shown = run(&mut terminal, &mut app, &mut follower, path, &is_driving, signals);
    ratatui::restore();
    match shown {
        // The rollout goes on, whether somebody looks at it or not.
        Err(Failure::Fault(error)) if error.is::<std::io::Error>() => Ok(()),
        shown => shown,
    }
}

fn run(
    terminal: &mut DefaultTerminal,
    app: &mut App,
    follower: &mut Follower<'_>,
    path: &Path,
    is_driving: &impl Fn() -> Option<bool>,
    signals: &Signals,
) -> Result<(), Failure> {
    loop {
        app.driving = match is_driving() {
            Some(true) => Driving::Here,
            Some(false) => Driving::Ended,
            None => Driving::Elsewhere,
        };
        follower.poll()?;
        app.follow(follower);
        terminal.draw(|frame| app.draw(frame, follower))?;
        let is_told_to_end = signals.is_stopped() && app.driving != Driving::Here;
        if signals.hangup.load(Ordering::Relaxed) || is_told_to_end {
            return Ok(());
        }
        if signals.interrupt.swap(false, Ordering::Relaxed) && app.leave() {
            return Ok(());
        }
        if !event::poll(FRAME)? {
            continue;
        }
        let Event::Key(key) = event::read()? else { continue };
        if key.kind != KeyEventKind::Press {
            continue;
        }
        match app.press(key, follower) {
            Command::None => {}
            Command::Leave => return Ok(()),
            Command::Stop => {
                signals.stop.store(true, Ordering::Relaxed);
                app.message = Some("stopping after what is being done".to_owned());
            }
            Command::Order(order) => app.order(path, &order),
        }
        if app.driving != Driving::Here && signals.is_stopped() {
            return Ok(());
        }
    }
}

impl App {
    /// Selects the first group that is being updated.
    fn follow(&mut self, follower: &Follower<'_>) {
        if self.follows
            && let Some(index) = follower.state().and_then(|state| state.active().next())
        {
            self.selected = index;
        }
    }

    fn order(&mut self, path: &Path, order: &Order) {
        let given = Rollout::at(path).and_then(|mut rollout| append(&mut rollout, order));
        let nobody = if self.driving == Driving::Here { "" } else { "; whoever drives it will find that" };
        self.message = Some(match given {
            Ok(()) => format!("you ordered: {}{nobody}", order.words()),
            Err(Failure::Problems(problems, _)) => problems.into_iter().map(|problem| problem.message).collect(),
            Err(Failure::Fault(error)) => format!("{error:#}"),
        });
    }

    fn draw(&self, frame: &mut Frame<'_>, follower: &Follower<'_>) {
        View { app: self, follower }.draw(frame);
    }
}
