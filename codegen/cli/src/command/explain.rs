//! `fleetgen explain`.

use std::fmt::Write as _;

use fleetgen_fleet::{Group, Origin};
use serde_json::{Value, json};

use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Show what a group comes to, and where each value came from
///
/// Every value is the group's own, a profile's, the fleet's or a default, with the line that says it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    group: String,
}

/// A value and where it came from.
struct Row {
    path: String,
    value: Value,
    origin: String,
    line: Option<usize>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load_with_places(global, ui)?;
    let groups = &project.fleet.groups;
    known("group", Some(&args.group), groups.keys().map(AsRef::as_ref))?;
    let Some(group) = groups.get(args.group.as_str()) else { return Ok(Exit::Usage) };
    let rows = rows(&project, group)?;
    match ui.format {
        Format::Json => {
            let values: Vec<_> = rows
                .iter()
                .map(|row| json!({ "path": row.path, "value": row.value, "origin": row.origin, "line": row.line }))
                .collect();
            ui.print(&format!("{:#}\n", json!({ "group": args.group, "values": values })))?;
        }
        Format::Human | Format::Github => ui.print(&table(&project, &rows))?,
    }
    Ok(Exit::Ok)
}

fn rows(project: &Project, group: &Group) -> Result<Vec<Row>, serde_json::Error> {
    let mut leaves = Vec::new();
    collect(String::new(), serde_json::to_value(group)?, &mut leaves);
    Ok(leaves
        .into_iter()
        .filter(|(path, _)| path != "name")
        .map(|(path, value)| {
            let line = |span: fleetgen_fleet::Span| Some(project.source.line_column(span.start).0);
            let (origin, line) = match group.origins.get(&path) {
                _ if path == "machine.architecture" || path == "machine.nvidia" => {
                    ("the machine type".to_owned(), None)
                }
                Origin::Stated { depth: 0, span } => ("own".to_owned(), line(span)),
                Origin::Stated { depth, span } => {
                    let profile = group.profiles.get(depth as usize - 1);
                    (profile.map_or_else(String::new, |name| format!("profile {name}")), line(span))
                }
                Origin::Fleet { span } => ("fleet".to_owned(), line(span)),
                Origin::Default => ("default".to_owned(), None),
            };
            Row { path, value, origin, line }
        })
        .collect())
}

/// Every value by its path; a list of words is one value.
fn collect(path: String, value: Value, leaves: &mut Vec<(String, Value)>) {
    let below = |key: &str| match (path.as_str(), key) {
        // The settings of a cloud stand under its name, as in fleet.yaml.
        ("", "target") => String::new(),
        ("", key) => key.to_owned(),
        (path, key) => format!("{path}.{key}"),
    };
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            entries.into_iter().for_each(|(key, value)| collect(below(&key), value, leaves));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.into_iter().enumerate() {
                collect(format!("{path}[{index}]"), item, leaves);
            }
        }
        scalar => leaves.push((path, scalar)),
    }
}

fn table(project: &Project, rows: &[Row]) -> String {
    let shown: Vec<(String, String, String)> = rows
        .iter()
        .map(|row| {
            let value = match &row.value {
                Value::String(text) => text.escape_debug().to_string(),
                Value::Null => "none".to_owned(),
                Value::Object(_) => "{}".to_owned(),
                other => other.to_string(),
            };
            let origin = match row.line {
                Some(line) => format!("{}, {}:{line}", row.origin, project.source.name()),
                None => row.origin.clone(),
            };
            (row.path.clone(), value, origin)
        })
        .collect();
    let paths = shown.iter().map(|(path, _, _)| path.chars().count()).max().unwrap_or(0);
    let values =
        shown.iter().map(|(_, value, _)| value.chars().count()).filter(|width| *width <= 40).max().unwrap_or(0);
    shown.iter().fold(String::new(), |mut text, (path, value, origin)| {
        let _ = writeln!(text, "{path:<paths$}  {value:<values$}  {origin}");
        text
    })
}
