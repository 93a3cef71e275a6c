//! What is to be done to the tree.

use std::collections::BTreeMap;

use crate::manifest::Listed;
use crate::path::RelPath;

/// What is to be done to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is not there.
    Create {
        /// What will be in it.
        new: String,
    },
    /// It is there as we wrote it, and something else is wanted.
    Update {
        /// What is in it.
        old: String,
        /// What will be in it.
        new: String,
    },
    /// It is there as we wrote it, and no longer wanted.
    Delete {
        /// What is in it.
        old: String,
    },
    /// It is there as it is wanted.
    Unchanged,
}

/// Why a file cannot be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// We wrote it, and somebody has changed it since.
    Edited,
    /// It is there, and we did not write it.
    NotOurs,
    /// It, or a directory above it, is a symbolic link.
    Symlink,
    /// A directory, a device or the like is in its place; or a file in the place of a directory above it.
    InTheWay,
    /// The path leaves the places of generated files.
    UnsafePath,
    /// Two kinds of output want the same path.
    TwoProducers(&'static str, &'static str),
    /// The manifest cannot be read, from the given line on.
    DamagedManifest(usize),
}

/// A file that cannot be touched, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The file, or the directory above it that is in the way.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

impl Conflict {
    /// What is wrong, in a sentence.
    pub fn message(&self) -> String {
        let path = self.path.escape_debug();
        match &self.reason {
            Reason::Edited => format!("{path} was changed by hand"),
            Reason::NotOurs => format!("{path} is there, and fleetgen did not write it"),
            Reason::Symlink => format!("{path} is a symbolic link"),
            Reason::InTheWay => format!("{path} is in the way: it is not what belongs there"),
            Reason::UnsafePath => format!("`{path}` is not a place for generated files"),
            Reason::TwoProducers(one, two) => format!("{path} is wanted twice, by `{one}` and by `{two}`"),
            Reason::DamagedManifest(line) => format!("line {line} of {path} cannot be read"),
        }
    }

    /// How to mend it.
    pub fn remedy(&self) -> String {
        let path = self.path.escape_debug();
        match &self.reason {
            Reason::Edited => format!("say it in fleet.yaml instead; delete {path} and generate anew"),
            Reason::NotOurs => format!("move {path} elsewhere, or delete it to have fleetgen's own written"),
            Reason::Symlink | Reason::InTheWay => format!("move {path} elsewhere"),
            Reason::UnsafePath | Reason::TwoProducers(..) => "this is a fault of fleetgen; please report it".to_owned(),
            Reason::DamagedManifest(_) => {
                format!("after a merge, take either side of {path}, and generate; else `git checkout -- {path}`")
            }
        }
    }
}

/// What is to be done to the whole tree. Made by [`compare`](crate::compare).
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Every file that is wanted or ours.
    pub files: BTreeMap<RelPath, Change>,
    /// Why nothing may be done.
    pub conflicts: Vec<Conflict>,
    /// The manifest of the tree as it is wanted.
    pub(crate) manifest: Listed,
    /// Whether the manifest on the disk says something else.
    pub(crate) manifest_stale: bool,
    /// What is to be listed as ours before the first file is written.
    pub(crate) pending: Listed,
    /// Whether a run was cut short.
    pub(crate) interrupted: bool,
    /// Files that never got their names.
    pub(crate) leftovers: Vec<String>,
    /// Files that are neither wanted nor there, but whose directories may have been made.
    pub(crate) gone: Vec<RelPath>,
}

impl Changes {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.conflicts.is_empty()
            && !self.manifest_stale
            && !self.interrupted
            && self.leftovers.is_empty()
            && self.files.values().all(|change| *change == Change::Unchanged)
    }

    /// Whether `generated/MANIFEST` says something else than it should.
    pub fn manifest_is_stale(&self) -> bool {
        self.manifest_stale
    }

    /// The files with something to do, in order.
    pub fn pending(&self) -> impl Iterator<Item = (&RelPath, &Change)> {
        self.files.iter().filter(|(_, change)| **change != Change::Unchanged)
    }
}
