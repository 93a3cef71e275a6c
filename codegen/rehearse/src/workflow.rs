//! A build by the workflow `fleet-build`, up to its pull request, as act runs it.

use std::path::PathBuf;

use fleetgen_fleet::choice::Cloud;
use fleetgen_toolbox::act::Act;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run;
use serde_json::json;

use crate::rehearsal::{Built, PRODUCTION, Rehearsal};

/// The bucket of reports on AWS. That on Google Cloud has `-gcp` behind it.
pub(crate) const REPORTS: &str = "example-reports";

impl Rehearsal<'_> {
    /// Builds the one layer that is missing with the workflow `fleet-build`, as act runs it.
    pub(crate) fn build_by_workflow(&self, layer: &str) -> anyhow::Result<Built> {
        // The tools are there, and nothing can be downloaded.
        write(&self.repository.join("packer/runner/install-tools.sh"), "#!/usr/bin/env bash\n")?;
        self.commit("no tools to install")?;
        run(&mut self.git(&["init", "--quiet", "--bare", &self.remote().display().to_string()]))?;
        // act takes the repository's name from it.
        run(&mut self.git(&["remote", "add", "origin", "https://github.com/example/fleet.git"]))?;
        let program = std::env::current_exe()?.with_file_name("fleetgen");
        let (root, tools) = (&self.stage.root, &self.stage.tools);
        let act = Act { root, tools, repository: &self.repository, folder: &self.folder, program: &program };
        let mut environment: Vec<(String, String)> = Vec::new();
        let build = self.runner("true");
        for (name, value) in build.get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?))) {
            environment.push((name.to_owned(), value.to_owned()));
        }
        let remote = format!("url.{}.insteadOf", self.remote().display());
        for (name, value) in [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", &remote),
            ("GIT_CONFIG_VALUE_0", "https://x-access-token:app-token@github.com/example/fleet.git"),
            // The record is of what production has.
            ("BEFORE_TOKEN", &format!("git checkout --quiet {PRODUCTION} -- generated/packer")),
        ] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (&**name, &**value)).collect();
        let mut command = self.runner("env");
        let event = json!({ "inputs": { "layers": "", "all": "false", "reason": "a rehearsal" } });
        act.add_to(&mut command, "fleet-build", ("workflow_dispatch", event), &environment)?;
        self.run_build(layer, &command, act.artifacts().join(format!("reports-{layer}/{layer}")))
    }

    /// What the stand-ins of a workflow have kept.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.folder.join("artifacts").join(name)
    }

    /// A report that a workflow has kept in the bucket of a cloud, by its digest.
    pub(crate) fn report(&self, cloud: Cloud, digest: &str) -> anyhow::Result<String> {
        let name = format!("reports/{digest}.json");
        match cloud {
            Cloud::Aws => run(self.publisher("aws").args(["s3", "cp", &format!("s3://{REPORTS}/{name}"), "-"])),
            Cloud::Gcp => {
                Ok(fs_err::read_to_string(self.folder.join("buckets").join(format!("{REPORTS}-gcp")).join(name))?)
            }
        }
    }

    /// The repository on GitHub.
    pub(crate) fn remote(&self) -> PathBuf {
        self.folder.join("remote.git")
    }
}
