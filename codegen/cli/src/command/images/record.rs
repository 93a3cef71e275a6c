//! `fleetgen images record`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_images::{Built, Images, REPORTS, sources};
use fleetgen_problem::{Code, Place, Problem};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::records::{Recorded, lock, read};
use crate::reports::{self, Reports};
use crate::ui::Ui;

/// Record the images that a build produced
///
/// Checks each manifest against fleet.yaml and against the reports beside it. If anything does not agree, nothing is
/// written. Recording a manifest again changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The manifest.json that packer/runner/build.sh leaves in .fleetgen/<layer>/reports/<source>/
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,
    #[command(flatten)]
    reports: reports::Args,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let _lock = lock(&project, global)?;
    let keys = project.keys()?;
    let mut recorded = Recorded::read(&project.root, &project.fleet)?;
    let mut problems = Vec::new();
    let mut entries = Vec::new();
    for manifest in &args.manifests {
        let added = built(&project, &keys, &global.directory.join(manifest)).and_then(|(built, reports)| {
            let record = recorded.layers.entry(built.layer.clone());
            let record = record.or_insert_with(|| Images::new(built.layer.clone()));
            let changed = record.add(&built).map_err(|problem| vec![problem])?;
            Ok((built, reports, changed))
        });
        match added {
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
    let store = Reports::new(&global.directory, &args.reports);
    for (built, reports, _) in &entries {
        for (name, digest) in
            built.build.digests.iter().filter(|(name, _)| fleetgen_images::KEPT.contains(&name.as_str()))
        {
            let file = REPORTS.iter().find(|(report, _)| report == name).map(|(_, file)| *file);
            if let Some(bytes) = file.and_then(|file| reports.get(file)) {
                store.keep(digest, bytes)?;
            }
        }
    }
    recorded.write(&project.root)?;
    report(ui, &project, &recorded, &entries)?;
    Ok(Exit::Ok)
}

/// The reports of a build, by file name.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// What a build produced, its reports, and whether it was recorded now.
type Entry = (Built, Files, bool);

/// Reads a manifest and the reports beside it.
fn built(project: &Project, keys: &BTreeMap<LayerName, Key>, manifest: &Path) -> Result<(Built, Files), Vec<Problem>> {
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
    if !unreadable.is_empty() {
        return Err(unreadable);
    }
    Ok((fleetgen_images::read(&project.fleet, keys, &bytes, &reports)?, reports))
}

/// Reports what was recorded, and which images of the same keys are still missing.
fn report(ui: &mut Ui, project: &Project, recorded: &Recorded, entries: &[Entry]) -> std::io::Result<()> {
    let mut missing = BTreeSet::new();
    for (built, _, _) in entries {
        let sources = sources(&project.fleet, &built.layer);
        let images =
            recorded.layers.get(&built.layer).map(|images| images.missing(&built.key, &sources)).unwrap_or_default();
        missing
            .extend(images.into_iter().map(|(cloud, architecture)| format!("{} {cloud} {architecture}", built.layer)));
    }
    if ui.format == Format::Json {
        let entries: Vec<_> = entries
            .iter()
            .map(|(built, _, changed)| {
                json!({
                    "layer": built.layer, "key": built.key, "cloud": built.cloud, "architecture": built.architecture,
                    "ids": built.build.ids, "recorded": changed,
                })
            })
            .collect();
        return ui.json(json!({ "images": entries, "missing": missing }));
    }
    for (built, _, changed) in entries {
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
