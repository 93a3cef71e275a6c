//! `fleetgen schema`.

use crate::error::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print the JSON Schema of fleet.yaml
///
/// generated/fleet.schema.json has the same content. Editors with the YAML language server find it through the first line of
/// fleet.yaml.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, ui: &mut Ui) -> Outcome {
    ui.print(&format!("{:#}\n", fleetgen_fleet::json_schema()))?;
    Ok(Exit::Ok)
}
