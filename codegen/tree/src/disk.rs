//! What is on the disk where generated files are. Links are seen, never followed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::Path;

use crate::atomic::is_temporary;
use crate::path::RelPath;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink,
    /// Such as a socket or a device.
    Other,
}

/// The directories that generated files are or would be in.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// The entries of each directory; none for one that does not exist.
    directories: BTreeMap<String, BTreeMap<String, Kind>>,
    /// Files of an interrupted run that were never completed.
    pub(crate) leftovers: Vec<String>,
}

impl Disk {
    /// Reads the directories of the given paths, and those above them, each once.
    pub(crate) fn read<'a>(&mut self, root: &Path, paths: impl Iterator<Item = &'a RelPath>) -> io::Result<()> {
        let mut wanted = BTreeSet::new();
        for path in paths {
            let mut directory = path.split().0;
            while wanted.insert(directory) {
                directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
            }
        }
        // From the root down: a directory is read only if the one above it lists it as a directory.
        for directory in wanted {
            if self.directories.contains_key(directory) {
                continue;
            }
            let exists = directory.is_empty() || self.kind(directory) == Some(Kind::Directory);
            let entries = if exists { list(&root.join(directory))? } else { BTreeMap::new() };
            let is_ours = directory.starts_with("generated/")
                || ["generated", ".github", ".github/workflows"].contains(&directory);
            let leftovers = entries.iter().filter(|(name, kind)| is_ours && **kind == Kind::File && is_temporary(name));
            self.leftovers.extend(leftovers.map(|(name, _)| format!("{directory}/{name}")));
            self.directories.insert(directory.to_owned(), entries);
        }
        Ok(())
    }

    /// What is at a path in one of the directories that were read.
    pub(crate) fn kind(&self, path: &str) -> Option<Kind> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.directories.get(directory)?.get(name).copied()
    }

    /// The entries of one of the directories that were read.
    pub(crate) fn entries(&self, directory: &str) -> impl Iterator<Item = (&String, &Kind)> {
        self.directories.get(directory).into_iter().flatten()
    }

    /// Whether a directory, and those in it, have only these files.
    pub(crate) fn has_only(&self, directory: &str, files: &HashSet<&str>) -> bool {
        self.directories.get(directory).is_some_and(|entries| {
            entries.iter().all(|(name, kind)| {
                let path = format!("{directory}/{name}");
                match kind {
                    Kind::Directory => self.has_only(&path, files),
                    Kind::File => files.contains(path.as_str()),
                    Kind::Symlink | Kind::Other => false,
                }
            })
        })
    }

    /// The first thing above a path that is not a directory, and what it is.
    pub(crate) fn obstacle(&self, path: &RelPath) -> Option<(String, Kind)> {
        let text = path.as_str();
        text.match_indices('/').map(|(at, _)| &text[..at]).find_map(|above| match self.kind(above) {
            None | Some(Kind::Directory) => None,
            Some(kind) => Some((above.to_owned(), kind)),
        })
    }
}

fn list(directory: &Path) -> io::Result<BTreeMap<String, Kind>> {
    let mut entries = BTreeMap::new();
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        // A name that is not UTF-8 is not ours.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = entry.file_type()?;
        let kind = if kind.is_symlink() {
            Kind::Symlink
        } else if kind.is_dir() {
            Kind::Directory
        } else if kind.is_file() {
            Kind::File
        } else {
            Kind::Other
        };
        entries.insert(name, kind);
    }
    Ok(entries)
}
