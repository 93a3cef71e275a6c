//! `fleetgen rollout` without a subcommand.

use std::path::PathBuf;

use clap::CommandFactory as _;

use super::Where;
use super::drive::Pace;
use super::plan;
use super::start::begin;
use crate::arguments::Global;
use crate::command::Arguments;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    pace: Pace,
}

/// Plans, shows the plan, asks, starts and shows the rollout. Only a person can answer: without a terminal, it shows what the
/// subcommands do.
pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    if !ui.is_terminal() {
        let mut command = Arguments::command();
        if let Some(rollout) = command.find_subcommand_mut("rollout") {
            ui.print(&rollout.clone().bin_name("fleetgen rollout").render_long_help().to_string())?;
        }
        ui.warn(
            "without a terminal, no one can approve a plan here: use `fleetgen rollout plan` and `fleetgen rollout start`",
        )?;
        return Ok(Exit::Usage);
    }
    let planned = plan::Args::new(args.place.clone(), PathBuf::from(plan::FILE));
    let Some(plan) = plan::make(global, &planned, ui)? else { return Ok(Exit::Ok) };
    if !ui.ask(&format!("start the rollout of {}?", fleetgen_report::count(plan.groups.len(), "group")))? {
        ui.note(&format!("nothing was started; the plan is in {}", plan::FILE))?;
        return Ok(Exit::Ok);
    }
    let pace = Pace { watch: true, ..args.pace.clone() };
    begin(global, &planned.out, &args.place, pace, &[], ui)
}
