//! A repository of Git with the rehearsal's fleet, for checks that change it.

use std::path::PathBuf;
use std::process::Command;

use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository::fleetgen;

use super::CheckContext;

/// The repository, in a folder that is removed.
pub(super) struct Clone {
    folder: tempfile::TempDir,
}

impl Clone {
    /// The rehearsal's fleet, with everything that it generates, committed.
    pub(super) fn new(context: &CheckContext<'_>) -> anyhow::Result<Self> {
        let clone = Self { folder: tempfile::tempdir()? };
        for part in ["goss", "packer", "terraform", ".github/scripts"] {
            copy(&context.root.join(part), &clone.path(part))?;
        }
        fs_err::copy(context.root.join(".gitignore"), clone.path(".gitignore"))?;
        clone.git(&["init", "--quiet"])?;
        clone.git(&["remote", "add", "origin", "https://github.com/example/fleet.git"])?;
        write(&clone.path("fleet.yaml"), &fs_err::read_to_string(context.root.join("tests/rehearsal/fleet.yaml"))?)?;
        clone.commit()?;
        Ok(clone)
    }

    /// Its directory.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// A path in it.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// A path beside it.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Git.
    pub(super) fn git(&self, words: &[&str]) -> anyhow::Result<String> {
        fs_err::create_dir_all(self.root())?;
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        run(Command::new("git").current_dir(self.root()).args(identity).args(words))
    }

    /// Replaces a text in a file, or appends to it if there is nothing to replace.
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) -> anyhow::Result<()> {
        let path = self.path(file);
        let text = fs_err::read_to_string(&path)?;
        anyhow::ensure!(text.contains(from), "{from:?} is not in {file}");
        write(&path, &if from.is_empty() { text + to } else { text.replacen(from, to, 1) })
    }

    /// Generates and commits. Returns the commit.
    pub(super) fn commit(&self) -> anyhow::Result<String> {
        fleetgen(&self.root(), &["generate"], &[])?;
        self.git(&["add", "."])?;
        self.git(&["commit", "--quiet", "--message=a change"])?;
        Ok(self.git(&["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Runs fleetgen.
    pub(super) fn fleetgen(&self, words: &[&str]) -> anyhow::Result<String> {
        fleetgen(&self.root(), words, &[])
    }
}
