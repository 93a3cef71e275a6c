//! A repository in a temporary folder, and the real program: sandbox, run, expect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The root of this repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The fleet that test fleets are changes of.
pub(crate) fn base() -> String {
    std::fs::read_to_string(repository().join("tests/base.yaml")).unwrap()
}

/// The base with its sections replaced by those of a change. A change that starts with `# whole` is a file by itself.
pub(crate) fn merged(change: &str) -> String {
    if change.is_empty() || change.starts_with("# whole") {
        return change.to_owned();
    }
    let sections = |text: &str| {
        let mut sections: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.starts_with(|first: char| first.is_ascii_lowercase()) {
                sections.push((line.split(':').next().unwrap().to_owned(), String::new()));
            } else if sections.is_empty() {
                sections.push((String::new(), String::new()));
            }
            let text = &mut sections.last_mut().unwrap().1;
            text.push_str(line);
            text.push('\n');
        }
        sections
    };
    let change = sections(change);
    let kept = sections(&base()).into_iter().filter(|(name, _)| change.iter().all(|(other, _)| other != name));
    kept.chain(change.clone()).map(|(_, text)| text).collect()
}

pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a run of the program gave.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    /// A repository with the given fleet.yaml.
    pub(crate) fn new(fleet: &str) -> Self {
        let sandbox = Self { folder: tempfile::tempdir().unwrap() };
        for part in ["packer", "goss"] {
            std::os::unix::fs::symlink(repository().join(part), sandbox.path(part)).unwrap();
        }
        sandbox.write("fleet.yaml", fleet);
        sandbox
    }

    /// A repository with a fleet that was generated.
    pub(crate) fn generated(fleet: &str) -> Self {
        let sandbox = Self::new(fleet);
        sandbox.run(&["generate"]).expect(0);
        sandbox
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    #[expect(clippy::disallowed_methods, reason = "in a temporary folder")]
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "in a temporary folder")]
    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    /// Changes fleet.yaml.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.read("fleet.yaml");
        assert!(text.contains(from), "{from} is not in fleet.yaml");
        self.write("fleet.yaml", &text.replacen(from, to, 1));
    }

    /// Every file under `generated`, with its content.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        let mut directories = vec![self.path("generated")];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    directories.push(path);
                } else {
                    let name = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
                    files.push((name, std::fs::read_to_string(&path).unwrap_or_default()));
                }
            }
        }
        files.sort();
        files
    }

    pub(crate) fn spawn(&self, words: &[&str]) -> std::process::Child {
        Command::new(env!("CARGO_BIN_EXE_fleetgen"))
            // The second of November 2026, whenever it is run.
            .env("SOURCE_DATE_EPOCH", "1793577600")
            .current_dir(self.folder.path())
            .args(words)
            .spawn()
            .unwrap()
    }

    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_fleetgen"))
            // The second of November 2026, whenever it is run.
            .env("SOURCE_DATE_EPOCH", "1793577600")
            .current_dir(self.folder.path())
            .args(words)
            // Not the developer's terminal, whose width the help would follow.
            .stdin(std::process::Stdio::null())
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(words), "`{words}` is not in:\n{all}");
        self
    }
}

/// The files of a folder of `tests/`, without their ending, sorted.
pub(crate) fn cases(folder: &str) -> Vec<String> {
    let mut cases: Vec<String> = std::fs::read_dir(repository().join("tests").join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    cases.sort();
    cases
}

/// Compares a text with the file that it must be; `SNAPSHOTS=overwrite` writes the file.
#[track_caller]
pub(crate) fn expect_file(path: &str, actual: &str) {
    let path = repository().join(path);
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .normalize_paths(false)
        .eq(actual.to_owned(), snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw());
}
