//! Why a file cannot be touched, in words.

use fleetgen_problem::{Code, Place, Problem};

use crate::Subject;

/// Why a file cannot be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// We wrote it, and it has changed since.
    Edited,
    /// It exists, and we did not write it.
    NotOurs,
    /// It is among generated files, and neither wanted nor ours.
    Stray,
    /// It, or a directory above it, is a symbolic link.
    Symlink,
    /// A directory or a device is in its place, or a file is in the place of a directory above it.
    InTheWay,
    /// The path leaves the places of generated files.
    UnsafePath,
    /// Two kinds of output want the same path.
    TwoProducers(Subject, Subject),
    /// fleetgen would write it, and the user has one.
    Kept,
    /// The manifest cannot be read from the given line on.
    DamagedManifest(usize),
}

/// A file, or the directory above it, that cannot be touched.
pub(crate) fn conflict(path: &str, reason: &Reason) -> Problem {
    let shown: String = path.chars().map(|character| if character.is_control() { '?' } else { character }).collect();
    let (message, hint) = match reason {
        Reason::Edited => (
            format!("{shown} was edited by hand"),
            format!("make the change in fleet.yaml, delete {shown} and run `fleetgen generate`"),
        ),
        Reason::NotOurs => (
            format!("{shown} exists, but fleetgen did not write it"),
            format!("move {shown} elsewhere, or delete it so that fleetgen can write its own"),
        ),
        Reason::Stray => (
            format!("{shown} is among generated files, but fleetgen did not write it"),
            format!("move {shown} elsewhere, or delete it: tools that read the directory would read it too"),
        ),
        Reason::Symlink => (format!("{shown} is a symbolic link"), format!("move {shown} elsewhere")),
        Reason::InTheWay => {
            (format!("{shown} is in the place of a generated file or directory"), format!("move {shown} elsewhere"))
        }
        Reason::UnsafePath => (
            format!("`{shown}` is not a place for generated files"),
            "this is a bug in fleetgen; please report it".to_owned(),
        ),
        Reason::TwoProducers(one, two) => (
            format!("{shown} is wanted twice, for the {one} and for the {two}"),
            "this is a bug in fleetgen; please report it".to_owned(),
        ),
        Reason::Kept => (
            format!("{shown} is yours, so fleetgen does not write its own"),
            format!("delete {shown} and run `fleetgen generate` to have it follow fleet.yaml"),
        ),
        Reason::DamagedManifest(line) => (
            format!("line {line} of {shown} cannot be read"),
            format!(
                "after a merge, keep either side of {shown} and run `fleetgen generate`; otherwise run `git checkout -- {shown}`"
            ),
        ),
    };
    Problem::new(Code::Conflict, Place::File(path.to_owned()), message).hint(hint)
}
