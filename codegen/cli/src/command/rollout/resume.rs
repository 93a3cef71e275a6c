//! `fleetgen rollout resume`.

use fleetgen_rollout::{Event, Order};

use super::Where;
use super::drive::{Drive, Pace, of_outcome};
use super::notify;
use super::place::Rollout;
use crate::arguments::Global;
use crate::error::{Failure, Outcome};
use crate::project::Project;
use crate::ui::Ui;

/// Go on with a rollout that was paused, was killed, or waits
///
/// Replays the journal and looks at the groups before it does anything again. What a person paused stays paused, and what is
/// held for a person stays held, unless you give the order to go on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
    /// The newest rollout of this environment that is not over; exit code 2 if there is none
    #[arg(long, value_name = "NAME", conflicts_with = "rollout")]
    environment: Option<String>,
    /// The order to go on: ends a pause, and looks again at what is held for you
    #[arg(long)]
    go_on: bool,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    pace: Pace,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    args.place.refresh(global, &project.fleet)?;
    let rollout = match &args.environment {
        Some(environment) => Rollout::unfinished(global, environment)?,
        None => Rollout::find(global, args.rollout.as_deref())?,
    };
    if rollout.place().simulator != args.place.simulator {
        let (place, hint) = if args.place.simulator {
            ("in the clouds", "leave out `--simulator`")
        } else {
            ("on the simulator", "add `--simulator`")
        };
        let message = format!("the rollout {} is {place}", rollout.engine.id());
        return Err(Failure::usage(message, Some(hint.to_owned())));
    }
    args.place.check(rollout.engine.plan().groups.iter().map(|group| group.place.cloud))?;
    let replayed = rollout.replay()?;
    // A rollout that is over may still have something to tell.
    let tells = !replayed.notices.due().is_empty() && !notify::recipients(&project.root).is_empty();
    if let Some(outcome) = replayed.state.outcome().filter(|_| !tells) {
        ui.note(&format!("the rollout {} is over: {}", rollout.engine.id(), outcome.as_str()))?;
        // Its last driver may have been killed before it recorded images. A later rollout has recorded others.
        let is_newest = Rollout::find(global, None)?.engine.id() == rollout.engine.id();
        if !args.place.simulator && is_newest {
            let mut ground = args.place.open(&project, &args.place.records(&project)?, true)?;
            for trouble in ground.close(&rollout, &project)? {
                ui.warn(&format!("warning: {trouble}"))?;
            }
        }
        return Ok(of_outcome(outcome));
    }
    for group in rollout.engine.plan().groups.iter().filter(|group| !project.fleet.groups.contains_key(&group.name)) {
        ui.warn(&format!(
            "warning: {} is no longer in fleet.yaml; the rollout goes on with it until its cloud has deleted it",
            group.name
        ))?;
    }
    let orders = if args.go_on { vec![Event::Ordered(Order::Resume)] } else { Vec::new() };
    Drive { rollout, project, orders, pace: args.pace.clone() }.run(ui)
}
