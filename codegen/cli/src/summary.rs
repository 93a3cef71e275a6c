//! What changes in a file, setting by setting. Both sides are read as HCL, so that a value that moved is no change.

use std::collections::BTreeMap;

use fleetgen_tree::{Change, RelPath};
use serde::Serialize;
use serde_json::Value;

use crate::command::verb;

/// What changes in one file.
#[derive(Debug)]
pub(crate) struct FileSummary {
    /// The file.
    path: String,
    /// The word for the change.
    verb: &'static str,
    /// The group that the file belongs to, where it does.
    pub(crate) group: Option<String>,
    /// The settings that differ, where both sides are there.
    pub(crate) settings: Vec<Setting>,
}

/// A setting that differs.
#[derive(Debug, Serialize)]
pub(crate) struct Setting {
    /// Its path, such as `size.max`.
    path: String,
    /// What it was; nothing where it was not there.
    old: Option<Value>,
    /// What it will be; nothing where it goes.
    new: Option<Value>,
}

/// Sums a change up.
pub(crate) fn of(path: &RelPath, change: &Change) -> FileSummary {
    let group = path.as_str().strip_prefix("generated/terraform/").and_then(|rest| {
        let name = rest.rsplit('/').next()?.strip_suffix(".tf")?;
        (name != "main").then(|| name.to_owned())
    });
    let settings = match change {
        Change::Update { old, new } if group.is_some() || path.as_str().ends_with("/main.tf") => {
            differences(&leaves(old), &leaves(new), group.as_deref())
        }
        Change::Update { .. } | Change::Create { .. } | Change::Delete { .. } | Change::Unchanged => Vec::new(),
    };
    FileSummary { path: path.to_string(), verb: verb(change), group, settings }
}

impl std::fmt::Display for FileSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.group {
            Some(group) => writeln!(f, "{} {group}  ({})", self.verb, self.path)?,
            None => writeln!(f, "{} {}", self.verb, self.path)?,
        }
        if self.verb == "delete" && self.group.is_some() {
            writeln!(f, "  its machines go when this is applied")?;
        }
        if let (None, "delete", Some(root)) = (&self.group, self.verb, self.path.strip_suffix("/main.tf")) {
            writeln!(f, "  this was the last group of {root}: delete its file and run `terraform apply`")?;
            writeln!(f, "  there before this is merged, since nothing is left afterwards to do it from")?;
        }
        for Setting { path, old, new } in &self.settings {
            match (old, new) {
                (Some(old), Some(new)) => writeln!(f, "  {path}: {old} → {new}")?,
                (None, Some(new)) => writeln!(f, "  {path}: {new} (new)")?,
                (Some(old), None) => writeln!(f, "  {path}: {old} (gone)")?,
                (None, None) => {}
            }
        }
        Ok(())
    }
}

/// Every scalar of a file, by its path.
fn leaves(text: &str) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    if let Ok(value) = hcl::from_str::<Value>(text) {
        collect(String::new(), &value, &mut leaves);
    }
    leaves
}

fn collect(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| collect(below(key), value, leaves)),
        // A list of mappings is told one by one, a list of words as a whole.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().for_each(|(index, item)| collect(below(&index.to_string()), item, leaves));
        }
        scalar => {
            leaves.insert(path, scalar.clone());
        }
    }
}

fn differences(old: &BTreeMap<String, Value>, new: &BTreeMap<String, Value>, group: Option<&str>) -> Vec<Setting> {
    let prefix = group.map(|group| format!("module.{group}.")).unwrap_or_default();
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| Setting {
            path: path.strip_prefix(&prefix).unwrap_or(path).to_owned(),
            old: old.get(path).cloned(),
            new: new.get(path).cloned(),
        })
        .collect()
}
