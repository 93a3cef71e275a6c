//! `generated/fleet.schema.json`: what editors know of fleet.yaml.

use fleetgen_fleet::{Fleet, json_schema};
use fleetgen_tree::File;

use crate::EmitError;

pub(crate) const NAME: &str = "schema";

/// The schema is of the language, not of this fleet.
#[expect(clippy::unnecessary_wraps, reason = "every kind of output has this form")]
pub(crate) fn emit(_: &Fleet) -> Result<Vec<File>, EmitError> {
    Ok(vec![File {
        path: "generated/fleet.schema.json".to_owned(),
        content: format!("{:#}\n", json_schema()),
        producer: NAME,
    }])
}
