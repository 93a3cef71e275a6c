//! What is printed for programs: every command's answer has the form that `docs/json/` describes.
//!
//! `Sandbox::run` checks each answer against its form, in all tests. Here every command answers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod builds;
mod common;

use builds::Builds;
use common::{Sandbox, TWO_CLOUDS, commands, expect_document, merged};
use serde_json::{Value, json};

const PLAN: &str = ".fleetgen/plan.json";

/// Runs a command that answers in JSON.
fn ask(sandbox: &Sandbox, words: &[&str], code: i32) -> Value {
    let run = sandbox.run(&[words, &["--format", "json"]].concat()).expect(code);
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}\n{}", run.stdout))
}

#[test]
fn about_the_fleet() {
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    ask(&sandbox, &["problem"], 0);
    ask(&sandbox, &["problem", "machine"], 0);
    for command in ["generate", "check", "diff", "draw", "groups", "layers", "build-plan", "roots"] {
        ask(&sandbox, &[command], 0);
    }
    ask(&sandbox, &["explain", "web"], 0);
    ask(&sandbox, &["can", "plan", "iam:CreateUser", "*"], 0);
    let values =
        json!({ "id": "s", "cidr_block": "10.0.0.0/24", "tags": { "Name": "n-machines-a", "tier": "machines" } });
    let subnet = json!({ "mode": "managed", "type": "aws_subnet", "name": "this", "values": values });
    sandbox
        .write(".fleetgen/state.json", &json!({ "values": { "root_module": { "resources": [subnet] } } }).to_string());
    ask(&sandbox, &["reach", "machines", "internet", "--state", ".fleetgen/state.json"], 0);
    // A change of everything.
    sandbox.edit("  web:\n", "  front:\n    renamed_from: web\n    resource_name: demo-prod-web\n");
    sandbox.edit("size: { min: 4, max: 8 }", "size: { min: 3, max: 8 }");
    sandbox.edit("  job-stg: {", "  task-stg: {");
    sandbox.edit("updates_until: \"2026-11-01\"", "updates_until: \"2026-10-31\"");
    sandbox.write("packer/runner/build.sh", "# changed\n");
    ask(&sandbox, &["check"], 4);
    ask(&sandbox, &["diff"], 0);
    ask(&sandbox, &["layers", "--since", "HEAD"], 0);
    ask(&sandbox, &["roots", "--since", "HEAD"], 0);
    ask(&sandbox, &["affected", "--since", "HEAD"], 0);
    ask(&sandbox, &["generate"], 0);
    // What is wrong is an answer on the other stream.
    let run = sandbox.run(&["explain", "wbe", "--format", "json"]).expect(2);
    let said: Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!((&said["version"], &said["problems"][0]["code"]), (&json!(1), &json!("usage")));
}

#[test]
fn about_images_and_rollouts() {
    let mut builds = Builds::of(include_str!("../../loopback/tests/fleet.yaml"));
    let asked = |builds: &Builds, words: Vec<String>| {
        ask(&builds.sandbox, &words.iter().map(String::as_str).collect::<Vec<_>>(), 0);
    };
    asked(&builds, builds.to_record());
    builds.to_promote().into_iter().for_each(|words| asked(&builds, words));
    builds.newer();
    asked(&builds, builds.to_record());
    let (sandbox, key) = (&builds.sandbox, builds.key("base"));
    ask(sandbox, &["status", "--simulator"], 0);
    ask(sandbox, &["images", "promote", &key[..12], "--to", "stg"], 0);
    ask(sandbox, &["images", "list"], 0);
    ask(sandbox, &["images", "find", "web"], 0);
    ask(sandbox, &["images", "prune", "--simulator"], 0);
    ask(sandbox, &["rollout", "plan", "--simulator"], 0);
    ask(sandbox, &["rollout", "simulate", PLAN, "--runs", "2"], 0);
    ask(sandbox, &["rollout", "start", PLAN, "--simulator", "--for", "70s"], 13);
    ask(sandbox, &["rollout", "explain", "stg-web"], 0);
    ask(sandbox, &["rollout", "status"], 13);
    ask(sandbox, &["rollout", "resume", "--simulator"], 0);
    let history = ask(sandbox, &["rollout", "history"], 0);
    let id = history["rollouts"][0]["rollout"].as_str().unwrap();
    ask(sandbox, &["rollout", "history", id], 0);
    ask(sandbox, &["rollout", "verify-journal"], 0);
    ask(sandbox, &["rollout", "prune", "--keep", "1", "--yes", "--simulator"], 0);
    ask(sandbox, &["status", "--simulator"], 0);
    ask(sandbox, &["images", "revoke", &key[..12], "--reason", "a hole"], 0);
    ask(sandbox, &["status", "--simulator"], 0);
    let watched = sandbox.run(&["rollout", "watch", "--format", "json"]).expect(0).stdout;
    assert!(watched.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{watched}");
}

/// Commands that print nothing for programs: they write files, ask people, or print what is JSON anyway.
const SILENT: &[&str] = &["completions", "schema", "init", "rollout demo", "rollout new"];
/// Commands that print what another one prints, or nothing.
const ORDERS: &[&str] = &["abort", "approve", "pause", "resume", "rollback", "start"];

#[test]
fn every_command_has_a_form_that_is_listed() {
    let mut forms: Vec<(String, Value)> = std::fs::read_dir(common::repository().join("docs/json"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let form = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), form)
        })
        .collect();
    forms.sort_by(|(one, _), (other, _)| one.cmp(other));
    for command in commands(&Sandbox::new(""), &[]) {
        let words = command.join(" ");
        let has_form = forms.iter().any(|(name, _)| *name == command.join("-"));
        let is_order = command.first().is_some_and(|word| word == "rollout") && ORDERS.contains(&&*command[1]);
        assert!(has_form != (SILENT.contains(&&*words) || is_order), "{words}");
    }
    let mut table = "| command | answer | keys |\n|---|---|---|\n".to_owned();
    for (name, form) in &forms {
        let keys = form["properties"].as_object().unwrap().keys().filter(|key| *key != "version");
        let keys: Vec<String> = keys.map(|key| format!("`{key}`")).collect();
        let text = |key: &str| form[key].as_str().unwrap().to_owned();
        let command = text("title").replace("fleetgen ", "").replace(" --format json", "").replace(", problems", "");
        let command = if name == "problems" { "problems".to_owned() } else { format!("`{command}`") };
        table +=
            &["| [", &command, "](json/", name, ".json) | ", &text("description"), " | ", &keys.join(", "), " |\n"]
                .concat();
    }
    let page = std::fs::read_to_string(common::repository().join("docs/json.md")).unwrap();
    let (before, _) = page.split_once("<!-- the forms -->\n").unwrap();
    expect_document("docs/json.md", &[before, "<!-- the forms -->\n\n", &table].concat());
}
