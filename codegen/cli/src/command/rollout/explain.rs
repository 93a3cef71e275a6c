//! `fleetgen rollout explain`.

use fleetgen_fleet::scalar::GroupName;
use fleetgen_problem::suggest_or_list;
use fleetgen_report::{explain, explanation_lines};
use serde_json::json;

use super::place::Rollout;
use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::ui::Ui;

/// Explain why a group is where it is: what it waits for, until when, and what would end that
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The group
    group: GroupName,
    /// The first digits of the rollout's id; the newest rollout if not given
    rollout: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let rollout = Rollout::find(global, args.rollout.as_deref())?;
    let state = rollout.replay()?.state;
    let (engine, plan) = (&rollout.engine, rollout.engine.plan());
    let is_driven = rollout.is_driven();
    let Some(explanation) = explain(engine, &state, &args.group, is_driven) else {
        let known = plan.groups.iter().map(|group| &group.name).chain(plan.left_out.keys());
        let known: Vec<&str> = known.map(GroupName::as_str).collect();
        let message = format!("the plan of the rollout {} has no group `{}`", engine.id(), args.group);
        return Err(Failure::usage(message, suggest_or_list(args.group.as_str(), known)));
    };
    let index = engine.index(&args.group);
    let at = index.map(|index| (&plan.groups[index], &state.groups[index]));
    if ui.format == Format::Json {
        let json = json!({
            "rollout": engine.id(), "group": args.group, "phase": at.map(|(_, group)| group.phase),
            "since": at.map(|(_, group)| group.since), "why": explanation.why, "until": explanation.until,
            "unblock": explanation.unblock,
        });
        ui.json(json)?;
        return Ok(Exit::Ok);
    }
    let lines = explanation_lines(engine, &state, &args.group, &explanation);
    ui.print(&(lines.join("\n") + "\n"))?;
    Ok(Exit::Ok)
}
