//! A fleet's repository in a temporary folder: its fleet.yaml, the hand-written files, and the generated ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use fleetgen_fleet::{CheckContext, Fleet};
use fleetgen_problem::{Format, Severity, SourceFile, render};

use crate::files::{copy, write};
use crate::process::run;

/// The placeholder for the program's digest in `tests/rehearsal/fleet.yaml`.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Creates a repository with generated files, without Git.
///
/// # Errors
/// A file cannot be copied, or fleetgen refuses the fleet.
pub fn lay_out(root: &Path, directory: &Path, fleet: &str, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    for part in ["packer", "goss", ".github/scripts"] {
        copy(&root.join(part), &directory.join(part))?;
    }
    fs_err::copy(root.join(".gitignore"), directory.join(".gitignore"))?;
    write(&directory.join("fleet.yaml"), fleet)?;
    fleetgen(directory, &["generate"], environment).map(|_| ())
}

/// Builds fleetgen next to this program.
///
/// # Errors
/// The build fails.
pub fn build(root: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    run(command.current_dir(root).args(["build", "--quiet", "--locked", "--package", "fleetgen"])).map(|_| ())
}

/// Runs fleetgen in a repository, and returns what it prints.
///
/// # Errors
/// It fails.
pub fn fleetgen(directory: &Path, words: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("fleetgen"));
    run(command.args(words).envs(environment.iter().copied()).arg("-C").arg(directory))
}

/// What `cargo` builds with the clouds' clients: one selection of packages and features for everything, because each other one would
/// compile them again.
const WITH_CLOUDS: &[&str] = &[
    "--package",
    "fleetgen",
    "--package",
    "fleetgen-cloud",
    "--package",
    "fleetgen-loopback",
    "--features",
    "fleetgen/aws,fleetgen/gcp,fleetgen/loopback",
    "--locked",
    "--quiet",
];

/// Runs `cargo` with the clouds' clients.
#[must_use]
pub fn cargo_with_clouds(root: &Path, verb: &str) -> Command {
    let mut command = cargo_apart(root, "clouds");
    command.arg(verb).args(WITH_CLOUDS);
    command
}

/// Runs `cargo` with a separate folder for programs. Another selection of packages or features makes another `fleetgen`, which would
/// replace the one that a check beside it is running. What is compiled on the way is shared.
#[must_use]
pub fn cargo_apart(root: &Path, name: &str) -> Command {
    let folder = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let target = folder("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target"));
    let build = folder("CARGO_BUILD_BUILD_DIR").unwrap_or_else(|| target.clone());
    let mut command = Command::new("cargo");
    command.current_dir(root).env("CARGO_TARGET_DIR", target.join(name)).env("CARGO_BUILD_BUILD_DIR", build);
    command
}

/// The rehearsal's fleet.yaml, with the digest of its program.
///
/// # Errors
/// A file cannot be read.
pub fn fleet(root: &Path, program: &Path) -> anyhow::Result<String> {
    let text = fs_err::read_to_string(root.join("tests/rehearsal/fleet.yaml"))?;
    anyhow::ensure!(text.contains(NO_DIGEST), "tests/rehearsal/fleet.yaml has no placeholder for the program's digest");
    let digest = run(Command::new("sha256sum").arg(program))?;
    Ok(text.replace(NO_DIGEST, digest.split_whitespace().next().unwrap_or_default()))
}

/// Parses a fleet.yaml. Nothing in it counts as expired.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, text: &str) -> anyhow::Result<Fleet> {
    let source = SourceFile::from_bytes(name, text.as_bytes().to_vec())
        .map_err(|unreadable| anyhow::anyhow!("{name} cannot be read: {unreadable:?}"))?;
    let loaded = fleetgen_fleet::load(&source, CheckContext { today: None, expired: Severity::Warning });
    match loaded {
        Ok(loaded) => Ok(loaded.fleet),
        Err(problems) => anyhow::bail!("{}", render(&problems, Some(&source), Format::Human { color: false })),
    }
}

/// A layer's own scripts and their environment, from its Packer template, for an amd64 machine on AWS that has the repository
/// in `directory`.
///
/// # Errors
/// The template does not look as fleetgen writes it.
#[expect(clippy::type_complexity, reason = "two lists, which are used apart")]
pub fn scripts_of(
    template: &str,
    layer: &str,
    directory: &str,
) -> anyhow::Result<(Vec<String>, Vec<(String, String)>)> {
    let between = |from: &str, to: &str| {
        let rest = template.split_once(from).with_context(|| format!("the template has no {from}"))?.1;
        Ok::<_, anyhow::Error>(rest.split_once(to).context("the template ends early")?.0)
    };
    let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let scripts = between("# The layer's own scripts.", "]")?.lines().flat_map(&quoted);
    let scripts = scripts.filter(|word| word.starts_with("${")).map(|path| {
        path.replace("${local.scripts}", &format!("{directory}/packer/scripts"))
            .replace("${local.repository}", directory)
            .replace("${path.root}", &format!("{directory}/generated/packer/{layer}"))
    });
    let environment = between("environment = {", "}")?.lines().map(quoted);
    let environment = environment.filter_map(|words| Some((words.first()?.clone(), words.get(1)?.clone())));
    let ours = [("DIRECTORY", directory), ("COMMIT", "0123"), ("CLOUD", "aws"), ("ARCHITECTURE", "amd64")];
    let ours = ours.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Ok((scripts.collect(), environment.chain(ours).collect()))
}
