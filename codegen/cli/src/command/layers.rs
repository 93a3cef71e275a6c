//! `fleetgen layers`.

use std::collections::BTreeMap;

use fleetgen_emit::{HandWritten, LayerKey, layer_keys};
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{Fleet, Layer};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::git::Commit;
use crate::project::{Project, hand_written};
use crate::side::{fleet_at, keys_of};
use crate::ui::Ui;

/// Show the image layers as a tree, with their keys and the number of groups that run them
///
/// A layer's key is a digest of everything that can change its image: its settings in fleet.yaml, its scripts and checks,
/// pinned tools, and its parent's key. An image is built once per key.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show which keys have changed since this commit, branch or tag, and why
    #[arg(long, value_name = "REV")]
    since: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let files = hand_written(&project.root)?;
    let keys = layer_keys(&project.fleet, &files)?;
    let before = args.since.as_deref().map(|revision| keys_at(global, revision, &files)).transpose()?;
    let removed = before.iter().flatten().filter(|(name, _)| !keys.contains_key(*name));
    let why = |name: &LayerName| before.as_ref().and_then(|before| why(before.get(name), &keys[name]));
    match ui.format {
        Format::Json => {
            let layers: Vec<_> = project
                .fleet
                .layers
                .values()
                .map(|layer| {
                    let mut entry = json!({
                        "layer": layer.name,
                        "parent": layer.parent(),
                        "key": keys[&layer.name].key,
                        "groups": groups(&project.fleet, &layer.name),
                    });
                    if before.is_some() {
                        entry["changed"] = json!(why(&layer.name));
                    }
                    entry
                })
                .collect();
            let mut said = json!({ "layers": layers });
            if before.is_some() {
                said["removed"] = removed.map(|(name, key)| json!({ "layer": name, "key": key.key })).collect();
            }
            ui.json(said)?;
        }
        Format::Human | Format::Github => {
            let mut lines = Vec::new();
            for root in project.fleet.root_layers() {
                tree(&project.fleet, root, &mut lines);
            }
            let width = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
            for (text, layer) in lines {
                let used = match groups(&project.fleet, &layer.name).len() {
                    0 => "no group of its own".to_owned(),
                    1 => "1 group".to_owned(),
                    number => format!("{number} groups"),
                };
                let padding = " ".repeat(width - text.chars().count());
                let changed = match (&before, why(&layer.name)) {
                    (None, _) => String::new(),
                    (Some(_), None) => "  unchanged".to_owned(),
                    (Some(_), Some(why)) => format!("  changed: {}", shorten(&why)),
                };
                let line = format!("{text}{padding}  {}  {used:<9}{changed}", keys[&layer.name].key);
                ui.print(&format!("{}\n", line.trim_end()))?;
            }
            for (name, key) in removed {
                ui.print(&format!("{name:width$}  {}  removed\n", key.key))?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// The groups that run a layer itself.
fn groups<'a>(fleet: &'a Fleet, layer: &LayerName) -> Vec<&'a str> {
    fleet.groups.values().filter(|group| group.layer == *layer).map(|group| group.name.as_str()).collect()
}

/// A layer and those built on it, indented by their depth.
fn tree<'a>(fleet: &'a Fleet, layer: &'a Layer, lines: &mut Vec<(String, &'a Layer)>) {
    lines.push((format!("{}{}", "  ".repeat(layer.ancestors.len()), layer.name), layer));
    for child in fleet.layers.values().filter(|child| child.parent() == Some(&layer.name)) {
        tree(fleet, child, lines);
    }
}

/// The inputs that differ; nothing if the key is the same.
fn why(before: Option<&LayerKey>, now: &LayerKey) -> Option<Vec<String>> {
    let Some(before) = before else { return Some(vec!["new layer".to_owned()]) };
    if before.key == now.key {
        return None;
    }
    Some(fleetgen_affected::inputs(before, now))
}

fn shorten(why: &[String]) -> String {
    const MOST: usize = 4;
    match why.len() {
        0..=MOST => why.join(", "),
        number => format!("{} and {} more", why[..MOST].join(", "), number - MOST),
    }
}

/// The keys at a revision: of its fleet.yaml and its scripts, with this program's templates and pinned tools.
fn keys_at(global: &Global, revision: &str, now: &HandWritten) -> Result<BTreeMap<LayerName, LayerKey>, Failure> {
    let commit = Commit::find(global, revision)?;
    let (_, fleet) = fleet_at(global, &commit)?;
    keys_of(&fleet, &commit.below(HandWritten::DIRECTORIES)?, now, &commit)
}
