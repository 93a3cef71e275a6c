//! A fleet's repository in a temporary folder: its fleet.yaml, what is written by hand, and what fleetgen makes of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::run;
use crate::verify::{copy, write};

/// What stands in `tests/rehearsal/fleet.yaml` for the digest of the program.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Lays a repository out, without Git.
pub(crate) fn lay_out(root: &Path, directory: &Path, fleet: &str, environment: &[(&str, &str)]) -> anyhow::Result<()> {
    for part in ["packer", "goss"] {
        copy(&root.join(part), &directory.join(part))?;
    }
    fs_err::copy(root.join(".gitignore"), directory.join(".gitignore"))?;
    write(&directory.join("fleet.yaml"), fleet)?;
    fleetgen(root, directory, &["generate"], environment).map(|_| ())
}

/// Runs fleetgen itself in a repository, and gives what it prints.
pub(crate) fn fleetgen(
    root: &Path,
    directory: &Path,
    words: &[&str],
    environment: &[(&str, &str)],
) -> anyhow::Result<String> {
    let mut command = Command::new("cargo");
    command.current_dir(root).args(["run", "--quiet", "--locked", "--package", "fleetgen", "--"]).args(words);
    run(command.envs(environment.iter().copied()).arg("-C").arg(directory))
}

/// The program of the rehearsal's application, built, and its SHA-256.
pub(crate) fn program(root: &Path, folder: &Path) -> anyhow::Result<(PathBuf, String)> {
    let program = folder.join("hello-1.0.0");
    let mut build = Command::new("go");
    build.current_dir(root.join("tests/rehearsal/hello")).env("CGO_ENABLED", "0").env("GOWORK", "off");
    run(build.args(["build", "-trimpath", "-ldflags", "-s -w", "-o"]).arg(&program).arg("."))?;
    let digest = run(Command::new("sha256sum").arg(&program))?;
    Ok((program, digest.split_whitespace().next().unwrap_or_default().to_owned()))
}

/// The fleet of the rehearsal, with the digest of its program.
pub(crate) fn fleet(root: &Path, digest: &str) -> anyhow::Result<String> {
    let text = fs_err::read_to_string(root.join("tests/rehearsal/fleet.yaml"))?;
    anyhow::ensure!(text.contains(NO_DIGEST), "tests/rehearsal/fleet.yaml has no place for the program's digest");
    Ok(text.replace(NO_DIGEST, digest))
}
