//! `fleetgen draw`.

use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Show the networks as a picture: subnets, groups, proxies, endpoints, peerings, and what reaches what
///
/// The picture is Mermaid, which GitHub draws in a block that begins with ```` ```mermaid ````.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this network, and its peers
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let fleet = &project.fleet;
    known("network", args.network.as_deref(), fleet.networks.keys().map(AsRef::as_ref))?;
    let only = args.network.as_deref().and_then(|name| fleet.networks.get(name));
    let picture = fleetgen_emit::draw(fleet, only);
    match ui.format {
        Format::Json => ui.json(json!({ "mermaid": picture }))?,
        Format::Human | Format::Github => ui.print(&picture)?,
    }
    Ok(Exit::Ok)
}
