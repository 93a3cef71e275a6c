//! `fleetgen rollout start`.

use std::path::PathBuf;

use fleetgen_fleet::scalar::GroupName;
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Engine, Plan, Records, plan};
use fleetgen_simulator::Sickness;

use super::Where;
use super::drive::{Pace, drive};
use super::place::{Rollout, read_plan};
use super::simulator::{Simulator, records};
use crate::arguments::Global;
use crate::error::{Failure, Outcome};
use crate::project::Project;
use crate::ui::Ui;

/// Start a rollout
///
/// Refuses a plan that is not current: if fleet.yaml, the images or the groups have changed since, so that the same request
/// would lead to another plan.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The plan's file
    plan: PathBuf,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    pace: Pace,
    /// On the simulator: machines of this group never get healthy with their new image
    #[arg(long, value_name = "GROUP")]
    sick: Vec<GroupName>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    args.place.check()?;
    let project = Project::load(global, ui)?;
    let planned = read_plan(global, &args.plan)?;
    let images = records(&project)?;
    let simulator = Simulator::open_to_drive(&project, &images)?;
    let records = Records::new(&images);
    let stale = |changes: Vec<String>| {
        let file = args.plan.display().to_string();
        let problems = changes.into_iter().map(|change| {
            Problem::new(Code::Plan, Place::File(file.clone()), change)
                .hint("make a new plan with `fleetgen rollout plan`, and review it")
        });
        Failure::Problems(problems.collect(), None)
    };
    if planned.fleet != project.fleet.name {
        return Err(stale(vec![format!(
            "this is a plan of the fleet `{}`, not of `{}`",
            planned.fleet, project.fleet.name
        )]));
    }
    let engine = Engine::new(planned.clone());
    if Rollout::find(global, Some(engine.id().short())).is_ok() {
        let id = engine.id();
        return Err(Failure::usage(
            format!("the rollout {id} was started already"),
            Some(format!("`fleetgen rollout resume {id}` goes on; `fleetgen rollout plan` makes a new plan")),
        ));
    }
    for other in Rollout::unfinished(global, &engine)? {
        let mut groups = other.engine.plan().groups.iter();
        if let Some(group) = groups.find(|group| engine.index(&group.name).is_some()) {
            let message = format!("the rollout {} is not over, and moves `{}` too", other.engine.id(), group.name);
            let hint = "end it first: `fleetgen rollout resume` goes on with it, and `fleetgen rollout abort` ends it";
            return Err(Failure::Problems(vec![Problem::new(Code::Lease, Place::Nowhere, message).hint(hint)], None));
        }
    }
    let inventory = simulator.world().inventory();
    let now: Plan = plan(&project.fleet, &records, &inventory, planned.request.clone())
        .map_err(|problems| Failure::Problems(problems, None))?;
    let changes = planned.changes(&now);
    if !changes.is_empty() {
        return Err(stale(changes));
    }
    if let Some(unknown) = args.sick.iter().find(|group| engine.index(group).is_none()) {
        let known: Vec<&str> = planned.groups.iter().map(|group| group.name.as_str()).collect();
        let hint = fleetgen_problem::suggest_or_list(unknown.as_str(), known.iter().copied());
        return Err(Failure::usage(format!("the plan has no group `{unknown}`"), hint));
    }
    let rollout = Rollout::create(global, planned.clone())?;
    for group in &args.sick {
        simulator.world().make_sick(group, Sickness::AtOnce);
    }
    drive(rollout, &project, &simulator, Vec::new(), &args.pace, ui)
}
