//! `fleetgen images promote`.

use fleetgen_fleet::choice::Approval;
use fleetgen_fleet::scalar::{EnvironmentName, Text};
use fleetgen_images::{Images, Records, promote};
use fleetgen_report::count;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::records::{Recorded, decision, lock};
use crate::ui::Ui;

/// Let an image run in an environment
///
/// Edits images/<layer>.yaml; the pull request with that edit is the approval. The image must have been promoted to the
/// environment before, have soaked there, and have a build for every group of its layer. `fleetgen rollout plan` then moves
/// groups to it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The image's key, or its first digits
    key: String,
    /// The environment
    #[arg(long, value_name = "ENVIRONMENT")]
    to: EnvironmentName,
    /// Do not wait for the soak of the environment before, for this reason, which is recorded
    #[arg(long, value_name = "REASON")]
    without_soak: Option<Text>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let _lock = lock(&project, global)?;
    let mut recorded = Recorded::read(&project.root, &project.fleet)?;
    let records = Records::new(&recorded.layers);
    let refused = |problems| Failure::Problems(problems, None);
    let (layer, image) = records.find(&args.key).map_err(|problem| refused(vec![problem]))?;
    let promotion = promote(&project.fleet, &records, (layer, image), &args.to, decision()?, args.without_soak.clone())
        .map_err(refused)?;
    let (layer, key) = (layer.clone(), image.key.clone());
    let is_new = promotion.is_some();
    if let Some(promotion) = promotion {
        recorded.edit(&layer, &key, |image| image.promotions.push(promotion));
        recorded.write(&project.root)?;
    }
    let groups = project.fleet.groups.values();
    let groups = groups.filter(|group| group.layer == layer && group.environment == args.to).count();
    if ui.format == Format::Json {
        let json = json!({ "layer": layer, "key": key, "environment": args.to, "changed": is_new, "groups": groups });
        ui.json(json)?;
        return Ok(Exit::Ok);
    }
    if !is_new {
        ui.print(&format!("unchanged {layer} {}: it may run in {} already\n", key.short(), args.to))?;
        return Ok(Exit::Ok);
    }
    ui.print(&format!("promoted {layer} {} to {}: {} may run it\n", key.short(), args.to, count(groups, "group")))?;
    let environment = project.fleet.environments.iter().find(|environment| environment.name == args.to);
    let owners: Vec<&str> = project.fleet.owners.iter().map(AsRef::as_ref).collect();
    let approval = match environment.map(|environment| environment.approval) {
        Some(Approval::Owners) => format!(", which {} must approve", owners.join(" or ")),
        Some(Approval::None) | None => String::new(),
    };
    ui.note(&format!(
        "run `fleetgen generate`, since new groups start with it, and commit that with {} in a pull request{approval}; \
         `fleetgen rollout plan` then uses it",
        Images::path(&layer)
    ))?;
    Ok(Exit::Ok)
}
