//! `fleetgen rollout resume`.

use fleetgen_rollout::{Event, Order, Records};

use super::Where;
use super::drive::{Pace, drive, of_outcome};
use super::place::Rollout;
use super::simulator::{Simulator, records};
use crate::arguments::Global;
use crate::error::Outcome;
use crate::project::Project;
use crate::ui::Ui;

/// Go on with a rollout that was paused, was killed, or waits
///
/// Replays the journal and looks at the groups before it does anything again. If a person paused the rollout, or a group was
/// held for one, this is the order to go on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    pace: Pace,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    args.place.check()?;
    let project = Project::load(global, ui)?;
    let mut rollout = Rollout::find(global, args.rollout.as_deref())?;
    let state = rollout.replay()?.state;
    if let Some(outcome) = state.outcome() {
        ui.note(&format!("the rollout {} is over: {}", rollout.engine.id(), outcome.as_str()))?;
        return Ok(of_outcome(outcome));
    }
    let images = records(&project)?;
    let simulator = Simulator::open(&project, &images)?;
    let revoked = Records::new(&images).revoked_ids().cloned().collect();
    for group in rollout.engine.plan().groups.iter().filter(|group| !project.fleet.groups.contains_key(&group.name)) {
        ui.warn(&format!(
            "warning: {} is no longer in fleet.yaml; the rollout goes on with it until its cloud has deleted it",
            group.name
        ))?;
    }
    let is_held = state.paused.is_some() || state.holds().any(fleetgen_rollout::Hold::needs_person);
    let orders = if is_held { vec![Event::Ordered(Order::Resume)] } else { Vec::new() };
    drive(rollout, &simulator, &revoked, orders, &args.pace, ui)
}
