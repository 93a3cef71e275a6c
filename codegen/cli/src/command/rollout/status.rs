//! `fleetgen rollout status`.

use std::fmt::Write as _;

use fleetgen_driver::standing;
use fleetgen_report::inert;
use fleetgen_rollout::{Phase, State};
use serde_json::json;

use super::drive::exit;
use super::place::Rollout;
use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::ui::Ui;

/// Show how far a rollout is, and what it waits for
///
/// Exits with the code that the rollout would end with now: 0 if it is done, 13 while it goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let rollout = Rollout::find(global, args.rollout.as_deref())?;
    print(&rollout, ui)
}

/// The exit code of a state.
pub(crate) fn exit_code(state: &State) -> Exit {
    if state.paused.is_some() { Exit::Paused } else { exit(&standing(state)) }
}

/// Prints the status, and returns its exit code.
pub(crate) fn print(rollout: &Rollout, ui: &mut Ui) -> Outcome {
    let replayed = rollout.replay()?;
    let (state, plan) = (replayed.state, rollout.engine.plan());
    let exit = exit_code(&state);
    if ui.format == Format::Json {
        let groups = plan.groups.iter().zip(&state.groups).map(|(plan, group)| {
            json!({
                "group": plan.name, "phase": group.phase, "since": group.since, "hold": group.hold, "reason": group.reason,
            })
        });
        let status = json!({
            "rollout": rollout.engine.id(), "status": state.status, "driven": rollout.is_driven(), "hold": state.hold, "records": replayed.head.number,
            "head": replayed.head.digest, "groups": groups.collect::<Vec<_>>(),
        });
        ui.json(status)?;
        return Ok(exit);
    }
    let mut text = format!("rollout {} of {}: {}\n", rollout.engine.id(), plan.fleet, state.words());
    if let Some(hold) = &state.hold {
        let _ = writeln!(text, "held, {}", inert(&hold.words()));
    }
    let is_driven = rollout.is_driven();
    if let Some((wave, until)) = rollout.engine.watched_until(&state).filter(|_| is_driven)
        && let Some((environment, number, _)) = rollout.engine.wave(wave)
    {
        let _ = writeln!(text, "{} wave {number} has ended, and is watched until {until}", environment.name);
    }
    if state.outcome().is_none() && !is_driven {
        let flag = rollout.place().flag();
        let _ = writeln!(text, "no process drives it now; `fleetgen rollout resume{flag}` goes on");
    }
    let width = plan.groups.iter().map(|group| group.name.as_str().len()).max().unwrap_or(0);
    for (plan, group) in plan.groups.iter().zip(&state.groups) {
        let notes: Vec<String> =
            group.hold.iter().map(|hold| format!("held, {}", hold.words())).chain(group.reason.clone()).collect();
        let line =
            format!("  {:<width$}  {:<13}  {}", plan.name.as_str(), group.phase.as_str(), inert(&notes.join("; ")));
        text += line.trim_end();
        text.push('\n');
    }
    let count = state.count();
    let counted = Phase::ALL.iter().filter_map(|phase| Some(format!("{} {phase}", count.get(phase)?)));
    let _ = writeln!(text, "{}; {} records", counted.collect::<Vec<_>>().join(", "), replayed.head.number);
    ui.print(&text)?;
    Ok::<Exit, Failure>(exit)
}
