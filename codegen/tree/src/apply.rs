//! Applies changes to the disk.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::Path;

use rayon::prelude::*;

use crate::atomic::AtomicFile;
use crate::change::{Change, Changes};
use crate::manifest::{self, MANIFEST, PENDING};
use crate::path::RelPath;

/// A step that changes the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A file is written beside its place.
    Write(&'a str),
    /// The file is moved into its place.
    Rename(&'a str),
    /// A file is deleted.
    Remove(&'a str),
}

impl Changes {
    /// Applies the changes. `before` is called before each step that changes the disk, so that a test can stop the
    /// program there. Files are written by several threads.
    ///
    /// # Errors
    /// The disk refused. The next run continues where this one stopped.
    pub fn apply(&self, root: &Path, before: &(dyn Fn(Step<'_>) + Sync)) -> io::Result<()> {
        for leftover in &self.leftovers {
            remove(root, leftover, before)?;
        }
        if self.files.values().any(|change| *change != Change::Unchanged) {
            write(root, PENDING, &manifest::write(&self.pending), before)?;
        }
        let in_the_way = self.in_the_way();
        for path in &in_the_way {
            remove(root, path.as_str(), before)?;
        }
        // The files are independent, and any of them may be the last one before a crash.
        self.files.par_iter().try_for_each(|(path, change)| match change {
            Change::Create { new } | Change::Update { new, .. } => write(root, path.as_str(), &new.content, before),
            Change::Delete { .. } | Change::Unchanged => Ok(()),
        })?;
        // One after the other: deleting the last file of a directory deletes the directory.
        for path in self.deleted().filter(|path| !in_the_way.contains(path)) {
            remove(root, path.as_str(), before)?;
        }
        for path in &self.gone {
            prune(root, path.as_str());
        }
        if self.manifest_stale {
            write(root, MANIFEST, &manifest::write(&self.manifest), before)?;
        }
        if root.join(PENDING).exists() {
            remove(root, PENDING, before)?;
        }
        Ok(())
    }
}

impl Changes {
    fn deleted(&self) -> impl Iterator<Item = &RelPath> {
        self.files.iter().filter(|(_, change)| matches!(change, Change::Delete { .. })).map(|(path, _)| path)
    }

    /// The files to delete where new ones need a directory, or are in a directory where a new file goes.
    fn in_the_way(&self) -> BTreeSet<&RelPath> {
        let created = self.files.iter().filter(|(_, change)| matches!(change, Change::Create { .. }));
        let created: HashSet<&str> = created.map(|(path, _)| path.as_str()).collect();
        let needed: HashSet<&str> = created.iter().flat_map(|path| above(path)).collect();
        let is_in_the_way = |path: &&RelPath| {
            needed.contains(path.as_str()) || above(path.as_str()).any(|directory| created.contains(directory))
        };
        self.deleted().filter(is_in_the_way).collect()
    }
}

/// The directories above a path.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn write(root: &Path, path: &str, content: &str, before: &(dyn Fn(Step<'_>) + Sync)) -> io::Result<()> {
    before(Step::Write(path));
    let staged = AtomicFile::stage(&root.join(path), content.as_bytes())?;
    before(Step::Rename(path));
    staged.commit()
}

/// Deletes a file, and the directories that it leaves empty.
#[expect(clippy::disallowed_methods, reason = "this is where generated files are deleted")]
fn remove(root: &Path, path: &str, before: &(dyn Fn(Step<'_>) + Sync)) -> io::Result<()> {
    before(Step::Remove(path));
    match fs_err::remove_file(root.join(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    prune(root, path);
    Ok(())
}

/// Deletes the empty directories above a path, but never `generated` itself or what is above it.
fn prune(root: &Path, path: &str) {
    let mut directory = path;
    while let Some((above, _)) = directory.rsplit_once('/') {
        if !above.starts_with("generated/") {
            break;
        }
        match fs_err::remove_dir(root.join(above)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => break,
            _ => directory = above,
        }
    }
}
