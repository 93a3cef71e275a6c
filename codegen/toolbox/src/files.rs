//! Files in temporary folders.

use std::path::Path;

use anyhow::Context;

/// Copies a tree, without Terraform's `.terraform` folders.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let entries = walkdir::WalkDir::new(from).into_iter().filter_entry(|entry| entry.file_name() != ".terraform");
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs_err::create_dir_all(target)?;
        } else {
            fs_err::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Writes a file in a temporary folder.
///
/// # Errors
/// The file cannot be written.
#[expect(clippy::disallowed_methods, reason = "in a temporary folder")]
pub fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    // A symbolic link in a machine's files would point to a file on the host.
    if path.is_symlink() {
        fs_err::remove_file(path)?;
    }
    fs_err::write(path, content).context("cannot write a temporary file")
}
