//! A folder where Terraform may write: copies of the modules and generated roots, and a mirror with the schema provider.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::tools::Tools;

/// The versions of the recorded schemas.
const PROVIDERS: &[(&str, &str)] = &[("aws", "6.66.0"), ("google", "7.45.0")];

/// The file that keeps a root's state next to it.
pub(crate) const OVERRIDE: &str = "backend_override.tf";
/// The state after an apply.
pub(crate) const STATE: &str = "terraform.tfstate";

pub(crate) struct Sandbox {
    folder: TempDir,
    terraform: PathBuf,
}

impl Sandbox {
    /// Copies what Terraform reads.
    pub(crate) fn new(root: &Path, tools: &Tools, registry: bool) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("fleetgen-verify-").tempdir()?;
        let sandbox = Self { folder, terraform: tools.terraform.clone() };
        copy(&root.join("terraform"), &sandbox.path("terraform"))?;
        copy(&root.join("generated"), &sandbox.path("generated"))?;
        let config = if registry { "" } else { &sandbox.mirror(tools)? };
        write(&sandbox.path("terraform.rc"), &format!("disable_checkpoint = true\n{config}"))?;
        Ok(sandbox)
    }

    /// Creates a mirror in which the schema provider takes the place of the real ones.
    fn mirror(&self, tools: &Tools) -> anyhow::Result<String> {
        let mirror = self.path("mirror");
        let system = run(Command::new("go").args(["env", "GOOS", "GOARCH"]))?;
        let platform = system.split_whitespace().collect::<Vec<_>>().join("_");
        for (name, version) in PROVIDERS {
            let folder = mirror.join(format!("registry.terraform.io/hashicorp/{name}/{version}/{platform}"));
            fs_err::create_dir_all(&folder)?;
            let program = folder.join(format!("terraform-provider-{name}_v{version}"));
            fs_err::copy(&tools.schema_provider, program)?;
        }
        Ok(format!(
            "provider_installation {{\n  filesystem_mirror {{\n    path = {:?}\n  }}\n}}\n",
            mirror.display().to_string()
        ))
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Terraform in a folder of the sandbox, without the user's configuration.
    pub(crate) fn terraform(&self, directory: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(&self.terraform);
        command.current_dir(directory).args(words).arg("-no-color");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TF_") {
                command.env_remove(name);
            }
        }
        command
            .env("TF_CLI_CONFIG_FILE", self.path("terraform.rc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1");
        command
    }

    /// Applies a root, with its state next to it.
    pub(crate) fn apply(&self, directory: &Path) -> anyhow::Result<()> {
        self.init_local(directory)?;
        run(&mut self.terraform(directory, &["apply", "-auto-approve", "-input=false"])).map(|_| ())
    }

    /// Initialises a root, with its state next to it.
    pub(crate) fn init_local(&self, directory: &Path) -> anyhow::Result<()> {
        write(&directory.join(OVERRIDE), "terraform {\n  backend \"local\" {}\n}\n")?;
        run(&mut self.terraform(directory, &["init", "-input=false"])).map(|_| ())
    }

    /// Initialises a directory, without its backend.
    pub(crate) fn init(&self, directory: &Path) -> anyhow::Result<()> {
        run(&mut self.terraform(directory, &["init", "-backend=false", "-input=false"])).map(|_| ())
    }
}

/// The state of a root after an apply.
pub(crate) fn state(directory: &Path) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&fs_err::read_to_string(directory.join(STATE))?)?)
}
