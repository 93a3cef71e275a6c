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
use fleetgen_loopback::{Client, Served, WireFault, WireFaultKind};
use jiff::SignedDuration;
use serde_json::{Value, json};

const FLEET: &str = include_str!("../../loopback/tests/fleet.yaml");
/// A fleet with two images of its layer: an older one, which runs, and a newer one, which is not promoted yet.
fn fleet(fleet: &str) -> Builds {
    let mut builds = Builds::of(fleet);
    run(&builds, &builds.to_record(), &[]);
    promote(&builds, &[]);
    builds.newer();
    run(&builds, &builds.to_record(), &[]);
    builds
}

/// Promotes the newest image everywhere.
fn promote(builds: &Builds, variables: &[(&str, &str)]) {
    builds.to_promote().iter().for_each(|words| run(builds, words, variables));
}

fn run(builds: &Builds, words: &[String], variables: &[(&str, &str)]) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    builds.sandbox.run_with(&words, variables).expect(0);
}

/// Serves the fleet on this machine until the test ends.
fn served(builds: &Builds) -> Client {
    let root = builds.sandbox.path(".");
    Client::start(move || Served::read(&root, "2026-11-02T01:00:00Z".parse()?)).unwrap()
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
        // On a busy machine, it may be killed before its first record.
        if run(&["rollout", "status"]).code != 2 {
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
    assert_eq!(pruned.stdout.matches("\"group\"").count(), 0, "the way back is kept: {}", pruned.stdout);

    keep(&client, &format!("operator-{name}"));

    // A new machine of the team knows the rollout from the bucket, and from nothing else.
    sandbox.remove_all(".fleetgen/rollouts");
    let status = run(&["rollout", "status"]).expect(0);
    assert!(status.stdout.contains(": done"), "{}", status.stdout);
    run(&["rollout", "verify-journal"]).expect(0);

    // Taken back, each group is recorded with the image that it had.
    run(&["rollout", "rollback"]).expect(0);
    run(&["rollout", "resume"]).expect(12);
    let parameters: Value = serde_json::from_str(&client.get("parameters").unwrap()).unwrap();
    let parameters = parameters.as_array().unwrap();
    assert!(parameters.iter().all(|it| it["value"].as_str().unwrap().contains("abcde")), "{parameters:?}");
    assert_eq!(parameters.iter().filter(|it| it["version"] == 2).count(), 6, "{parameters:?}");
}

/// The script of the workflow rolls an environment out, and says when nothing is left to do.
#[test]
fn a_workflow_rolls_out() {
    let builds = fleet(FLEET);
    let client = served(&builds);
    let sandbox = &builds.sandbox;
    promote(&builds, &[("FLEETGEN_LOOPBACK", client.url())]);
    let folder = sandbox.path(".fleetgen/bin");
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_fleetgen"), folder.join("fleetgen")).unwrap();
    let run = |environment: &str| {
        let output = sandbox.path("output");
        let mut script = std::process::Command::new("bash");
        script.arg(common::repository().join(".github/scripts/rollout.sh")).current_dir(sandbox.path(""));
        script.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
        script.env("FLEETGEN_LOOPBACK", client.url()).env("ENVIRONMENT", environment).env("EMERGENCY", "");
        let done = script.env("GITHUB_OUTPUT", &output).env_remove("GITHUB_STEP_SUMMARY").output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let said = std::fs::read_to_string(&output).unwrap_or_default();
        sandbox.remove("output");
        (said, String::from_utf8_lossy(&done.stdout).into_owned())
    };
    assert_eq!(run("stg").0, "over=true\n");
    let status = sandbox.run_with(&["status"], &[("FLEETGEN_LOOPBACK", client.url())]).expect(0);
    assert!(status.stdout.ends_with("12 groups: 6 behind, 6 current\n"), "{}", status.stdout);
    let (over, said) = run("stg");
    assert!(over == "over=true\n" && said.contains("nothing to roll out"), "{said}");
    assert_eq!(run("prod").0, "over=true\n");
}

/// The last step of a rehearsal: the images that it has built and recorded are promoted, and rolled out to groups that run the vendor's.
#[test]
#[ignore = "`cargo xtask rehearse` runs it, in the repository that it names"]
fn what_was_rehearsed_is_rolled_out() {
    let folder = std::path::PathBuf::from(std::env::var("FLEETGEN_REHEARSED").unwrap());
    let root = folder.clone();
    let client = Client::start(move || Served::read_new(&root, "2026-11-02T01:00:00Z".parse()?)).unwrap();
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_fleetgen"));
        command.args(words).arg("-C").arg(&folder).env("FLEETGEN_LOOPBACK", client.url());
        let output = command.output().unwrap();
        let (said, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "{words:?}\n{said}{errors}");
        said
    };
    let listed: Value = serde_json::from_str(&run(&["images", "list", "--format", "json"])).unwrap();
    let images = listed["images"].as_array().unwrap().iter();
    let key = images.clone().find(|image| image["layer"] == "web").unwrap()["key"].as_str().unwrap();
    run(&["images", "promote", key, "--to", "stg"]);
    run(&["rollout", "plan"]);
    run(&["rollout", "start", ".fleetgen/plan.json"]);
    let status = run(&["status"]);
    assert!(status.ends_with("3 groups: 3 current\n"), "{status}");
    let truth: Value = serde_json::from_str(&client.get("truth").unwrap()).unwrap();
    let record = std::fs::read_to_string(folder.join("images/web.yaml")).unwrap();
    for (group, found) in truth.as_object().unwrap() {
        let image = found["image"].as_str().unwrap();
        assert!(record.contains(image.rsplit('/').next().unwrap()), "{group} runs {image}");
        println!("{group} runs {image}");
    }
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

/// boto3 and Google's client for Python, used as the clouds' documentation says, see the same clouds.
#[test]
fn independent_clients_agree() {
    let (Ok(python), Ok(moto)) = (std::env::var("FLEETGEN_PYTHON"), std::env::var("AWS_ENDPOINT")) else { return };
    let builds = fleet(FLEET);
    let client = served(&builds);
    // As `Builds` names them: the newer image, for the machines of stg-web and of stg-search.
    let image = format!("projects/example-fleet/global/images/example-base-amd64-{}", &builds.key("base")[..12]);
    let script = common::repository().join("tests/loopback/independent.py");
    let mut command = std::process::Command::new(python);
    command.arg(script).args([client.url(), &moto, "ami-0123456789abcdf03", &image]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
}

/// What builds left in the clouds, by now or a while ago; also what a recorded image needs, what belongs to a group, and another fleet's.
fn leftovers(builds: &Builds) -> Vec<Value> {
    let (old, new) = ("2026-10-30T00:00:00.000Z", "2026-11-01T23:00:00.000Z");
    let left = |kind: &str, id: &str, at: &str, created: &str| json!({ "kind": kind, "id": id, "at": at, "created": created, "fleet": "example", "built": true });
    let key = &builds.key("base")[..12];
    let recorded = format!("example-base-amd64-{key}");
    let mut things = vec![
        left("machine", "i-0000000000000000a", "ap-northeast-1", old),
        left("machine", "i-0000000000000000b", "ap-northeast-1", new),
        left("disk", "vol-0000000000000000a", "ap-northeast-1", old),
        left("key", "key-0000000000000000a", "ap-northeast-1", old),
        left("image", "ami-0000000000000000a", "us-west-2", old),
        left("image", "ami-0123456789abcdf13", "us-west-2", old),
        left("snapshot", "snap-0000000000000000a", "us-west-2", old),
        left("snapshot", "snap-0000000000000000b", "us-west-2", old),
        left("machine", "example-base-build-amd64-1", "asia-northeast1-a", old),
        left("disk", "example-base-build-amd64-2", "asia-northeast1-b", old),
        left("disk", "example-stg-stg-search-0001", "asia-northeast1-b", old),
        left("image", "example-base-amd64-000000000000", "global", old),
        left("image", &recorded, "global", old),
    ];
    // The recorded image has a snapshot, which stays with it; and one on Google Cloud is past its days.
    things[5]["more"] = "snap-0000000000000000b".into();
    things[12]["more"] = "2026-11-01T00:00:00Z".into();
    let mut others = [
        left("machine", "i-000000000000000ff", "ap-northeast-1", old),
        left("machine", "i-000000000000000fe", "ap-northeast-1", old),
    ];
    others[0]["fleet"] = "other".into();
    others[1]["built"] = false.into();
    things.extend(others);
    things
}

/// The sweeper lists, and with `--remove` removes, what is old and nothing needs; and nothing of another fleet or of a group.
#[test]
fn what_builds_left_is_swept() {
    let builds = fleet(FLEET);
    let client = served(&builds);
    let variables = [("FLEETGEN_LOOPBACK", client.url())];
    client.post("leave", &json!(leftovers(&builds)).to_string()).unwrap();
    let key = &builds.key("base")[..12];
    let recorded = format!("example-base-amd64-{key}");

    let listed = builds.sandbox.run_with(&["sweep", "--format", "json"], &variables).expect(0).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let ids: Vec<&str> = listed["things"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    let path = |name: &str| format!("projects/example-fleet/global/images/{name}");
    let (lost, overdue) = (path("example-base-amd64-000000000000"), path(&recorded));
    let expected = [
        "i-0000000000000000a",
        "vol-0000000000000000a",
        "key-0000000000000000a",
        "ami-0000000000000000a",
        "snap-0000000000000000a",
        "example-base-build-amd64-1",
        "example-base-build-amd64-2",
        &lost,
        &overdue,
    ];
    let sorted = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(sorted(&ids), sorted(&expected));
    let count = || serde_json::from_str::<Value>(&client.get("left").unwrap()).unwrap().as_array().unwrap().len();
    assert_eq!(count(), 15, "it only lists");

    builds.sandbox.run_with(&["sweep", "--remove"], &variables).expect(0).says("9 things, 0 of which failed");
    assert_eq!(count(), 15 - 8, "one is deprecated, and stays");
    builds.sandbox.run_with(&["sweep", "--remove"], &variables).expect(0).says("nothing is left behind");
    keep(&client, "sweep");
}

/// Whatever goes wrong once, nothing that is needed is removed, and the next sweep removes the rest.
#[test]
fn a_sweep_survives_what_goes_wrong() {
    use WireFaultKind::{Broken, Expired, Forbidden, Lost, Stale, Throttled, Truncated};
    const OPERATIONS: &[&str] = &[
        "DescribeInstances",
        "DescribeVolumes",
        "DescribeKeyPairs",
        "DescribeImages",
        "DescribeSnapshots",
        "DescribeLaunchTemplateVersions",
        "TerminateInstances",
        "DeleteVolume",
        "DeleteKeyPair",
        "DeregisterImage",
        "DeleteSnapshot",
        "compute.instances.list",
        "compute.disks.list",
        "compute.images.list",
        "compute.regionInstanceTemplates.list",
        "compute.instances.delete",
        "compute.disks.delete",
        "compute.images.delete",
        "compute.images.deprecate",
    ];
    let builds = fleet(FLEET);
    let client = served(&builds);
    let variables = [("FLEETGEN_LOOPBACK", client.url())];
    let things = leftovers(&builds);
    let left = || -> Vec<String> {
        let left: Value = serde_json::from_str(&client.get("left").unwrap()).unwrap();
        left.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let sweep = || builds.sandbox.run_with(&["sweep", "--remove"], &variables);
    client.post("leave", &json!(things).to_string()).unwrap();
    sweep().expect(0);
    let needed = left();
    for (index, operation) in OPERATIONS.iter().enumerate() {
        // Each kind meets several operations. An answer that is lost takes seconds to be missed.
        let kinds = [Throttled, Broken, Truncated, Stale, Expired, Forbidden];
        let lost = operation.ends_with("TerminateInstances") || operation.ends_with("instances.delete");
        for kind in [kinds[index % kinds.len()]].into_iter().chain(lost.then_some(Lost)) {
            client.post("leave", &json!(things).to_string()).unwrap();
            client.fail(&WireFault { operation: (*operation).to_owned(), kind, times: 1 }).unwrap();
            let first = sweep();
            assert!([0, 1].contains(&first.code), "{operation} {kind:?}: {}{}", first.stdout, first.stderr);
            let exchanges = client.get("exchanges").unwrap();
            assert!(exchanges.contains(&format!("\"{operation}\"")), "{operation} was never asked for");
            assert!(needed.iter().all(|id| left().contains(id)), "{operation} {kind:?}: {:?}", left());
            let then = if left() == needed { first } else { sweep().expect(0) };
            assert_eq!(left(), needed, "{operation} {kind:?}: {}{}", then.stdout, then.stderr);
        }
    }
}

/// Keeps the exchanges for whoever holds them against the vendors' descriptions.
fn keep(client: &Client, name: &str) {
    let Some(directory) = std::env::var_os("FLEETGEN_EXCHANGES") else { return };
    let path = std::path::Path::new(&directory).join(format!("{name}.json"));
    let written = fleetgen_tree::AtomicFile::stage(&path, client.get("exchanges").unwrap().as_bytes());
    written.and_then(fleetgen_tree::AtomicFile::commit).unwrap();
}
