//! `fleetgen rollout`: one file for each subcommand.

mod drive;
mod order;
mod place;
mod plan;
mod resume;
mod simulate;
mod simulator;
mod start;
mod status;
mod verify_journal;

use crate::arguments::Global;
use crate::error::{Failure, Outcome};
use crate::ui::Ui;

/// Move groups to new images, in waves
///
/// `plan` says what would happen, and writes it to a file; `start` does it. A rollout can be paused, killed and resumed at any
/// time: its journal, in .fleetgen/rollouts, says how far it is. docs/rollout.md explains it all.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Plan(plan::Args),
    Start(start::Args),
    Resume(resume::Args),
    Status(status::Args),
    Pause(order::PauseArgs),
    Approve(order::ApproveArgs),
    Abort(order::AbortArgs),
    Rollback(order::RollbackArgs),
    Simulate(simulate::Args),
    VerifyJournal(verify_journal::Args),
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    match &args.command {
        Command::Plan(args) => plan::run(global, args, ui),
        Command::Start(args) => start::run(global, args, ui),
        Command::Resume(args) => resume::run(global, args, ui),
        Command::Status(args) => status::run(global, args, ui),
        Command::Pause(args) => order::pause(global, args, ui),
        Command::Approve(args) => order::approve(global, args, ui),
        Command::Abort(args) => order::abort(global, args, ui),
        Command::Rollback(args) => order::rollback(global, args, ui),
        Command::Simulate(args) => simulate::run(global, args, ui),
        Command::VerifyJournal(args) => verify_journal::run(global, args, ui),
    }
}

/// Where groups are. So far, that is the simulator.
#[derive(Debug, clap::Args)]
pub(crate) struct Where {
    /// Use the simulator: both clouds in virtual time, kept in .fleetgen/simulator.json
    #[arg(long)]
    simulator: bool,
}

impl Where {
    /// Refuses what this program cannot reach.
    fn check(&self) -> Result<(), Failure> {
        if self.simulator {
            return Ok(());
        }
        Err(Failure::usage(
            "this fleetgen cannot reach AWS or Google Cloud yet",
            Some("rehearse on the simulator with `--simulator`".to_owned()),
        ))
    }
}
