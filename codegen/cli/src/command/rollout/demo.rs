//! `fleetgen rollout demo`.

use std::path::PathBuf;

use fleetgen_fleet::scalar::{Duration, GroupName};
use fleetgen_problem::{Code, Place, Problem};

use super::Where;
use super::drive::{Pace, duration};
use super::place::Rollout;
use super::plan;
use super::simulator::{Simulator, records};
use super::start::begin;
use crate::arguments::Global;
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Show a rollout of this fleet on the simulator, in a minute
///
/// The image of one group does not work: its canary fails, and it goes back. Kill the demo whenever you like; `fleetgen rollout
/// resume --simulator` goes on. Needs no account. Each time, new machines replace those in .fleetgen/simulator.json.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long the waits of the demo take together; the rest takes some seconds
    #[arg(long, value_name = "DURATION", default_value = "50s", value_parser = duration)]
    within: Duration,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    for other in Rollout::all(global)? {
        if other.is_unfinished()? {
            let message = format!("the rollout {} is not over", other.engine.id());
            let flag = other.place().flag();
            let hint = format!(
                "finish it with `fleetgen rollout resume{flag}`; to end it early, run `fleetgen rollout abort` first"
            );
            return Err(Failure::Problems(vec![Problem::new(Code::Lease, Place::Nowhere, message).hint(hint)], None));
        }
    }
    let simulated = Where { simulator: true };
    let project = Project::load(global, ui)?;
    let images = records(&project)?;
    Simulator::open_to_drive(&project, &images)?.renew(&project, &images)?;
    let planned = plan::Args::new(simulated.clone(), PathBuf::from(".fleetgen/demo.json"));
    let Some(plan) = plan::make(global, &planned, ui)? else { return Ok(Exit::Ok) };
    // The last one with a canary, so that there is much to see before the rollout stops.
    let sick = plan.groups.iter().rfind(|group| group.canaries(group.size).is_some());
    let sick: Vec<GroupName> = sick.map(|group| group.name.clone()).into_iter().collect();
    for group in &sick {
        ui.note(&format!("the new image of {group} does not work; the rollout will find out"))?;
    }
    let pace = Pace { time: None, no_wait: false, speed: None, within: Some(args.within), watch: true };
    let exit = begin(global, &planned.out, &simulated, pace, &sick, ui)?;
    // A terminal that is gone reads nothing.
    let _ = ui.note("\nlook at it with `fleetgen rollout status`, `history ID`, `explain GROUP` and `verify-journal`");
    Ok(exit)
}
