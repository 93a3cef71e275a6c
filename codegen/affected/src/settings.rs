//! The settings that differ between two versions of a Terraform file. Both are parsed, so a value that only moved is no difference.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Its path, such as `size.max`.
    pub path: String,
    /// The old value; nothing if the setting is new.
    pub old: Option<Value>,
    /// The new value; nothing if the setting is removed.
    pub new: Option<Value>,
}

/// `size.max: 6 → 8`, in JSON.
impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, old, new } = self;
        match (old, new) {
            (Some(old), Some(new)) => write!(f, "{path}: {old} → {new}"),
            (None, Some(new)) => write!(f, "{path}: {new} (new)"),
            (Some(old), None) => write!(f, "{path}: {old} (removed)"),
            (None, None) => Ok(()),
        }
    }
}

/// The settings that differ, by path, without a prefix of their paths.
pub fn settings(old: &str, new: &str, prefix: &str) -> Vec<Setting> {
    let (old, new) = (leaves(old), leaves(new));
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let differs = |path: &&String| old.get(*path) != new.get(*path);
    let setting = |path: &String| Setting {
        path: path.strip_prefix(prefix).unwrap_or(path).to_owned(),
        old: old.get(path).cloned(),
        new: new.get(path).cloned(),
    };
    paths.into_iter().filter(differs).map(setting).collect()
}

/// The settings that differ between two versions of a group's file, which may have had another name before.
pub fn group_settings(old: &str, former: &str, new: &str, name: &str) -> Vec<Setting> {
    let module = |name: &str| format!("module \"{name}\"");
    let renamed = (former != name).then(|| old.replacen(&module(former), &module(name), 1));
    settings(renamed.as_deref().unwrap_or(old), new, &format!("module.{name}."))
}

/// Every scalar of a file, by its path.
fn leaves(text: &str) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    if let Ok(mut value) = hcl::from_str::<Value>(text) {
        // Where the state of a renamed group moves from is no setting.
        value.as_object_mut().map(|blocks| blocks.remove("moved"));
        collect(String::new(), &value, &mut leaves);
    }
    leaves
}

fn collect(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| collect(below(key), value, leaves)),
        // A list of mappings is compared item by item, a list of words as a whole.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().for_each(|(index, item)| collect(below(&index.to_string()), item, leaves));
        }
        scalar => {
            leaves.insert(path, scalar.clone());
        }
    }
}
