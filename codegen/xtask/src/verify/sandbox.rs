//! A folder where Terraform may write: copies of the modules and generated roots, and a mirror with the schema provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

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
    /// By folder; several checks read the state of one root.
    applied: Mutex<BTreeMap<String, Slot>>,
}

/// The state of a root, once a check has applied it. Whoever comes meanwhile waits.
type Slot = Arc<Mutex<Option<Arc<Value>>>>;

impl Sandbox {
    /// Copies what Terraform reads.
    pub(crate) fn new(root: &Path, tools: &Tools, registry: bool) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("fleetgen-verify-").tempdir()?;
        let sandbox = Self { folder, terraform: tools.terraform.clone(), applied: Mutex::default() };
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

    /// A copy of a root at the same depth, so that two checks do not share a folder.
    pub(crate) fn scratch(&self, folder: &str, purpose: &str) -> anyhow::Result<PathBuf> {
        let directory = self.path(&folder.replacen("generated/", &format!("generated-{purpose}/"), 1));
        copy(&self.path(folder), &directory)?;
        Ok(directory)
    }

    /// What `terraform show -json` prints of a generated root, once it is applied.
    pub(crate) fn applied(&self, folder: &str) -> anyhow::Result<Arc<Value>> {
        let slots = self.applied.lock();
        let slot = slots.unwrap_or_else(PoisonError::into_inner).entry(folder.to_owned()).or_default().clone();
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = &*slot {
            return Ok(Arc::clone(state));
        }
        let directory = self.scratch(folder, "applied")?;
        self.apply(&directory)?;
        let shown = run(&mut self.terraform(&directory, &["show", "-json"]))?;
        Ok(Arc::clone(slot.insert(Arc::new(serde_json::from_str(&shown)?))))
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
