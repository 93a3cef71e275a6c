//! The JSON Schema of fleet.yaml, for editors and for the reference.

use schemars::generate::SchemaSettings;

use crate::file::FleetFile;

/// The schema, from the same types that read the file.
pub fn json_schema() -> serde_json::Value {
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
