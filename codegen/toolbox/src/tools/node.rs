//! Packages from npm. A folder of `tests/tools/` with a package-lock.json is one installation, pinned by digests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::{digest, spinner};
use crate::files::copy;
use crate::process::run;

/// Installs the packages of a folder, unless the cache has them. Runs none of their scripts. Returns `node_modules`.
pub(super) fn install(root: &Path, cache: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let pins = root.join("tests/tools").join(name);
    let folder = cache.join(format!("{name}-{}", digest(&pins)?));
    let done = folder.join("complete");
    if !done.exists() {
        let progress = spinner(&format!("installing {name} from npm"));
        if folder.exists() {
            fs_err::remove_dir_all(&folder)?;
        }
        copy(&pins, &folder)?;
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
        run(&mut npm).context("cannot install from npm: it needs Node.js with npm, and access to its registry")?;
        fs_err::File::create(&done)?;
        progress.finish_with_message(format!("installed {name} from npm"));
    }
    Ok(folder.join("node_modules"))
}
