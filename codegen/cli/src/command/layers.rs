//! `fleetgen layers`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use fleetgen_emit::{HandWritten, LayerKey, layer_keys};
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{Fleet, Layer, SourceFile};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::{Project, hand_written};
use crate::ui::Ui;

/// Show the image layers as a tree, with the key of each and who runs it
///
/// The key is a digest over everything that can change an image: what fleet.yaml says of the layer, its scripts and checks,
/// pinned tools, and the key of the layer that it is built on. An image is built once for each key.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Say which keys have changed since this commit, branch or tag, and why
    #[arg(long, value_name = "REV")]
    since: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let files = hand_written(&project.root)?;
    let keys = layer_keys(&project.fleet, &files)?;
    let before = args.since.as_deref().map(|revision| keys_at(global, revision, &files)).transpose()?;
    let why = |name: &LayerName| before.as_ref().and_then(|before| why(before.get(name), &keys[name]));
    match ui.format {
        Format::Json => {
            let layers: Vec<_> = project
                .fleet
                .layers
                .values()
                .map(|layer| {
                    let mut entry = json!({
                        "name": layer.name,
                        "parent": layer.ancestors.first(),
                        "key": keys[&layer.name].key,
                        "groups": groups(&project.fleet, &layer.name),
                    });
                    if before.is_some() {
                        entry["changed"] = json!(why(&layer.name));
                    }
                    entry
                })
                .collect();
            ui.print(&format!("{:#}\n", json!({ "layers": layers })))?;
        }
        Format::Human | Format::Github => {
            let roots = project.fleet.layers.values().filter(|layer| layer.ancestors.is_empty());
            let mut lines = Vec::new();
            for root in roots {
                tree(&project.fleet, root, &mut lines);
            }
            let width = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
            for (text, layer) in lines {
                let used = match groups(&project.fleet, &layer.name).len() {
                    0 => "no group".to_owned(),
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
        }
    }
    Ok(Exit::Ok)
}

/// The groups that run a layer itself.
fn groups<'a>(fleet: &'a Fleet, layer: &LayerName) -> Vec<&'a str> {
    fleet.groups.values().filter(|group| group.layer == *layer).map(|group| group.name.as_str()).collect()
}

/// A layer and those built on it, indented as they are built on each other.
fn tree<'a>(fleet: &'a Fleet, layer: &'a Layer, lines: &mut Vec<(String, &'a Layer)>) {
    lines.push((format!("{}{}", "  ".repeat(layer.ancestors.len()), layer.name), layer));
    for child in fleet.layers.values().filter(|child| child.ancestors.first() == Some(&layer.name)) {
        tree(fleet, child, lines);
    }
}

/// The inputs that differ; nothing where the key is the same.
fn why(before: Option<&LayerKey>, now: &LayerKey) -> Option<Vec<String>> {
    let Some(before) = before else { return Some(vec!["new layer".to_owned()]) };
    if before.key == now.key {
        return None;
    }
    let inputs: BTreeSet<&String> = before.inputs.keys().chain(now.inputs.keys()).collect();
    let differs = |input: &&String| before.inputs.get(*input) != now.inputs.get(*input);
    let changed: Vec<&String> = inputs.into_iter().filter(differs).collect();
    // What is rendered follows from the rest, unless it is fleetgen itself that renders otherwise.
    let is_rendered = |input: &&String| input.starts_with("generated/");
    let only_rendered = changed.iter().all(&is_rendered);
    Some(changed.into_iter().filter(|input| only_rendered || !is_rendered(input)).cloned().collect())
}

fn shorten(why: &[String]) -> String {
    const MOST: usize = 4;
    match why.len() {
        0..=MOST => why.join(", "),
        number => format!("{} and {} more", why[..MOST].join(", "), number - MOST),
    }
}

/// The keys as they were at a revision: of its fleet.yaml and its scripts, by this program's templates and pins.
fn keys_at(global: &Global, revision: &str, now: &HandWritten) -> Result<BTreeMap<LayerName, LayerKey>, Failure> {
    let usage = |message: String, hint: &str| Failure::Usage { message, hint: Some(hint.to_owned()) };
    // `--end-of-options` keeps a revision that looks like an option from being one.
    let commit =
        git(global, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])
            .map_err(|_| {
                usage(format!("`{revision}` is no revision of this repository"), "name a commit, branch or tag")
            })?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let show = |path: &str| git(global, &["show", &format!("{commit}:./{path}")]);
    let name = global.fleet.display().to_string();
    let text =
        show(&name).map_err(|_| usage(format!("there is no `{name}` at {revision}"), "name a later revision"))?;
    let unreadable =
        || usage(format!("`{name}` at {revision} cannot be read by this fleetgen"), "name a later revision");
    let source = SourceFile::from_bytes(name.clone(), text).map_err(|_| unreadable())?;
    // What has expired since then had not then.
    let fleet = fleetgen_fleet::load(&source, None).map_err(|_| unreadable())?;
    // A script that was not there yet counts as empty.
    let mut files: BTreeMap<String, Vec<u8>> = now.0.keys().map(|path| (path.clone(), Vec::new())).collect();
    let mut listing = vec!["ls-tree", "-r", "-z", "--name-only", &commit, "--"];
    listing.extend(HandWritten::DIRECTORIES);
    for path in String::from_utf8_lossy(&git(global, &listing)?).split('\0').filter(|path| !path.is_empty()) {
        files.insert(path.to_owned(), show(path)?);
    }
    layer_keys(&fleet, &HandWritten(files)).map_err(|error| {
        usage(format!("the keys at {revision} are not known: {error}"), "name a revision that has these files")
    })
}

fn git(global: &Global, words: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git").arg("-C").arg(&global.directory).args(words).output()?;
    if !output.status.success() {
        anyhow::bail!("git {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}
