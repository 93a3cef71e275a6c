//! What each identity on AWS may do and may not: tests/iam/README.md.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fleetgen_emit::policies;
use fleetgen_iam::{Identity, Policy, Principal, Request, decide};
use serde_json::Value;

/// A line of a table.
struct Call {
    line: String,
    may: bool,
    request: Request,
}

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
        let calls = table.lines().filter_map(call).collect();
        Subject { name, document: document.clone(), boundary: boundary.cloned(), calls }
    })
    .collect()
}

fn call(line: &str) -> Option<Call> {
    let words: Vec<&str> = line.split('#').next()?.split_whitespace().collect();
    let [may, action, resource, given @ ..] = words.as_slice() else {
        assert!(words.is_empty(), "not a call: {line}");
        return None;
    };
    assert!(["may", "never"].contains(may), "neither may nor never: {line}");
    let resource = match resource.split_once(':') {
        Some((service, rest)) if service != "arn" => format!("arn:aws:{service}:ap-northeast-1:123456789012:{rest}"),
        _ => (*resource).to_owned(),
    };
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |key: &str, value: &str| context.entry(key.to_owned()).or_default().push(value.to_owned());
    if let Some(region) = resource.split(':').nth(3).filter(|region| !region.is_empty()) {
        add("aws:RequestedRegion", region);
    }
    for word in given {
        let tags = word.strip_prefix('@').map(|rest| ("aws:ResourceTag", rest));
        let tags = tags.or_else(|| word.strip_prefix('+').map(|rest| ("aws:RequestTag", rest)));
        match (tags, word.split_once('=')) {
            (Some((kind, of)), _) => {
                let (fleet, environment) = of.split_once('/').unwrap_or(("example", of));
                add(&format!("{kind}/fleet"), fleet);
                if !environment.is_empty() {
                    add(&format!("{kind}/environment"), environment);
                }
            }
            (None, Some((key, value))) => add(key, value),
            (None, None) => panic!("`{word}` is not a condition key and its value: {line}"),
        }
    }
    let principal = Principal::Role("arn:aws:iam::123456789012:role/somebody".to_owned());
    let request = Request { principal, action: (*action).to_owned(), resource, context };
    Some(Call { line: line.trim().to_owned(), may: *may == "may", request })
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
