//! `fleetgen generate`.

use fleetgen_problem::{Code, Place, Problem, Severity};
use fleetgen_report::count;
use fleetgen_tree::{Change, Lock, Step};
use rayon::prelude::*;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::summary;
use crate::ui::Ui;

/// Write the files that fleet.yaml wants
///
/// Files of groups that no longer exist are deleted. If a file was edited by hand, or fleetgen did not write it, nothing is
/// written and the exit code is 5. If a run is interrupted, the next one finishes it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(global: &Global, _: &Args, ui: &mut Ui) -> Outcome {
    // Loading says that there is no such directory. A lock would say it less well.
    if !global.directory.is_dir() {
        Project::load(global, ui)?;
    }
    let Some(_lock) = Lock::take(&global.directory)? else {
        let problem = Problem::new(
            Code::Conflict,
            Place::File("generated".to_owned()),
            "another `fleetgen generate` is writing here",
        );
        return Err(Failure::Problems(vec![problem.hint("run it again when that one has ended")], None));
    };
    let (project, _, changes) = Project::load_with_changes(global, Severity::Warning, ui)?;
    let pending: Vec<_> = changes.pending().collect();
    // Unchanged files were read back when they were written.
    pending.par_iter().try_for_each(|(_, change)| match change {
        Change::Create { new } | Change::Update { new, .. } => fleetgen_emit::parse_back(new),
        Change::Delete { .. } | Change::Unchanged => Ok(()),
    })?;
    changes.apply(&project.root, &|_: Step<'_>| {})?;
    match ui.format {
        Format::Json => {
            let done: Vec<_> = pending
                .iter()
                .map(|(path, change)| json!({ "path": path.as_str(), "change": summary::verb(change) }))
                .collect();
            ui.json(json!({ "changes": done, "files": changes.files.len() }))?;
        }
        Format::Human | Format::Github => {
            let list = summary::list(&changes);
            if !list.is_empty() {
                ui.note(list.trim_end())?;
            }
            let groups = project.fleet.groups.len();
            ui.note(&format!(
                "{}, {}, {} changed",
                count(groups, "group"),
                count(changes.files.len(), "file"),
                pending.len()
            ))?;
            if pending.is_empty() && changes.manifest_is_stale() {
                ui.note("rewrote generated/MANIFEST")?;
            }
        }
    }
    Ok(Exit::Ok)
}
