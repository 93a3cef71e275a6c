//! Bad input: each file of `tests/bad/` must give exactly the text beside it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, cases, expect_file, merged, repository};
use fleetgen_fleet::Rule;

fn report(case: &str, format: &str) -> (Sandbox, String) {
    let change = std::fs::read_to_string(repository().join(format!("tests/bad/{case}.yaml"))).unwrap();
    let sandbox = Sandbox::new(&merged(&change));
    let run = sandbox.run(&["check", "--format", format]).expect(3);
    assert_eq!(run.stdout, "", "problems go to the standard error");
    (sandbox, run.stderr)
}

#[test]
fn every_mistake_is_told_exactly() {
    for case in cases("bad") {
        let (sandbox, text) = report(&case, "human");
        expect_file(&format!("tests/bad/{case}.txt"), &text);
        assert!(sandbox.files().is_empty(), "{case}: something was written");
        sandbox.run(&["generate"]).expect(3);
        assert!(sandbox.files().is_empty(), "{case}: something was written");
    }
}

#[test]
fn every_rule_has_a_case() {
    let all: String = cases("bad")
        .iter()
        .map(|case| std::fs::read_to_string(repository().join(format!("tests/bad/{case}.txt"))).unwrap())
        .collect();
    for rule in Rule::ALL {
        assert!(all.contains(&format!("error[{}]", rule.code())), "no file of tests/bad/ breaks `{}`", rule.code());
    }
}

#[test]
fn programs_and_github_get_the_same() {
    for (format, ending) in [("json", "json"), ("github", "github.txt")] {
        expect_file(&format!("tests/bad/unknown-key.{ending}"), &report("unknown-key", format).1);
    }
    let json: serde_json::Value = serde_json::from_str(&report("references", "json").1).unwrap();
    let human = report("references", "human").1;
    assert_eq!(json["problems"].as_array().unwrap().len(), human.matches("error[").count());
}

#[test]
fn what_is_no_fleet_file_is_told() {
    let sandbox = Sandbox::new("");
    let large = format!("# {}\n", "x".repeat(16 << 20));
    sandbox.write("large.yaml", &large);
    sandbox.run(&["check", "--fleet", "large.yaml"]).expect(3).says("more than the 16 MiB");
    sandbox.run(&["check", "--fleet", "missing.yaml"]).expect(3).says("there is no `missing.yaml`");
    sandbox.run(&["check", "--fleet", "."]).expect(3).says("is a directory");
    sandbox.run(&["-C", "nowhere", "check"]).expect(2).says("there is no directory `nowhere`");
    std::fs::copy("/bin/true", sandbox.path("binary.yaml")).unwrap();
    sandbox.run(&["check", "--fleet", "binary.yaml"]).expect(3).says("is not UTF-8");
}

#[test]
fn byte_order_marks_carriage_returns_and_anchors_are_taken() {
    let plain = Sandbox::generated(&common::base());
    let odd = format!("\u{feff}{}", common::base().replace('\n', "\r\n"));
    assert_eq!(Sandbox::generated(&odd).files(), plain.files());
    let anchored = common::base()
        .replace("os: ubuntu-24.04", "os: &os ubuntu-24.04")
        .replace("size: { min: 1, max: 3 }", "size: &size { min: 1, max: 3 }")
        .replace("    machine: m7g.large\n", "    machine: m7g.large\n    size: *size\n");
    assert_eq!(Sandbox::generated(&anchored).files(), plain.files());
}
