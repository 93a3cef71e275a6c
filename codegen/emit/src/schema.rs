//! `generated/fleet.schema.json`: what editors know of fleet.yaml.

use fleetgen_fleet::json_schema;
use fleetgen_tree::{File, Origin, Subject};

/// The schema describes the language, not this fleet.
pub(crate) fn emit() -> Vec<File> {
    vec![File {
        path: "generated/fleet.schema.json".to_owned(),
        content: format!("{:#}\n", json_schema()),
        subject: Subject::Fleet,
        origin: Origin::Rendered,
    }]
}
