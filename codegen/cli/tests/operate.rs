//! What people who operate rollouts use: explanations, histories, notices, signals and pruning.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use common::{APPROVAL, Sandbox, TWO_CLOUDS, expect_snapshot, merged, show_in};
use serde_json::Value;

const PLAN: &str = ".fleetgen/plan.json";
const START: &[&str] = &["rollout", "start", PLAN, "--simulator"];
const RESUME: &[&str] = &["rollout", "resume", "--simulator"];

fn planned() -> Sandbox {
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    sandbox
}

/// The first digits of the only rollout's id.
fn id(sandbox: &Sandbox) -> String {
    let mut entries = std::fs::read_dir(sandbox.path(".fleetgen/rollouts")).unwrap();
    entries.next().unwrap().unwrap().file_name().into_string().unwrap()
}

#[test]
fn a_group_s_wait_is_explained() {
    let sandbox = planned();
    let explain = |group: &str| sandbox.run(&["rollout", "explain", group]);
    sandbox.run(&[START, &["--for", "70s"]].concat()).expect(13);
    explain("web-stg")
        .expect(0)
        .says("web-stg: updating since")
        .says("0 of 1 machines have the new image")
        .says("do     no process drives the rollout; `rollout resume` goes on");
    explain("web").expect(0).says("stg wave 1 comes first: 0 of 2 done");
    sandbox.run(&[RESUME, &["--for", "9m"]].concat()).expect(13);
    explain("job").expect(0).says("it has ended, and is being watched for 10m");
    sandbox.run(RESUME).expect(14);
    let run = explain("web")
        .expect(0)
        .says("why    waiting for approval")
        .says("do     `rollout approve prod/release` gives it");
    show_in("docs/rollout.md", "an explanation", "", &format!("$ fleetgen rollout explain web\n{}", run.stdout));
    explain("job").expect(0).says("prod wave 1 comes first, and is held: waiting for approval");
    explain("web-stg").expect(0).says("every machine has the new image, and works");
    explain("wbe").expect(2).says("did you mean `web`?");
    let json: Value =
        serde_json::from_str(&sandbox.run(&["rollout", "explain", "web", "--format", "json"]).expect(0).stdout)
            .unwrap();
    assert_eq!(json["unblock"][0], "`rollout approve prod/release` gives it");
    sandbox.run(&["rollout", "pause", "--reason", "lunch"]).expect(0);
    explain("web").expect(0).says("paused: lunch").says("`rollout resume --go-on` goes on");
}

#[test]
fn a_closed_window_and_what_is_left_out_are_explained() {
    let window = "windows: [{ days: [fri], from: \"10:00\", to: \"16:00\", time_zone: Asia/Tokyo }]";
    let sandbox = Sandbox::new(&merged(&TWO_CLOUDS.replace(APPROVAL, &format!("    {window}\n"))));
    sandbox.run(&["rollout", "plan", "--simulator", "--environment", "prod"]).expect(0);
    sandbox.run(&[START, &["--no-wait"]].concat()).expect(14).says("waiting for the window");
    sandbox.run(&["rollout", "explain", "web"]).expect(0).says("until  2026-11-06T01:00:00Z");
    sandbox.run(&["rollout", "explain", "web-stg"]).expect(0).says("the rollout leaves it alone: not asked for");
}

#[test]
fn a_history_has_every_format_and_hostile_words_are_inert() {
    let sandbox = planned();
    sandbox.run(&["rollout", "history"]).expect(0).says("no rollout was started here");
    sandbox.run(&[START, &["--for", "70s"]].concat()).expect(13);
    let hostile = "<script>alert(1)</script> | [x](http://a.example) @team";
    sandbox.run(&["rollout", "pause", "--reason", hostile]).expect(0);
    sandbox.run(RESUME).expect(10);
    sandbox.run(&["rollout", "abort"]).expect(0);
    sandbox.run(RESUME).expect(12);
    let id = id(&sandbox);
    sandbox.run(&["rollout", "history"]).expect(0).says(&id).says("octocat").says("the rollout is over: rolled back");
    let show = |words: &[&str]| sandbox.run(&[&["rollout", "history", &id[..6]], words].concat()).expect(0).stdout;
    expect_snapshot("output", "history", &show(&[]));
    expect_snapshot("output", "history-markdown", &show(&["--markdown"]));
    let html = show(&["--html"]);
    assert!(html.starts_with("<!doctype html>") && html.contains("&lt;script&gt;alert(1)"), "{html}");
    for outside in ["<script", "src=", "href=", "http:/", "https:/", "@import", "url("] {
        let found = html.replace("(http://a.example)", "").contains(outside);
        assert!(!found, "the page has {outside}");
    }
    let json: Value = serde_json::from_str(&show(&["--format", "json"])).unwrap();
    assert_eq!(json["outcome"], "rolled_back");
    assert_eq!(json["groups"][0]["spans"][0]["phase"], "preparing");
    sandbox.run(&["rollout", "history", "--html"]).expect(2);
}

#[test]
fn a_job_has_a_summary() {
    let sandbox = planned();
    let summary = sandbox.path("summary.md").display().to_string();
    let variables = [("GITHUB_STEP_SUMMARY", summary.as_str())];
    sandbox.run_with(&["rollout", "plan", "--simulator", "--format", "github"], &variables).expect(0);
    sandbox.run_with(&[START, &["--format", "github"]].concat(), &variables).expect(14);
    let text = sandbox.read("summary.md");
    assert!(
        text.contains("### plan ") && text.contains("### rollout ") && text.contains("| web-stg | stg 1 |"),
        "{text}"
    );
    // A summary that cannot be written ends nothing.
    let nowhere = [("GITHUB_STEP_SUMMARY", "/nonexistent/summary.md")];
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    sandbox
        .run_with(&[RESUME, &["--format", "github"]].concat(), &nowhere)
        .expect(0)
        .says("warning: the summary of the job");
}

#[test]
fn without_a_terminal_a_watch_prints_lines() {
    let sandbox = planned();
    sandbox.run(START).expect(14);
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    let child = sandbox.spawn(&["rollout", "watch", "--quiet"]);
    sandbox.run(RESUME).expect(0);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let lines = sandbox.run(&["rollout", "watch", "--format", "json"]).expect(0).stdout;
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["text"], "the rollout is over: done");
}

/// A journal that is broken says what to do, and keeps nothing else from working.
#[test]
fn a_broken_journal_is_set_aside() {
    let sandbox = planned();
    sandbox.run(&[START, &["--for", "70s"]].concat()).expect(13);
    let directory = format!(".fleetgen/rollouts/{}", id(&sandbox));
    let record = format!("{directory}/000002.json");
    sandbox.write(&record, &sandbox.read(&record).replace("pending", "pendinh").replace("octocat", "octodog"));
    sandbox.run(&["rollout", "history"]).expect(17).says("ROLLOUT").says(&format!("move ./{directory} away"));
    sandbox.run(&["rollout", "plan", "--simulator", "--group", "job"]).expect(0);
    // It is about other groups, or so its plan says: those that it has in common are refused.
    sandbox.run(START).expect(17).says("record 2 of the journal is broken");
    std::fs::rename(sandbox.path(&directory), sandbox.path("aside")).unwrap();
    sandbox.run(START).expect(14);
}

/// Waits until the status has these words.
#[track_caller]
fn until_status_says(sandbox: &Sandbox, words: &str) {
    let started = std::time::Instant::now();
    while !sandbox.run(&["rollout", "status", "--format", "json"]).stdout.contains(words) {
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(started.elapsed() < std::time::Duration::from_mins(1), "the status never says {words}");
    }
}

/// The clock of whoever gives an order is hours ahead of the simulator's: groups settle all the same.
#[test]
fn an_order_from_the_future_keeps_nothing_from_settling() {
    let sandbox = planned();
    let child = sandbox.spawn(&[START, &["--speed", "60"]].concat());
    until_status_says(&sandbox, "\"phase\": \"updating\"");
    sandbox.run_with(&["rollout", "abort"], &[("SOURCE_DATE_EPOCH", "1793595600")]).expect(0);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(12));
    sandbox.run(&["rollout", "history", &id(&sandbox), "--html"]).expect(0).says("rolled back");
}

/// What comes from SBOMs, clouds and people steers no terminal.
#[test]
fn hostile_words_steer_no_terminal() {
    let sandbox = planned();
    let actor = [("GITHUB_ACTOR", "ev\u{1b}]0;x\u{7}il\u{202e}")];
    sandbox.run_with(&[START, &["--for", "70s"]].concat(), &actor).expect(13);
    for words in [&["rollout", "history"][..], &["rollout", "history", &id(&sandbox)], &["rollout", "status"]] {
        let run = sandbox.run(words);
        assert!(!run.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{words:?}: {:?}", run.stdout);
    }
    sandbox.run(&["rollout", "history"]).expect(0).says("ev\u{fffd}]0;x\u{fffd}il");
}

/// A program that appends its input to a file, or fails.
fn program(sandbox: &Sandbox, name: &str, script: &str) -> String {
    sandbox.write(name, &format!("#!/bin/sh\n{script}\n"));
    let path = sandbox.path(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn people_are_told_once_it_works() {
    let sandbox = planned();
    let failing = program(&sandbox, "fail", "exit 1");
    // A webhook that nobody answers keeps nothing from the command.
    let both = [("FLEETGEN_NOTIFY_URL", "http://127.0.0.1:9/"), ("FLEETGEN_NOTIFY_COMMAND", "./count")];
    program(&sandbox, "count", "echo x >>counted");
    let telling = program(&sandbox, "tell", "cat >>told.jsonl; echo >>told.jsonl");
    let run = |words: &[&str], program: &str| sandbox.run_with(words, &[("FLEETGEN_NOTIFY_COMMAND", program)]);
    run(START, &failing)
        .expect(14)
        .says("notices were not delivered (a command: it failed with")
        .says("sends them again");
    sandbox.run_with(RESUME, &both).expect(14).says("a webhook: it cannot be reached");
    assert!(sandbox.read("counted").lines().count() > 1);
    // The next driver sends what the first could not.
    run(RESUME, &telling).expect(14);
    let told = |sandbox: &Sandbox| -> Vec<Value> {
        sandbox.read("told.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let first = told(&sandbox);
    assert!(first[0]["text"].as_str().unwrap().contains("octocat starts it"), "{first:?}");
    show_in("docs/rollout.md", "a notice", "json", &format!("{}\n", first[0]));
    let waiting = first.iter().find(|notice| notice["status"] == "waiting").unwrap();
    assert!(waiting["text"].as_str().unwrap().contains("`rollout approve prod/release` gives it"), "{waiting}");
    run(&["rollout", "approve", "prod/release"], &telling).expect(0);
    run(RESUME, &telling).expect(0);
    let all = told(&sandbox);
    assert_eq!(all.last().unwrap()["status"], "over");
    let mut numbers: Vec<u64> = all.iter().map(|notice| notice["record"].as_u64().unwrap()).collect();
    let before = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), before, "nothing was told twice");
    run(RESUME, &telling).expect(0).says("is over: done");
    assert_eq!(told(&sandbox).len(), before);
    sandbox.run(&["rollout", "verify-journal"]).expect(0);
}

#[test]
fn a_rollout_that_is_over_still_tells() {
    let sandbox = Sandbox::new(&merged(TWO_CLOUDS));
    sandbox.run(&["rollout", "plan", "--simulator", "--environment", "stg"]).expect(0);
    let failing = program(&sandbox, "fail", "exit 1");
    sandbox.run_with(START, &[("FLEETGEN_NOTIFY_COMMAND", &failing)]).expect(0).says("notices were not delivered");
    // A webhook that fails once.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?token=secret", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut bodies = Vec::new();
        for status in ["503 Service Unavailable", "200 OK", "200 OK"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut text = String::new();
            let mut buffer = [0; 4_096];
            while !text.contains('}') {
                let length = stream.read(&mut buffer).unwrap();
                text += &String::from_utf8_lossy(&buffer[..length]);
            }
            bodies.push(text);
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
        bodies
    });
    let run = sandbox.run_with(RESUME, &[("FLEETGEN_NOTIFY_URL", &url)]).expect(0);
    assert!(!format!("{}{}", run.stdout, run.stderr).contains("secret"), "an address was printed");
    let bodies = server.join().unwrap();
    assert!(
        bodies[0].starts_with("POST /hook?token=secret") && bodies[0].contains("\"text\":\"rollout "),
        "{}",
        bodies[0]
    );
    assert!(bodies[2].contains("the rollout is over: done"), "{}", bodies[2]);
    sandbox.run_with(RESUME, &[("FLEETGEN_NOTIFY_URL", &url)]).expect(0).says("is over: done");
}

#[test]
fn a_signal_stops_a_driver_and_nothing_else() {
    let sandbox = planned();
    for (signal, words) in [("TERM", START), ("INT", RESUME)] {
        let child = sandbox.spawn(&[words, &["--speed", "20"]].concat());
        until_status_says(&sandbox, "\"driven\": true");
        std::thread::sleep(std::time::Duration::from_millis(500));
        let status = std::process::Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
        assert!(status.unwrap().success());
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(13), "{signal}");
    }
    sandbox.run(&["rollout", "verify-journal"]).expect(0);
    sandbox.run(RESUME).expect(14);
}

#[test]
fn versions_that_nothing_needs_are_deleted() {
    let sandbox = planned();
    let prune = |words: &[&str]| sandbox.run(&[&["rollout", "prune", "--simulator", "--keep", "0"], words].concat());
    prune(&[]).expect(0).says("every version is needed");
    sandbox.run(START).expect(14);
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    sandbox.run(RESUME).expect(0);
    // Back, and to an image again: the version of the first rollout is left over.
    sandbox.run(&["rollout", "rollback"]).expect(0);
    sandbox.run(RESUME).expect(12);
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    sandbox.run(START).expect(14);
    // It is still copied, by groups whose turn has not come.
    prune(&[]).expect(0).says("every version is needed");
    sandbox.run(&["rollout", "approve", "prod/release"]).expect(0);
    sandbox.run(RESUME).expect(0);
    let listed = prune(&[]).expect(0).says("`--yes` deletes them");
    let yes = prune(&["--yes"]).expect(0);
    assert_eq!(listed.stdout, yes.stdout);
    prune(&[]).expect(0).says("every version is needed");
    // The rollout can still be returned.
    sandbox.run(&["rollout", "rollback"]).expect(0);
    sandbox.run(RESUME).expect(12).says("rolled back");
}
