//! `fleetgen images`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_images::{Built, Images, REPORTS, sources};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_tree::AtomicFile;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// No manifest or report is larger than this.
const MOST: u64 = 256 << 20;

/// Keep the record of which images exist, in images/<layer>.yaml
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Record the images that a build produced
    ///
    /// Checks each manifest against fleet.yaml and against the reports beside it. If anything does not agree, nothing is
    /// written. Recording a manifest again changes nothing.
    Record {
        /// The manifest.json that packer/runner/build.sh leaves in .fleetgen/<layer>/reports/<source>/
        #[arg(required = true, value_name = "MANIFEST")]
        manifests: Vec<PathBuf>,
    },
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let Command::Record { manifests } = &args.command;
    let project = Project::load(global, ui)?;
    // Held until the end of the command, so that two commands do not overwrite each other's records.
    let lock = fs_err::File::open(project.root.join(&global.fleet))?;
    lock.file().lock()?;
    let keys = project.keys()?;
    let mut problems = Vec::new();
    let mut records = BTreeMap::new();
    let mut entries = Vec::new();
    for manifest in manifests {
        let recorded = built(&project, &keys, &global.directory.join(manifest)).and_then(|built| {
            let changed = add(&project, &mut records, &built).map_err(|problem| vec![*problem])?;
            Ok((built, changed))
        });
        match recorded {
            Ok(entry) => entries.push(entry),
            Err(more) => {
                let place = Place::File(manifest.display().to_string());
                problems.extend(more.into_iter().map(|problem| problem.at(place.clone())));
            }
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems, None));
    }
    write(&project.root, &records)?;
    report(ui, &project, &records, &entries)?;
    Ok(Exit::Ok)
}

/// The records that a command works on, each with the text of its file if there was one.
type Records = BTreeMap<LayerName, (Images, Option<String>)>;

/// Reads a manifest and the reports beside it.
fn built(project: &Project, keys: &BTreeMap<LayerName, Key>, manifest: &Path) -> Result<Built, Vec<Problem>> {
    let directory = manifest.parent().unwrap_or(Path::new("."));
    let unreadable_file = |what: &str, error: &std::io::Error| {
        Problem::new(Code::Manifest, Place::Nowhere, format!("{what} cannot be read: {error}"))
            .hint("name the manifest.json that packer/runner/build.sh leaves in .fleetgen/<layer>/reports/<source>/")
    };
    let bytes = read(manifest).map_err(|error| vec![unreadable_file("the manifest", &error)])?;
    let mut unreadable = Vec::new();
    let mut reports = BTreeMap::new();
    for (_, name) in REPORTS {
        match read(&directory.join(name)) {
            Ok(bytes) => {
                reports.insert(*name, bytes);
            }
            // A missing report is reported with everything else.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => unreadable.push(unreadable_file(name, &error)),
        }
    }
    if unreadable.is_empty() { fleetgen_images::read(&project.fleet, keys, &bytes, &reports) } else { Err(unreadable) }
}

/// Reads a file up to the limit.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = fs_err::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than {} MiB", MOST >> 20)));
    }
    Ok(bytes)
}

/// Adds what was built to the record of its layer, which is read once.
fn add(project: &Project, records: &mut Records, built: &Built) -> Result<bool, Box<Problem>> {
    if !records.contains_key(&built.layer) {
        records.insert(built.layer.clone(), read_record(&project.root, &built.layer)?);
    }
    records.get_mut(&built.layer).map_or(Ok(false), |(images, _)| images.add(built).map_err(Box::new))
}

/// Reads the record of a layer, with its text if there is one.
pub(crate) fn read_record(root: &Path, layer: &LayerName) -> Result<(Images, Option<String>), Box<Problem>> {
    let path = Images::path(layer);
    let hint = format!("fleetgen writes {path}: remove what is in its place");
    let refusal = |message: String| Box::new(Problem::new(Code::Manifest, Place::Nowhere, message).hint(hint.clone()));
    for part in ["images", &path] {
        if root.join(part).is_symlink() {
            return Err(refusal(format!("{part} is a symbolic link")));
        }
    }
    let text = match read(&root.join(&path)) {
        Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| refusal(format!("{path} is not UTF-8")))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(refusal(format!("{path} cannot be read: {error}"))),
    };
    let images = match &text {
        Some(text) => Images::parse(layer, text).map_err(Box::new)?,
        None => Images::new(layer.clone()),
    };
    Ok((images, text))
}

/// Writes the records that have changed: first all of them beside their places, then each into its place.
fn write(root: &Path, records: &Records) -> anyhow::Result<()> {
    let mut staged = Vec::new();
    for (layer, (images, before)) in records {
        let text = images.render().map_err(|problem| anyhow::anyhow!(problem.message))?;
        if before.as_ref() != Some(&text) {
            let path = Images::path(layer);
            staged.push((AtomicFile::stage(&root.join(&path), text.as_bytes())?.sync()?, path));
        }
    }
    for (file, path) in staged {
        file.commit().with_context(|| format!("{path} cannot be written; the records before it were written"))?;
    }
    Ok(())
}

/// Reports what was recorded, and which images of the same keys are still missing.
fn report(ui: &mut Ui, project: &Project, records: &Records, entries: &[(Built, bool)]) -> std::io::Result<()> {
    let mut missing = BTreeSet::new();
    for (built, _) in entries {
        let sources = sources(&project.fleet, &built.layer);
        let images =
            records.get(&built.layer).map(|(images, _)| images.missing(&built.key, &sources)).unwrap_or_default();
        missing
            .extend(images.into_iter().map(|(cloud, architecture)| format!("{} {cloud} {architecture}", built.layer)));
    }
    if ui.format == Format::Json {
        let entries: Vec<_> = entries
            .iter()
            .map(|(built, changed)| {
                json!({
                    "layer": built.layer, "key": built.key, "cloud": built.cloud, "architecture": built.architecture,
                    "ids": built.build.ids, "recorded": changed,
                })
            })
            .collect();
        return ui.print(&format!("{:#}\n", json!({ "images": entries, "missing": missing })));
    }
    for (built, changed) in entries {
        let ids: Vec<String> = built.build.ids.iter().map(|(region, id)| format!("{id} in {region}")).collect();
        let verb = if *changed { "recorded" } else { "unchanged" };
        let (layer, cloud, architecture) = (&built.layer, built.cloud, built.architecture);
        ui.print(&format!("{verb:<9} {layer} {} {cloud} {architecture}: {}\n", built.key, ids.join(", ")))?;
    }
    for what in missing {
        ui.note(&format!("note: there is no image of {what} yet; build it with `packer/runner/build.sh` and `-only`"))?;
    }
    Ok(())
}
