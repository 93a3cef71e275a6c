//! `fleetgen diff`.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use fleetgen_problem::Severity;
use fleetgen_tree::{Change, Changes, RelPath};
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use crate::arguments::{Format, Global};
use crate::effect::Effects;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::summary::{self, FileSummary};
use crate::ui::Ui;

/// Show what `generate` would change
///
/// First the settings that change in each group, then the files as unified diffs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show only the summary
    #[arg(long)]
    stat: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let (project, _, changes) = Project::load_with_changes(global, Severity::Warning, ui)?;
    let effects = Effects { fleet: &project.fleet, changes: &changes };
    let summary = |(path, change)| summary::of(&effects, path, change);
    let summaries: Vec<FileSummary> = changes.pending().map(summary).collect();
    match ui.format {
        Format::Json => ui.json(json(&changes, &summaries, args.stat))?,
        Format::Human | Format::Github => {
            if summaries.is_empty() && changes.manifest_is_stale() {
                ui.print("update generated/MANIFEST\n")?;
            } else if summaries.is_empty() {
                ui.note("no changes")?;
            }
            ui.print(&summaries.iter().map(ToString::to_string).collect::<String>())?;
            if !args.stat {
                for (path, change) in changes.pending() {
                    ui.print(&format!("\n{}", unified(path, change)))?;
                }
            }
        }
    }
    Ok(Exit::Ok)
}

fn sides(change: &Change) -> (&str, &str) {
    match change {
        Change::Create { new } => ("", &new.content),
        Change::Update { old, new } => (old, &new.content),
        Change::Delete { old } => (old, ""),
        Change::Unchanged => ("", ""),
    }
}

fn json(changes: &Changes, summaries: &[FileSummary], stat: bool) -> serde_json::Value {
    let files: Vec<_> = changes
        .pending()
        .zip(summaries)
        .map(|((path, change), summary)| {
            let (old, new) = sides(change);
            let diff = (!stat).then(|| TextDiff::from_lines(old, new).unified_diff().to_string());
            json!({
                "path": path.as_str(),
                "change": summary::verb(change),
                "group": summary.group(),
                "settings": summary.settings,
                "effects": summary.effects,
                "diff": diff,
            })
        })
        .collect();
    json!({ "changes": files, "files": changes.files.len() })
}

/// A coloured diff in Git's format. The stream removes the colours if they are not wanted.
fn unified(path: &RelPath, change: &Change) -> String {
    let (old, new) = sides(change);
    let name = |side: &str, missing: bool| if missing { "/dev/null".to_owned() } else { format!("{side}/{path}") };
    let (is_new, is_gone) = (matches!(change, Change::Create { .. }), matches!(change, Change::Delete { .. }));
    let bold = Style::new().bold();
    let mut text = format!("{bold}--- {}\n+++ {}{bold:#}\n", name("a", is_new), name("b", is_gone));
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().iter_hunks() {
        let cyan = AnsiColor::Cyan.on_default();
        let _ = writeln!(text, "{cyan}{}{cyan:#}", hunk.header().to_string().trim_end());
        for line in hunk.iter_changes() {
            let (sign, style) = match line.tag() {
                ChangeTag::Equal => (' ', Style::new()),
                ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
            };
            let _ = writeln!(text, "{style}{sign}{}{style:#}", line.value().trim_end_matches('\n'));
        }
    }
    text
}
