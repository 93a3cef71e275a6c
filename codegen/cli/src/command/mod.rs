//! The commands.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod groups;
pub(crate) mod images;
pub(crate) mod layers;
pub(crate) mod schema;

use fleetgen_tree::{Change, Conflict};
use serde_json::json;

use crate::arguments::{Arguments, Command, Format};
use crate::error::Outcome;
use crate::ui::Ui;

/// Runs the command that was asked for.
pub(crate) fn run(arguments: &Arguments, ui: &mut Ui) -> Outcome {
    let global = &arguments.global;
    match &arguments.command {
        Command::Generate(args) => generate::run(global, args, ui),
        Command::Check(args) => check::run(global, args, ui),
        Command::Diff(args) => diff::run(global, args, ui),
        Command::Explain(args) => explain::run(global, args, ui),
        Command::Groups(args) => groups::run(global, args, ui),
        Command::Images(args) => images::run(global, args, ui),
        Command::Layers(args) => layers::run(global, args, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
    }
}

/// Conflicts, each with its remedy.
pub(crate) fn conflicts(conflicts: &[Conflict], format: Format) -> String {
    match format {
        Format::Human => {
            let lines = conflicts
                .iter()
                .map(|conflict| format!("error[conflict]: {}\nhelp: {}\n\n", conflict.message(), conflict.remedy()));
            format!("{}nothing was written\n", lines.collect::<String>())
        }
        Format::Json => {
            let entries: Vec<_> = conflicts
                .iter()
                .map(|conflict| json!({ "path": conflict.path, "message": conflict.message(), "remedy": conflict.remedy() }))
                .collect();
            format!("{:#}\n", json!({ "conflicts": entries }))
        }
        Format::Github => conflicts
            .iter()
            .map(|conflict| annotation(&conflict.path, &format!("{}\nhelp: {}", conflict.message(), conflict.remedy())))
            .collect(),
    }
}

/// An annotation of a file.
pub(crate) fn annotation(path: &str, message: &str) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let path = data(path).replace(':', "%3A").replace(',', "%2C");
    format!("::error file={path}::{}\n", data(message))
}

/// The word for a change.
pub(crate) fn verb(change: &Change) -> &'static str {
    match change {
        Change::Create { .. } => "create",
        Change::Update { .. } => "update",
        Change::Delete { .. } => "delete",
        Change::Unchanged => "unchanged",
    }
}
