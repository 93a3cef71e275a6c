//! Kernel settings. A container shares its host's kernel, so the image's settings are applied to a Debian kernel in qemu.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use fleetgen_fleet::catalog::hardening::SECTIONS;

use crate::stage::Stage;
use fleetgen_fleet::choice::Cloud;

use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run;

/// What the virtual machine has of the image.
const PROGRAMS: &[&str] = &["/bin/sh", "/bin/mount", "/sbin/sysctl"];
const SETTINGS: &[&str] = &["etc/sysctl.d", "etc/sysctl.conf", "usr/lib/sysctl.d"];

/// Applies the image's settings as systemd would, and prints the resulting values.
const INIT: &str = "#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
sysctl --quiet --system
echo BEGIN
sysctl KEYS
echo END
echo o >/proc/sysrq-trigger
";

/// Boots a Debian kernel with the settings of the image of `base`, and compares the values.
pub(crate) fn check(stage: &Stage) -> anyhow::Result<()> {
    let image = stage.files(Cloud::Aws, "base").context("there is no image of base")?;
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in SECTIONS.iter().flat_map(|section| section.sysctl) {
        wanted.insert((*key).to_owned(), (*value).to_owned());
    }
    let base = stage.fleet.layers.values().find(|layer| layer.name.as_str() == "base").context("there is no base")?;
    wanted.extend(base.sysctl.iter().map(|(key, value)| (key.to_string(), value.to_string())));
    let root = stage.folder.join("kernel");
    lay_out(&image, &root, &wanted)?;
    let archive = root.with_extension("cpio");
    let pack = "cd \"$1\" && find . -print0 | cpio --null --create --quiet --format=newc >\"$2\"";
    run(Command::new("bash").args(["-c", pack, "_"]).arg(&root).arg(&archive))?;
    let mut qemu = Command::new("timeout");
    qemu.args(["180", "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-m", "512", "-nodefaults"]);
    qemu.args(["-nographic", "-serial", "stdio", "-no-reboot", "-append", "console=ttyS0 panic=-1 quiet rdinit=/init"]);
    let console = run(qemu.arg("-kernel").arg(stage.kernel()?).arg("-initrd").arg(archive))?;
    let said = console.split_once("BEGIN").and_then(|(_, rest)| rest.split_once("END")).map(|(said, _)| said);
    let said = said.with_context(|| format!("the kernel did not print its settings:\n{console}"))?;
    let found: BTreeMap<&str, &str> = said.lines().filter_map(|line| line.trim().split_once(" = ")).collect();
    let differs = |(key, value): &(&String, &String)| found.get(key.as_str()) != Some(&value.as_str());
    let wrong: Vec<_> = wanted.iter().filter(differs).map(|(key, _)| (key, found.get(key.as_str()))).collect();
    ensure!(wrong.is_empty(), "these kernel settings have other values: {wrong:?}");
    println!("kernel settings in qemu: all {} are in effect", wanted.len());
    Ok(())
}

/// Lays out a small root file system for an initramfs.
fn lay_out(image: &Path, root: &Path, wanted: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for folder in ["bin", "sbin", "proc", "sys", "dev", "etc", "usr/lib", "lib64"] {
        fs_err::create_dir_all(root.join(folder))?;
    }
    let listed = run(Command::new("chroot").arg(image).arg("ldd").args(PROGRAMS))?;
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/') && !word.ends_with(':'));
    for path in PROGRAMS.iter().copied().chain(libraries) {
        let to = root.join(path.trim_start_matches('/'));
        fs_err::create_dir_all(to.parent().unwrap_or(root))?;
        // Resolve symbolic links inside the image.
        let from = run(Command::new("chroot").arg(image).args(["readlink", "--canonicalize", path]))?;
        fs_err::copy(image.join(from.trim().trim_start_matches('/')), to)?;
    }
    for path in SETTINGS.iter().filter(|path| image.join(path).exists()) {
        run(Command::new("cp").args(["--archive", "--dereference"]).arg(image.join(path)).arg(root.join(path)))?;
    }
    let keys: Vec<&str> = wanted.keys().map(String::as_str).collect();
    write(&root.join("init"), &INIT.replace("KEYS", &keys.join(" ")))?;
    run(Command::new("chmod").arg("0755").arg(root.join("init"))).map(|_| ())
}
