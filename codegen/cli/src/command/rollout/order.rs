//! What people order: `pause`, `approve`, `abort` and `rollback`. An order is a record in the journal. Whoever drives the
//! rollout finds it within seconds, or when it is resumed.

use fleetgen_driver::order;
use fleetgen_fleet::scalar::Text;
use fleetgen_rollout::{Order, Phase, Scope};

use super::place::Rollout;
use crate::arguments::Global;
use crate::clock;
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::records::actor;
use crate::ui::Ui;

/// Pause a rollout: start nothing, and stop replacing machines
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
    /// Why, for whoever finds it paused
    #[arg(long)]
    reason: Text,
}

/// Give an approval that a rollout waits for
#[derive(Debug, clap::Args)]
pub(crate) struct ApproveArgs {
    /// What to approve, such as `prod/release`: `fleetgen rollout status` shows its name
    gate: String,
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
}

/// End a rollout: start nothing more, and return active groups to their old images
#[derive(Debug, clap::Args)]
pub(crate) struct AbortArgs {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
    /// Leave active groups as they are, with machines of both images
    #[arg(long)]
    leave_mixed: bool,
}

/// Return groups to their old images, including those that are done
#[derive(Debug, clap::Args)]
pub(crate) struct RollbackArgs {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
    /// Only the groups of the current wave, or of the last one
    #[arg(long)]
    wave: bool,
}

pub(crate) fn pause(global: &Global, args: &PauseArgs, ui: &mut Ui) -> Outcome {
    give(Rollout::find(global, args.rollout.as_deref())?, &Order::Pause { reason: args.reason.to_string() }, ui)
}

pub(crate) fn approve(global: &Global, args: &ApproveArgs, ui: &mut Ui) -> Outcome {
    let rollout = Rollout::find(global, args.rollout.as_deref())?;
    let known = rollout.engine.approvals();
    if !known.contains(&args.gate) {
        let hint = fleetgen_problem::suggest_or_list(&args.gate, known.iter().map(String::as_str));
        let hint = hint.or_else(|| Some("its plan has no approvals".to_owned()));
        return Err(Failure::usage(format!("this rollout needs no approval `{}`", args.gate), hint));
    }
    give(rollout, &Order::Approve { gate: args.gate.clone() }, ui)
}

pub(crate) fn abort(global: &Global, args: &AbortArgs, ui: &mut Ui) -> Outcome {
    give(Rollout::find(global, args.rollout.as_deref())?, &Order::Abort { leave_mixed: args.leave_mixed }, ui)
}

pub(crate) fn rollback(global: &Global, args: &RollbackArgs, ui: &mut Ui) -> Outcome {
    give(
        Rollout::find(global, args.rollout.as_deref())?,
        &Order::RollBack(if args.wave { Scope::Wave } else { Scope::All }),
        ui,
    )
}

fn give(mut rollout: Rollout, given: &Order, ui: &mut Ui) -> Outcome {
    append(&mut rollout, given)?;
    ui.note(&format!("{} {}", actor(), given.words()))?;
    if !rollout.is_driven() {
        let flag = rollout.place().flag();
        ui.note(&format!("no process drives it now; `fleetgen rollout resume{flag}` carries the order out"))?;
    }
    Ok(Exit::Ok)
}

/// Appends an order to the journal, if the rollout can follow it.
pub(crate) fn append(rollout: &mut Rollout, given: &Order) -> Result<(), Failure> {
    let replayed = rollout.replay()?;
    let is_over = replayed.state.outcome().is_some();
    if is_over && !matches!(given, Order::RollBack(_)) {
        return Err(Failure::usage(
            format!("the rollout {} is over", rollout.engine.id()),
            Some("`fleetgen rollout rollback` returns its groups to their old images".to_owned()),
        ));
    }
    let is_back = replayed.state.groups.iter().all(|group| !group.touched || group.phase == Phase::RolledBack);
    if is_over && is_back {
        return Err(Failure::usage(
            format!("the rollout {} has nothing to return", rollout.engine.id()),
            Some("`fleetgen rollout status` shows its groups".to_owned()),
        ));
    }
    // The simulator's time is not the machine's. An order that is ahead of it would keep groups from settling.
    let at = replayed.records.last().map_or_else(clock::now, |record| Ok(record.at))?;
    order(&rollout.engine, rollout.store()?.as_mut(), &actor(), given, at).map_err(|error| rollout.broken(&error))?;
    Ok(())
}
