//! `fleetgen build-plan`.

use std::fmt::Write as _;

use fleetgen_affected::{BuildPlan, Wanted};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::records::Recorded;
use crate::ui::Ui;

/// Show which layers have to be built, in order
///
/// A layer is built if images/ has no image of its key for a cloud or an architecture. Layers of a stage are built at once, and after
/// the stages before: they start from their parents' images.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this layer, and what it is built on
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    layer: Vec<String>,
    /// All layers, also those that have an image of their key, which is replaced
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    for name in &args.layer {
        known("layer", Some(name), project.fleet.layers.keys().map(AsRef::as_ref))?;
    }
    let wanted = match (args.all, args.layer.is_empty()) {
        (true, _) => Wanted::All,
        (false, true) => Wanted::Missing,
        (false, false) => Wanted::Only(args.layer.iter().filter_map(|name| name.parse().ok()).collect()),
    };
    let recorded = Recorded::read(&project.root, &project.fleet)?;
    let plan = BuildPlan::new(&project.fleet, &project.keys()?, &recorded.layers, &wanted);
    match ui.format {
        Format::Json => ui.json(json!({ "stages": plan.stages }))?,
        Format::Human | Format::Github if plan.stages.iter().all(Vec::is_empty) => {
            ui.note("nothing to build: every layer has an image of its key")?;
        }
        Format::Human | Format::Github => ui.print(&text(&plan))?,
    }
    Ok(Exit::Ok)
}

/// The commands, in order.
fn text(plan: &BuildPlan) -> String {
    let mut text = String::new();
    let stages = plan.stages.iter().filter(|stage| !stage.is_empty());
    for (number, stage) in (1..).zip(stages) {
        let _ = writeln!(text, "stage {number}");
        for build in stage {
            let force = if build.replaces { " -force" } else { "" };
            let _ = writeln!(text, "  packer/runner/build.sh {} {}{force}", build.layer, build.sources.join(" "));
        }
    }
    text
}
