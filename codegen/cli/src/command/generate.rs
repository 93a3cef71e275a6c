//! `fleetgen generate`.

use fleetgen_tree::{Change, Step};
use rayon::prelude::*;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::verb;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Write the files that fleet.yaml wants
///
/// Files of groups that are gone are deleted. A file that was changed by hand, or that fleetgen did not write, is never
/// touched: then nothing at all is written, and the exit code is 5. A run that is cut short is finished by the next one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(global: &Global, _: &Args, ui: &mut Ui) -> Outcome {
    let (project, changes) = Project::load_with_changes(global, ui)?;
    // What is on the disk unchanged was read back when it was written.
    let pending: Vec<_> = changes.pending().collect();
    pending.par_iter().try_for_each(|(path, change)| match change {
        Change::Create { new } | Change::Update { new, .. } => fleetgen_emit::parse_back(path.as_str(), new),
        Change::Delete { .. } | Change::Unchanged => Ok(()),
    })?;
    changes.apply(&project.root, &|_: Step<'_>| {})?;
    match ui.format {
        Format::Json => {
            let done: Vec<_> =
                pending.iter().map(|(path, change)| json!({ "path": path.as_str(), "change": verb(change) })).collect();
            ui.print(&format!("{:#}\n", json!({ "changes": done, "files": changes.files.len() })))?;
        }
        Format::Human | Format::Github => {
            for (path, change) in &pending {
                ui.note(&format!("{:<6} {path}", verb(change)))?;
            }
            let groups = project.fleet.groups.len();
            ui.note(&format!("{groups} groups, {} files, {} changed", changes.files.len(), pending.len()))?;
            if pending.is_empty() && changes.manifest_is_stale() {
                ui.note("generated/MANIFEST was written anew")?;
            }
        }
    }
    Ok(Exit::Ok)
}
