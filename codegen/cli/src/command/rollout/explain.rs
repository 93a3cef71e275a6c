//! `fleetgen rollout explain`.

use std::fmt::Write as _;

use fleetgen_fleet::scalar::GroupName;
use fleetgen_problem::suggest_or_list;
use fleetgen_report::inert;
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
    let Some(explanation) = engine.explain(&state, &args.group) else {
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
        ui.print(&format!("{json:#}\n"))?;
        return Ok(Exit::Ok);
    }
    let mut text = String::new();
    match at {
        Some((plan, group)) => {
            let _ = writeln!(text, "{}: {} since {}", args.group, group.phase, group.since);
            let _ = writeln!(
                text,
                "image  {} → {}",
                plan.from.image.as_ref().map_or("unknown", |image| image.as_str()),
                plan.to.image
            );
        }
        None => {
            let _ = writeln!(text, "{}: not in the rollout {}", args.group, engine.id());
        }
    }
    let _ = writeln!(text, "why    {}", inert(&explanation.why));
    if let Some(until) = explanation.until {
        let _ = writeln!(text, "until  {until}");
    }
    for unblock in &explanation.unblock {
        let _ = writeln!(text, "do     {}", inert(unblock));
    }
    ui.print(&text)?;
    Ok(Exit::Ok)
}
