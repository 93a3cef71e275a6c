//! One writer at a time.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// The right to change generated files, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] Option<File>);

impl Lock {
    /// Takes the right; nothing if another process has it. It locks the directory itself, so no file is left behind.
    ///
    /// # Errors
    /// The directory cannot be opened.
    pub fn take(root: &Path) -> io::Result<Option<Self>> {
        // Windows opens no directory as a file.
        if cfg!(windows) {
            return Ok(Some(Self(None)));
        }
        let directory = fs_err::File::open(root)?.into_parts().0;
        match directory.try_lock() {
            Ok(()) => Ok(Some(Self(Some(directory)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // Some network file systems have no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(Some(Self(None))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
