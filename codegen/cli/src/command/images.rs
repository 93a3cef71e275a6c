//! `fleetgen images`.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fleetgen_emit::layer_keys;
use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_images::{Built, Images, REPORTS, Refusal};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::{Project, hand_written};
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
    /// Record what a build made, from the manifests that it left
    ///
    /// A manifest is held against fleet.yaml, and against the reports beside it. Where anything does not agree, nothing is
    /// written. To record a manifest again changes nothing.
    Record {
        /// A manifest.json, as packer/runner/build.sh leaves it in .fleetgen/<layer>/reports/<source>/
        #[arg(required = true, value_name = "MANIFEST")]
        manifests: Vec<PathBuf>,
    },
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let Command::Record { manifests } = &args.command;
    let project = Project::load(global, ui)?;
    let keys = layer_keys(&project.fleet, &hand_written(&project.root)?)?;
    let keys = keys.into_iter().map(|(layer, key)| Ok((layer, key.key.parse()?))).collect::<anyhow::Result<_>>()?;
    let mut refused = Vec::new();
    let mut records: BTreeMap<LayerName, (Images, String)> = BTreeMap::new();
    let mut entries = Vec::new();
    for manifest in manifests {
        let recorded = built(&project, &keys, manifest).and_then(|built| {
            let changed = add(&project, &mut records, &built).map_err(|refusal| vec![refusal])?;
            Ok((built, changed))
        });
        match recorded {
            Ok(entry) => entries.push(entry),
            Err(refusals) => refused.extend(refusals.into_iter().map(|refusal| (manifest, refusal))),
        }
    }
    if !refused.is_empty() {
        return Err(Failure::Refused { report: report(&refused, ui.format) });
    }
    for (layer, (images, before)) in &records {
        let text = images.render().map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        if text != *before {
            replace(&project.root, &Images::path(layer), &text)?;
        }
    }
    tell(ui, &entries)?;
    Ok(Exit::Ok)
}

/// Reads a manifest and the reports beside it.
fn built(project: &Project, keys: &BTreeMap<LayerName, Key>, manifest: &Path) -> Result<Built, Vec<Refusal>> {
    let directory = manifest.parent().unwrap_or(Path::new("."));
    let refusal = |error: std::io::Error| {
        let hint =
            "name the manifest.json that packer/runner/build.sh leaves below .fleetgen/<layer>/reports".to_owned();
        vec![Refusal { message: format!("it cannot be read: {error}"), hint }]
    };
    let bytes = read(manifest).map_err(refusal)?;
    let mut reports = BTreeMap::new();
    for name in REPORTS {
        match read(&directory.join(name)) {
            Ok(bytes) => {
                reports.insert(*name, bytes);
            }
            // What is missing is told with everything else.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(refusal(error)),
        }
    }
    fleetgen_images::read(&project.fleet, keys, &bytes, &reports)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than the {} MiB that are read", MOST >> 20)));
    }
    Ok(bytes)
}

/// Adds what was built to the record of its layer, which is read once.
fn add(project: &Project, records: &mut BTreeMap<LayerName, (Images, String)>, built: &Built) -> Result<bool, Refusal> {
    if !records.contains_key(&built.layer) {
        let path = Images::path(&built.layer);
        let hint = format!("{path} is a file that fleetgen writes: remove what is in its place");
        let refusal = |message: String| Refusal { message, hint: hint.clone() };
        for part in [project.root.join("images"), project.root.join(&path)] {
            if part.is_symlink() {
                return Err(refusal(format!("{} is a link, which is not followed", part.display())));
            }
        }
        let record = match fs_err::read_to_string(project.root.join(&path)) {
            Ok(text) => (Images::parse(&built.layer, &text)?, text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                (Images::new(built.layer.clone()), String::new())
            }
            Err(error) => return Err(refusal(format!("{path} cannot be read: {error}"))),
        };
        records.insert(built.layer.clone(), record);
    }
    records.get_mut(&built.layer).map_or(Ok(false), |(images, _)| images.add(built))
}

/// Writes a file beside its place and renames it onto it, so that it is there whole or as it was.
fn replace(root: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let path = root.join(path);
    let directory = path.parent().context("a record has a directory")?;
    fs_err::create_dir_all(directory)?;
    let mut staged = tempfile::Builder::new().prefix(".images-").tempfile_in(directory)?;
    staged.write_all(text.as_bytes())?;
    // As a new file of the user's would be, not as a secret one.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    staged.as_file().set_permissions(mode)?;
    staged.as_file().sync_all()?;
    staged.persist(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}

fn report(refused: &[(&PathBuf, Refusal)], format: Format) -> String {
    match format {
        Format::Human | Format::Github => {
            let text = refused.iter().map(|(manifest, refusal)| {
                format!("error[manifest]: {}: {}\nhelp: {}\n\n", manifest.display(), refusal.message, refusal.hint)
            });
            format!("{}nothing was written\n", text.collect::<String>())
        }
        Format::Json => {
            let entries: Vec<_> = refused
                .iter()
                .map(|(manifest, refusal)| json!({ "manifest": manifest, "message": refusal.message, "hint": refusal.hint }))
                .collect();
            format!("{:#}\n", json!({ "refused": entries }))
        }
    }
}

fn tell(ui: &mut Ui, entries: &[(Built, bool)]) -> std::io::Result<()> {
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
        return ui.print(&format!("{:#}\n", json!({ "images": entries })));
    }
    for (built, changed) in entries {
        let ids: Vec<String> = built.build.ids.iter().map(|(region, id)| format!("{id} in {region}")).collect();
        let verb = if *changed { "recorded" } else { "known" };
        let (layer, cloud, architecture) = (&built.layer, built.cloud, built.architecture);
        ui.print(&format!("{verb:<8} {layer} {} {cloud} {architecture}: {}\n", built.key, ids.join(", ")))?;
    }
    Ok(())
}
