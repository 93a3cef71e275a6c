//! What has to be done to the tree.

use std::collections::BTreeMap;

use fleetgen_problem::Problem;

use crate::File;
use crate::manifest::Listed;
use crate::path::RelPath;

/// What has to be done to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It does not exist.
    Create {
        /// The file.
        new: File,
    },
    /// It exists as we wrote it, and something else is wanted.
    Update {
        /// What is in it.
        old: String,
        /// The file.
        new: File,
    },
    /// It exists as we wrote it, and is no longer wanted.
    Delete {
        /// What is in it.
        old: String,
    },
    /// It exists as it is wanted.
    Unchanged,
}

/// What has to be done to the whole tree. [`compare`](crate::compare) makes it, and only if there are no conflicts.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Every file that is wanted or ours.
    pub files: BTreeMap<RelPath, Change>,
    /// The manifest of the tree as it is wanted.
    pub(crate) manifest: Listed,
    /// Whether the manifest on the disk differs from it.
    pub(crate) manifest_stale: bool,
    /// What to list as ours before the first file is written.
    pub(crate) pending: Listed,
    /// Whether a run was interrupted.
    pub(crate) interrupted: bool,
    /// Files of an interrupted run that were never completed.
    pub(crate) leftovers: Vec<String>,
    /// Files that are neither wanted nor there, but whose directories may exist.
    pub(crate) gone: Vec<RelPath>,
    /// Warnings about files that are the user's, and stay as they are.
    pub kept: Vec<Problem>,
}

impl Changes {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        !self.manifest_stale
            && !self.interrupted
            && self.leftovers.is_empty()
            && self.files.values().all(|change| *change == Change::Unchanged)
    }

    /// Whether `generated/MANIFEST` differs from what it should be.
    pub fn manifest_is_stale(&self) -> bool {
        self.manifest_stale
    }

    /// The files with something to do, in order.
    pub fn pending(&self) -> impl Iterator<Item = (&RelPath, &Change)> {
        self.files.iter().filter(|(_, change)| **change != Change::Unchanged)
    }
}
