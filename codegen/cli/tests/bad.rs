//! Bad input: each file of `tests/bad/` must give exactly the messages in the snapshot beside it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, cases, expect_snapshot, merged, repository, snapshot};
use fleetgen_problem::{Code, Example};

fn report(case: &str, format: &str) -> (Sandbox, String) {
    let change = std::fs::read_to_string(repository().join(format!("tests/bad/{case}.yaml"))).unwrap();
    let sandbox = Sandbox::new(&merged(&change));
    let run = sandbox.run(&["check", "--format", format]).expect(3);
    assert_eq!(run.stdout, "", "problems go to the standard error");
    (sandbox, run.stderr)
}

#[test]
fn every_problem_is_reported_exactly() {
    for case in cases("bad") {
        let (sandbox, text) = report(&case, "human");
        expect_snapshot("bad", &case, &text);
        assert!(sandbox.files().is_empty(), "{case}: something was written");
        sandbox.run(&["generate"]).expect(3);
        assert!(sandbox.files().is_empty(), "{case}: something was written");
    }
}

#[test]
fn every_code_of_fleet_yaml_has_a_case() {
    let all: String = cases("bad").iter().map(|case| snapshot("bad", case)).collect();
    for code in Code::ALL.iter().filter(|code| matches!(code.example(), Example::Fleet(_))) {
        assert!(all.contains(&format!("[{}]", code.as_str())), "no file of tests/bad/ breaks `{}`", code.as_str());
    }
}

#[test]
fn programs_and_github_get_the_same() {
    for format in ["json", "github"] {
        expect_snapshot("bad", &format!("unknown-key.{format}"), &report("unknown-key", format).1);
    }
    let json: serde_json::Value = serde_json::from_str(&report("references", "json").1).unwrap();
    let human = report("references", "human").1;
    assert_eq!(json["problems"].as_array().unwrap().len(), human.matches("error[").count());
}

/// People are shown the first thousand problems; a program gets all.
#[test]
fn many_problems_are_counted() {
    let (head, _) = common::base().split_once("groups:\n").map(|(head, rest)| (head.to_owned(), rest.len())).unwrap();
    let group = |number: usize| format!("  g{number}: {{ profile: plain, network: n{number}, machine: m7g.large }}\n");
    let sandbox = Sandbox::new(&(head + "groups:\n" + &(0..1_500).map(group).collect::<String>()));
    let run = sandbox.run(&["check"]).expect(3);
    assert_eq!(run.stderr.matches("error[").count(), 1_000);
    run.says("500 more are not shown here; `--format json` has all").says("1500 problems in fleet.yaml");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["check", "--format", "json"]).expect(3).stderr).unwrap();
    assert_eq!(json["problems"].as_array().unwrap().len(), 1_500);
    assert_eq!(json["problems"][1_499]["position"]["line"], head_lines(&sandbox) + 1_500);
}

/// The lines before the first group.
fn head_lines(sandbox: &Sandbox) -> usize {
    sandbox.read("fleet.yaml").split_once("  g0:").unwrap().0.matches('\n').count()
}

#[test]
fn what_is_not_a_fleet_file_is_reported() {
    let sandbox = Sandbox::new("");
    let large = format!("# {}\n", "x".repeat(16 << 20));
    sandbox.write("large.yaml", &large);
    sandbox.run(&["check", "--fleet", "large.yaml"]).expect(3).says("the limit is 16 MiB");
    sandbox.run(&["check", "--fleet", "missing.yaml"]).expect(3).says("there is no `missing.yaml`");
    sandbox.run(&["check", "--fleet", "."]).expect(3).says("is a directory");
    sandbox.run(&["-C", "nowhere", "check"]).expect(2).says("there is no directory `nowhere`");
    std::fs::copy("/bin/true", sandbox.path("binary.yaml")).unwrap();
    sandbox.run(&["check", "--fleet", "binary.yaml"]).expect(3).says("is not UTF-8");
}

#[test]
fn byte_order_marks_carriage_returns_and_anchors_are_accepted() {
    let plain = Sandbox::generated(&common::base());
    let odd = format!("\u{feff}{}", common::base().replace('\n', "\r\n"));
    assert_eq!(Sandbox::generated(&odd).files(), plain.files());
    let anchored = common::base()
        .replace("os: ubuntu-24.04", "os: &os ubuntu-24.04")
        .replace("size: { min: 1, max: 3 }", "size: &size { min: 1, max: 3 }")
        .replace("    machine: m7g.large\n", "    machine: m7g.large\n    size: *size\n");
    assert_eq!(Sandbox::generated(&anchored).files(), plain.files());
}

/// An expired `scan.ignore` must stop a build, and must not stop a rollback.
#[test]
fn what_expires_is_an_error_only_for_check() {
    let fleet = |until: &str| {
        common::base().replace(
            "    updates_until:",
            &format!("    scan: {{ ignore: [{{ id: CVE-2026-12345, reason: not reachable, until: \"{until}\" }}] }}\n    updates_until:"),
        )
    };
    // The sandbox's day is 2026-11-02.
    let sandbox = Sandbox::generated(&fleet("2026-11-01"));
    for command in [&["groups"][..], &["explain", "web"], &["layers"], &["diff"], &["generate"]] {
        sandbox.run(command).expect(0).says("warning[scan]: the `scan.ignore` entry for CVE-2026-12345 expired");
    }
    sandbox.run(&["check"]).expect(3).says("error[scan]: the `scan.ignore` entry for CVE-2026-12345 expired");
    for (until, words) in
        [("2026-11-02", "expires today"), ("2026-11-03", "expires tomorrow"), ("2026-11-16", "in 14 days")]
    {
        Sandbox::generated(&fleet(until)).run(&["check"]).expect(0).says("warning[scan]").says(words);
    }
    let quiet = Sandbox::generated(&fleet("2026-11-17")).run(&["check"]).expect(0);
    assert!(!quiet.stderr.contains("warning"), "{}", quiet.stderr);
}

/// A carriage return would end a line of a systemd unit.
#[test]
fn text_has_no_control_characters() {
    for escape in ["\\r", "\\u001b", "\\u0085", "\\u0000"] {
        let text = format!("\"ok{escape}[Service]{escape}ExecStartPre=+/bin/evil\"");
        let fleet = common::base().replace("description: A plain group", &format!("description: {text}"));
        Sandbox::new(&fleet).run(&["generate"]).expect(3).says("without control characters");
    }
}
