//! What `diff` says a change does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, TWO_CLOUDS, example, merged};
use serde_json::{Value, json};

/// The file of the summary that belongs to a group or is at a path.
fn change(sandbox: &Sandbox, of: &str) -> Value {
    let said: Value =
        serde_json::from_str(&sandbox.run(&["diff", "--stat", "--format", "json"]).expect(0).stdout).unwrap();
    let changes = said["changes"].as_array().unwrap();
    changes.iter().find(|it| it["group"] == of || it["path"] == of).unwrap_or_else(|| panic!("{said:#}")).clone()
}

#[test]
fn settings_come_first_then_lines() {
    let sandbox = Sandbox::generated(&example());
    sandbox.edit("max: 24", "max: 30");
    sandbox.run(&["diff", "--stat"]).expect(0).says("size.max: 24 → 30");
    let json: Value = serde_json::from_str(&sandbox.run(&["diff", "--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!(json["changes"][0]["group"], "web-tokyo");
    assert_eq!(json["changes"][0]["settings"][0]["path"], "size.max");
    assert!(json["changes"][0]["diff"].as_str().unwrap().contains("@@"));
    sandbox
        .run(&["check", "--format", "github"])
        .expect(4)
        .says("::error file=generated/terraform/aws-tokyo/prod/web-tokyo.tf,title=conflict::");
}

#[test]
fn a_renamed_group_keeps_its_machines() {
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    let affected = || sandbox.run(&["affected", "--since", "HEAD", "--markdown"]).expect(0).stdout;
    // Without a fixed name, it is another group.
    sandbox.edit("  web:\n", "  front:\n");
    assert_eq!(change(&sandbox, "web")["effects"], json!(["applying this destroys the group's machines"]));
    assert!(affected().contains("the group is removed, with up to 8 machines"), "{}", affected());
    sandbox.edit("  front:\n", "  front:\n    renamed_from: web\n    resource_name: demo-prod-web\n");
    sandbox.edit("size: { min: 4, max: 8 }", "size: { min: 4, max: 9 }");
    assert_eq!(change(&sandbox, "web")["effects"], json!(["it is now `front`, and its machines stay"]));
    let front = change(&sandbox, "front");
    assert_eq!(front["effects"], json!(["it was `web`: Terraform moves its state"]));
    let paths: Vec<&str> =
        front["settings"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["size.max", "tags.group"]);
    let said = affected();
    assert!(said.contains("renamed from web") && !said.contains("is removed"), "{said}");
    // Once every state knows the new name, the former one is not needed any more.
    sandbox.run(&["generate"]).expect(0);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message=renamed"]);
    sandbox.edit("    renamed_from: web\n", "");
    assert_eq!(change(&sandbox, "front")["effects"], json!([]));
    sandbox.edit("    resource_name: demo-prod-web\n", "");
    let replaced = "Terraform cannot change this in a group that exists, and refuses to destroy it: add a new group, and remove this one";
    assert_eq!(change(&sandbox, "front")["effects"], json!([replaced]));
    let said = affected();
    assert!(said.contains("its resources are named demo-prod-web, and would be demo-prod-front"), "{said}");
}

#[test]
fn what_terraform_replaces_and_what_is_built_again_is_said() {
    let group = "    load_balancer: { name: public, port: 8080 }\n    health: { port: 8080, path: /healthz }\n";
    let fleet = merged(TWO_CLOUDS)
        .replace("    size: { min: 4, max: 8 }\n", &format!("    size: {{ min: 0, max: 8 }}\n{group}"));
    let sandbox = Sandbox::generated(&fleet);
    sandbox.edit("load_balancer: { name: public, port: 8080 }", "load_balancer: { name: public, port: 8081 }");
    let replaced = "applying this replaces its target group, which has no targets until machines register";
    assert_eq!(change(&sandbox, "web")["effects"], json!([replaced]));
    sandbox.edit("asia-northeast1-b, asia-northeast1-c]", "asia-northeast1-b]");
    let replaced = "Terraform cannot change this in a group that exists, and refuses to destroy it: add a new group, and remove this one";
    assert_eq!(change(&sandbox, "job")["effects"], json!([replaced]));
    sandbox.edit("updates_until: \"2026-11-01\"", "updates_until: \"2026-10-31\"");
    let built = "its images are built again, and 4 groups get them with a rollout";
    assert_eq!(change(&sandbox, "generated/packer/base/build.pkr.hcl")["effects"], json!([built]));
    let last = "  job-stg: { profile: plain, network: gcp-tokyo, machine: n2-standard-4, environment: stg }\n";
    sandbox.edit(last, "");
    let effects = &change(&sandbox, "generated/terraform/gcp-tokyo/stg/main.tf")["effects"];
    assert!(
        effects[0].as_str().unwrap().starts_with("this removes the last group of generated/terraform/gcp-tokyo/stg")
    );
    sandbox.run(&["diff", "--stat"]).expect(0).says("  this removes the last group of");
}

/// What looks like a rename and is none.
#[test]
fn a_rename_without_effect_is_said() {
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    let effect = |of: &str| change(&sandbox, of)["effects"][0].as_str().unwrap_or_default().to_owned();
    let affected = || sandbox.run(&["affected", "--since", "HEAD"]).expect(0).stdout;
    let fleet = sandbox.read("fleet.yaml");
    // Only the name of the resources is kept: Terraform would make it while it is still there.
    sandbox.edit("  web:\n", "  front:\n    resource_name: demo-prod-web\n");
    let twin = "; to keep them, add `renamed_from: web` to";
    assert_eq!(effect("web"), format!("applying this destroys the group's machines{twin} `front`"));
    assert!(affected().contains(twin), "{}", affected());
    // A name that nothing had.
    sandbox.edit("    resource_name: demo-prod-web\n", "    resource_name: demo-prod-web\n    renamed_from: wbe\n");
    assert_eq!(effect("front"), "`renamed_from` has no effect: `wbe` was not in generated/terraform/aws-tokyo/prod");
    // Another root, to which Terraform moves nothing.
    sandbox.edit("renamed_from: wbe\n", "renamed_from: web\n    stack: edge\n");
    assert_eq!(effect("web"), "applying this destroys the group's machines");
    assert_eq!(effect("front"), "`renamed_from` has no effect: `web` was not in generated/terraform/aws-tokyo/edge");
    assert!(affected().contains("its machines are destroyed there"), "{}", affected());
    // Another processor, for which the group has no image yet.
    sandbox.write("fleet.yaml", &fleet);
    sandbox.edit("    machine: m7g.large\n    size: { min: 4", "    machine: m7i.large\n    size: { min: 4");
    assert!(effect("web").starts_with("until the next rollout, no new machine can start"), "{}", effect("web"));
    assert!(affected().contains("machine: arm64 → amd64"), "{}", affected());
}
