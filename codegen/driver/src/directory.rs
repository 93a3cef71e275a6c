//! A journal in a directory of this machine: `000001.json`, `000002.json` and so on, each created with `O_EXCL`, and `head.json`.

use std::fs::TryLockError;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use fleetgen_rollout::{Append, Head, Journal, JournalError};
use jiff::Timestamp;

use crate::Lease;

/// No record is larger than this.
const MOST: u64 = 16 << 20;

/// A journal in a directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

/// The lock of a directory, which the operating system releases when the process ends, however it ends.
#[derive(Debug)]
pub struct Locked {
    _file: fs_err::File,
}

impl Lease for Locked {
    fn keep(&mut self, _: Timestamp) -> Result<(), String> {
        Ok(())
    }
}

impl Directory {
    /// The journal in a directory, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Locks the directory, and creates it if necessary; nothing if another process has it.
    ///
    /// # Errors
    /// It cannot be created or locked.
    pub fn lock(&self) -> std::io::Result<Option<Locked>> {
        fs_err::create_dir_all(&self.path)?;
        let file = fs_err::OpenOptions::new().create(true).append(true).open(self.path.join("lock"))?;
        // `is_locked` in another process holds it for a moment.
        for _ in 0..20 {
            match file.file().try_lock() {
                Ok(()) => return Ok(Some(Locked { _file: file })),
                Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(10)),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Whether a process has the lock. Takes nothing from whoever wants it at the same time, but a moment.
    pub fn is_locked(&self) -> bool {
        let file = fs_err::File::open(self.path.join("lock"));
        file.is_ok_and(|file| matches!(file.file().try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The highest number of a record; 0 if there is none. A gap below it is found by verifying.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn most(&self) -> std::io::Result<u64> {
        let mut most = 0;
        for entry in fs_err::read_dir(&self.path)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            most = most.max(number.unwrap_or(0));
        }
        Ok(most)
    }

    fn file(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:06}.json"))
    }

    fn read_file(path: &Path) -> std::io::Result<Option<String>> {
        let mut text = String::new();
        match fs_err::File::open(path) {
            Ok(file) => file.take(MOST).read_to_string(&mut text).map(|_| Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_new(&self, number: u64, text: &str) -> std::io::Result<Append> {
        // The record appears with all of its bytes or not at all: it is written beside its place, and then linked there,
        // which fails if something is there.
        let mut file = tempfile::Builder::new().prefix(".record-").tempfile_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        match file.persist_noclobber(self.file(number)) {
            Ok(_) => {
                fs_err::File::open(&self.path)?.sync_all()?;
                Ok(Append::Written)
            }
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Append::Taken),
            Err(error) => Err(error.error),
        }
    }

    fn replace_head(&self, head: &Head) -> std::io::Result<()> {
        let text = serde_json::to_string(head)? + "\n";
        let mut file = tempfile::Builder::new().prefix(".head-").tempfile_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(self.path.join("head.json")).map(drop).map_err(|error| error.error)
    }
}

fn failed(error: impl std::fmt::Display) -> JournalError {
    JournalError(error.to_string())
}

impl Journal for Directory {
    fn append(&mut self, number: u64, text: &str) -> Result<Append, JournalError> {
        self.write_new(number, text).map_err(failed)
    }

    fn read(&mut self, number: u64) -> Result<Option<String>, JournalError> {
        Self::read_file(&self.file(number)).map_err(failed)
    }

    fn set_head(&mut self, head: &Head) -> Result<(), JournalError> {
        self.replace_head(head).map_err(failed)
    }

    fn head(&mut self) -> Result<Option<Head>, JournalError> {
        let Some(text) = Self::read_file(&self.path.join("head.json")).map_err(failed)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| failed(format!("head.json is broken: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_created_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Directory::new(folder.path());
        assert_eq!(journal.read(1).unwrap(), None);
        assert_eq!(journal.append(1, "one\n").unwrap(), Append::Written);
        assert_eq!(journal.append(1, "other\n").unwrap(), Append::Taken);
        assert_eq!(journal.read(1).unwrap().as_deref(), Some("one\n"));
        assert_eq!(journal.append(7, "seven\n").unwrap(), Append::Written);
        assert_eq!(journal.most().unwrap(), 7);
    }

    #[test]
    fn one_process_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Directory::new(folder.path());
        let lock = journal.lock().unwrap();
        assert!(lock.is_some());
        assert!(journal.lock().unwrap().is_none());
        drop(lock);
        assert!(journal.lock().unwrap().is_some());
    }
}
