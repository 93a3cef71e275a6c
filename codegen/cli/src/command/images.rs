//! `fleetgen images`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fleetgen_emit::layer_keys;
use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_images::{Built, Images, REPORTS, Refusal, sources};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::annotation;
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
    // Until the end of the command, so that another one does not write what this one has not read.
    let lock = fs_err::File::open(project.root.join(&global.fleet))?;
    lock.file().lock()?;
    let keys = layer_keys(&project.fleet, &hand_written(&project.root)?)?;
    let keys = keys.into_iter().map(|(layer, key)| Ok((layer, key.key.parse()?))).collect::<anyhow::Result<_>>()?;
    let mut refused = Vec::new();
    let mut records = BTreeMap::new();
    let mut entries = Vec::new();
    for manifest in manifests {
        let recorded = built(&project, &keys, &global.directory.join(manifest)).and_then(|built| {
            let changed = add(&project, &mut records, &built).map_err(|refusal| vec![refusal])?;
            Ok((built, changed))
        });
        match recorded {
            Ok(entry) => entries.push(entry),
            Err(refusals) => {
                refused.extend(refusals.into_iter().map(|refusal| (manifest.display().to_string(), refusal)));
            }
        }
    }
    if !refused.is_empty() {
        return Err(Failure::Refused { report: report(&refused, ui.format) });
    }
    write(&project.root, &records)?;
    tell(ui, &project, &records, &entries)?;
    Ok(Exit::Ok)
}

/// The records that a command works on, each with the text that was found; nothing where there was no file.
type Records = BTreeMap<LayerName, (Images, Option<String>)>;

/// Reads a manifest and the reports beside it.
fn built(project: &Project, keys: &BTreeMap<LayerName, Key>, manifest: &Path) -> Result<Built, Vec<Refusal>> {
    let directory = manifest.parent().unwrap_or(Path::new("."));
    let refusal = |what: &str, error: &std::io::Error| Refusal {
        message: format!("{what} cannot be read: {error}"),
        hint: "name the manifest.json that packer/runner/build.sh leaves below .fleetgen/<layer>/reports".to_owned(),
    };
    let bytes = read(manifest).map_err(|error| vec![refusal("it", &error)])?;
    let mut unreadable = Vec::new();
    let mut reports = BTreeMap::new();
    for (_, name) in REPORTS {
        match read(&directory.join(name)) {
            Ok(bytes) => {
                reports.insert(*name, bytes);
            }
            // What is missing is told with everything else.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => unreadable.push(refusal(name, &error)),
        }
    }
    if unreadable.is_empty() { fleetgen_images::read(&project.fleet, keys, &bytes, &reports) } else { Err(unreadable) }
}

/// Reads a file, but not without end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let metadata = fs_err::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than the {} MiB that are read", MOST >> 20)));
    }
    Ok(bytes)
}

/// Adds what was built to the record of its layer, which is read once.
fn add(project: &Project, records: &mut Records, built: &Built) -> Result<bool, Refusal> {
    if !records.contains_key(&built.layer) {
        let path = Images::path(&built.layer);
        let hint = format!("{path} is a file that fleetgen writes: remove what is in its place");
        let refusal = |message: String| Refusal { message, hint: hint.clone() };
        for part in ["images", &path] {
            if project.root.join(part).is_symlink() {
                return Err(refusal(format!("{part} is a link, which is not followed")));
            }
        }
        let text = match read(&project.root.join(&path)) {
            Ok(bytes) => Some(String::from_utf8(bytes).map_err(|_| refusal(format!("{path} is not UTF-8")))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(refusal(format!("{path} cannot be read: {error}"))),
        };
        let images = match &text {
            Some(text) => Images::parse(&built.layer, text)?,
            None => Images::new(built.layer.clone()),
        };
        records.insert(built.layer.clone(), (images, text));
    }
    records.get_mut(&built.layer).map_or(Ok(false), |(images, _)| images.add(built))
}

/// Writes the records that have changed: all of them beside their places first, and then each onto its place, so that it is
/// there whole or as it was.
fn write(root: &Path, records: &Records) -> anyhow::Result<()> {
    let directory = root.join("images");
    let mut staged = Vec::new();
    for (layer, (images, before)) in records {
        let text = images.render().map_err(|refusal| anyhow::anyhow!(refusal.message))?;
        if before.as_ref() == Some(&text) {
            continue;
        }
        fs_err::create_dir_all(&directory)?;
        let mut file = tempfile::Builder::new().prefix(".images-").tempfile_in(&directory)?;
        file.write_all(text.as_bytes())?;
        // As a new file of the user's would be, not as a secret one.
        file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        file.as_file().sync_all()?;
        staged.push((Images::path(layer), file));
    }
    for (path, file) in staged {
        file.persist(root.join(&path)).with_context(|| format!("{path} cannot be written; those before it were"))?;
    }
    Ok(())
}

fn report(refused: &[(String, Refusal)], format: Format) -> String {
    match format {
        Format::Human => {
            let text = refused.iter().map(|(manifest, refusal)| {
                format!("error[manifest]: {manifest}: {}\nhelp: {}\n\n", refusal.message, refusal.hint)
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
        Format::Github => refused
            .iter()
            .map(|(manifest, refusal)| annotation(manifest, &format!("{}\nhelp: {}", refusal.message, refusal.hint)))
            .collect(),
    }
}

/// Says what was recorded, and what else a key should have.
fn tell(ui: &mut Ui, project: &Project, records: &Records, entries: &[(Built, bool)]) -> std::io::Result<()> {
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
        let verb = if *changed { "recorded" } else { "known" };
        let (layer, cloud, architecture) = (&built.layer, built.cloud, built.architecture);
        ui.print(&format!("{verb:<8} {layer} {} {cloud} {architecture}: {}\n", built.key, ids.join(", ")))?;
    }
    for what in missing {
        ui.note(&format!("note: there is no image yet of {what}; build it with packer/runner/build.sh and -only"))?;
    }
    Ok(())
}
