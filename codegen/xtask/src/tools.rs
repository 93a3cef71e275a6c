//! The real tools: pinned in `tests/tools/`, built into a cache outside the clone, and looked at before they are used.
//!
//! A Go tool is a module of its own with a `tool` directive, so that go.sum holds its whole source to a digest. Python tools
//! stand in one requirements.txt, every package with its digests. A tool's folder in the cache carries the digest of
//! what it was made from: a changed pin builds anew, and an old clone still finds its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::process::run;

/// A program that is built from the module in `tests/tools/<folder>`.
struct GoTool {
    folder: &'static str,
    /// The package of its `main`, and its version, both of which the program itself must name.
    package: &'static str,
    version: Option<&'static str>,
    ldflags: &'static str,
    minutes: u32,
}

const GO_TOOLS: &[GoTool] = &[
    GoTool {
        folder: "actionlint",
        package: "github.com/rhysd/actionlint/cmd/actionlint",
        version: Some("v1.7.12"),
        ldflags: "-s",
        minutes: 1,
    },
    GoTool {
        folder: "schema-provider",
        package: "fleetgen/tests/tools/schema-provider",
        version: None,
        ldflags: "-s",
        minutes: 1,
    },
    GoTool {
        folder: "terraform",
        package: "github.com/hashicorp/terraform",
        version: Some("v1.11.4"),
        // A release is one by this word.
        ldflags: "-s -X github.com/hashicorp/terraform/version.dev=no",
        minutes: 3,
    },
    GoTool {
        folder: "terraform-docs",
        package: "github.com/terraform-docs/terraform-docs",
        version: Some("v0.22.0"),
        ldflags: "-s",
        minutes: 1,
    },
    GoTool {
        folder: "tflint",
        package: "github.com/terraform-linters/tflint",
        version: Some("v0.64.0"),
        ldflags: "-s",
        minutes: 2,
    },
];

/// Where the tools are.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) actionlint: PathBuf,
    pub(crate) schema_provider: PathBuf,
    pub(crate) terraform: PathBuf,
    pub(crate) terraform_docs: PathBuf,
    pub(crate) tflint: PathBuf,
    pub(crate) shellcheck: PathBuf,
    pub(crate) zizmor: PathBuf,
    pub(crate) check_jsonschema: PathBuf,
}

/// Installs what is missing, and says where everything is.
///
/// # Errors
/// Everything that could not be had, each with how to get it.
pub(crate) fn install(root: &Path) -> anyhow::Result<Tools> {
    let cache = cache()?;
    let mut missing = Vec::new();
    let mut keep = |result: anyhow::Result<PathBuf>| {
        result.unwrap_or_else(|error| {
            missing.push(format!("{error:#}"));
            PathBuf::new()
        })
    };
    let mut built = GO_TOOLS.iter().map(|tool| keep(go_tool(root, &cache, tool))).collect::<Vec<_>>().into_iter();
    let mut next = || built.next().unwrap_or_default();
    let (actionlint, schema_provider, terraform, terraform_docs, tflint) = (next(), next(), next(), next(), next());
    let python = keep(python_tools(root, &cache));
    let tools = Tools {
        actionlint,
        schema_provider,
        terraform_docs,
        tflint,
        terraform,
        shellcheck: python.join("shellcheck"),
        zizmor: python.join("zizmor"),
        check_jsonschema: python.join("check-jsonschema"),
    };
    if missing.is_empty() {
        return Ok(tools);
    }
    bail!("{} of the tools cannot be had:\n\n{}", missing.len(), missing.join("\n\n"))
}

/// The cache, outside any clone.
fn cache() -> anyhow::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    variable("FLEETGEN_TOOLS")
        .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("fleetgen-tools")))
        .or_else(|| variable("HOME").map(|home| home.join(".cache/fleetgen-tools")))
        .context("neither FLEETGEN_TOOLS nor XDG_CACHE_HOME nor HOME says where the cache is")
}

fn go_tool(root: &Path, cache: &Path, tool: &GoTool) -> anyhow::Result<PathBuf> {
    let module = root.join("tests/tools").join(tool.folder);
    let program = cache.join(format!("{}-{}", tool.folder, digest(&module)?)).join(tool.folder);
    if !program.exists() {
        let progress = spinner(&format!("building {} (about {} min)", tool.folder, tool.minutes));
        let built = tempfile::tempdir()?;
        let mut command = Command::new("go");
        command.current_dir(&module).env("GOFLAGS", "-mod=readonly").env("CGO_ENABLED", "0").env("GOWORK", "off");
        // Without -trimpath, the program would carry the paths of this machine.
        command.args(["build", "-trimpath", "-ldflags", tool.ldflags, "-o"]);
        command.arg(built.path().join(tool.folder)).arg(tool.package);
        run(&mut command).with_context(|| {
            format!(
                "{} does not build; it needs Go 1.26 or later (https://go.dev/dl/) and the Go module proxy",
                tool.folder
            )
        })?;
        put(built.path(), &program)?;
        progress.finish_with_message(format!("built {}", tool.folder));
    }
    verify_go(&program, tool)?;
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

/// Asks the program itself what it was built from.
fn verify_go(program: &Path, tool: &GoTool) -> anyhow::Result<()> {
    let build = run(Command::new("go").args(["version", "-m"]).arg(program))?;
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = build.lines().map(words).collect();
    let is_package = lines.iter().any(|line| {
        line.first().is_some_and(|key| key == "path") && line.get(1).is_some_and(|path| path == tool.package)
    });
    let is_version = tool.version.is_none_or(|version| {
        lines.iter().any(|line| {
            line.get(1).is_some_and(|module| tool.package.starts_with(module.as_str()))
                && line.get(2).is_some_and(|found| found == version)
        })
    });
    if is_package && is_version {
        return Ok(());
    }
    bail!("{} is not {} {}; remove it", program.display(), tool.package, tool.version.unwrap_or_default())
}

fn python_tools(root: &Path, cache: &Path) -> anyhow::Result<PathBuf> {
    let pins = root.join("tests/tools/python");
    let folder = cache.join(format!("python-{}", digest(&pins)?));
    let done = folder.join("complete");
    if !done.exists() {
        let progress = spinner("installing the tools from PyPI");
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        fs_err::create_dir_all(cache)?;
        let advice = "the tools from PyPI do not install; they need Python 3.10 or later with venv, and PyPI";
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(advice)?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "-r",
        ]);
        run(pip.arg(pins.join("requirements.txt"))).context(advice)?;
        fs_err::File::create(&done)?;
        progress.finish_with_message("installed the tools from PyPI");
    }
    for (program, version) in [("zizmor", "1.32.0"), ("check-jsonschema", "0.39.0"), ("shellcheck", "0.11.0")] {
        let found = run(Command::new(folder.join("bin").join(program)).arg("--version"))?;
        if !found.contains(version) {
            bail!("{program} is not version {version} but says {found}");
        }
    }
    Ok(folder.join("bin"))
}

/// The digest of every file of a folder, by which a cached build is found.
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
    Ok(digest.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

fn spinner(message: &str) -> ProgressBar {
    let progress = ProgressBar::new_spinner().with_message(message.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        progress.set_style(style);
    }
    progress.enable_steady_tick(Duration::from_millis(200));
    // A log has no spinner; it gets a line instead.
    if progress.is_hidden() {
        eprintln!("{message}");
    }
    progress
}
