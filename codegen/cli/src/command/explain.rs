//! `fleetgen explain`.

use std::fmt::Write as _;

use fleetgen_fleet::{ExplainedFleet, Origin};
use fleetgen_problem::Span;
use serde_json::{Value, json};

use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Show a group's resolved values and where each one comes from
///
/// A value is the group's own, or comes from a profile, the fleet's tags or a default. The line in fleet.yaml is shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The group
    #[arg(value_name = "GROUP")]
    group: String,
}

/// A value and where it comes from.
struct Row {
    path: String,
    value: Value,
    origin: String,
    line: Option<usize>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load_explained(global, ui)?;
    known("group", Some(&args.group), project.fleet.fleet.groups.keys().map(AsRef::as_ref))?;
    let rows = rows(&project, &args.group)?;
    match ui.format {
        Format::Json => {
            let values: Vec<_> = rows
                .iter()
                .map(|row| json!({ "path": row.path, "value": row.value, "origin": row.origin, "line": row.line }))
                .collect();
            ui.json(json!({ "group": args.group, "values": values }))?;
        }
        Format::Human | Format::Github => ui.print(&table(&project, &rows))?,
    }
    Ok(Exit::Ok)
}

fn rows(project: &Project<ExplainedFleet>, group: &str) -> Result<Vec<Row>, serde_json::Error> {
    let ExplainedFleet { fleet, sources } = &project.fleet;
    let (Some(group), Some(sources)) = (fleet.groups.get(group), sources.get(group)) else { return Ok(Vec::new()) };
    let mut leaves = Vec::new();
    collect(String::new(), serde_json::to_value(group)?, &mut leaves);
    Ok(leaves
        .into_iter()
        .filter(|(path, _)| path != "name")
        .map(|(path, value)| {
            let line = |span: Span| Some(project.source.line_column(span.start).0);
            let (origin, line) = match sources.origins.get(&written(&path)) {
                _ if path == "machine.architecture" || path == "machine.nvidia" => {
                    ("the machine type".to_owned(), None)
                }
                _ if path.starts_with("egress[") && path.rsplit('.').next() == Some("cidrs") => {
                    ("the network".to_owned(), None)
                }
                Origin::Set { depth: 0, span } => ("own".to_owned(), line(span)),
                Origin::Set { depth, span } => {
                    let profile = sources.profiles.get(depth as usize - 1);
                    (profile.map_or_else(String::new, |name| format!("profile {name}")), line(span))
                }
                Origin::Fleet { span } => ("fleet".to_owned(), line(span)),
                Origin::Environment { span } => ("environment".to_owned(), line(span)),
                Origin::Default => ("default".to_owned(), None),
            };
            Row { path, value, origin, line }
        })
        .collect())
}

/// The path in fleet.yaml of what a value is taken from.
fn written(path: &str) -> String {
    match path.strip_suffix("_machines") {
        Some(from) if path.starts_with("ports[") => from.to_owned(),
        _ if path == "machine.type" => "machine".to_owned(),
        _ => path.to_owned(),
    }
}

/// Every value by its path; a list of words is one value.
fn collect(path: String, value: Value, leaves: &mut Vec<(String, Value)>) {
    let below = |key: &str| match (path.as_str(), key) {
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

fn table(project: &Project<ExplainedFleet>, rows: &[Row]) -> String {
    let shown: Vec<(String, String, String)> = rows
        .iter()
        .map(|row| {
            let value = match &row.value {
                Value::String(text) => text.replace('\n', "\\n"),
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
