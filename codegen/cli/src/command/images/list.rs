//! `fleetgen images list`.

use fleetgen_fleet::scalar::EnvironmentName;
use fleetgen_images::{Image, Records};
use serde_json::json;

use super::{NONE_RECORDED, state};
use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::records::Recorded;
use crate::table::table;
use crate::ui::Ui;

/// List the recorded images, and where each may run
///
/// `now` marks the image of a layer as fleet.yaml describes it now. An image is revoked if one that it was built on is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only images of this layer
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Only images that may run in this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let fleet = &project.fleet;
    known("layer", args.layer.as_deref(), fleet.layers.keys().map(AsRef::as_ref))?;
    let environments = fleet.environments.iter().map(|environment| environment.name.as_str());
    known("environment", args.environment.as_deref(), environments)?;
    let environment = args.environment.clone().and_then(|name| name.parse::<EnvironmentName>().ok());
    let recorded = Recorded::read(&project.root, fleet)?;
    let records = Records::new(&recorded.layers);
    let keys = project.keys()?;
    let may_run = |image: &Image| environment.as_ref().is_none_or(|name| image.promotion(name).is_some());
    let images: Vec<_> = records
        .images()
        .filter(|(layer, _)| args.layer.as_deref().is_none_or(|wanted| wanted == layer.as_str()))
        .filter(|(_, image)| may_run(image) && (environment.is_none() || records.revoked(image).is_none()))
        .collect();
    if ui.format == Format::Json {
        let images: Vec<_> = images
            .iter()
            .map(|(layer, image)| {
                json!({
                    "layer": layer, "key": image.key, "parent": image.parent, "promotions": image.promotions,
                    "revoked": records.revoked(image), "is_current": keys.get(*layer) == Some(&image.key), "builds": image.builds,
                })
            })
            .collect();
        ui.json(json!({ "images": images }))?;
        return Ok(Exit::Ok);
    }
    if images.is_empty() && records.images().next().is_some() {
        ui.note("no recorded image is like that")?;
        return Ok(Exit::Ok);
    }
    if images.is_empty() {
        ui.note(NONE_RECORDED)?;
        return Ok(Exit::Ok);
    }
    let rows = images.iter().map(|(layer, image)| {
        let is_current = keys.get(*layer) == Some(&image.key);
        let builds: Vec<_> = image.builds().map(|(cloud, architecture, _)| format!("{cloud} {architecture}")).collect();
        let parent = image.parent.as_ref().map(|parent| parent.short().to_owned()).unwrap_or_default();
        let key = image.key.short().to_owned() + if is_current { " now" } else { "" };
        vec![layer.to_string(), key, parent, builds.join(", "), state(&records, image), decided(image)]
    });
    ui.print(&table(&["LAYER", "KEY", "PARENT", "BUILDS", "MAY RUN IN", "DECIDED"], rows.collect(), &[]))?;
    Ok(Exit::Ok)
}

/// Who decided last, and on which day.
fn decided(image: &Image) -> String {
    let promoted = image.promotions.last().map(|last| (&last.by, last.at));
    let last = image.revoked.as_ref().map(|revocation| (&revocation.by, revocation.at)).or(promoted);
    last.map(|(by, at)| format!("{} by {by}", at.strftime("%Y-%m-%d"))).unwrap_or_default()
}
