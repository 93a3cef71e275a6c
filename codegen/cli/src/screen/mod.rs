//! The screen of a rollout: waves, groups, machines, holds and what happened, on a whole terminal.
//!
//! It follows the journal, whoever drives the rollout: another process, or a thread of this one. Orders go through the journal
//! as well. So a screen that ends, or a terminal that goes away, changes nothing.

mod follow;
mod keys;
mod view;

use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyEventKind};
use fleetgen_rollout::Order;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use ratatui::{DefaultTerminal, Frame};

use crate::command::rollout::{Rollout, append};
use crate::error::Failure;
use crate::records::actor;
use crate::signals::Signals;

pub(crate) use follow::{Follower, Live};
use keys::{Command, Mode};
use view::View;

/// How often the screen is drawn, in milliseconds.
const FRAME: u16 = 100;

/// How often a bucket is asked who drives.
const LEASE: Duration = Duration::from_secs(15);

/// How long the next key of several may take. crossterm would not look at all for less than that.
const KEY: Duration = Duration::from_millis(2);

/// Who drives the rollout that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driving {
    /// A thread of this process.
    Here,
    /// Another process.
    Elsewhere,
    /// None.
    Nowhere,
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

/// Shows a rollout until a person leaves, or the terminal is gone. `is_driving` says whether a thread of this process drives it.
pub(crate) fn show(
    rollout: &Rollout,
    is_driving: impl Fn() -> bool,
    live: Live,
    signals: &Signals,
) -> Result<(), Failure> {
    let mut follower = Follower::new(rollout, live);
    let has_colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut app =
        App { selected: 0, follows: true, mode: Mode::Normal, message: None, driving: Driving::Nowhere, has_colors };
    let mut terminal = ratatui::try_init()?;
    // What is pasted comes as one event, which is ignored, and not as keys.
    let _ = crossterm::execute!(std::io::stdout(), EnableBracketedPaste);
    let shown = run(&mut terminal, &mut app, &mut follower, rollout, &is_driving, signals);
    // If the terminal is gone, none of this works, and `ratatui::restore` and dropping the terminal would panic.
    let _ = crossterm::execute!(std::io::stdout(), DisableBracketedPaste);
    let _ = terminal.show_cursor();
    let _ = ratatui::try_restore();
    std::mem::forget(terminal);
    match shown {
        // The rollout goes on, whether or not anyone watches it.
        Err(Failure::Fault(error)) if error.is::<std::io::Error>() => Ok(()),
        shown => shown,
    }
}

fn run(
    terminal: &mut DefaultTerminal,
    app: &mut App,
    follower: &mut Follower<'_>,
    rollout: &Rollout,
    is_driving: &impl Fn() -> bool,
    signals: &Signals,
) -> Result<(), Failure> {
    // A bucket takes its time to answer.
    let mut leased = (std::time::Instant::now(), rollout.is_driven());
    loop {
        if leased.0.elapsed() >= LEASE {
            leased = (std::time::Instant::now(), rollout.is_driven());
        }
        app.driving = match is_driving() {
            true => Driving::Here,
            false if leased.1 || rollout.journal.is_locked() => Driving::Elsewhere,
            false => Driving::Nowhere,
        };
        follower.poll()?;
        app.follow(follower);
        terminal.draw(|frame| app.draw(frame, follower))?;
        let is_told_to_end = signals.is_stopped() && app.driving != Driving::Here;
        if signals.is_gone() || is_told_to_end {
            return Ok(());
        }
        if signals.interrupt.swap(false, Ordering::Relaxed) && app.leave() {
            return Ok(());
        }
        match input()? {
            Input::None => continue,
            Input::Gone => return Ok(()),
            Input::Some => {}
        }
        while event::poll(KEY)? {
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
                Command::Order(order) => app.order(rollout.journal.path(), &order),
            }
        }
    }
}

/// Whether a person has pressed something.
enum Input {
    None,
    Some,
    /// The terminal is gone.
    Gone,
}

/// Waits for a key, for as long as a frame. crossterm 0.29 would wait for ever on a terminal that is gone, without rest.
fn input() -> std::io::Result<Input> {
    let stdin = std::io::stdin();
    let mut files = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
    match nix::poll::poll(&mut files, FRAME) {
        Ok(0) | Err(Errno::EINTR) => return Ok(Input::None),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    let events = files[0].revents().unwrap_or(PollFlags::POLLERR);
    let is_gone = events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL);
    Ok(if is_gone { Input::Gone } else { Input::Some })
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
        let undriven = if self.driving == Driving::Nowhere { "; no process drives it now" } else { "" };
        self.message = Some(match given {
            Ok(()) => format!("{} {}{undriven}", actor(), order.words()),
            Err(Failure::Problems(problems, _)) => problems.into_iter().map(|problem| problem.message).collect(),
            Err(Failure::Fault(error)) => format!("{error:#}"),
        });
    }

    fn draw(&self, frame: &mut Frame<'_>, follower: &Follower<'_>) {
        View { app: self, follower }.draw(frame);
    }
}
