//! `fleetgen images prune`.

use std::collections::BTreeSet;

use fleetgen_fleet::scalar::ImageId;
use fleetgen_images::{Records, unused};
use serde_json::json;

use super::state;
use crate::arguments::{Format, Global};
use crate::command::rollout::{Where, referenced};
use crate::error::Outcome;
use crate::exit::Exit;
use crate::project::Project;
use crate::records::{Recorded, lock};
use crate::table::table;
use crate::ui::Ui;

/// List the images that nothing needs any more
///
/// An image is needed if a group runs it, a rollout moves groups to it or may return them to it, it is one of the newest that
/// may run in an environment, or such an image was built on it. `--remove` removes the others from images/<layer>.yaml, for a
/// pull request. Nothing is deleted in a cloud: do that after the pull request was merged.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// How many of the newest images that may run in an environment are kept
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Remove them from the records
    #[arg(long)]
    pub(super) remove: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    args.place.refresh(global, &project.fleet)?;
    let _lock = lock(&project, global)?;
    let mut recorded = Recorded::read(&project.root, &project.fleet)?;
    args.place.check(project.fleet.groups.values().map(fleetgen_fleet::Group::cloud))?;
    let mut used: BTreeSet<ImageId> = args.place.open(&project, &recorded.layers, false)?.images(&project.fleet)?;
    used.extend(referenced(global)?.images);
    let current: BTreeSet<_> = project.keys()?.into_values().collect();
    let records = Records::new(&recorded.layers);
    let unused = unused(&project.fleet, &records, &used, &current, args.keep as usize);
    if ui.format == Format::Json {
        let images: Vec<_> = unused
            .iter()
            .map(|(layer, image)| json!({ "layer": layer, "key": image.key, "promotions": image.promotions, "builds": image.builds }))
            .collect();
        ui.json(json!({ "images": images, "removed": args.remove }))?;
    } else if unused.is_empty() {
        ui.note("every recorded image is needed")?;
    } else {
        let rows = unused.iter().flat_map(|(layer, image)| {
            let ids = image.builds().flat_map(|(cloud, _, build)| build.ids.iter().map(move |id| (cloud, id)));
            ids.map(|(cloud, (region, id))| {
                vec![
                    layer.to_string(),
                    image.key.short().to_owned(),
                    state(&records, image),
                    cloud.to_string(),
                    region.to_string(),
                    id.to_string(),
                ]
            })
        });
        ui.print(&table(&["LAYER", "KEY", "MAY RUN IN", "CLOUD", "REGION", "IMAGE"], rows.collect(), &[]))?;
    }
    let keys: BTreeSet<_> = unused.iter().map(|(_, image)| image.key.clone()).collect();
    if args.remove && !keys.is_empty() {
        for record in recorded.layers.values_mut() {
            record.images.retain(|image| !keys.contains(&image.key));
        }
        let written = recorded.write(&project.root)?;
        ui.note(&format!(
            "removed from {}; once that is merged, delete the images above in their clouds",
            written.join(", ")
        ))?;
    }
    Ok(Exit::Ok)
}
