//! Tools that are Go modules. Each has its own module in `tests/tools/`, so that its go.sum pins every source file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{digest, spinner};
use crate::process::run;

/// A program built from the module in `tests/tools/<folder>`.
pub(super) struct GoTool {
    folder: &'static str,
    pub(super) program: &'static str,
    /// The package of its `main`, and its version. The built program must report both.
    package: &'static str,
    version: Option<&'static str>,
    ldflags: &'static str,
    /// `GOEXPERIMENT`, if the tool needs one.
    experiment: &'static str,
    minutes: u32,
}

impl GoTool {
    /// A tool with default build flags.
    const fn new(
        folder: &'static str,
        program: &'static str,
        package: &'static str,
        version: Option<&'static str>,
        minutes: u32,
    ) -> Self {
        Self { folder, program, package, version, ldflags: "-s", experiment: "", minutes }
    }
}

pub(super) const GO_TOOLS: &[GoTool] = &[
    GoTool::new("act", "act", "github.com/nektos/act", None, 2),
    GoTool::new("actionlint", "actionlint", "github.com/rhysd/actionlint/cmd/actionlint", Some("v1.7.12"), 1),
    GoTool::new("cosign", "cosign", "github.com/sigstore/cosign/v3/cmd/cosign", Some("v3.1.2"), 3),
    GoTool::new("goss", "goss", "github.com/goss-org/goss/cmd/goss", Some("v0.4.9"), 1),
    GoTool::new("../rehearsal/hello", "hello", "fleetgen/tests/rehearsal/hello", None, 1),
    GoTool::new("packer", "packer", "github.com/hashicorp/packer", Some("v1.16.0"), 4),
    GoTool::new("packer", "packer-plugin-amazon", "github.com/hashicorp/packer-plugin-amazon", Some("v1.8.2"), 2),
    GoTool::new(
        "packer",
        "packer-plugin-googlecompute",
        "github.com/hashicorp/packer-plugin-googlecompute",
        Some("v1.2.7"),
        1,
    ),
    GoTool::new("schema-provider", "schema-provider", "fleetgen/tests/tools/schema-provider", None, 1),
    GoTool {
        // Without it, the program calls itself a development version.
        ldflags: "-s -X github.com/hashicorp/terraform/version.dev=no",
        ..GoTool::new("terraform", "terraform", "github.com/hashicorp/terraform", Some("v1.11.4"), 3)
    },
    GoTool::new("terraform-docs", "terraform-docs", "github.com/terraform-docs/terraform-docs", Some("v0.22.0"), 1),
    GoTool::new("tflint", "tflint", "github.com/terraform-linters/tflint", Some("v0.64.0"), 2),
    GoTool {
        ldflags: "-s -X github.com/aquasecurity/trivy/pkg/version/app.ver=0.74.0",
        experiment: "jsonv2",
        ..GoTool::new("trivy", "trivy", "github.com/aquasecurity/trivy/cmd/trivy", Some("v0.74.0"), 7)
    },
    GoTool { experiment: "jsonv2", ..GoTool::new("trivy", "trivy-db", "fleetgen/tests/tools/trivy", None, 1) },
];

/// Builds a tool, unless the cache has it.
pub(super) fn install(root: &Path, cache: &Path, tool: &GoTool) -> anyhow::Result<PathBuf> {
    let module = root.join("tests/tools").join(tool.folder);
    let program = cache.join(format!("{}-{}", tool.program, digest(&module)?)).join(tool.program);
    if !program.exists() {
        let progress = spinner(&format!("building {} (about {} min)", tool.program, tool.minutes));
        let built = tempfile::tempdir()?;
        let mut command = Command::new("go");
        command.current_dir(&module).env("GOFLAGS", "-mod=readonly").env("CGO_ENABLED", "0").env("GOWORK", "off");
        command.env("GOEXPERIMENT", tool.experiment);
        // Keeps this machine's paths out of the program.
        command.args(["build", "-trimpath", "-ldflags", tool.ldflags, "-o"]);
        command.arg(built.path().join(tool.program)).arg(tool.package);
        run(&mut command).with_context(|| {
            format!(
                "cannot build {}: it needs Go 1.26 or later (https://go.dev/dl/) and access to the Go module proxy",
                tool.program
            )
        })?;
        put(built.path(), &program)?;
        progress.finish_with_message(format!("built {}", tool.program));
    }
    verify(&program, tool)?;
    Ok(program)
}

/// Moves a built tool into the cache, whole or not at all.
fn put(built: &Path, program: &Path) -> anyhow::Result<()> {
    let folder = program.parent().context("a tool has a folder")?;
    let above = folder.parent().context("the cache has a folder")?;
    fs_err::create_dir_all(above)?;
    // In the cache itself, since a rename does not cross file systems.
    let staged = tempfile::tempdir_in(above)?;
    for entry in fs_err::read_dir(built)? {
        let entry = entry?;
        fs_err::copy(entry.path(), staged.path().join(entry.file_name()))?;
    }
    let staged = staged.keep();
    if fs_err::rename(&staged, folder).is_err() {
        // Somebody else was faster.
        fs_err::remove_dir_all(&staged)?;
    }
    Ok(())
}

/// Checks what the program says it was built from.
fn verify(program: &Path, tool: &GoTool) -> anyhow::Result<()> {
    let build = run(Command::new("go").args(["version", "-m"]).arg(program))?;
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = build.lines().map(words).collect();
    let is_package = lines.iter().any(|line| {
        line.first().is_some_and(|key| key == "path") && line.get(1).is_some_and(|path| path == tool.package)
    });
    let is_version = tool.version.is_none_or(|version| {
        lines.iter().any(|line| {
            line.get(1).is_some_and(|module| tool.package.starts_with(module.as_str()))
                && line.get(2).is_some_and(|built| built == version)
        })
    });
    if is_package && is_version {
        return Ok(());
    }
    bail!("{} is not {} {}; remove it", program.display(), tool.package, tool.version.unwrap_or_default())
}
