//! The JSON Schema of fleet.yaml, for editors and for the reference.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::file::FleetFile;

/// The schema, from the types that read the file.
///
/// In a group, a key may come from a profile, so the schema does not require it there.
pub fn json_schema() -> Value {
    let mut schema = with_required_keys();
    for definition in schema["$defs"].as_object_mut().into_iter().flat_map(|definitions| definitions.values_mut()) {
        if let Some(definition) = definition.as_object_mut()
            && definition.remove(INHERITED).is_some()
        {
            definition.remove("required");
        }
    }
    schema
}

/// Marks the types whose keys a profile may set. They say so with `#[schemars(extend(…))]`.
const INHERITED: &str = "x-inherited";

/// The schema with every required key, including those that a profile may set: for the reference.
pub(crate) fn with_required_keys() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<FleetFile>().to_value()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    fn patterns<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(entries) => entries.iter().for_each(|(key, value)| match (key.as_str(), value) {
                ("pattern", Value::String(pattern)) => found.push(pattern),
                (_, value) => patterns(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| patterns(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_pattern_compiles_and_is_anchored() {
        let schema = super::json_schema();
        let mut found = Vec::new();
        patterns(&schema, &mut found);
        assert!(found.len() > 30);
        for pattern in found {
            assert!(regex::Regex::new(pattern).is_ok(), "{pattern}");
            assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{pattern}");
        }
    }
}
