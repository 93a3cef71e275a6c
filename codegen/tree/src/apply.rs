//! Does what was decided.

use std::io::{self, Write as _};
use std::path::Path;

use rayon::prelude::*;

use crate::change::{Change, Changes};
use crate::disk::TEMPORARY;
use crate::manifest::{self, MANIFEST, PENDING};

/// What is about to happen to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A file is written beside its place.
    Write(&'a str),
    /// The written file gets its name.
    Rename(&'a str),
    /// A file goes.
    Remove(&'a str),
}

impl Changes {
    /// Makes the tree what is wanted. `before` is called before each step that changes the disk: for progress, and for
    /// tests that stop the program there. Files are written on several threads at a time.
    ///
    /// # Errors
    /// There are conflicts ([`io::ErrorKind::InvalidInput`]; nothing was written), or the disk refused. After the latter,
    /// another run goes on where this one stopped.
    pub fn apply(&self, root: &Path, before: &(dyn Fn(Step<'_>) + Sync)) -> io::Result<()> {
        if !self.conflicts.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "there are conflicts"));
        }
        for leftover in &self.leftovers {
            remove(root, leftover, before)?;
        }
        if self.files.values().any(|change| *change != Change::Unchanged) {
            write(root, PENDING, &manifest::write(&self.pending), before)?;
        }
        // Each file is on its own, and any of them may be the last one before a crash.
        self.files.par_iter().try_for_each(|(path, change)| match change {
            Change::Create { new } | Change::Update { new, .. } => write(root, path.as_str(), new, before),
            Change::Delete { .. } | Change::Unchanged => Ok(()),
        })?;
        // One after the other, since the last file of a directory takes the directory with it.
        for (path, _) in self.files.iter().filter(|(_, change)| matches!(change, Change::Delete { .. })) {
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

/// Writes a file so that at any instant it is the old or the new one.
fn write(root: &Path, path: &str, content: &str, before: &(dyn Fn(Step<'_>) + Sync)) -> io::Result<()> {
    let target = root.join(path);
    let directory = target.parent().unwrap_or(root);
    before(Step::Write(path));
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1).rand_bytes(6);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = match builder.tempfile_in(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs_err::create_dir_all(directory)?;
            builder.tempfile_in(directory)?
        }
        other => other?,
    };
    file.write_all(content.as_bytes())?;
    before(Step::Rename(path));
    file.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

/// Removes a file, and the directories that it leaves empty.
#[expect(clippy::disallowed_methods, reason = "this is the place that removes generated files")]
fn remove(root: &Path, path: &str, before: &(dyn Fn(Step<'_>) + Sync)) -> io::Result<()> {
    before(Step::Remove(path));
    match fs_err::remove_file(root.join(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    prune(root, path);
    Ok(())
}

/// Removes the directories above a path that are empty (one with something in it cannot be removed), but never
/// `generated` itself or what is above.
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
