//! What `terraform show -json` prints of a state.

use serde_json::Value;

/// The text is not what `terraform show -json` prints, or has something that its reader does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError(pub String);

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StateError {}

/// The resources and data sources of the root module and of the modules in it, in the state's order.
///
/// # Errors
/// The text is something else.
pub fn resources(state: &Value) -> Result<Vec<&Value>, StateError> {
    fn collect<'a>(module: &'a Value, into: &mut Vec<&'a Value>) {
        into.extend(module["resources"].as_array().into_iter().flatten());
        module["child_modules"].as_array().into_iter().flatten().for_each(|child| collect(child, into));
    }
    let module = state.pointer("/values/root_module");
    let module = module.ok_or_else(|| StateError("not the output of `terraform show -json`".to_owned()))?;
    let mut found = Vec::new();
    collect(module, &mut found);
    Ok(found)
}

/// The resources that Terraform manages: type and values.
///
/// # Errors
/// The text is something else.
pub fn managed(state: &Value) -> Result<Vec<(&str, &Value)>, StateError> {
    let managed = resources(state)?.into_iter().filter(|resource| resource["mode"] == "managed");
    Ok(managed.filter_map(|resource| Some((resource["type"].as_str()?, &resource["values"]))).collect())
}

/// A text of a resource's values. A path has slashes, as in `tags/Name`.
///
/// # Errors
/// There is none.
pub fn text(values: &Value, path: &str) -> Result<String, StateError> {
    let found = values.pointer(&format!("/{path}")).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| StateError(format!("a resource has no {path}: {values}")))
}
