//! Tools from crates.io, built with the dependencies that their own Cargo.lock pins.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::spinner;
use crate::process::run;

/// A crate and its version. The crate's name is its program's.
pub(super) struct CargoTool {
    name: &'static str,
    version: &'static str,
    minutes: u32,
}

pub(super) const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2", minutes: 4 };
pub(super) const MACHETE: CargoTool = CargoTool { name: "cargo-machete", version: "0.9.2", minutes: 1 };

/// Builds a tool, unless the cache has it.
pub(super) fn install(cache: &Path, tool: &CargoTool) -> anyhow::Result<PathBuf> {
    let CargoTool { name, version, minutes } = tool;
    let folder = cache.join(format!("{name}-{version}"));
    let program = folder.join("bin").join(name);
    if !program.exists() {
        let progress = spinner(&format!("building {name} (about {minutes} min)"));
        let mut command = Command::new("cargo");
        // In its own folder, not in the project's build directory.
        command.env_remove("CARGO_BUILD_BUILD_DIR").env_remove("CARGO_TARGET_DIR");
        command.args(["install", "--quiet", "--locked", "--no-track", "--root"]).arg(&folder);
        run(command.arg(format!("{name}@{version}")))
            .with_context(|| format!("cannot build {name}: it needs Rust and access to crates.io"))?;
        progress.finish_with_message(format!("built {name}"));
    }
    let reported = run(Command::new(&program).arg("--version"))?;
    if !reported.contains(version) {
        bail!("{} should be version {version} but reports {reported}", program.display());
    }
    Ok(program)
}
