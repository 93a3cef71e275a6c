//! What each identity on AWS may do and may not: tests/iam/README.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use fleetgen_emit::policies;
use fleetgen_iam::{Identity, Policy, decide};
use fleetgen_toolbox::calls::{Call, calls};
use serde_json::Value;

struct Subject {
    name: String,
    document: Value,
    boundary: Option<Value>,
    calls: Vec<Call>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/iam")
}

/// Every identity of the repository's fleet; each has a table. Those of stg differ from those of prod by one word, so they have
/// none.
fn subjects() -> Vec<Subject> {
    let fleet = common::fleet(&std::fs::read_to_string(folder().join("../../fleet.yaml")).unwrap());
    let aws = fleet.aws.as_ref().unwrap();
    let policies = policies(&fleet, aws, &aws.builder).unwrap();
    let all = policies.identities().filter(|(name, ..)| !name.ends_with("-stg"));
    all.map(|(name, document, boundary)| {
        let table = folder().join(format!("{name}.txt"));
        let table = std::fs::read_to_string(table).unwrap_or_else(|_| panic!("tests/iam/{name}.txt is missing"));
        let calls = calls(&table).unwrap();
        Subject { name, document: document.clone(), boundary: boundary.cloned(), calls }
    })
    .collect()
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
        let statements = subject.document["Statement"].as_array().unwrap();
        for (index, statement) in statements.iter().enumerate() {
            let sid = statement["Sid"].as_str().unwrap();
            let mut without = subject.document.clone();
            without["Statement"].as_array_mut().unwrap().remove(index);
            if wrong(&subject, &without).iter().all(|call| !call.may) {
                report.push(format!("{}: no call needs {sid}", subject.name));
            }
            for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                for key in keys.as_object().unwrap().keys() {
                    let mut loose = subject.document.clone();
                    let condition = &mut loose["Statement"][index]["Condition"];
                    condition[operator].as_object_mut().unwrap().remove(key);
                    if wrong(&subject, &loose).iter().all(|call| call.may) {
                        report.push(format!("{}: nothing fails without {operator} {key} of {sid}", subject.name));
                    }
                }
            }
        }
    }
    assert!(report.is_empty(), "{}", report.join("\n"));
}

/// A condition on an alias never matches a key that fleet.yaml names by its ARN.
#[test]
fn a_key_is_named_as_fleet_yaml_names_it() {
    let text = std::fs::read_to_string(folder().join("../../fleet.yaml")).unwrap();
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
