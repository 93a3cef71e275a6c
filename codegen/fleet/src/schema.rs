//! The JSON Schema of fleet.yaml, for editors and for the reference.

use schemars::generate::SchemaSettings;

use crate::file::FleetFile;

/// The schema, from the same types that read the file.
pub fn json_schema() -> serde_json::Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<FleetFile>().to_value()
}
