//! A rollout as an operator does it, with the vendors' clients, against the simulated clouds on this machine: images are
//! recorded and promoted, twelve groups are planned and started, the program is killed at any time, and it goes on.
//!
//! The journal is in a bucket: of the simulated Cloud Storage, and of the S3 that the environment names, if it has
//! `FLEETGEN_TEST_BUCKET`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod builds;
mod common;

use std::time::{Duration, Instant};

use builds::Builds;
use fleetgen_driver::Clock as _;
use fleetgen_loopback::{Client, Served, serve};
use jiff::SignedDuration;
use serde_json::{Value, json};

const FLEET: &str = include_str!("../../loopback/tests/fleet.yaml");
/// The builds of the layer.
const SOURCES: [&str; 4] = ["amazon-ebs.amd64", "amazon-ebs.arm64", "googlecompute.amd64", "googlecompute.arm64"];

/// A fleet with two images of its layer: an older one, which runs, and a newer one, which is not promoted yet.
fn fleet(fleet: &str) -> Builds {
    let mut builds = Builds::of(fleet);
    for series in ['e', 'f'] {
        builds.series = series;
        if series == 'f' {
            builds.sandbox.edit("updates_until: \"2026-11-01\"", "updates_until: \"2026-10-31\"");
            builds.sandbox.run(&["generate"]).expect(0);
        }
        let manifests: Vec<String> = SOURCES.iter().map(|source| builds.good("base", source)).collect();
        let words: Vec<&str> = ["images", "record"].into_iter().chain(manifests.iter().map(String::as_str)).collect();
        builds.sandbox.run(&words).expect(0);
        if series == 'e' {
            promote(&builds, &[]);
        }
    }
    builds
}

/// Promotes the newest image everywhere.
fn promote(builds: &Builds, variables: &[(&str, &str)]) {
    for environment in ["stg", "prod"] {
        let key = &builds.key("base")[..12];
        let words = ["images", "promote", key, "--to", environment, "--without-soak", "a test"];
        let words = if environment == "stg" { &words[..5] } else { &words[..] };
        builds.sandbox.run_with(words, variables).expect(0);
    }
}

/// Serves the fleet on this machine until the test ends.
fn served(builds: &Builds) -> Client {
    let root = builds.sandbox.path(".");
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let served = Served::read(&root, "2026-11-02T01:00:00Z".parse().unwrap()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
            serve(listener, served).await.map(drop).unwrap();
        });
    });
    Client::new(&receiver.recv().unwrap())
}

#[test]
fn an_operator_rolls_out_and_the_program_is_killed() {
    operate("cloud: gcp, bucket: example-rollouts, prefix: rollouts", "gcs");
}

#[test]
fn the_journal_may_be_on_aws() {
    let Ok(bucket) = std::env::var("FLEETGEN_TEST_BUCKET") else { return };
    operate(&format!("cloud: aws, bucket: {bucket}, region: us-east-1, prefix: rollouts"), "s3");
}

/// Plans, starts, kills and resumes, with the journal in a bucket.
fn operate(journal: &str, name: &str) {
    let text = FLEET.replace("  bake: 10m\n", &format!("  bake: 10m\n  journal: {{ {journal} }}\n"));
    let builds = fleet(&text);
    let sandbox = &builds.sandbox;
    let mut client = served(&builds);
    // What Google's client libraries read for a stand-in of Cloud Storage.
    let storage = json!({
        "gcs_base_url": format!("{}/storage", client.url()), "disable_oauth": true, "client_email": "", "private_key": "",
        "private_key_id": "",
    });
    let storage = storage.to_string();
    let url = client.url().to_owned();
    let variables =
        [("FLEETGEN_LOOPBACK", url.as_str()), ("GOOGLE_SERVICE_ACCOUNT_KEY", &storage), ("GOOGLE_ALLOW_HTTP", "true")];
    let run = |words: &[&str]| sandbox.run_with(words, &variables);

    let current = run(&["status"]).expect(0);
    assert!(current.stdout.ends_with("12 groups: 12 current\n"), "{}", current.stdout);
    promote(&builds, &variables);
    let behind = run(&["status"]).expect(0);
    assert!(behind.stdout.ends_with("12 groups: 12 behind\n"), "{}", behind.stdout);
    let planned = run(&["rollout", "plan"]).expect(0);
    assert!(planned.stderr.ends_with("`fleetgen rollout start .fleetgen/plan.json` starts it\n"), "{}", planned.stderr);

    // Killed after any time: the first seconds are the richest.
    let mut words = vec!["rollout", "start", ".fleetgen/plan.json"];
    for milliseconds in [700, 400, 1_100, 900, 1_500, 600] {
        let mut child = sandbox.spawn_with(&words, &variables);
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(milliseconds) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
        if sandbox.path(".fleetgen/rollouts").exists() {
            words = vec!["rollout", "resume"];
        }
        // Whoever was killed holds the lease for two more minutes.
        let until = client.now().checked_add(SignedDuration::from_secs(121)).unwrap();
        client.post("time", &until.to_string()).unwrap();
    }
    // A rollout of the clouds does not go on in the simulator.
    let other = run(&["rollout", "resume", "--simulator"]).expect(2);
    assert!(other.stderr.contains("is in the clouds"), "{}", other.stderr);
    run(&["rollout", "resume"]).expect(0);
    run(&["rollout", "verify-journal"]).expect(0);

    let status = run(&["status"]).expect(0);
    assert!(status.stdout.ends_with("12 groups: 12 current\n"), "{}", status.stdout);
    let truth: Value = serde_json::from_str(&client.get("truth").unwrap()).unwrap();
    let images = truth.as_object().unwrap().values().map(|it| it["image"].as_str().unwrap());
    let images: std::collections::BTreeSet<&str> = images.collect();
    assert_eq!(images.len(), 3, "one for each region: {images:?}");
    // What each group should run is recorded, once it has succeeded.
    let parameters: Value = serde_json::from_str(&client.get("parameters").unwrap()).unwrap();
    let parameters = parameters.as_array().unwrap();
    assert_eq!(parameters.len(), 6, "an empty group has proven nothing: {parameters:?}");
    assert!(parameters.iter().all(|it| it["value"].as_str().unwrap().contains("abcdf") && it["version"] == 1));
    // Nothing was made twice: one version by Terraform, one by the rollout.
    let pruned = run(&["rollout", "prune", "--keep", "1", "--yes", "--format", "json"]).expect(0);
    assert_eq!(pruned.stdout.matches("\"version\"").count(), 0, "the way back is kept: {}", pruned.stdout);

    if let Some(directory) = std::env::var_os("FLEETGEN_EXCHANGES") {
        let path = std::path::Path::new(&directory).join(format!("operator-{name}.json"));
        let written = fleetgen_tree::AtomicFile::stage(&path, client.get("exchanges").unwrap().as_bytes());
        written.and_then(fleetgen_tree::AtomicFile::commit).unwrap();
    }

    // A new machine of the team knows the rollout from the bucket, and from nothing else.
    sandbox.remove_all(".fleetgen/rollouts");
    let status = run(&["rollout", "status"]).expect(0);
    assert!(status.stdout.contains(": done"), "{}", status.stdout);
    run(&["rollout", "verify-journal"]).expect(0);
}

#[test]
fn two_drivers_do_not_drive_at_once() {
    let builds = fleet(FLEET);
    let client = served(&builds);
    let variables = [("FLEETGEN_LOOPBACK", client.url())];
    promote(&builds, &variables);
    builds.sandbox.run_with(&["rollout", "plan", "--group", "stg-web"], &variables).expect(0);
    let mut first = builds.sandbox.spawn_with(&["rollout", "start", ".fleetgen/plan.json"], &variables);
    let began = Instant::now();
    while builds.sandbox.run_with(&["rollout", "status"], &variables).code == 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "it never started");
    }
    let second = builds.sandbox.run_with(&["rollout", "resume"], &variables);
    // It may have ended by then.
    assert!(second.code == 16 || second.code == 0, "{}", second.stderr);
    let _ = first.wait();
}
