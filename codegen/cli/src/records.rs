//! The records of images in the repository: `images/<layer>.yaml`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use fleetgen_fleet::Fleet;
use fleetgen_fleet::scalar::{Key, LayerName, Text};
use fleetgen_images::{Decision, Image, Images};
use fleetgen_problem::{Code, Place, Problem, suggest_or_list};
use fleetgen_tree::AtomicFile;

use crate::clock;
use crate::error::Failure;
use crate::project::Project;

/// No record, manifest or report is larger than this.
const MOST: u64 = 256 << 20;

/// The records of all layers.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) layers: BTreeMap<LayerName, Images>,
    /// The text of each file that exists.
    texts: BTreeMap<LayerName, String>,
}

impl Recorded {
    /// Reads the records of every layer, and refuses one of a layer that fleet.yaml does not have.
    pub(crate) fn read(root: &Path, fleet: &Fleet) -> Result<Self, Failure> {
        let mut problems = unknown(root, fleet)?;
        let mut recorded = Self { layers: BTreeMap::new(), texts: BTreeMap::new() };
        for layer in fleet.layers.keys() {
            match read_record(root, layer) {
                Ok((images, Some(text))) => {
                    recorded.layers.insert(layer.clone(), images);
                    recorded.texts.insert(layer.clone(), text);
                }
                Ok((_, None)) => {}
                Err(problem) => problems.push(problem.at(Place::File(Images::path(layer)))),
            }
        }
        if problems.is_empty() { Ok(recorded) } else { Err(Failure::Problems(problems, None)) }
    }

    /// Edits the image of a key.
    pub(crate) fn edit(&mut self, layer: &LayerName, key: &Key, edit: impl FnOnce(&mut Image)) {
        let record = self.layers.get_mut(layer);
        if let Some(image) = record.and_then(|record| record.images.iter_mut().find(|image| image.key == *key)) {
            edit(image);
        }
    }

    /// Writes the records that have changed: first all of them beside their places, then each into its place. Returns the
    /// paths of those.
    pub(crate) fn write(&self, root: &Path) -> anyhow::Result<Vec<String>> {
        let mut staged = Vec::new();
        for (layer, images) in &self.layers {
            let text = images.render().map_err(|problem| anyhow::anyhow!(problem.message))?;
            if self.texts.get(layer) != Some(&text) {
                let path = Images::path(layer);
                staged.push((AtomicFile::stage(&root.join(&path), text.as_bytes())?.sync()?, path));
            }
        }
        let mut written = Vec::new();
        for (file, path) in staged {
            file.commit().with_context(|| format!("{path} cannot be written; the records before it were written"))?;
            written.push(path);
        }
        Ok(written)
    }
}

/// Held until the end of a command, so that two commands do not overwrite each other's records.
pub(crate) fn lock(project: &Project, global: &crate::arguments::Global) -> Result<fs_err::File, Failure> {
    let lock = fs_err::File::open(project.root.join(&global.fleet))?;
    lock.file().lock()?;
    Ok(lock)
}

/// Who is at work, for records and journals.
pub(crate) fn actor() -> String {
    let names = ["GITHUB_ACTOR", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "an unknown user".to_owned());
    fleetgen_report::inert(&name)
}

/// Who decides now.
pub(crate) fn decision() -> Result<Decision, Failure> {
    let by = Text::try_from(actor()).map_err(|problem| Failure::Problems(vec![problem], None))?;
    Ok(Decision { by, at: clock::now()? })
}

/// Records of layers that fleet.yaml does not have.
fn unknown(root: &Path, fleet: &Fleet) -> Result<Vec<Problem>, Failure> {
    let directory = root.join("images");
    let mut problems = Vec::new();
    if !directory.is_dir() || directory.is_symlink() {
        return Ok(problems);
    }
    for entry in fs_err::read_dir(directory)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(layer) = name.strip_suffix(".yaml") else { continue };
        if !fleet.layers.keys().any(|known| known.as_str() == layer) {
            let known = suggest_or_list(layer, fleet.layers.keys().map(AsRef::as_ref)).unwrap_or_default();
            problems.push(
                Problem::new(
                    Code::Image,
                    Place::File(format!("images/{name}")),
                    format!("fleet.yaml has no layer `{layer}`"),
                )
                .hint(format!("{known}; if the layer was removed and no group runs its images, delete the file")),
            );
        }
    }
    problems.sort_by_key(|problem| problem.place.clone());
    Ok(problems)
}

/// Reads a file up to the limit.
pub(crate) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
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

/// Reads the record of a layer, with its text if there is one.
fn read_record(root: &Path, layer: &LayerName) -> Result<(Images, Option<String>), Problem> {
    let path = Images::path(layer);
    let hint = format!("fleetgen writes {path}: remove what is in its place");
    let refusal = |message: String| Problem::new(Code::Manifest, Place::Nowhere, message).hint(hint.clone());
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
        Some(text) => Images::parse(layer, text)?,
        None => Images::new(layer.clone()),
    };
    Ok((images, text))
}
