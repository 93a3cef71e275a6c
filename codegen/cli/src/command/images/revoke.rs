//! `fleetgen images revoke`.

use fleetgen_fleet::scalar::Text;
use fleetgen_images::{Decision, Images, Records, Revocation};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::records::{Recorded, decision, lock};
use crate::ui::Ui;

/// Let an image, and everything built on it, run nowhere any more
///
/// Edits images/<layer>.yaml, for a pull request. A rollout in progress reads the records again while it runs: it moves no
/// further group to the image. `fleetgen rollout plan --emergency REASON` moves groups that run it to another one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The image's key, or its first digits
    key: String,
    /// Why, such as CVE-2026-12345
    #[arg(long)]
    reason: Text,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let _lock = lock(&project, global)?;
    let mut recorded = Recorded::read(&project.root, &project.fleet)?;
    let records = Records::new(&recorded.layers);
    let (layer, image) = records.find(&args.key).map_err(|problem| Failure::Problems(vec![problem], None))?;
    let is_child =
        |child: &&fleetgen_images::Image| records.lineage(child).skip(1).any(|ancestor| ancestor.key == image.key);
    let children = records.images().filter(|(_, child)| is_child(child));
    let children: Vec<_> = children.map(|(layer, child)| (layer.clone(), child.key.clone())).collect();
    let (layer, key) = (layer.clone(), image.key.clone());
    let is_new = image.revoked.is_none();
    if is_new {
        let Decision { by, at } = decision()?;
        recorded.edit(&layer, &key, |image| image.revoked = Some(Revocation { reason: args.reason.clone(), by, at }));
        recorded.write(&project.root)?;
    }
    if ui.format == Format::Json {
        let children: Vec<_> = children.iter().map(|(layer, key)| json!({ "layer": layer, "key": key })).collect();
        ui.json(json!({ "layer": layer, "key": key, "changed": is_new, "children": children }))?;
        return Ok(Exit::Ok);
    }
    if !is_new {
        ui.print(&format!("unchanged {layer} {}: it was revoked already\n", key.short()))?;
        return Ok(Exit::Ok);
    }
    ui.print(&format!("revoked {layer} {}: {}\n", key.short(), args.reason))?;
    for (layer, key) in &children {
        ui.print(&format!("revoked {layer} {}, which is built on it\n", key.short()))?;
    }
    ui.note(&format!(
        "commit {} in a pull request, and build {layer} again; `fleetgen rollout plan --emergency REASON` moves the groups that run these images",
        Images::path(&layer)
    ))?;
    Ok(Exit::Ok)
}
