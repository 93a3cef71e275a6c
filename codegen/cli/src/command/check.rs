//! `fleetgen check`.

use fleetgen_images::Records;
use fleetgen_problem::{Code, Place, Problem, Severity};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::summary;
use crate::ui::Ui;

/// Check that fleet.yaml is valid and the generated files are current, without writing
///
/// Also checks the records of images: that they can be read, and that images were promoted in the order of the environments.
///
/// Exits with 4 if files are stale, and lists them. In a pull request, `fleetgen check --format github` shows the list as
/// annotations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(global: &Global, _: &Args, ui: &mut Ui) -> Outcome {
    let (project, recorded, changes) = Project::load_with_changes(global, Severity::Error, ui)?;
    let problems = fleetgen_images::out_of_order(&project.fleet, &Records::new(&recorded.layers));
    if !problems.is_empty() {
        return Err(Failure::Problems(problems, None));
    }
    let files = changes.files.len();
    let mut stale: Vec<(&str, &str)> =
        changes.pending().map(|(path, change)| (path.as_str(), summary::verb(change))).collect();
    if changes.manifest_is_stale() && stale.is_empty() {
        stale.push(("generated/MANIFEST", "update"));
    }
    match ui.format {
        Format::Json => {
            let entries: Vec<_> = stale.iter().map(|(path, verb)| json!({ "path": path, "change": verb })).collect();
            ui.json(json!({ "changes": entries, "files": files }))?;
        }
        Format::Github => {
            let problems: Vec<Problem> = stale
                .iter()
                .map(|(path, verb)| {
                    let message = format!("this file is stale ({verb}): run `fleetgen generate` and commit");
                    Problem::new(Code::Conflict, Place::File((*path).to_owned()), message)
                })
                .collect();
            ui.print(&fleetgen_problem::render(&problems, None, fleetgen_problem::Format::Github))?;
        }
        Format::Human => match stale.as_slice() {
            [(path, verb)] => ui.print(&format!("{verb} {path}\n"))?,
            _ => ui.print(&summary::list(&changes))?,
        },
    }
    if changes.is_empty() {
        ui.note(&format!("all {files} files are current"))?;
        return Ok(Exit::Ok);
    }
    if stale.is_empty() {
        ui.warn("a run of `fleetgen generate` was interrupted: run it again")?;
    } else {
        let are = if stale.len() == 1 { "is" } else { "are" };
        ui.warn(&format!("{} of {files} files {are} stale: run `fleetgen generate` and commit", stale.len()))?;
    }
    Ok(Exit::Stale)
}
