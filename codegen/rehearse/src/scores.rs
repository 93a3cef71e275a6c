//! Independent scores of the hardening: Lynis for the machine, `systemd-analyze security` for the units.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::rehearsal::{copy, first_boot};
use crate::stage::Stage;
use fleetgen_fleet::choice::Cloud;

use fleetgen_toolbox::machine::{self, Machine};
use fleetgen_toolbox::process::run;

/// The points that hardening must add to the Lynis index.
const POINTS: u32 = 10;
/// systemd rates a service below this as OK. An unconfined one has 9 or more.
const EXPOSURE: f32 = 4.0;

/// Measures and prints the scores.
pub(crate) fn measure(stage: &Stage) -> anyhow::Result<()> {
    let folder = stage.folder.join("scores");
    let (before, after) = rayon::join(
        || {
            let root = folder.join("vendor");
            machine::unpack(&stage.tools.cache, &root)?;
            lynis(stage, &root)
        },
        || lynis(stage, &image(stage, "base", &folder.join("base"))?),
    );
    let (before, after) = (before.context("Lynis, before")?, after.context("Lynis, after")?);
    println!("Lynis hardening index (of 100): {before} before, {after} after");
    ensure!(after >= before + POINTS, "hardening must add at least {POINTS} points to the Lynis index");

    let machine = Machine::boot(&image(stage, "web", &folder.join("web"))?)?;
    for unit in ["hello", "beat", "words"] {
        let path = format!("/etc/systemd/system/{unit}.service");
        let hardened = exposure(&machine, &path)?;
        let bare = format!("/run/bare/{unit}.service");
        machine.must(
            &[],
            &format!("mkdir -p /run/bare && grep -E '^([[]|ExecStart=|User=|Description=)' {path} >{bare}"),
        )?;
        let bare = exposure(&machine, &bare)?;
        println!("systemd exposure of {unit}.service (of 10): {bare} unconfined, {hardened} as generated");
        ensure!(hardened < EXPOSURE && hardened + 3.0 < bare, "the unit {unit} is not confined well enough");
    }
    drop(machine);
    Ok(fs_err::remove_dir_all(&folder)?)
}

/// A copy of a layer's image on AWS, ready to boot.
fn image(stage: &Stage, layer: &str, root: &Path) -> anyhow::Result<std::path::PathBuf> {
    copy(&stage.files(Cloud::Aws, layer).with_context(|| format!("there is no image of {layer}"))?, root)?;
    first_boot(&stage.root, Cloud::Aws, root, "scores", "", "")?;
    Ok(root.to_owned())
}

/// The Lynis hardening index of a machine.
fn lynis(stage: &Stage, root: &Path) -> anyhow::Result<u32> {
    // Keep symbolic links such as /sbin where the package has folders.
    let unpack = "dpkg-deb --fsys-tarfile \"$1\" | tar --extract --keep-directory-symlink --directory \"$2\"";
    run(Command::new("bash").args(["-c", unpack, "_"]).arg(stage.lynis()?).arg(root))?;
    let machine = Machine::boot(root)?;
    machine.must(&[], "cd /usr/sbin && lynis audit system --quick --quiet --no-colors --no-plugins >/dev/null 2>&1")?;
    let index = machine.must(&[], "sed -n 's/^hardening_index=//p' /var/log/lynis-report.dat")?;
    index.trim().parse().with_context(|| format!("Lynis reports {index:?} instead of an index"))
}

/// The exposure that systemd reports for a unit file, from 0 (none) to 10.
fn exposure(machine: &Machine, path: &str) -> anyhow::Result<f32> {
    let said = machine.must(&[], &format!("systemd-analyze security --offline=true --no-pager {path} | tail -n 1"))?;
    let number = said.split_whitespace().find_map(|word| word.parse().ok());
    number.with_context(|| format!("systemd reports {said:?} instead of an exposure"))
}
