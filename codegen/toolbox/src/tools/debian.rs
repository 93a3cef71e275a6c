//! Tools from the Debian archive, for the machine that scripts are tried on.

use std::process::Command;

use anyhow::{Context, bail};

use super::spinner;
use crate::process::run;

/// The program or file to look for, and the package that has it.
const DEBIAN_TOOLS: &[(&str, &str)] = &[
    ("mmdebstrap", "mmdebstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("slirp4netns", "slirp4netns"),
    ("nsenter", "util-linux"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "ovmf"),
    ("mkfs.ext4", "e2fsprogs"),
    ("cpio", "cpio"),
    ("jq", "jq"),
    ("curl", "curl"),
    ("git", "git"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("squid", "squid"),
    ("gpg", "gnupg"),
    // Ubuntu does not install it by default.
    ("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"),
];

/// Installs what is missing.
///
/// # Errors
/// The packages to install, if this user may not install them.
pub(super) fn install() -> anyhow::Result<()> {
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
    // Its package would start it at once, and at every boot.
    let unit = std::path::Path::new("/etc/systemd/system/squid.service");
    if packages.contains(&"squid") && !unit.exists() && unit.parent().is_some_and(std::path::Path::is_dir) {
        let _ = std::os::unix::fs::symlink("/dev/null", unit);
    }
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
        Some(package) => bail!("{package} is installed but its program is missing; {}", advice()),
    }
}
