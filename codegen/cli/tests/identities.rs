//! `fleetgen can`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, example, repository, show_in};
use serde_json::{Value, json};

const STG: &str =
    "arn:aws:autoscaling:ap-northeast-1:123456789012:autoScalingGroup:u:autoScalingGroupName/example-stg-web";

/// The repository's own fleet.
fn sandbox() -> Sandbox {
    Sandbox::new(&example())
}

#[test]
fn the_statement_that_decides_is_named() {
    let sandbox = sandbox();
    let refresh = |environment: &str| {
        let environment = format!("aws:ResourceTag/environment={environment}");
        let fleet = "aws:ResourceTag/fleet=example";
        let words =
            ["can", "rollout-prod", "autoscaling:StartInstanceRefresh", STG, "--given", fleet, "--given", &environment];
        sandbox.run(&words).expect(0)
    };
    let refused = refresh("stg");
    show_in("docs/identities.md", "can", "", &refused.stdout);
    refresh("prod").says(": yes").says("rollout-prod.json, statement ReplaceMachines").says("boundary-jobs.json");
}

#[test]
fn json_says_the_same() {
    let run = sandbox().run(&["can", "plan", "iam:CreateUser", "*", "--format", "json"]).expect(0);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(answer["allowed"], json!(false));
    assert_eq!(answer["because"].as_array().unwrap().len(), 2, "{answer}");
}

#[test]
fn several_accounts_have_identities_of_the_same_name() {
    let text = std::fs::read_to_string(repository().join("tests/golden/accounts.yaml")).unwrap();
    let sandbox = Sandbox::new(&text);
    let read = |account: &str, bucket: &str| {
        let object = format!("arn:aws:s3:::{bucket}/demo/prod-oregon/prod.tfstate");
        sandbox.run(&["can", &format!("{account}/plan"), "s3:GetObject", &object]).expect(0)
    };
    read("aws-prod", "example-state-prod").says(": yes");
    read("aws-prod", "example-state").says(": no");
    sandbox.run(&["can", "plan", "s3:GetObject", "*"]).expect(2).says("`aws-prod/plan`");
    // Only one account has this one.
    sandbox.run(&["can", "apply-prod", "s3:GetObject", "*"]).expect(0).says(": no");
}

#[test]
fn machines_are_asked_by_their_state() {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "Own", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::example-data/*" }],
    });
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "ec2.amazonaws.com" } }],
    });
    let managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let resource = |kind: &str, values: Value| json!({ "mode": "managed", "type": kind, "values": values });
    let state = json!({ "values": { "root_module": { "child_modules": [{ "resources": [
        resource("aws_iam_role", json!({ "id": "r", "name": "example-prod-web", "arn": "arn:aws:iam::123456789012:role/r", "assume_role_policy": trust.to_string() })),
        resource("aws_iam_role_policy", json!({ "name": "machine", "role": "r", "policy": policy.to_string() })),
        resource("aws_iam_role_policy_attachment", json!({ "role": "example-prod-web", "policy_arn": managed })),
    ] }] } } });
    let sandbox = sandbox();
    sandbox.write("state.json", &state.to_string());
    let asks = |resource: &str| {
        sandbox.run(&["can", "example-prod-web", "s3:GetObject", resource, "--state", "state.json"]).expect(0)
    };
    asks("arn:aws:s3:::example-data/x").says(": yes").says("policy machine, statement Own");
    asks("arn:aws:s3:::other/x").says(": no").says("as far as this state shows").says(managed);
    // The boundary is in the account's root, and fleet.yaml says what it is.
    let with = |boundary: &str| {
        state.to_string().replace(
            r#""name":"example-prod-web""#,
            &format!(r#""name":"example-prod-web","permissions_boundary":"{boundary}""#),
        )
    };
    sandbox.write(
        "state.json",
        &with("arn:aws:iam::123456789012:policy/example-machines").replace("s3:GetObject", "iam:GetUser"),
    );
    let words = ["can", "example-prod-web", "iam:GetUser", "arn:aws:s3:::example-data/x", "--state", "state.json"];
    sandbox.run(&words).expect(0).says(": no").says("boundary-machines.json: no statement allows iam:GetUser");
    sandbox.write("state.json", &with("arn:aws:iam::999999999999:policy/other"));
    asks("arn:aws:s3:::example-data/x").says(": yes, as far as this state shows");
    sandbox.write("state.json", "{}");
    let words = ["can", "example-prod-web", "s3:GetObject", "*", "--state", "state.json"];
    sandbox.run(&words).expect(2).says("`terraform show -json`");
}

#[test]
fn a_wrong_command_line_is_explained() {
    let sandbox = sandbox();
    sandbox.run(&["can", "apply-prd", "ec2:RunInstances", "*"]).expect(2).says("did you mean `apply-prod`?");
    sandbox.run(&["can", "plan", "RunInstances", "*"]).expect(2).says("such as `ec2:RunInstances`");
    sandbox.run(&["can", "plan", "ec2:RunInstances", "i-1"]).expect(2).says("`i-1` is not an ARN");
    sandbox.run(&["can", "plan", "ec2:RunInstances", "*", "--given", "tag"]).expect(2).says("aws:ResourceTag");
}
