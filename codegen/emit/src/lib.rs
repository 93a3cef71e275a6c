//! Fleet → files, in memory. Nothing here reads or writes a disk.
//!
//! Each kind of output is a module with its templates beside it and one entry in [`KINDS`]. A kind turns the fleet into
//! files; [`emit`] runs them all. docs/adding-an-output.md tells how to add one.

mod language;
mod schema;
mod terraform;

use fleetgen_fleet::Fleet;
use fleetgen_tree::File;
use rayon::prelude::*;

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
    emit: fn(&Fleet) -> Result<Vec<File>, EmitError>,
}

/// Every kind of output.
const KINDS: &[Kind] =
    &[Kind { name: terraform::NAME, emit: terraform::emit }, Kind { name: schema::NAME, emit: schema::emit }];

/// The names of all kinds of output.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

/// All files that a fleet wants.
///
/// # Errors
/// A fault of fleetgen's own.
pub fn emit(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let files: Vec<Vec<File>> = KINDS.par_iter().map(|kind| (kind.emit)(fleet)).collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// Reads a rendered file back, as the tool that it is for would.
///
/// # Errors
/// The file's language does not take it: a fault of fleetgen's own.
pub fn parse_back(path: &str, content: &str) -> Result<(), EmitError> {
    let problem = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("tf") => hcl::parse(content).err().map(|error| error.to_string()),
        Some("json") => serde_json::from_str::<serde_json::Value>(content).err().map(|error| error.to_string()),
        _ => Some("there is no reader for files of this kind".to_owned()),
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(EmitError { path: path.to_owned(), message: format!("it does not read back: {problem}") }),
    }
}
