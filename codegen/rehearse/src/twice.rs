//! The same layer built twice: the same packages, and the same files but for those that a list explains.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::rehearsal::{Plan, Rehearsal};
use crate::stage::Stage;
use crate::world::{Emulated as _, Oddities};
use fleetgen_fleet::choice::Cloud;

const LAYER: &str = "base";

/// Files that may differ, by the beginning of their path, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("etc/fleet-release", "names the commit that was built"),
    ("etc/hostname", "the rehearsal names a machine after its instance"),
    ("etc/hosts", "the rehearsal names a machine after its instance"),
    ("etc/docker/key.json", "an old engine's identity; Docker makes it when it starts"),
    ("var/lib/docker/", "the engine's identity and its networks; Docker makes them when it starts"),
    ("var/lib/containerd/", "the state of a daemon that has run"),
    ("var/lib/systemd/", "the state of timers and the clock"),
    ("var/lib/private/", "the state of services"),
    ("var/lib/chrony/", "the clock's drift"),
    ("var/log/", "truncated, but lists of logins stay"),
    ("var/cache/", "caches: of ldconfig, debconf and man"),
    ("var/lib/apt/", "when apt last did something"),
    ("var/lib/dpkg/", "the order of packages, and the time of diversions"),
    ("etc/ld.so.cache", "the order of files on the disk"),
    ("usr/lib/python3", "compiled by the machine, with the time of the source"),
    ("usr/share/python3", "compiled by the machine, with the time of the source"),
    ("etc/ssl/certs/", "the order of files on the disk"),
    ("etc/shadow", "the day on which an account was made"),
];

/// Builds the base again, and compares.
pub(crate) fn rehearse(stage: &Stage) -> anyhow::Result<()> {
    let plan = Plan { oddities: Oddities { fast: true, ..Oddities::default() }, ..Plan::good("again", &[Cloud::Aws]) };
    let rehearsal = Rehearsal::new(stage, &plan, &stage.vendor_images())?;
    let built = rehearsal.build(LAYER)?;
    ensure!(built.succeeded, "the build failed:\n{}", built.last_words());
    let first = stage.folder.join(format!("good/repository/.fleetgen/{LAYER}/reports"));
    let packages = |reports: &Path| packages(&reports.join(Cloud::Aws.source()).join("sbom.cdx.json"));
    let (before, after) = (packages(&first)?, packages(&built.reports)?);
    let differ: Vec<_> = before.symmetric_difference(&after).collect();
    ensure!(differ.is_empty(), "the second build has other packages: {differ:?}");
    ensure!(before.len() > 100, "the SBOM lists only {} packages", before.len());

    let name = rehearsal.world.state(Cloud::Aws)?.into_iter().find_map(|found| {
        let is_ours = found.kind == "image" && found.tags.get("layer").is_some_and(|layer| layer == LAYER);
        is_ours.then(|| found.more["name"].as_str().map(str::to_owned)).flatten()
    });
    let again = rehearsal.world.machines()?.image(Cloud::Aws, &name.context("there is no image")?);
    let (before, after) = (
        files(&stage.files(Cloud::Aws, LAYER).context("there is no image")?)?,
        files(&again.context("there is no image")?)?,
    );
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ: Vec<&String> = paths.into_iter().filter(|path| before.get(*path) != after.get(*path)).collect();
    let is_explained = |path: &str| DIFFERENT.iter().any(|(known, _)| path.starts_with(known));
    let strange: Vec<&&String> = differ.iter().filter(|path| !is_explained(path)).collect();
    ensure!(strange.is_empty(), "files differ without a reason: {strange:?}");
    println!("built twice: the same packages; {} of {} files differ, all explained", differ.len(), before.len());
    rehearsal.remove()
}

/// The packages of an SBOM: type, name and version.
fn packages(sbom: &Path) -> anyhow::Result<BTreeSet<String>> {
    let sbom: Value = serde_json::from_str(&fs_err::read_to_string(sbom)?)?;
    let components = sbom["components"].as_array().context("the SBOM has no components")?;
    Ok(components.iter().map(|it| format!("{} {} {}", it["type"], it["name"], it["version"])).collect())
}

/// The content of every file, and the target of every link.
fn files(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        let path = entry.path().strip_prefix(root)?.to_string_lossy().into_owned();
        let content = if entry.file_type().is_symlink() {
            fs_err::read_link(entry.path())?.to_string_lossy().into_owned().into_bytes()
        } else if entry.file_type().is_file() {
            fleetgen_images::digest(&fs_err::read(entry.path())?).to_string().into_bytes()
        } else {
            continue;
        };
        files.insert(path, content);
    }
    Ok(files)
}
