//! Tools from `PyPI`. A folder of `tests/tools/` with a requirements.txt is one virtual environment, pinned by digests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::{digest, spinner};
use crate::process::run;

/// A virtual environment and its programs, each with the version that it must report.
pub(super) struct Environment {
    pub(super) folder: &'static str,
    programs: &'static [(&'static str, &'static str)],
}

/// checkov has its own environment: it pins libraries that the others need newer.
pub(super) const CHECKOV: Environment = Environment { folder: "checkov", programs: &[("checkov", "3.3.30")] };
/// parliament, which has no program: a script of the check imports it.
pub(super) const PARLIAMENT: Environment = Environment { folder: "parliament", programs: &[] };
/// What rehearsals use in place of the clouds.
pub(super) const CLOUDS: Environment = Environment { folder: "clouds", programs: &[("aws", "1.46.3")] };
/// Everything else.
pub(super) const LINTERS: Environment = Environment {
    folder: "python",
    programs: &[("check-jsonschema", "0.39.0"), ("shellcheck", "0.11.0"), ("typos", "1.52.0"), ("zizmor", "1.32.0")],
};

/// Creates the environment, unless the cache has it. Returns the folder of its programs.
pub(super) fn install(root: &Path, cache: &Path, environment: &Environment) -> anyhow::Result<PathBuf> {
    let Environment { folder: name, programs } = environment;
    let pins = root.join("tests/tools").join(name);
    let folder = cache.join(format!("{name}-{}", digest(&pins)?));
    let done = folder.join("complete");
    if !done.exists() {
        let progress = spinner(&format!("installing {name} from PyPI"));
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        fs_err::create_dir_all(cache)?;
        let advice = "cannot install from PyPI: it needs Python 3.11 or later with venv, and access to PyPI";
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
        progress.finish_with_message(format!("installed {name} from PyPI"));
    }
    for (program, version) in *programs {
        let reported = run(Command::new(folder.join("bin").join(program)).arg("--version"))?;
        if !reported.contains(version) {
            bail!("{program} should be version {version} but reports {reported}");
        }
    }
    Ok(folder.join("bin"))
}
