//! Workflows of a repository, run with act on this machine, with the stand-ins for actions in tests/workflows.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::files::write;
use crate::tools::Tools;

/// The actions that have a stand-in: its folder in tests/workflows. act does check repositories out.
const STAND_INS: &[(&str, &str)] = &[
    ("app", "app"),
    ("cache", "cache"),
    ("upload", "upload"),
    ("download", "download"),
    ("terraform", "terraform"),
    ("aws", "login"),
    ("gcp", "login"),
];
const ACTIONS: &str = include_str!("../../emit/data/actions.json");

/// Where workflows run.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// This repository, which has the stand-ins.
    pub root: &'a Path,
    /// The tools.
    pub tools: &'a Tools,
    /// The repository whose workflows run.
    pub repository: &'a Path,
    /// A folder for the event, and for what the stand-ins keep.
    pub folder: &'a Path,
    /// The fleetgen that the workflows find.
    pub program: &'a Path,
}

impl Act<'_> {
    /// What the stand-ins keep: artifacts by name, and what was asked of programs.
    pub fn artifacts(&self) -> PathBuf {
        self.folder.join("artifacts")
    }

    /// Adds act and its arguments to a command that runs it in a network, for an event of the repository `example/fleet`. Jobs see the
    /// variables of `environment`, which has a `PATH`; their programs are found after the stand-ins.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn add_to(
        &self,
        command: &mut Command,
        workflow: &str,
        (name, mut event): (&str, Value),
        environment: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let Self { root, tools, repository, folder, program } = self;
        let artifacts = self.artifacts();
        fs_err::create_dir_all(&artifacts)?;
        event["repository"] = json!({ "full_name": "example/fleet", "default_branch": "main" });
        write(&folder.join("event.json"), &event.to_string())?;
        // act does not know `queue`.
        let text = fs_err::read_to_string(repository.join(format!(".github/workflows/{workflow}.yml")))?;
        let file = folder.join(format!("{workflow}.yml"));
        write(&file, &text.replace("  queue: max\n", ""))?;
        command.current_dir(repository).arg(&tools.act).args([name, "--workflows"]).arg(file).arg("--eventpath");
        command.arg(folder.join("event.json")).args(["--platform", "ubuntu-24.04=-self-hosted"]);
        command.args(["--artifact-server-addr", "127.0.0.1", "--cache-server-addr", "127.0.0.1"]);
        command.args(["--secret", "GITHUB_TOKEN=token", "--secret", "FLEET_APP_KEY=key"]);
        for variable in ["FLEET_GCP_PROVIDER=projects/1/providers/github", "FLEET_APP_CLIENT_ID=Iv23liExample"] {
            command.args(["--var", variable]);
        }
        let actions: Value = serde_json::from_str(ACTIONS)?;
        for (name, stand_in) in STAND_INS {
            let action = &actions[name];
            let (repository, commit) = (action["repository"].as_str(), action["commit"].as_str());
            let (repository, commit) = repository.zip(commit).with_context(|| format!("{name} is not in the table"))?;
            let stand_in = root.join("tests/workflows").join(stand_in);
            command.arg("--local-repository").arg(format!("{repository}@{commit}={}", stand_in.display()));
        }
        for (name, value) in environment {
            let value = match *name {
                "PATH" => format!("{}:{value}", root.join("tests/workflows/bin").display()),
                _ => (*value).to_owned(),
            };
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command.arg("--env").arg(format!("ARTIFACTS={}", artifacts.display()));
        command.arg("--env").arg(format!("FLEETGEN_PROGRAM={}", program.display()));
        Ok(())
    }
}
