//! `fleetgen rollout`: one file for each subcommand.

mod demo;
mod drive;
mod explain;
mod ground;
mod history;
#[cfg(feature = "loopback")]
mod loopback;
mod new;
mod notify;
mod order;
mod place;
mod plan;
mod prune;
mod resume;
#[cfg(feature = "bucket")]
mod shared;
mod simulate;
mod simulator;
mod start;
mod status;
mod store;
mod verify_journal;
mod watch;

use crate::arguments::Global;
use crate::error::{Failure, Outcome};
use crate::ui::Ui;

pub(crate) use drive::duration;
pub(crate) use ground::{Ground, Where, built_for, unseen};
pub(crate) use order::append;
pub(crate) use place::{Rollout, referenced};
pub(crate) use simulator::Simulator;

/// Move groups to new images, in waves
///
/// Without a subcommand, plans, shows the plan, asks, starts and shows the rollout. `demo` shows all of that in a minute.
///
/// A rollout can be paused, killed and resumed at any time: its journal, in .fleetgen/rollouts or in a bucket, says how far it is.
/// docs/rollout.md explains it all.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) new: new::Args,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Plan(plan::Args),
    Start(start::Args),
    Status(status::Args),
    Watch(watch::Args),
    Explain(explain::Args),
    Pause(order::PauseArgs),
    Resume(resume::Args),
    Approve(order::ApproveArgs),
    Abort(order::AbortArgs),
    Rollback(order::RollbackArgs),
    History(history::Args),
    Prune(prune::Args),
    Simulate(simulate::Args),
    Demo(demo::Args),
    VerifyJournal(verify_journal::Args),
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let Some(command) = &args.command else { return new::run(global, &args.new, ui) };
    match command {
        // These know whether it matters, and refresh by themselves.
        Command::Plan(_)
        | Command::Start(_)
        | Command::Resume(_)
        | Command::Prune(_)
        | Command::Demo(_)
        | Command::Simulate(_) => {}
        // The others see at least what this machine knows.
        Command::Status(_)
        | Command::Watch(_)
        | Command::Explain(_)
        | Command::Pause(_)
        | Command::Approve(_)
        | Command::Abort(_)
        | Command::Rollback(_)
        | Command::History(_)
        | Command::VerifyJournal(_) => {
            if let Err(Failure::Fault(error)) = store::refresh_if_named(global) {
                ui.warn(&format!("warning: {error}; this is the local copy, which may be out of date"))?;
            }
        }
    }
    match command {
        Command::Plan(args) => plan::run(global, args, ui),
        Command::Start(args) => start::run(global, args, ui),
        Command::Status(args) => status::run(global, args, ui),
        Command::Watch(args) => watch::run(global, args, ui),
        Command::Explain(args) => explain::run(global, args, ui),
        Command::Pause(args) => order::pause(global, args, ui),
        Command::Resume(args) => resume::run(global, args, ui),
        Command::Approve(args) => order::approve(global, args, ui),
        Command::Abort(args) => order::abort(global, args, ui),
        Command::Rollback(args) => order::rollback(global, args, ui),
        Command::History(args) => history::run(global, args, ui),
        Command::Prune(args) => prune::run(global, args, ui),
        Command::Simulate(args) => simulate::run(global, args, ui),
        Command::Demo(args) => demo::run(global, args, ui),
        Command::VerifyJournal(args) => verify_journal::run(global, args, ui),
    }
}
