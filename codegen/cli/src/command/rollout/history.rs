//! `fleetgen rollout history`.

use std::io::Write as _;

use anyhow::Context as _;
use fleetgen_problem::versioned;
use fleetgen_report::{History, duration};
use serde_json::json;

use super::place::Rollout;
use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::table::table;
use crate::ui::Ui;

/// List the rollouts, or show what one of them did
///
/// Everything is in the rollout's journal. `--html` prints a page with a time line, which needs no other file.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first digits of a rollout's id; without it, all rollouts are listed
    rollout: Option<String>,
    /// Print a page of HTML
    #[arg(long, requires = "rollout", conflicts_with = "markdown")]
    html: bool,
    /// Print Markdown, as for the summary of a job
    #[arg(long, requires = "rollout")]
    markdown: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    if let Some(id) = &args.rollout {
        let history = history(&Rollout::find(global, Some(id))?)?;
        ui.print(&match (args.html, args.markdown, ui.format) {
            (true, _, _) => history.html().context("the page cannot be rendered")?,
            (_, true, _) => history.markdown().context("the summary cannot be rendered")?,
            (_, _, Format::Json) => format!("{:#}\n", versioned(json!(history))),
            (_, _, Format::Human | Format::Github) => history.text(),
        })?;
        return Ok(Exit::Ok);
    }
    // One journal that is broken does not hide the others.
    let (mut histories, mut broken) = (Vec::new(), Vec::new());
    for rollout in Rollout::all(global)? {
        match history(&rollout) {
            Ok(history) => histories.push(history),
            Err(Failure::Problems(problems, _)) => broken.extend(problems),
            Err(fault @ Failure::Fault(_)) => return Err(fault),
        }
    }
    if ui.format == Format::Json {
        let rollouts: Vec<_> = histories
            .iter()
            .map(|history| {
                json!({
                    "rollout": history.rollout, "status": history.status, "outcome": history.outcome, "started": history.started,
                    "last": history.last, "people": history.people, "groups": history.groups.len(), "records": history.records,
                })
            })
            .collect();
        ui.json(json!({ "rollouts": rollouts }))?;
        return if broken.is_empty() { Ok(Exit::Ok) } else { Err(Failure::Problems(broken, None)) };
    }
    if histories.is_empty() && broken.is_empty() {
        ui.note("no rollout was started here; they are kept in .fleetgen/rollouts")?;
        return Ok(Exit::Ok);
    }
    let rows = histories.iter().map(|history| {
        vec![
            history.rollout.get(..12).unwrap_or_default().to_owned(),
            history.started.map(|at| at.strftime("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default(),
            duration(history.took()),
            history.groups.len().to_string(),
            history.people.join(", "),
            history.status.clone(),
        ]
    });
    ui.print(&table(&["ROLLOUT", "STARTED", "TOOK", "GROUPS", "BY", "STATUS"], rows.collect(), &[3]))?;
    if broken.is_empty() { Ok(Exit::Ok) } else { Err(Failure::Problems(broken, None)) }
}

fn history(rollout: &Rollout) -> Result<History, Failure> {
    Ok(History::new(&rollout.engine, &rollout.replay()?.records))
}

/// Appends what a rollout did to the summary of a job of GitHub, if this is one.
pub(crate) fn summarize(rollout: &Rollout, ui: &mut Ui) -> Result<(), Failure> {
    append_to_summary(&history(rollout)?.markdown().context("the summary cannot be rendered")?, ui)
}

/// Appends Markdown to the summary of a job of GitHub, if this is one.
pub(crate) fn append_to_summary(markdown: &str, ui: &mut Ui) -> Result<(), Failure> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    let appended = fs_err::OpenOptions::new().create(true).append(true).open(std::path::PathBuf::from(path));
    // A summary is for reading: without it, the rollout has happened all the same.
    if let Err(error) = appended.and_then(|mut file| file.write_all(markdown.as_bytes())) {
        ui.warn(&format!("warning: the summary of the job cannot be written: {error}"))?;
    }
    Ok(())
}
