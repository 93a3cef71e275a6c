//! The good rehearsal: builds every layer up to its recorded image, each from its parent's image.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, anyhow, ensure};
use serde_json::Value;

use crate::fault::{is_over, state};
use crate::inspect;
use crate::rehearsal::{Built, Plan, Rehearsal};
use crate::stage::Stage;
use crate::world::{Emulated as _, Resource};
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::resource_name;
use fleetgen_images::{Images, KEPT};
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository::{cargo_with_clouds, fleetgen};

pub(crate) fn rehearse(stage: &Stage, layers: &[String]) -> anyhow::Result<()> {
    let all: Vec<String> = stage.fleet.layers.keys().map(ToString::to_string).collect();
    let lineage = stage.lineage(if layers.is_empty() { &all } else { layers })?;
    let plan = Plan::good("good", &Cloud::ALL);
    let mut rehearsal = Rehearsal::new(stage, &plan, &stage.images())?;
    for layer in &lineage {
        println!("the overlay of {layer}: the only lines of its template that differ from production");
        println!("{}", rehearsal.overlays.get(layer.as_str()).map(|lines| lines.join("\n")).unwrap_or_default());
        let before = state(&rehearsal)?;
        // The last one is built as GitHub would, up to the pull request.
        let by_workflow = layers.is_empty() && Some(layer) == lineage.last();
        let built = if by_workflow { rehearsal.build_by_workflow(layer)? } else { rehearsal.build(layer)? };
        ensure!(built.succeeded, "{layer} was not built:\n{}", built.last_words());
        clouds(&rehearsal, layer, &before).with_context(|| format!("the resources of {layer} in the clouds"))?;
        if by_workflow {
            merge(&rehearsal, layer)?;
        } else {
            record(&rehearsal, layer, &built)?;
        }
        verify(&rehearsal, layer, &built)?;
        find(&rehearsal, layer)?;
        rehearsal.keep(layer)?;
        for cloud in Cloud::ALL {
            let what = format!("{layer} {}", cloud.source());
            stage
                .timings
                .time("good", &what, "inspect the image", || inspect::image(stage, cloud, layer))
                .with_context(|| format!("the image of {layer} on {}", cloud.as_str()))?;
        }
    }
    rehearsal.world.judge_packets()?;
    // Some are only needed for programs.
    if layers.is_empty() {
        permissions(&rehearsal)?;
        stage.timings.time("good", "rehearsal", "roll the images out", || roll_out(&rehearsal))?;
    }
    Ok(())
}

/// Rolls the recorded images out, with the clouds' clients, to groups of the simulated clouds.
fn roll_out(rehearsal: &Rehearsal<'_>) -> anyhow::Result<()> {
    let mut test = cargo_with_clouds(&rehearsal.stage.root, "test");
    test.args(["--test", "clouds", "--", "--ignored", "--exact", "--nocapture", "what_was_rehearsed_is_rolled_out"]);
    let said = run(test.env("FLEETGEN_REHEARSED", &rehearsal.repository))?;
    ensure!(said.contains("1 passed"), "no test ran: {said}");
    for line in said.lines().filter(|line| line.contains(" runs ")) {
        println!("after the rollout, {line}");
    }
    Ok(())
}

/// What a good build does not use, and why: statements of the policy on AWS, and permissions on GCP.
const UNUSED: &[(&str, &str)] = &[
    ("EncryptDisks", "EC2 uses these with the runner's permissions; no call shows it"),
    ("compute.images.delete", "only the option -force replaces an image"),
    ("compute.disks.delete", "Packer deletes the disk with its machine unless a build fails"),
];

/// Everything that the job may do was used.
fn permissions(rehearsal: &Rehearsal<'_>) -> anyhow::Result<()> {
    for cloud in Cloud::ALL {
        let found = rehearsal.world.permissions(cloud)?;
        let is_known = |unused: &&String| UNUSED.iter().any(|(known, _)| unused.starts_with(known));
        let unused: Vec<&String> = found.unused.iter().filter(|unused| !is_known(unused)).collect();
        let cloud = cloud.title();
        ensure!(unused.is_empty(), "a build on {cloud} may do what no call needed: {unused:?}");
        println!("a build on {cloud}: {} permissions used, none missing", found.used.len());
    }
    Ok(())
}

/// A package of the base, and one of the layer on it, which a newer database knows to be vulnerable.
const FOUND: &[(&str, &str)] = &[("base", "jq"), ("web", "nginx")];

/// Finds packages in the SBOMs that the builds left, and a vulnerability with a database that is newer than they are.
fn find(rehearsal: &Rehearsal<'_>, layer: &str) -> anyhow::Result<()> {
    let Some((_, package)) = FOUND.iter().find(|(of, _)| *of == layer) else { return Ok(()) };
    let (tools, database) = (&rehearsal.stage.tools, rehearsal.stage.folder.join("newer-database"));
    let advisories = format!("debian 12\t{package}\tCVE-2026-0002\tHIGH\t99.0\n");
    tools.trivy_database(&database, "now", &advisories)?;
    let path = format!("{}:/usr/bin:/bin", tools.trivy.parent().unwrap_or(&tools.trivy).display());
    let database = database.display().to_string();
    for words in [&["images", "find", package][..], &["images", "find", "CVE-2026-0002", "--database", &database]] {
        let words = [words, &["--format", "json"]].concat();
        let found: Value = serde_json::from_str(&fleetgen(&rehearsal.repository, &words, &[("PATH", &path)])?)?;
        let images = found["images"].as_array().map(Vec::as_slice).unwrap_or_default();
        let own = images.iter().filter(|image| image["layer"] == layer && image["packages"][0]["package"] == *package);
        ensure!(own.count() == Cloud::ALL.len(), "{words:?} did not find the images of {layer}: {found:#}");
        let is_older = |image: &&Value| image["layer"] != layer;
        ensure!(!images.iter().any(|image| is_older(&image)), "{words:?} found other images: {found:#}");
    }
    Ok(())
}

const DISK_KEY: &str = "alias/example-disks";

/// Settings that the instance on AWS must be launched with.
const LAUNCHED: &[(&str, &str)] = &[
    ("BlockDeviceMapping.1.Ebs.Encrypted", "true"),
    ("BlockDeviceMapping.1.Ebs.KmsKeyId", DISK_KEY),
    ("InstanceInitiatedShutdownBehavior", "terminate"),
];

/// Checks that a build added one image in each region, with its tags and settings, and left nothing else.
fn clouds(rehearsal: &Rehearsal<'_>, layer: &str, before: &[Resource]) -> anyhow::Result<()> {
    let is_new = |resource: &Resource| before.iter().all(|known| known.id != resource.id);
    let new: Vec<Resource> = state(rehearsal)?.into_iter().filter(is_new).collect();
    let is_kept = |resource: &&Resource| ["image", "snapshot"].contains(&resource.kind.as_str());
    let left: Vec<&Resource> = new.iter().filter(|resource| !is_over(resource) && !is_kept(resource)).collect();
    ensure!(left.is_empty(), "the build left {left:#?}");
    let images: Vec<&Resource> = new.iter().filter(|resource| resource.kind == "image").collect();
    let region = |image: &&Resource| image.more.get("region").and_then(Value::as_str).unwrap_or("gcp").to_owned();
    let regions: BTreeSet<String> = images.iter().map(region).collect();
    ensure!(
        images.len() == 3 && regions.iter().eq(["ap-northeast-1", "gcp", "us-west-2"]),
        "there should be one image in each region, not {} in {regions:?}",
        images.len()
    );
    for resource in &new {
        if resource.kind != "instance" {
            tags(rehearsal, layer, resource)?;
        }
        // Only Google's resources are reported whole.
        let check = match (resource.kind.as_str(), resource.more.contains_key("resource")) {
            ("instance", false) => aws_instance(rehearsal, resource),
            ("instance", true) => gcp_instance(resource),
            ("image", false) => aws_image(resource),
            ("image", true) => gcp_image(resource, layer),
            _ => Ok(()),
        };
        check.with_context(|| resource.id.clone())?;
    }
    Ok(())
}

fn tags(rehearsal: &Rehearsal<'_>, layer: &str, resource: &Resource) -> anyhow::Result<()> {
    let Resource { id, tags, .. } = resource;
    for (tag, value) in [("fleet", "rehearsal"), ("layer", layer), ("os", "debian-12"), ("architecture", "amd64")] {
        ensure!(tags.get(tag).is_some_and(|actual| actual == value), "{id} has no tag {tag}={value}");
    }
    for (tag, length) in [("key", 32), ("commit", 40)] {
        ensure!(tags.get(tag).is_some_and(|value| value.len() == length), "{id} has no {tag} of {length} characters");
    }
    let has_parent = rehearsal.stage.parent(layer).is_some();
    ensure!(tags.contains_key("parent") == has_parent, "{id}: only a layer with a parent has the tag");
    Ok(())
}

fn aws_instance(rehearsal: &Rehearsal<'_>, resource: &Resource) -> anyhow::Result<()> {
    ensure!(resource.more["public"].is_null(), "it has a public address");
    ensure!(resource.more["tokens"] == "required", "it answers metadata requests without a token");
    let launched = &resource.more["launched"];
    let profile = resource_name::build_identity(&rehearsal.stage.fleet.name);
    for (setting, value) in LAUNCHED.iter().copied().chain([("IamInstanceProfile.Name", profile.as_str())]) {
        ensure!(launched[setting] == value, "it was launched with {setting}={}", launched[setting]);
    }
    Ok(())
}

fn aws_image(resource: &Resource) -> anyhow::Result<()> {
    ensure!(!resource.more["deprecated"].is_null(), "it has no deprecation date");
    ensure!(resource.more["imds"] == "v2.0", "its machines answer metadata requests without a token");
    let copies = resource.more["copies"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_encrypted = |copy: &Value| copy["Encrypted"] == "true" && copy["KmsKeyId"] == DISK_KEY;
    ensure!(copies.len() == 2 && copies.iter().all(is_encrypted), "it was copied with {copies:?}");
    Ok(())
}

fn gcp_instance(resource: &Resource) -> anyhow::Result<()> {
    expect(resource, "/scheduling/maxRunDuration/seconds", &"7200".into())?;
    // No external address.
    expect(resource, "/networkInterfaces/0/accessConfigs", &Value::Array(Vec::new()))?;
    expect(resource, "/shieldedInstanceConfig/enableSecureBoot", &true.into())
}

fn gcp_image(resource: &Resource, layer: &str) -> anyhow::Result<()> {
    expect(resource, "/family", &format!("rehearsal-{layer}-amd64").into())?;
    expect(resource, "/storageLocations/0", &"asia-northeast1".into())?;
    let key = resource.more["resource"].pointer("/imageEncryptionKey/kmsKeyName").and_then(Value::as_str);
    ensure!(key.is_some_and(|key| key.ends_with("/cryptoKeys/disks")), "it is encrypted with {key:?}");
    ensure!(resource.more["resource"].pointer("/deprecated").is_some(), "it has no deprecation date");
    Ok(())
}

/// Checks a field of Google's resource.
fn expect(resource: &Resource, path: &str, expected: &Value) -> anyhow::Result<()> {
    let actual = resource.more["resource"].pointer(path);
    ensure!(actual == Some(expected), "{path} is {actual:?}, not {expected}");
    Ok(())
}

/// Records the image twice.
fn record(rehearsal: &Rehearsal<'_>, layer: &str, built: &Built) -> anyhow::Result<()> {
    let record = || images_record(rehearsal, built);
    let (first, manifests) = record()?;
    ensure!(first.matches("recorded").count() == manifests.len(), "not everything was recorded: {first}");
    print!("{first}");
    let file = rehearsal.repository.join(format!("images/{layer}.yaml"));
    let text = fs_err::read_to_string(&file)?;
    let (second, _) = record()?;
    ensure!(second.matches("unchanged").count() == manifests.len(), "something was recorded twice: {second}");
    ensure!(fs_err::read_to_string(&file)? == text, "recording again changed {}", file.display());
    rehearsal.commit("recorded")
}

/// Merges the pull request of the workflow, which records the image.
fn merge(rehearsal: &Rehearsal<'_>, layer: &str) -> anyhow::Result<()> {
    let asked = fs_err::read_to_string(rehearsal.kept("pull-request.md"))?;
    ensure!(asked.starts_with("# Record the images that were built\n"), "the pull request is {asked}");
    for line in asked.lines().filter(|line| line.starts_with("recorded")) {
        println!("in the pull request of the workflow: {line}");
    }
    let remote = rehearsal.remote().display().to_string();
    run(&mut rehearsal.git(&["fetch", "--quiet", &remote, "fleet/images-1"]))?;
    // Everything but its template, which has the overlay here.
    let changed = run(&mut rehearsal.git(&["diff", "--name-only", "HEAD", "FETCH_HEAD", "--", ":!generated/packer"]))?;
    let record = format!("images/{layer}.yaml");
    let is_expected = |path: &str| path == record || path.starts_with("generated/");
    ensure!(changed.lines().any(|path| path == record), "the pull request does not have {record}, but {changed}");
    ensure!(changed.lines().all(is_expected), "the pull request changes {changed}");
    for path in changed.lines() {
        run(&mut rehearsal.git(&["checkout", "--quiet", "FETCH_HEAD", "--", path]))?;
    }
    // Whoever reviews it finds what is in the image.
    let text = fs_err::read_to_string(rehearsal.repository.join(record))?;
    let record = Images::parse(&layer.parse()?, &text).map_err(|problem| anyhow!("{problem:?}"))?;
    let image = record.images.last().context("the record has no image")?;
    for (_, _, build) in image.builds() {
        for name in KEPT {
            let digest = build.digests.get(*name).with_context(|| format!("the record has no {name}"))?;
            for cloud in Cloud::ALL {
                let report = rehearsal.report(cloud, digest.as_str())?;
                ensure!(fleetgen_images::digest(report.as_bytes()) == *digest, "{name} in the bucket is another");
            }
        }
    }
    rehearsal.commit("merged")
}

/// Records what a build left; the record must have it then. Verifies the attestations.
fn verify(rehearsal: &Rehearsal<'_>, layer: &str, built: &Built) -> anyhow::Result<()> {
    let (said, manifests) = images_record(rehearsal, built)?;
    ensure!(manifests.len() == Cloud::ALL.len(), "the build left {manifests:?}");
    ensure!(said.matches("unchanged").count() == manifests.len(), "{layer} was not recorded whole: {said}");
    for (cloud, manifest) in Cloud::ALL.into_iter().zip(&manifests) {
        // Whoever verifies is not the one who builds.
        let mut verify = rehearsal.publisher("cosign");
        verify.args(["verify-blob-attestation", "--insecure-ignore-tlog=true", "--key"]);
        verify.arg(match cloud {
            Cloud::Aws => format!("awskms:///{}", rehearsal.stage.signing_alias()),
            Cloud::Gcp => "gcpkms://the-key-of-this-project".to_owned(),
        });
        verify.args(["--type", fleetgen_images::ATTESTATION_TYPE, "--bundle"]);
        run(verify.arg(manifest.with_file_name("attestation.sigstore.json")).arg(manifest))?;
    }
    Ok(())
}

/// What `images record` says of a build, and the manifests.
fn images_record(rehearsal: &Rehearsal<'_>, built: &Built) -> anyhow::Result<(String, Vec<PathBuf>)> {
    let manifests = built.manifests(&Cloud::ALL);
    let mut words = vec!["images".to_owned(), "record".to_owned()];
    words.extend(manifests.iter().map(|manifest| manifest.display().to_string()));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok((fleetgen(&rehearsal.repository, &words, &[])?, manifests))
}
