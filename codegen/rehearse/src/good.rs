//! The good rehearsal: every layer from trigger to recorded image, each from what the one below left.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::fault::{is_over, state};
use crate::inspect;
use crate::rehearsal::{Built, Plan, Rehearsal};
use crate::stage::Stage;
use crate::world::{Emulated as _, Resource};
use fleetgen_fleet::choice::Cloud;
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository::fleetgen;

pub(crate) fn rehearse(stage: &Stage, layers: &[String]) -> anyhow::Result<()> {
    let all: Vec<String> = stage.fleet.layers.keys().map(ToString::to_string).collect();
    let lineage = stage.lineage(if layers.is_empty() { &all } else { layers })?;
    let plan = Plan::good("good", &Cloud::ALL);
    let mut rehearsal = Rehearsal::new(stage, &plan, &stage.images())?;
    for layer in &lineage {
        println!("the overlay of {layer}, which is all of its template that differs from production:");
        println!("{}", rehearsal.overlays.get(layer.as_str()).map(|lines| lines.join("\n")).unwrap_or_default());
        let before = state(&rehearsal)?;
        rehearsal.boot(layer)?;
        let built = rehearsal.build(layer, None)?;
        ensure!(built.succeeded, "{layer} was not built:\n{}", built.last_words());
        clouds(&rehearsal, layer, &before).with_context(|| format!("what the clouds have of {layer}"))?;
        record(&rehearsal, layer, &built)?;
        rehearsal.keep(layer)?;
        for cloud in Cloud::ALL {
            let what = format!("{layer} {}", cloud.source());
            stage
                .timings
                .time("good", &what, "look from outside", || inspect::image(stage, cloud, layer))
                .with_context(|| format!("the image of {layer} on {}", cloud.as_str()))?;
        }
    }
    Ok(())
}

const DISK_KEY: &str = "alias/example-disks";

/// What the instance on AWS was asked for with.
const LAUNCHED: &[(&str, &str)] = &[
    ("BlockDeviceMapping.1.Ebs.Encrypted", "true"),
    ("BlockDeviceMapping.1.Ebs.KmsKeyId", DISK_KEY),
    ("IamInstanceProfile.Name", "rehearsal-build"),
    ("InstanceInitiatedShutdownBehavior", "terminate"),
];

/// One image more on each cloud, with all that it should carry, and nothing else.
fn clouds(rehearsal: &Rehearsal<'_>, layer: &str, before: &[Resource]) -> anyhow::Result<()> {
    let new: Vec<Resource> =
        state(rehearsal)?.into_iter().filter(|found| before.iter().all(|known| known.id != found.id)).collect();
    let left: Vec<&Resource> =
        new.iter().filter(|found| !is_over(found) && !["image", "snapshot"].contains(&found.kind.as_str())).collect();
    ensure!(left.is_empty(), "the build left {left:#?}");
    let regions: BTreeSet<&str> = new
        .iter()
        .filter(|found| found.kind == "image")
        .map(|found| found.more.get("region").and_then(Value::as_str).unwrap_or("gcp"))
        .collect();
    let images = new.iter().filter(|found| found.kind == "image").count();
    ensure!(
        images == 3 && regions == BTreeSet::from(["ap-northeast-1", "gcp", "us-west-2"]),
        "there should be one image in each region, not {images} in {regions:?}"
    );
    for found in new.iter().filter(|found| found.kind != "instance") {
        for (tag, value) in [("fleet", "rehearsal"), ("layer", layer), ("os", "debian-12"), ("architecture", "amd64")] {
            ensure!(found.tags.get(tag).is_some_and(|found| found == value), "{} has no tag {tag}", found.id);
        }
        ensure!(found.tags.get("key").is_some_and(|key| key.len() == 32), "{} has no key", found.id);
        ensure!(found.tags.get("commit").is_some_and(|commit| commit.len() == 40), "{} has no commit", found.id);
        ensure!(found.tags.contains_key("parent") == rehearsal.stage.parent(layer).is_some(), "{}: parent", found.id);
    }
    for found in &new {
        let of = |path: &str| found.more.get("resource").and_then(|resource| resource.pointer(path)).cloned();
        match (found.kind.as_str(), found.more.contains_key("resource")) {
            ("instance", false) => {
                ensure!(found.more["public"].is_null(), "{} has a public address", found.id);
                ensure!(found.more["tokens"] == "required", "{} answers metadata without a token", found.id);
                let launched = &found.more["launched"];
                for (setting, value) in LAUNCHED {
                    ensure!(
                        launched[setting] == *value,
                        "{} was launched with {setting}={}",
                        found.id,
                        launched[setting]
                    );
                }
            }
            ("instance", true) => {
                let seconds = of("/scheduling/maxRunDuration/seconds");
                ensure!(seconds == Some("7200".into()), "{} runs for {seconds:?} seconds", found.id);
                let external = of("/networkInterfaces/0/accessConfigs");
                ensure!(
                    external == Some(Value::Array(Vec::new())),
                    "{} has an external address: {external:?}",
                    found.id
                );
                ensure!(
                    of("/shieldedInstanceConfig/enableSecureBoot") == Some(true.into()),
                    "{} has no secure boot",
                    found.id
                );
            }
            ("image", false) => {
                ensure!(!found.more["deprecated"].is_null(), "{} is never deprecated", found.id);
                ensure!(found.more["imds"] == "v2.0", "machines of {} answer metadata without a token", found.id);
                let copies = found.more["copies"].as_array().map(Vec::as_slice).unwrap_or_default();
                let is_encrypted = |copy: &Value| copy["Encrypted"] == "true" && copy["KmsKeyId"] == DISK_KEY;
                ensure!(copies.len() == 2 && copies.iter().all(is_encrypted), "{}: copied with {copies:?}", found.id);
            }
            ("image", true) => {
                ensure!(
                    of("/family") == Some(format!("rehearsal-{layer}-amd64").into()),
                    "{}: family {:?}",
                    found.id,
                    of("/family")
                );
                let key = of("/imageEncryptionKey/kmsKeyName");
                ensure!(
                    key.is_some_and(|key| key.as_str().is_some_and(|key| key.ends_with("/cryptoKeys/disks"))),
                    "{} has no key",
                    found.id
                );
                ensure!(of("/storageLocations/0") == Some("asia-northeast1".into()), "{} is elsewhere", found.id);
                ensure!(of("/deprecated").is_some(), "{} is never deprecated", found.id);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Records the image, twice, and verifies what was signed.
fn record(rehearsal: &Rehearsal<'_>, layer: &str, built: &Built) -> anyhow::Result<()> {
    let manifests = built.manifests(&Cloud::ALL);
    ensure!(manifests.len() == Cloud::ALL.len(), "the build left {manifests:?}");
    let mut words = vec!["images".to_owned(), "record".to_owned()];
    words.extend(manifests.iter().map(|manifest| manifest.display().to_string()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let record = || fleetgen(&rehearsal.repository, &words, &[]);
    let first = record()?;
    ensure!(first.matches("recorded").count() == manifests.len(), "not everything was recorded: {first}");
    print!("{first}");
    let file = rehearsal.repository.join(format!("images/{layer}.yaml"));
    let text = fs_err::read_to_string(&file)?;
    let second = record()?;
    ensure!(second.matches("unchanged").count() == manifests.len(), "something was recorded twice: {second}");
    ensure!(fs_err::read_to_string(&file)? == text, "recording again changed {}", file.display());
    for manifest in &manifests {
        let mut verify = std::process::Command::new(&rehearsal.stage.tools.cosign);
        verify.args(["verify-blob-attestation", "--insecure-ignore-tlog=true", "--key"]);
        verify.arg(rehearsal.stage.folder.join("ours.pub")).args([
            "--type",
            fleetgen_images::ATTESTATION_TYPE,
            "--bundle",
        ]);
        run(verify.arg(manifest.with_file_name("attestation.sigstore.json")).arg(manifest))?;
    }
    rehearsal.commit("recorded")
}
