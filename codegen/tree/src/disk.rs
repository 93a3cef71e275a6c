//! What is on the disk at the places that matter. Links are seen, never followed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use crate::path::RelPath;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Symlink,
    /// A socket, a device or the like.
    Other,
}

/// The directories in which generated files are or would be.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// What each directory holds; nothing for one that does not exist.
    directories: BTreeMap<String, BTreeMap<String, Kind>>,
    /// Files of a run that was cut short, before they got their names.
    pub(crate) leftovers: Vec<String>,
}

/// What the names of files begin and end with until they are complete; six letters and digits stand between.
pub(crate) const TEMPORARY: (&str, &str) = (".fleetgen-", ".tmp");

fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(TEMPORARY.0).and_then(|rest| rest.strip_suffix(TEMPORARY.1));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

impl Disk {
    /// Looks into the directories of the given paths, and into those above them, each once.
    pub(crate) fn look<'a>(&mut self, root: &Path, paths: impl Iterator<Item = &'a RelPath>) -> io::Result<()> {
        let mut wanted = BTreeSet::new();
        for path in paths {
            let mut directory = path.split().0;
            while wanted.insert(directory) {
                directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
            }
        }
        // From the root down: a directory is entered only where the one above it holds it as a directory.
        for directory in wanted {
            if self.directories.contains_key(directory) {
                continue;
            }
            let exists = directory.is_empty() || self.kind(directory) == Some(Kind::Directory);
            let entries = if exists { list(&root.join(directory))? } else { BTreeMap::new() };
            let is_ours =
                directory == "generated" || directory.starts_with("generated/") || directory == ".github/workflows";
            let leftovers = entries.iter().filter(|(name, kind)| is_ours && **kind == Kind::File && is_temporary(name));
            self.leftovers.extend(leftovers.map(|(name, _)| format!("{directory}/{name}")));
            self.directories.insert(directory.to_owned(), entries);
        }
        Ok(())
    }

    /// What stands at a path in one of the directories that were looked into.
    pub(crate) fn kind(&self, path: &str) -> Option<Kind> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.directories.get(directory)?.get(name).copied()
    }

    /// What one of the directories that were looked into holds.
    pub(crate) fn entries(&self, directory: &str) -> impl Iterator<Item = (&String, &Kind)> {
        self.directories.get(directory).into_iter().flatten()
    }

    /// The first directory above a path that is something else, and what.
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
        // A name that is not UTF-8 is none of ours.
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
