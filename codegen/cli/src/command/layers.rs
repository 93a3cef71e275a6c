//! `fleetgen layers`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use fleetgen_emit::{HandWritten, LayerKey, layer_keys};
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{CheckContext, Fleet, Layer};
use fleetgen_problem::{Severity, SourceFile};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::{Project, hand_written};
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
            ui.print(&format!("{:#}\n", json!({ "layers": layers })))?;
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
    let inputs: BTreeSet<&String> = before.inputs.keys().chain(now.inputs.keys()).collect();
    let differs = |input: &&String| before.inputs.get(*input) != now.inputs.get(*input);
    let changed: Vec<&String> = inputs.into_iter().filter(differs).collect();
    // What is rendered follows from the other inputs, unless fleetgen itself has changed.
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

/// The keys at a revision: of its fleet.yaml and its scripts, with this program's templates and pinned tools.
fn keys_at(global: &Global, revision: &str, now: &HandWritten) -> Result<BTreeMap<LayerName, LayerKey>, Failure> {
    let usage = |message: String, hint: &str| Failure::usage(message, Some(hint.to_owned()));
    git(global, &["rev-parse", "--git-dir"], "").map_err(|_| {
        usage("this directory is not in a Git repository".to_owned(), "name the repository's directory with `-C`")
    })?;
    // `--end-of-options` keeps a revision that looks like an option from being one.
    let commit =
        git(global, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")], "")
            .map_err(|_| {
            usage(format!("`{revision}` is not a revision of this repository"), "name a commit, branch or tag")
        })?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let mut listing = vec!["ls-tree", "-r", "-z", "--name-only", &commit, "--"];
    listing.extend(HandWritten::DIRECTORIES);
    let listing = git(global, &listing, "")?;
    let listing = String::from_utf8_lossy(&listing);
    let name = global.fleet.display().to_string();
    // `cat-file --batch` takes a request a line, so a path with a newline would be two.
    let listed = listing.split('\0').filter(|path| !path.is_empty() && !path.contains('\n'));
    let paths: Vec<&str> = std::iter::once(name.as_str()).chain(listed).collect();
    let mut contents = contents_at(global, &commit, &paths)?;
    let text = contents
        .remove(&name)
        .ok_or_else(|| usage(format!("there is no `{name}` at {revision}"), "name a later revision"))?;
    let unreadable = || usage(format!("this fleetgen cannot read `{name}` at {revision}"), "name a later revision");
    let source = SourceFile::from_bytes(name.clone(), text).map_err(|_| unreadable())?;
    // What has expired since then had not expired then.
    let context = CheckContext { today: None, expired: Severity::Warning };
    let fleet = fleetgen_fleet::load(&source, context).map_err(|_| unreadable())?.fleet;
    // A script that did not exist yet counts as empty.
    let mut files: BTreeMap<String, Vec<u8>> = now.0.keys().map(|path| (path.clone(), Vec::new())).collect();
    files.extend(contents);
    layer_keys(&fleet, &HandWritten(files)).map_err(|error| {
        usage(format!("the keys at {revision} cannot be computed: {error}"), "name a revision that has these files")
    })
}

/// The files at a commit, by path from the directory that fleetgen works in; those that do not exist are left out. One
/// process of Git reads them all.
fn contents_at(global: &Global, commit: &str, paths: &[&str]) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let requests = paths.iter().fold(String::new(), |text, path| text + commit + ":./" + path + "\n");
    let answers = git(global, &["cat-file", "--batch"], &requests)?;
    let mut contents = BTreeMap::new();
    let mut rest = answers.as_slice();
    for path in paths {
        // `OBJECT TYPE SIZE`, the content and a newline; or `OBJECT missing`.
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let (header, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let header = String::from_utf8_lossy(header);
        let Some(size) = header.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok()) else { continue };
        anyhow::ensure!(rest.len() > size, "git cat-file ended early");
        contents.insert((*path).to_owned(), rest[..size].to_vec());
        rest = &rest[size + 1..];
    }
    Ok(contents)
}

fn git(global: &Global, words: &[&str], input: &str) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(&global.directory).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take();
    // Written by another thread: Git answers while it reads.
    let (written, output) = rayon::join(
        move || stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(input.as_bytes())),
        || child.wait_with_output(),
    );
    let output = output?;
    if !output.status.success() {
        anyhow::bail!("git {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    written?;
    Ok(output.stdout)
}
