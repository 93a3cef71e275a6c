//! What each identity on AWS may do and may not: tests/iam/README.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use fleetgen_emit::{Policies, policies};
use fleetgen_iam::{Identity, Policy, decide};
use fleetgen_toolbox::calls::{Call, calls, unneeded};
use serde_json::{Value, json};

struct Subject {
    name: String,
    document: Value,
    boundary: Option<Value>,
    calls: Vec<Call>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/iam")
}

fn table(name: &str) -> Vec<Call> {
    let table = std::fs::read_to_string(folder().join(format!("{name}.txt")));
    calls(&table.unwrap_or_else(|_| panic!("tests/iam/{name}.txt is missing"))).unwrap()
}

/// The table of prod, for stg, whose one group with a listener has another load balancer.
fn swapped(name: &str) -> Vec<Call> {
    let table = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
    let table = table.replace("app/public/0a1b2c3d4e5f6071", "net/gateway/2c3d4e5f60718a9b");
    calls(&table.replace("prod", "PROD").replace("stg", "prod").replace("PROD", "stg")).unwrap()
}

/// Every identity of the repository's fleet; each has a table. Those of stg are asked what those of prod are, with the two words
/// changed.
fn subjects() -> Vec<Subject> {
    let fleet = common::fleet(&std::fs::read_to_string(folder().join("../fleets/example.yaml")).unwrap());
    let aws = fleet.aws.as_ref().unwrap();
    let policies = policies(&fleet, aws, &aws.builder).unwrap();
    let of = |(name, document, boundary): (String, &Value, Option<&Value>)| {
        let calls = name.strip_suffix("-stg").map_or_else(|| table(&name), |job| swapped(&format!("{job}-prod")));
        Subject { name, document: document.clone(), boundary: boundary.cloned(), calls }
    };
    policies.identities().map(of).chain(boundaries(&policies)).collect()
}

/// The boundaries, as the policies of identities that are given everything else.
fn boundaries(policies: &Policies) -> Vec<Subject> {
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let boundaries = [("boundary-jobs", &policies.jobs_boundary), ("boundary-machines", &policies.machines_boundary)];
    let subject = |(name, document): (&str, &Value)| Subject {
        name: name.to_owned(),
        document: document.clone(),
        boundary: Some(all.clone()),
        calls: table(name),
    };
    boundaries.into_iter().map(subject).collect()
}

/// The lines that are answered wrongly.
fn wrong<'a>(subject: &'a Subject, document: &Value) -> Vec<&'a Call> {
    let identity = Identity {
        policies: vec![Policy::read(&subject.name, document).unwrap()],
        boundary: subject.boundary.as_ref().map(|boundary| Policy::read("boundary", boundary).unwrap()),
    };
    subject.calls.iter().filter(|call| decide(&call.request, &identity, None).is_allowed != call.may).collect()
}

#[test]
fn every_identity_may_do_its_work_and_nothing_else() {
    let mut report = Vec::new();
    for subject in subjects() {
        for call in wrong(&subject, &subject.document) {
            report.push(format!("{}: {}", subject.name, call.line));
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn every_statement_and_every_condition_is_needed() {
    let mut report = Vec::new();
    for subject in subjects() {
        let found = unneeded(&subject.document, |document| wrong(&subject, document));
        report.extend(found.into_iter().map(|what| format!("{}: {what}", subject.name)));
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

/// A condition on an alias never matches a key that fleet.yaml names by its ARN.
#[test]
fn a_key_is_named_as_fleet_yaml_names_it() {
    let text = std::fs::read_to_string(folder().join("../fleets/example.yaml")).unwrap();
    let arn = "arn:aws:kms:ap-northeast-1:123456789012:key/12345678-1234-1234-1234-123456789012";
    let alias = "arn:aws:kms:ap-northeast-1:123456789012:alias/example-image-signing";
    let sign = |key: &str| {
        let fleet = common::fleet(&text.replace("aws_key: alias/example-image-signing", &format!("aws_key: {key}")));
        let policy = fleetgen_emit::build_policy(&fleet).unwrap();
        policy["Statement"].as_array().unwrap().iter().find(|statement| statement["Sid"] == "Sign").unwrap().clone()
    };
    let by_arn = sign(arn);
    assert_eq!(by_arn["Resource"], arn);
    assert!(!by_arn.to_string().contains("Alias"), "{by_arn}");
    let by_alias = sign(alias);
    assert_eq!(by_alias["Condition"]["StringEquals"]["kms:RequestAlias"], "alias/example-image-signing");
    assert_eq!(by_alias, sign("alias/example-image-signing"));
}
