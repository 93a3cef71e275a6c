//! Rollouts on the simulator, with the real program.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::{APPROVAL, Run, Sandbox, TWO_CLOUDS, merged};
use serde_json::json;

const PLAN: &str = ".fleetgen/plan.json";

fn planned() -> Sandbox {
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0).says("web").says("1 canary").says("written to");
    sandbox
}

fn start(sandbox: &Sandbox) -> Run {
    sandbox.run(&["rollout", "start", PLAN, "--simulator"])
}

fn resume(sandbox: &Sandbox) -> Run {
    sandbox.run(&["rollout", "resume", "--simulator"])
}

/// The rollout's directory.
fn journal(sandbox: &Sandbox) -> String {
    let mut entries = std::fs::read_dir(sandbox.path(".fleetgen/rollouts")).unwrap();
    let name = entries.next().unwrap().unwrap().file_name().into_string().unwrap();
    format!(".fleetgen/rollouts/{name}")
}

/// How many files the rollout's directory has; a process that is killed early leaves none.
fn kept(sandbox: &Sandbox) -> usize {
    let mut rollouts = std::fs::read_dir(sandbox.path(".fleetgen/rollouts")).into_iter().flatten();
    rollouts.next().map_or(0, |rollout| std::fs::read_dir(rollout.unwrap().path()).unwrap().count())
}

#[test]
fn a_rollout_from_plan_to_end() {
    let sandbox = planned();
    start(&sandbox)
        .expect(14)
        .says("web-stg: baking → done")
        .says("waiting for approval; `rollout approve prod/release`");
    sandbox.run(&["rollout", "status"]).expect(14).says("held, waiting for approval");
    sandbox.run(&["rollout", "approve", "prod/relaese"]).expect(2).says("did you mean `prod/release`?");
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0).says("carries the order out");
    resume(&sandbox).expect(0).says("the rollout is over: done");
    sandbox.run(&["rollout", "status"]).expect(0).says("4 done");
    sandbox.run(&["rollout", "verify-journal"]).expect(0).says("are as they were written");
    // The next plan finds what this one has left.
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0).says("nothing to roll out");
    resume(&sandbox).expect(0).says("is over: done");
    sandbox.run(&["rollout", "abort"]).expect(2).says("is over");
    start(&sandbox).expect(2).says("was started already");
    // Even then, it can be returned.
    sandbox.run(&["rollout", "rollback"]).expect(0);
    resume(&sandbox).expect(12).says("web: rolling back → rolled back");
}

#[test]
fn a_sick_image_goes_back() {
    let sandbox = planned();
    sandbox
        .run(&["rollout", "start", PLAN, "--simulator", "--sick", "web-stg"])
        .expect(12)
        .says("web-stg: updating → rolling back")
        .says("web: pending → skipped");
    sandbox.run(&["rollout", "status"]).expect(12).says("rolled back");
}

#[test]
fn people_pause_abort_and_run_out_of_time() {
    let sandbox = planned();
    sandbox.run(&["rollout", "start", PLAN, "--simulator", "--for", "90s"]).expect(13).says("the time is up");
    sandbox.run(&["rollout", "pause", "--reason", "lunch"]).expect(0);
    sandbox.run(&["rollout", "status"]).expect(10).says("paused: lunch");
    let id = journal(&sandbox);
    let id = id.rsplit('/').next().unwrap();
    // A scheduled job carries the pause out, and does not end it.
    resume(&sandbox).expect(10).says("paused; `fleetgen rollout resume --go-on --simulator` goes on");
    let words = ["rollout", "resume", &id[..4], "--simulator", "--go-on", "--for", "20s"];
    sandbox.run(&words).expect(13).says("lets it go on");
    sandbox.run(&["rollout", "abort"]).expect(0);
    resume(&sandbox).expect(12).says("the rollout is over: rolled back");
    sandbox.run(&["rollout", "resume", "ffff", "--simulator"]).expect(2).says("there is no rollout `ffff`");
}

/// Killed again and again, at any moment, it ends as it would have.
#[test]
fn a_rollout_survives_kill_9() {
    let sandbox = Sandbox::new(&merged(&TWO_CLOUDS.replace(APPROVAL, "")));
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    let mut words = vec!["rollout", "start", PLAN, "--simulator", "--speed", "4000"];
    for milliseconds in [30, 170, 60, 230, 110, 300, 45, 190] {
        let mut child = sandbox.spawn(&words);
        // On a busy machine, a process may take long to begin.
        while words[1] == "start" && kept(&sandbox) == 0 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        if kept(&sandbox) > 3 {
            words = vec!["rollout", "resume", "--simulator", "--speed", "4000"];
            sandbox.run(&["rollout", "verify-journal"]).expect(0);
        }
    }
    resume(&sandbox).expect(0).says("the rollout is over: done");
    sandbox.run(&["rollout", "verify-journal"]).expect(0);
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0).says("nothing to roll out");
}

#[test]
fn one_process_drives_a_rollout() {
    let sandbox = planned();
    let mut child = sandbox.spawn(&["rollout", "start", PLAN, "--simulator", "--speed", "60"]);
    while kept(&sandbox) < 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    resume(&sandbox).expect(16).says("another process");
    // An order reaches it nevertheless.
    sandbox.run(&["rollout", "abort"]).expect(0);
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(12));
}

#[test]
fn a_plan_that_is_not_current_is_refused() {
    let sandbox = planned();
    let plan = sandbox.read(PLAN);
    sandbox.write(PLAN, &plan.replace("\"groups_at_once\": 4", "\"groups_at_once\": 40"));
    start(&sandbox).expect(15).says("was changed by hand").says("make a new plan");
    sandbox.write(PLAN, "{}");
    start(&sandbox).expect(15).says("this is not a plan");
    sandbox.write(PLAN, &plan);
    sandbox.edit("size: { min: 3 }, rollout: { wave: 2 }", "size: { min: 3 }, rollout: { wave: 3 }");
    start(&sandbox).expect(15).says("job: its settings in fleet.yaml have changed");
    sandbox.edit("rollout: { wave: 3 } }", "rollout: { wave: 2 } }");
    sandbox.edit("name: demo", "name: other");
    start(&sandbox).expect(15).says("this is a plan of the fleet `demo`, not of `other`");
    sandbox.edit("name: other", "name: demo");
    sandbox.edit("  job-stg:", "  job-two:");
    start(&sandbox).expect(15).says("job-stg: is no longer in fleet.yaml").says("job-two: is not in the plan");
    // What was refused is not there to be resumed.
    resume(&sandbox).expect(2).says("no rollout was started here");
    sandbox.run(&["rollout", "plan", "--simulator", "--out", "fleet.yaml"]).expect(2).says("exists, and is not a plan");
}

/// The record of the layer's images, as a plan has them. The newer one is approved, or revoked for a reason.
fn record(plan: &str, revoked: Option<&str>) -> String {
    let plan: serde_json::Value = serde_json::from_str(plan).unwrap();
    let groups = plan["plan"]["groups"].as_array().unwrap();
    let build = |at: &str, cloud: &str| {
        let group = groups.iter().find(|group| group["place"]["cloud"] == cloud).unwrap();
        let region = group["place"]["region"].as_str().unwrap();
        json!({ "ids": { region: group[at]["image"] }, "commit": "a".repeat(40), "digests": {} })
    };
    let image = |at: &str, key: &str, revoked: Option<&str>| {
        let builds = json!({ "aws": { "arm64": build(at, "aws") }, "gcp": { "amd64": build(at, "gcp") } });
        let at = "2026-11-01T00:00:00Z";
        let promotion = |environment: &str| json!({ "environment": environment, "by": "octocat", "at": at });
        let promotions = json!([promotion("stg"), promotion("prod")]);
        let mut image =
            json!({ "key": key.repeat(16), "os": "ubuntu-24.04", "promotions": promotions, "builds": builds });
        if let Some(reason) = revoked {
            image["revoked"] = json!({ "reason": reason, "by": "octocat", "at": at });
        }
        image
    };
    let record = json!({ "layer": "base", "images": [image("from", "ab", None), image("to", "cd", revoked)] });
    serde_json::from_value::<fleetgen_images::Images>(record).unwrap().render().unwrap()
}

#[test]
fn a_revoked_image_is_never_launched() {
    let sandbox = planned();
    let recorded = record(&sandbox.read(PLAN), None);
    sandbox.write("images/base.yaml", &recorded);
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    let revoked = record(&sandbox.read(PLAN), Some("CVE-2026-12345"));
    sandbox.write("images/base.yaml", &revoked);
    // Between plan and start.
    start(&sandbox).expect(15).says("would be left out");
    // In the middle: staging is done, production never gets it.
    sandbox.write("images/base.yaml", &recorded);
    start(&sandbox).expect(14);
    sandbox.write("images/base.yaml", &revoked);
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    resume(&sandbox).expect(0).says("images were revoked").says("web: preparing → skipped: its image was revoked");
    // What runs it is for an emergency plan.
    sandbox
        .run(&["rollout", "plan", "--simulator"])
        .expect(0)
        .says("these groups run a revoked image")
        .says("`--emergency REASON`");
    sandbox
        .run(&["rollout", "plan", "--simulator", "--emergency", "CVE-2026-12345"])
        .expect(0)
        .says("an emergency: CVE-2026-12345")
        .says("web-stg")
        .says("left alone: web: does not run a revoked image");
    start(&sandbox).expect(0).says("web-stg: baking → done");
}

/// Jobs that drive for less time than a soak takes end it together.
#[test]
fn short_jobs_end_a_soak() {
    let sandbox = planned();
    sandbox.run(&["rollout", "start", PLAN, "--simulator", "--for", "4m"]).expect(13);
    for _ in 0..5 {
        sandbox.run(&["rollout", "resume", "--simulator", "--for", "4m", "--no-wait"]);
    }
    sandbox.run(&["rollout", "status"]).expect(14).says("waiting for approval; `rollout approve prod/release`");
}

/// A group that leaves fleet.yaml while a rollout runs: the rollout says so, and loses nothing.
#[test]
fn a_group_can_leave_fleet_yaml() {
    let sandbox = planned();
    start(&sandbox).expect(14);
    sandbox.edit("  job: { profile", "  jobs: { profile");
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    resume(&sandbox).expect(0).says("warning: job is no longer in fleet.yaml").says("job: baking → done");
}

#[test]
fn a_group_is_in_one_rollout() {
    let sandbox = planned();
    sandbox.run(&["rollout", "start", PLAN, "--simulator", "--for", "4m"]).expect(13);
    sandbox.run(&["rollout", "plan", "--simulator", "--out", "other.json"]).expect(0);
    let words = ["rollout", "start", "other.json", "--simulator"];
    sandbox.run(&words).expect(16).says("is not over, and moves").says("`fleetgen rollout abort` ends it");
    sandbox.run(&["rollout", "start", PLAN, "--simulator", "--sick", "wbe"]).expect(2);
}

#[test]
fn a_broken_journal_is_found() {
    let sandbox = planned();
    start(&sandbox).expect(14);
    let journal = journal(&sandbox);
    let third = format!("{journal}/000003.json");
    let text = sandbox.read(&third);
    sandbox
        .write(&third, &text.replacen("example", "exbmple", 1).replacen("pending", "pendinh", 1).replacen('2', "3", 1));
    sandbox
        .run(&["rollout", "verify-journal"])
        .expect(17)
        .says("record 3 of the journal is broken")
        .says("restore it from a backup");
    resume(&sandbox).expect(17);
    sandbox.remove(&third);
    sandbox.run(&["rollout", "verify-journal"]).expect(17).says("record 3 of the journal is broken: it is missing");
    sandbox.write(&third, &text);
    sandbox.run(&["rollout", "verify-journal"]).expect(0);
    let last = format!("{journal}/{:06}.json", std::fs::read_dir(sandbox.path(&journal)).unwrap().count() - 4);
    let end = sandbox.read(&last);
    sandbox.remove(&last);
    sandbox.run(&["rollout", "verify-journal"]).expect(17).says("it is missing");
    sandbox.write(&last, &end);
    // A journal of another plan, in the place of this one.
    let plan = format!("{journal}/plan.json");
    sandbox.run(&["rollout", "plan", "--simulator", "--environment", "prod"]).expect(0);
    let other = sandbox.read(PLAN);
    let own = sandbox.read(&plan);
    sandbox.write(&plan, &other);
    sandbox.run(&["rollout", "status"]).expect(17).says("it belongs to the journal of another plan");
    sandbox.write(&plan, &own.replace("\"groups_at_once\": 4", "\"groups_at_once\": 5"));
    sandbox.run(&["rollout", "status"]).expect(17).says("was changed by hand").says("restore it from a backup");
    sandbox.remove(&plan);
    sandbox.run(&["rollout", "status"]).expect(17).says("the plan of a rollout cannot be read");
}

#[test]
fn without_the_clouds_the_simulator_is_left() {
    let sandbox = planned();
    for words in [&["rollout", "plan"][..], &["rollout", "start", PLAN], &["rollout", "prune"], &["status"]] {
        let refused = sandbox.run(words).expect(2);
        refused.says("this fleetgen was built without AWS and GCP").says("`--simulator`");
    }
    start(&sandbox).expect(14);
    sandbox.run(&["rollout", "resume"]).expect(2).says("is on the simulator").says("add `--simulator`");
    // The copy of a journal that is in a bucket is only for reading.
    let copy = journal(&sandbox);
    let records = || std::fs::read_dir(sandbox.path(&copy)).unwrap().count();
    sandbox.write(&format!("{copy}/place"), r#"{"cloud":"gcp","bucket":"example-rollouts","prefix":"rollouts"}"#);
    let before = records();
    sandbox
        .run(&["rollout", "pause", "--reason", "a test"])
        .expect(2)
        .says("is in a bucket, which this fleetgen cannot");
    assert_eq!(records(), before);
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    sandbox.run(&["rollout", "status"]).expect(2).says("no rollout was started here");
    sandbox.run(&["rollout", "plan", "--simulator", "--group", "wbe"]).expect(2).says("did you mean `web`?");
}

#[test]
fn a_simulation_says_what_to_expect() {
    let sandbox = planned();
    let words = ["rollout", "simulate", PLAN, "--runs", "20", "--seed", "5", "--worst"];
    let first =
        sandbox.run(&words).expect(0).says("of 20 runs").says("90% end within").says("the worst run, with seed");
    assert_eq!(first.stdout, sandbox.run(&words).expect(0).stdout, "the same seed gives the same runs");
    let json: serde_json::Value = serde_json::from_str(
        &sandbox.run(&["rollout", "simulate", PLAN, "--runs", "3", "--format", "json"]).expect(0).stdout,
    )
    .unwrap();
    assert_eq!(json["runs"], 3);
}
