//! A fleet's repository in a temporary folder: its fleet.yaml, what is written by hand, and what fleetgen makes of them.

use std::path::Path;
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
    fleetgen(directory, &["generate"], environment).map(|_| ())
}

/// Builds fleetgen itself, beside this program.
pub(crate) fn build(root: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    run(command.current_dir(root).args(["build", "--quiet", "--locked", "--package", "fleetgen"])).map(|_| ())
}

/// Runs fleetgen in a repository, and gives what it prints.
pub(crate) fn fleetgen(directory: &Path, words: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("fleetgen"));
    run(command.args(words).envs(environment.iter().copied()).arg("-C").arg(directory))
}

/// The fleet of the rehearsal, with the digest of its program.
pub(crate) fn fleet(root: &Path, program: &Path) -> anyhow::Result<String> {
    let text = fs_err::read_to_string(root.join("tests/rehearsal/fleet.yaml"))?;
    anyhow::ensure!(text.contains(NO_DIGEST), "tests/rehearsal/fleet.yaml has no place for the program's digest");
    let digest = run(Command::new("sha256sum").arg(program))?;
    Ok(text.replace(NO_DIGEST, digest.split_whitespace().next().unwrap_or_default()))
}
