//! `fleetgen rollout start`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fleetgen_fleet::scalar::{GroupName, LayerName};
use fleetgen_images::{Images, Records};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Engine, Plan, plan};
use fleetgen_simulator::Sickness;

use super::Where;
use super::drive::{Drive, Pace};
use super::ground::Ground;
use super::place::{Rollout, read_plan};
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
    #[arg(long, value_name = "GROUP", requires = "simulator")]
    sick: Vec<GroupName>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    begin(global, &args.plan, &args.place, args.pace.clone(), &args.sick, ui)
}

/// Starts the rollout of a plan's file, if it is current. On the simulator, the new images of some groups are sick.
pub(crate) fn begin(
    global: &Global,
    file: &Path,
    groups: &Where,
    pace: Pace,
    sick: &[GroupName],
    ui: &mut Ui,
) -> Outcome {
    let project = Project::load(global, ui)?;
    groups.refresh(global, &project.fleet)?;
    let planned = read_plan(global, file)?;
    groups.check(planned.groups.iter().map(|group| group.place.cloud))?;
    groups.check_gates(&planned)?;
    let images = groups.records(&project)?;
    let mut ground = groups.open(&project, &images, true)?;
    let engine = Engine::new(planned.clone());
    is_free(global, &engine)?;
    is_current(&project, &images, &mut ground, &planned, file)?;
    if let Some(unknown) = sick.iter().find(|group| engine.index(group).is_none()) {
        let known: Vec<&str> = planned.groups.iter().map(|group| group.name.as_str()).collect();
        let hint = fleetgen_problem::suggest_or_list(unknown.as_str(), known.iter().copied());
        return Err(Failure::usage(format!("the plan has no group `{unknown}`"), hint));
    }
    let rollout = Rollout::create(global, &project.fleet, planned, groups)?;
    if let Ground::Simulator(simulator) = &ground {
        for group in sick {
            simulator.world().make_sick(group, Sickness::AtOnce);
        }
        simulator.save()?;
    }
    // The driver opens it again, in its own thread.
    drop(ground);
    Drive { rollout, project, orders: Vec::new(), pace }.run(ui)
}

/// Refuses a rollout that was started already, and one of groups that another one moves.
fn is_free(global: &Global, engine: &Engine) -> Result<(), Failure> {
    let id = engine.id();
    let started = Rollout::all(global)?;
    if started.iter().any(|other| other.engine.id() == id) {
        return Err(Failure::usage(
            format!("the rollout {id} was started already"),
            Some(format!("`fleetgen rollout resume {id}` goes on; `fleetgen rollout plan` makes a new plan")),
        ));
    }
    for other in started {
        let mut groups = other.engine.plan().groups.iter();
        let Some(group) = groups.find(|group| engine.index(&group.name).is_some()) else { continue };
        if other.is_unfinished()? {
            let message = format!("the rollout {} is not over, and moves `{}` too", other.engine.id(), group.name);
            let hint = "end it first: `fleetgen rollout resume` goes on with it, and `fleetgen rollout abort` ends it";
            return Err(Failure::Problems(vec![Problem::new(Code::Lease, Place::Nowhere, message).hint(hint)], None));
        }
    }
    Ok(())
}

/// Refuses a plan that the same request would not lead to now.
fn is_current(
    project: &Project,
    images: &BTreeMap<LayerName, Images>,
    ground: &mut Ground,
    planned: &Plan,
    file: &Path,
) -> Result<(), Failure> {
    let changes = if planned.fleet == project.fleet.name {
        let inventory = ground.inventory(&project.fleet, |group| planned.request.asks_for(group));
        let now = plan(&project.fleet, &Records::new(images), &inventory, planned.request.clone());
        planned.changes(&now.map_err(|problems| Failure::Problems(problems, None))?)
    } else {
        vec![format!("this is a plan of the fleet `{}`, not of `{}`", planned.fleet, project.fleet.name)]
    };
    let problems = changes.into_iter().map(|change| {
        Problem::new(Code::Plan, Place::File(file.display().to_string()), change)
            .hint("make a new plan with `fleetgen rollout plan`, and review it")
    });
    let problems: Vec<Problem> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems, None)) }
}
