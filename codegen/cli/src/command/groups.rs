//! `fleetgen groups`.

use fleetgen_fleet::Group;
use fleetgen_problem::suggest_or_list;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// List the compute groups
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only groups in this network
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// Only groups in this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only groups that run this layer, or one built on it
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let fleet = &project.fleet;
    known("network", args.network.as_deref(), fleet.networks.keys().map(AsRef::as_ref))?;
    known(
        "environment",
        args.environment.as_deref(),
        fleet.environments.iter().map(|environment| environment.name.as_str()),
    )?;
    known("layer", args.layer.as_deref(), fleet.layers.keys().map(AsRef::as_ref))?;
    let is = |wanted: &Option<String>, name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    let layer = args.layer.as_deref().and_then(|name| fleet.layers.get(name));
    let runs = |group: &Group| layer.is_none_or(|layer| fleet.runs(group, &layer.name));
    let groups: Vec<&Group> = fleet
        .groups
        .values()
        .filter(|group| {
            is(&args.network, group.network.as_str())
                && is(&args.environment, group.environment.as_str())
                && runs(group)
        })
        .collect();
    match ui.format {
        Format::Json => ui.json(json!({ "groups": groups }))?,
        Format::Human | Format::Github => {
            ui.print(&table(&groups))?;
            ui.note(&format!("{} of {} groups", groups.len(), fleet.groups.len()))?;
        }
    }
    Ok(Exit::Ok)
}

/// Refuses a name that does not exist.
pub(crate) fn known<'a>(
    what: &str,
    name: Option<&str>,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), Failure> {
    match name {
        Some(name) if !known.clone().any(|known| known == name) => {
            Err(Failure::usage(format!("there is no {what} `{name}`"), suggest_or_list(name, known)))
        }
        _ => Ok(()),
    }
}

fn table(groups: &[&Group]) -> String {
    let header = ["GROUP", "NETWORK", "STACK", "ENVIRONMENT", "LAYER", "MACHINE", "ARCH", "MIN", "MAX", "WAVE"];
    let row = |group: &&Group| {
        vec![
            group.name.to_string(),
            group.network.to_string(),
            group.stack.to_string(),
            group.environment.to_string(),
            group.layer.to_string(),
            group.machine.machine_type.to_string(),
            group.machine.architecture.to_string(),
            group.size.min.to_string(),
            group.size.max.to_string(),
            group.rollout.wave.to_string(),
        ]
    };
    crate::table::table(&header, groups.iter().map(row).collect(), &[7, 8, 9])
}
