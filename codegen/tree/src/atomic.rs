//! The one writer of files: a file is there whole, or as it was.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// How names of files begin and end until the files are complete; six letters and digits are between.
pub(crate) const TEMPORARY: (&str, &str) = (".fleetgen-", ".tmp");

/// Whether a name is that of a file that was never completed.
pub(crate) fn is_temporary(name: &str) -> bool {
    let random = name.strip_prefix(TEMPORARY.0).and_then(|rest| rest.strip_suffix(TEMPORARY.1));
    random.is_some_and(|random| random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// A file that is written beside its place, and not yet in it. If it is dropped, nothing has changed.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl AtomicFile {
    /// Writes the content beside the target, and creates its directory if necessary.
    ///
    /// # Errors
    /// The directory or the file cannot be written.
    pub fn stage(target: &Path, content: &[u8]) -> io::Result<Self> {
        let directory = target.parent().unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1).rand_bytes(6);
        // As any new file of the user's, subject to the umask.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = match builder.tempfile_in(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs_err::create_dir_all(directory)?;
                builder.tempfile_in(directory)?
            }
            other => other?,
        };
        file.write_all(content)?;
        Ok(Self { file, target: target.to_owned() })
    }

    /// Waits until the content is on the disk, for what cannot be generated again.
    ///
    /// # Errors
    /// The disk refused.
    pub fn sync(self) -> io::Result<Self> {
        self.file.as_file().sync_all()?;
        Ok(self)
    }

    /// Moves the file into its place.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub fn commit(self) -> io::Result<()> {
        self.file.persist(&self.target).map(|_| ()).map_err(|error| error.error)
    }
}
