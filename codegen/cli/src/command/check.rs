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
    let mut stale: Vec<(&str, &str)> = changes.pending().map(|(path, change)| (path.as_str(), verb(change))).collect();
    if changes.manifest_is_stale() && stale.is_empty() {
        stale.push(("generated/MANIFEST", "update"));
    }
    match ui.format {
        Format::Json => {
            let entries: Vec<_> = stale.iter().map(|(path, verb)| json!({ "path": path, "change": verb })).collect();
            ui.print(&format!("{:#}\n", json!({ "changes": entries, "files": changes.files.len() })))?;
        }
        Format::Github => {
            for (path, verb) in &stale {
                let words = format!("this file is stale ({verb}): run `fleetgen generate` and commit");
                ui.print(&annotation(path, &words))?;
            }
        }
        Format::Human => {
            for (path, verb) in &stale {
                ui.print(&format!("{verb:<6} {path}\n"))?;
            }
        }
    }
    if changes.is_empty() {
        ui.note(&format!("{} files are as fleet.yaml wants them", changes.files.len()))?;
        return Ok(Exit::Ok);
    }
    if stale.is_empty() {
        ui.problem("a run of `fleetgen generate` was cut short: run it again\n")?;
    } else {
        let (some, all) = (stale.len(), changes.files.len());
        ui.problem(&format!("{some} of {all} files are stale: run `fleetgen generate` and commit\n"))?;
    }
    Ok(Exit::Stale)
}
