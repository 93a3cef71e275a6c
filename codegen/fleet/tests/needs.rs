//! What something in the fleet needs cannot be removed: `check` says so before a build hangs in a private network.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use fleetgen_fleet::{CheckContext, load};
use fleetgen_problem::{Format, Severity, SourceFile, render};

const FLEET: &str = include_str!("../../../tests/fleets/example.yaml");

/// What is wrong with a file; nothing if it is a fleet.
fn problems(text: &str) -> String {
    let source = SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap();
    let context = CheckContext { today: None, expired: Severity::Warning };
    let loaded = load(&source, context);
    loaded.err().map(|problems| render(&problems, Some(&source), Format::Human { color: false })).unwrap_or_default()
}

/// The file without line `at`, and without the lines right after it that begin with one of `words`.
fn without(at: usize, words: &[&str]) -> String {
    let lines: Vec<&str> = FLEET.lines().collect();
    let after = lines[at + 1..].iter().take_while(|line| words.iter().any(|word| line.trim().starts_with(word)));
    let end = at + 1 + after.count();
    [&lines[..at], &lines[end..]].concat().join("\n")
}

#[test]
fn every_domain_that_a_build_needs() {
    assert_eq!(problems(FLEET), "");
    let mut needed = 0;
    for (at, line) in FLEET.lines().enumerate() {
        let Some(domain) = line.trim().strip_prefix("- domain: ") else { continue };
        let found = problems(&without(at, &["reason:", "for:"]));
        if FLEET.lines().nth(at + 2).is_some_and(|line| line.trim().starts_with("for: [groups]")) {
            // Applications know what they need; fleetgen does not.
            assert_eq!(found, "", "{domain}");
            continue;
        }
        assert!(found.contains("error[domain]") && found.contains(domain), "{domain}: {found}");
        assert!(found.contains(&format!("add `{{ domain: {domain}")), "the line to add: {found}");
        needed += 1;
    }
    assert!(needed >= 5, "{needed} domains");
}

#[test]
fn every_endpoint_that_hooks_and_jobs_need() {
    let mut needed = 0;
    for (at, line) in FLEET.lines().enumerate() {
        let Some(services) = line.trim().strip_prefix("endpoints: [").and_then(|rest| rest.strip_suffix(']')) else {
            continue;
        };
        for service in services.split(", ") {
            let kept: Vec<&str> = services.split(", ").filter(|other| *other != service).collect();
            let mut lines: Vec<String> = FLEET.lines().map(str::to_owned).collect();
            lines[at] = format!("    endpoints: [{}]", kept.join(", "));
            let found = problems(&lines.join("\n"));
            // The runner's network needs more. Elsewhere, applications know what they need; fleetgen does not.
            if service == "autoscaling" || services.contains("secretsmanager") {
                let line = format!("add `{service}` to `networks.");
                assert!(found.contains("error[endpoint]") && found.contains(&line), "{service}: {found}");
                needed += 1;
            } else {
                assert_eq!(found, "", "{service}");
            }
        }
    }
    assert!(needed >= 7, "{needed} endpoints");
}

#[test]
fn every_key_and_bucket() {
    for (line, says) in [
        ("    artifact_bucket: example-fleet-artifacts\n", "set `artifact_bucket` in `clouds.aws`"),
        ("    artifact_bucket: example-fleet-artifacts-gcp\n", "set `artifact_bucket` in `clouds.gcp`"),
        ("  aws_key: alias/example-image-signing\n", "missing key `signing.aws_key`"),
        ("  aws_region: ap-northeast-1\n", "missing key `signing.aws_region`"),
        ("  run_as: ops\n", "missing key `run_as`"),
    ] {
        assert_eq!(FLEET.matches(line).count(), 1, "{line}");
        let found = problems(&FLEET.replace(line, ""));
        assert!(found.contains(says), "{line}: {found}");
    }
}

/// A network cannot be removed while groups use it.
#[test]
fn a_network_that_has_groups() {
    let start = FLEET.find("  gcp-tokyo:\n").unwrap();
    let end = start + FLEET[start..].find("\n\n").unwrap();
    let found = problems(&[&FLEET[..start], &FLEET[end..]].concat());
    assert!(found.contains("error[unknown-reference]") && found.contains("`gcp-tokyo`"), "{found}");
}
