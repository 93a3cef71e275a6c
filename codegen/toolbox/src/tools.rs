//! The real tools: pinned in `tests/tools/`, built into a cache outside the clone, and looked at before they are used.
//!
//! A Go tool is a module of its own with a `tool` directive, so that go.sum holds its whole source to a digest. Python tools
//! stand in one requirements.txt, every package with its digests. A tool's folder in the cache carries the digest of
//! what it was made from: a changed pin builds anew, and an old clone still finds its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

use crate::files::write;
use crate::process::run;

/// A program that is built from the module in `tests/tools/<folder>`.
struct GoTool {
    folder: &'static str,
    program: &'static str,
    /// The package of its `main`, and its version, both of which the program itself must name.
    package: &'static str,
    version: Option<&'static str>,
    ldflags: &'static str,
    /// What Go calls an experiment, where the tool needs one.
    experiment: &'static str,
    minutes: u32,
}

impl GoTool {
    /// A tool that is built without anything special.
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

const GO_TOOLS: &[GoTool] = &[
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
        // A release is one by this word.
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

/// Programs from `PyPI`, each with the version that it must name.
const PYTHON_TOOLS: &[(&str, &str)] = &[("zizmor", "1.32.0"), ("check-jsonschema", "0.39.0"), ("shellcheck", "0.11.0")];
const CLOUD_TOOLS: &[(&str, &str)] = &[("aws", "1.46.3")];

/// What the archive of Debian has, by the program or file that is looked for: for the machine that scripts are tried on.
const DEBIAN_TOOLS: &[(&str, &str)] = &[
    ("mmdebstrap", "mmdebstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("slirp4netns", "slirp4netns"),
    ("nsenter", "util-linux"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("cpio", "cpio"),
    ("curl", "curl"),
    ("git", "git"),
    ("ip", "iproute2"),
    // On Ubuntu, nothing else brings it.
    ("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"),
];

/// Where the tools are.
#[derive(Debug, Clone)]
pub struct Tools {
    /// `actionlint`.
    pub actionlint: PathBuf,
    /// `cosign`.
    pub cosign: PathBuf,
    /// `goss`.
    pub goss: PathBuf,
    /// The program of the rehearsal's application.
    /// `hello`.
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
    /// `check-jsonschema`.
    pub check_jsonschema: PathBuf,
    /// Has `aws`, and a `python` with what stands in for the clouds.
    pub clouds: PathBuf,
    /// Where all of them are, with what else takes long to make.
    pub cache: PathBuf,
}

impl Tools {
    /// Makes Trivy a database: one vulnerability a line, and when it was made, as `date` takes it.
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

    /// Makes two pairs of keys, `ours` and `theirs`, without a password.
    pub fn key_pairs(&self, folder: &Path) -> anyhow::Result<()> {
        for key in ["ours", "theirs"] {
            let mut command = Command::new(&self.cosign);
            command.current_dir(folder).env("COSIGN_PASSWORD", "");
            run(command.args(["generate-key-pair", "--output-key-prefix", key]))?;
        }
        Ok(())
    }
}

/// Installs what is missing, and says where everything is.
///
/// # Errors
/// Everything that could not be had, each with how to get it.
pub fn install(root: &Path) -> anyhow::Result<Tools> {
    let cache = cache()?;
    let mut missing = Vec::new();
    let mut keep = |result: anyhow::Result<PathBuf>| {
        result.unwrap_or_else(|error| {
            missing.push(format!("{error:#}"));
            PathBuf::new()
        })
    };
    let mut built: BTreeMap<&str, PathBuf> =
        GO_TOOLS.iter().map(|tool| (tool.program, keep(go_tool(root, &cache, tool)))).collect();
    let python = keep(python_tools(root, &cache, "python", PYTHON_TOOLS));
    let clouds = keep(python_tools(root, &cache, "clouds", CLOUD_TOOLS));
    keep(debian_tools().map(|()| PathBuf::new()));
    let mut go = |program| built.remove(program).unwrap_or_default();
    let tools = Tools {
        actionlint: go("actionlint"),
        cosign: go("cosign"),
        goss: go("goss"),
        hello: go("hello"),
        packer: go("packer"),
        packer_plugins: [go("packer-plugin-amazon"), go("packer-plugin-googlecompute")],
        schema_provider: go("schema-provider"),
        terraform: go("terraform"),
        terraform_docs: go("terraform-docs"),
        tflint: go("tflint"),
        trivy: go("trivy"),
        trivy_db: go("trivy-db"),
        shellcheck: python.join("shellcheck"),
        zizmor: python.join("zizmor"),
        check_jsonschema: python.join("check-jsonschema"),
        clouds,
        cache,
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
    let program = cache.join(format!("{}-{}", tool.program, digest(&module)?)).join(tool.program);
    if !program.exists() {
        let progress = spinner(&format!("building {} (about {} min)", tool.program, tool.minutes));
        let built = tempfile::tempdir()?;
        let mut command = Command::new("go");
        command.current_dir(&module).env("GOFLAGS", "-mod=readonly").env("CGO_ENABLED", "0").env("GOWORK", "off");
        command.env("GOEXPERIMENT", tool.experiment);
        // Without -trimpath, the program would carry the paths of this machine.
        command.args(["build", "-trimpath", "-ldflags", tool.ldflags, "-o"]);
        command.arg(built.path().join(tool.program)).arg(tool.package);
        run(&mut command).with_context(|| {
            format!(
                "{} does not build; it needs Go 1.26 or later (https://go.dev/dl/) and the Go module proxy",
                tool.program
            )
        })?;
        put(built.path(), &program)?;
        progress.finish_with_message(format!("built {}", tool.program));
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

/// Installs what the archive of Debian has, where this may be done, and says what is to be installed where not.
fn debian_tools() -> anyhow::Result<()> {
    let is_there = |program: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(["/usr/sbin".into(), "/sbin".into()])
            .any(|folder| folder.join(program).is_file())
    };
    let missing = || DEBIAN_TOOLS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package);
    if missing().next().is_none() {
        return Ok(());
    }
    let packages: Vec<&str> = missing().collect();
    let progress = spinner(&format!("installing {}", packages.join(", ")));
    let advice = || format!("as root, run `apt-get install {}`", packages.join(" "));
    run(Command::new("apt-get").args(["--quiet", "update"])).with_context(advice)?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["--quiet", "--yes", "--no-install-recommends", "install"]).args(&packages);
    run(&mut install).with_context(advice)?;
    progress.finish_with_message(format!("installed {}", packages.join(", ")));
    match missing().next() {
        None => Ok(()),
        Some(package) => bail!("{package} is installed, and its program is not there; {}", advice()),
    }
}

/// Installs what the requirements in `tests/tools/<name>` pin, and gives the folder of its programs.
fn python_tools(root: &Path, cache: &Path, name: &str, programs: &[(&str, &str)]) -> anyhow::Result<PathBuf> {
    let pins = root.join("tests/tools").join(name);
    let folder = cache.join(format!("{name}-{}", digest(&pins)?));
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
    for (program, version) in programs {
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
    Ok(hex::encode(&digest[..8]))
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
