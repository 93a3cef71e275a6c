//! `fleetgen rollout watch`.

use std::time::Duration;

use fleetgen_problem::versioned;
use serde_json::json;

use super::place::Rollout;
use super::status::exit_code;
use crate::arguments::{Format, Global};
use crate::error::Outcome;
use crate::screen::{self, Follower, Live};
use crate::signals::Signals;
use crate::ui::Ui;

/// Show a rollout while it runs, whoever drives it
///
/// On a terminal, shows waves, groups and their machines, holds and what happened, and takes orders; `?` lists the keys. Leaving it
/// never stops a rollout that another process drives. Without a terminal, prints a line for each thing that happens, until the
/// rollout is over.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let rollout = Rollout::find(global, args.rollout.as_deref())?;
    if ui.is_terminal() {
        screen::show(&rollout, || false, Live::default(), &Signals::catch()?)?;
        return Ok(exit_code(&rollout.replay()?.state));
    }
    let mut follower = Follower::new(&rollout, Live::default());
    loop {
        let before = follower.poll()?;
        for (at, words) in &follower.lines[before..] {
            ui.print(&match ui.format {
                Format::Json => format!("{}\n", versioned(json!({ "at": at, "text": words }))),
                Format::Human | Format::Github => format!("{}  {words}\n", at.strftime("%Y-%m-%d %H:%M:%SZ")),
            })?;
        }
        if let Some(state) = follower.state().filter(|state| state.outcome().is_some()) {
            return Ok(exit_code(state));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
