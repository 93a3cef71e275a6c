//! `fleetgen init`, and docs/start.md: from a clone to a fleet of one's own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, example, repository};

const COMMON: &[&str] = &["init", "--name", "acme", "--repository", "example/acme", "--owner", "@example/platform"];
const AWS: &[&str] = &["--aws-account", "123456789012", "--aws-region", "eu-central-1"];
const GCP: &[&str] = &["--gcp-project", "example-acme", "--gcp-region", "europe-west1"];

fn empty() -> Sandbox {
    let sandbox = Sandbox::new("");
    sandbox.remove("fleet.yaml");
    sandbox
}

#[test]
fn a_new_fleet_generates_at_once() {
    for (cloud, more) in [("aws", AWS.to_vec()), ("gcp", GCP.to_vec()), ("both", [AWS, GCP].concat())] {
        let sandbox = empty();
        sandbox.run(&["check"]).expect(3).says("`fleetgen init`");
        sandbox.run(&[COMMON, &["--cloud", cloud], &more].concat()).expect(0).says("wrote fleet.yaml");
        // No warning either.
        let generated = sandbox.run(&["generate"]).expect(0);
        assert!(!generated.stderr.contains("warning"), "{}", generated.stderr);
        sandbox.run(&["check"]).expect(0);
        let text = sandbox.read("fleet.yaml");
        assert!(text.starts_with("# yaml-language-server: $schema=generated/fleet.schema.json\n"), "{text}");
        assert_eq!(text.contains("  aws:\n"), cloud != "gcp", "{text}");
        assert_eq!(text.contains("  gcp:\n"), cloud != "aws", "{text}");
        // The vendor's images, and the day, are those of the example.
        let example = example();
        for key in ["amd64: ", "updates_until: "] {
            for (_, rest) in text.match_indices(key).map(|(at, _)| text[at + key.len()..].split_at(0)) {
                let value = rest.split(['\n', ' ', '}']).next().unwrap();
                assert!(example.contains(value), "{value} is not in the example");
            }
        }
    }
}

#[test]
fn nothing_is_overwritten_and_what_is_missing_is_listed() {
    let sandbox = empty();
    sandbox
        .run(&["init", "--cloud", "gcp", "--name", "acme"])
        .expect(2)
        .says("these options are missing: `--repository`, `--owner`, `--gcp-project`, `--gcp-region`\n");
    assert!(!sandbox.path("fleet.yaml").exists());
    sandbox.run(&[COMMON, &["--cloud", "aws", "--aws-account", "12"]].concat()).expect(2).says("`12` is not");
    sandbox
        .run(&[COMMON, &["--cloud", "aws", "--aws-account", "123456789012", "--aws-region", "eu-central-9"]].concat())
        .expect(3)
        .says("eu-central-9")
        .says("nothing was written");
    assert!(!sandbox.path("fleet.yaml").exists());
    let whole = [COMMON, &["--cloud", "aws"], AWS].concat();
    // An empty file is no fleet.
    sandbox.write("fleet.yaml", "\n");
    sandbox.run(&["check"]).expect(3).says("the file is empty").says("`fleetgen init`");
    sandbox.run(&whole).expect(0);
    sandbox.write("fleet.yaml", "fleet:\n");
    sandbox.run(&whole).expect(2).says("fleet.yaml exists");
    assert_eq!(sandbox.read("fleet.yaml"), "fleet:\n");
}

/// The commands of docs/start.md up to the first commit, in a copy of this repository.
#[test]
fn the_start_is_as_documented() {
    let guide = std::fs::read_to_string(repository().join("docs/start.md")).unwrap();
    let (_, commands) = guide.split_once("<!-- from a clone -->\n```sh\n").unwrap();
    let commands = commands.split_once("```").unwrap().0;
    let sandbox = Sandbox::committed(&example());
    sandbox.git(&["checkout", "--quiet", "-b", "main"]);
    // fleetgen is built here already.
    let program = env!("CARGO_BIN_EXE_fleetgen");
    let commands = commands.replace("cargo run --", program);
    let (before, tests) = commands.split_once("cargo test --workspace").unwrap();
    let mut shell = std::process::Command::new("bash");
    shell.current_dir(sandbox.path("")).args(["-euc", &format!("{before}{}", &tests[tests.find('\n').unwrap()..])]);
    shell.env("GIT_AUTHOR_NAME", "test").env("GIT_AUTHOR_EMAIL", "test@example.com");
    shell.env("GIT_COMMITTER_NAME", "test").env("GIT_COMMITTER_EMAIL", "test@example.com");
    let done = shell.env("SOURCE_DATE_EPOCH", "1793577600").output().unwrap();
    assert!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    sandbox.run(&["check"]).expect(0);
    assert!(!sandbox.path("generated/terraform/aws-tokyo").exists());
    sandbox.run(&["groups"]).expect(0).says("hello-aws").says("2 of 2 groups");
}

/// The steps of docs/growing.md, one after the other. A list replaces the one before; anything else is added to its section.
#[test]
fn a_fleet_grows_as_documented() {
    let sandbox = empty();
    sandbox.run(&[COMMON, &["--cloud", "both"], AWS, GCP].concat()).expect(0);
    sandbox.run(&["generate"]).expect(0);
    let guide = std::fs::read_to_string(repository().join("docs/growing.md")).unwrap();
    let written = [
        "generated/packer/web/",
        "terraform/aws-us/foundation/main.tf",
        "terraform/",
        "terraform/aws-us/prod/web-us.tf",
    ];
    for (number, expected) in (1..).zip(written) {
        let (_, step) = guide.split_once(&format!("<!-- step {number} -->\n```yaml\n")).unwrap();
        let (section, entries) = step.split_once("```").unwrap().0.split_once('\n').unwrap();
        let text = sandbox.read("fleet.yaml");
        let (before, after) = text.split_once(&format!("\n{section}\n")).unwrap();
        let after = if entries.starts_with("  - ") { after.split_once("\n\n").unwrap().1 } else { after };
        let gap = if entries.starts_with("  - ") { "\n" } else { "" };
        sandbox.write("fleet.yaml", &format!("{before}\n{section}\n{entries}{gap}{after}"));
        sandbox.run(&["generate"]).expect(0);
        let files: Vec<String> = sandbox.files().into_iter().map(|(path, _)| path).collect();
        assert!(files.iter().any(|path| path.contains(expected)), "step {number}: {expected}");
        let is_there = |path: &str| files.iter().any(|file| file.contains(path));
        assert_eq!(is_there("terraform/aws-us/prod"), number == 4, "step {number}");
    }
    sandbox.run(&["explain", "web-us"]).expect(0).says("40GiB");
}

/// Reading it would wait until another program writes to it.
#[test]
fn a_named_pipe_is_no_fleet() {
    let sandbox = empty();
    let made = std::process::Command::new("mkfifo").arg(sandbox.path("fleet.yaml")).status().unwrap();
    assert!(made.success());
    sandbox.run(&["check"]).expect(3).says("`fleet.yaml` is a named pipe");
    sandbox.run(&[COMMON, &["--cloud", "aws"], AWS].concat()).expect(2).says("fleet.yaml exists");
}
