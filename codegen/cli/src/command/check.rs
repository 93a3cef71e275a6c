//! `fleetgen check`.

use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::{annotation, verb};
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Tell whether generated files are what fleet.yaml wants, without writing
///
/// Exits with 4 and lists the files where they are not. Made for pull requests: `fleetgen check --format github` shows the
/// list as annotations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(global: &Global, _: &Args, ui: &mut Ui) -> Outcome {
    let (_, changes) = Project::load_with_changes(global, ui)?;
    let stale: Vec<_> = changes.pending().collect();
    match ui.format {
        Format::Json => {
            let stale: Vec<_> =
                stale.iter().map(|(path, change)| json!({ "path": path.as_str(), "change": verb(change) })).collect();
            ui.print(&format!("{:#}\n", json!({ "stale": stale, "files": changes.files.len() })))?;
        }
        Format::Github => {
            for (path, change) in &stale {
                ui.print(&annotation(
                    path.as_str(),
                    &format!("this file is stale ({}): run `fleetgen generate` and commit", verb(change)),
                ))?;
            }
        }
        Format::Human => {
            for (path, change) in &stale {
                ui.print(&format!("{:<6} {path}\n", verb(change)))?;
            }
        }
    }
    if changes.is_empty() {
        ui.note(&format!("{} files are as fleet.yaml wants them", changes.files.len()))?;
        return Ok(Exit::Ok);
    }
    if stale.is_empty() {
        ui.problem("generated/MANIFEST is stale: run `fleetgen generate` and commit\n")?;
    } else {
        ui.problem(&format!(
            "{} of {} files are stale: run `fleetgen generate` and commit\n",
            stale.len(),
            changes.files.len()
        ))?;
    }
    Ok(Exit::Stale)
}
