//! Fleet → files, in memory. Nothing here reads or writes a disk.
//!
//! Each kind of output is a module with its templates beside it and one entry in [`KINDS`]. A kind turns the fleet into
//! files; [`emit`] runs them all. docs/adding-an-output.md tells how to add one.

mod language;
mod layer;
mod schema;
mod terraform;

use std::collections::BTreeMap;

use fleetgen_fleet::Fleet;
use fleetgen_tree::File;
use rayon::prelude::*;

pub use layer::{LayerKey, layer_keys};

/// A fault of fleetgen's own: a template that does not render, or text that its language does not take.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub struct EmitError {
    /// The file that was to be.
    pub path: String,
    /// What went wrong.
    pub message: String,
}

/// A kind of output.
struct Kind {
    /// Its name, in messages about two kinds that want one file.
    name: &'static str,
    emit: fn(&Fleet, &HandWritten) -> Result<Vec<File>, EmitError>,
}

/// Every kind of output.
const KINDS: &[Kind] = &[
    Kind { name: layer::NAME, emit: layer::emit },
    Kind { name: terraform::NAME, emit: |fleet, _| terraform::emit(fleet) },
    Kind { name: schema::NAME, emit: |fleet, _| schema::emit(fleet) },
];

/// The hand-written files that take part in images: those below [`HandWritten::DIRECTORIES`], by path from the root of the
/// repository.
#[derive(Debug, Clone, Default)]
pub struct HandWritten(pub BTreeMap<String, Vec<u8>>);

impl HandWritten {
    /// The directories that hold them.
    pub const DIRECTORIES: &[&str] = &["goss", "packer/scripts"];

    fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }
}

/// The names of all kinds of output.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// All files that a fleet wants.
///
/// # Errors
/// A fault of fleetgen's own.
pub fn emit(fleet: &Fleet, hand_written: &HandWritten) -> Result<Vec<File>, EmitError> {
    let files: Vec<Vec<File>> =
        KINDS.par_iter().map(|kind| (kind.emit)(fleet, hand_written)).collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// Reads a rendered file back, as the tool that it is for would.
///
/// # Errors
/// The file's language does not take it: a fault of fleetgen's own.
pub fn parse_back(path: &str, content: &str) -> Result<(), EmitError> {
    // The user's own files are theirs.
    if path.starts_with("generated/packer/") && path.contains("/files/") {
        return Ok(());
    }
    let problem = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("tf" | "hcl") => hcl::parse(content).err().map(|error| error.to_string()),
        Some("json") => serde_json::from_str::<serde_json::Value>(content).err().map(|error| error.to_string()),
        // Goss fills this in before it reads the YAML.
        Some("yaml") => {
            let filled = content.replace("{{ .Vars.container }}", "false");
            serde_saphyr::from_str::<serde_json::Value>(&filled).err().map(|error| error.to_string())
        }
        // Nothing reads these but bash and cosign, which the checks with real tools run.
        Some("sh" | "pub") => None,
        _ => Some("there is no reader for files of this kind".to_owned()),
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(EmitError { path: path.to_owned(), message: format!("it does not read back: {problem}") }),
    }
}
