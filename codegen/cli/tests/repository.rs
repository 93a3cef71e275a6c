//! The repository tests itself: what it commits is what it generates, and what its documents show is so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Sandbox, base, expect_file, repository};

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The repository's own fleet and generated files, in a sandbox.
fn own() -> Sandbox {
    let sandbox = Sandbox::new(&read("fleet.yaml"));
    let status = std::process::Command::new("cp")
        .arg("-r")
        .arg(repository().join("generated"))
        .arg(sandbox.path(""))
        .status()
        .unwrap();
    assert!(status.success());
    sandbox
}

#[test]
fn committed_files_are_what_fleet_yaml_generates() {
    let sandbox = own();
    sandbox.run(&["check"]).expect(0);
    let before = sandbox.files();
    sandbox.run(&["generate"]).expect(0).says("0 changed");
    assert_eq!(sandbox.files(), before);
}

#[test]
fn the_fleet_is_a_company_s() {
    let sandbox = own();
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["groups", "--format", "json"]).expect(0).stdout).unwrap();
    let groups = json["groups"].as_array().unwrap();
    assert!(groups.len() >= 36);
    let values =
        |pointer: &str| groups.iter().filter_map(|group| group.pointer(pointer)?.as_str()).collect::<BTreeSet<_>>();
    assert_eq!(values("/network").len(), 3);
    assert_eq!(values("/environment").len(), 2);
    assert_eq!(values("/machine/architecture"), BTreeSet::from(["amd64", "arm64"]));
    assert!(groups.iter().any(|group| group["machine"]["nvidia"] == true));
    assert!(groups.iter().any(|group| group["size"]["max"] == 1));
}

#[test]
fn the_reference_is_current() {
    assert_eq!(read("docs/fleet-yaml.md"), fleetgen_fleet::reference::markdown(), "run `cargo xtask docs`");
}

#[test]
fn editors_find_the_schema() {
    let first = read("fleet.yaml").lines().next().unwrap().to_owned();
    assert_eq!(first, "# yaml-language-server: $schema=generated/fleet.schema.json");
    assert_eq!(read("generated/fleet.schema.json"), Sandbox::new("").run(&["schema"]).expect(0).stdout);
}

/// `emit → fleet`, `emit → tree`, `images → fleet`, `cli → all`: any other arrow is a mistake.
#[test]
fn crates_depend_on_each_other_as_designed() {
    let arrows: BTreeMap<&str, Vec<&str>> = ["fleet", "tree", "emit", "images", "cli", "xtask"]
        .into_iter()
        .map(|name| {
            let text = read(&format!("codegen/{name}/Cargo.toml"));
            let all = ["fleet", "tree", "emit", "images"];
            let used = all.into_iter().filter(|other| text.contains(&format!("fleetgen-{other}.workspace"))).collect();
            assert!(!text.contains("path = \"../"), "{name}: crates of the workspace are named in the root Cargo.toml");
            (name, used)
        })
        .collect();
    let designed = BTreeMap::from([
        ("fleet", vec![]),
        ("tree", vec![]),
        ("emit", vec!["fleet", "tree"]),
        ("images", vec!["fleet"]),
        ("cli", vec!["fleet", "tree", "emit", "images"]),
        ("xtask", vec!["fleet"]),
    ]);
    assert_eq!(arrows, designed);
}

/// The left half never touches a network, a clock or the environment, and only `tree` touches files.
#[test]
fn the_core_does_no_input_or_output() {
    for name in ["fleet", "emit", "images"] {
        for entry in sources(&format!("codegen/{name}/src")) {
            let text = std::fs::read_to_string(&entry).unwrap();
            for word in ["std::fs", "fs_err", "std::env", "std::net::Tcp", "SystemTime", "Instant::", "std::process"] {
                assert!(!text.contains(word), "{}: {word}", entry.display());
            }
        }
    }
}

fn sources(folder: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![repository().join(folder)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The text between a marker and the end of the block of code behind it.
fn block<'a>(text: &'a str, marker: &str) -> &'a str {
    let after = text.split_once(&format!("<!-- {marker} -->\n")).unwrap_or_else(|| panic!("no {marker}")).1;
    let body = after.split_once('\n').unwrap().1;
    body.split_once("```").unwrap().0
}

/// The README adds a group, and shows the diff that this gives.
#[test]
fn the_readme_adds_a_group_as_it_says() {
    let readme = read("README.md");
    let sandbox = own();
    sandbox.write("fleet.yaml", &format!("{}\n{}", read("fleet.yaml"), block(&readme, "add a group")));
    let shown = sandbox.run(&["diff"]).expect(0).stdout;
    let (before, after) = readme.split_once("<!-- its diff -->\n```diff\n").unwrap();
    let after = &after[after.find("```").unwrap()..];
    let updated = [before, "<!-- its diff -->\n```diff\n", &shown, after].concat();
    expect_file("README.md", &updated);
    sandbox.run(&["generate"]).expect(0).says("1 changed");
}

#[test]
fn the_readme_s_exit_codes_are_the_program_s() {
    let help = Sandbox::new("").run(&["--help"]).expect(0).stdout;
    let codes: Vec<(String, String)> = help
        .split_once("Exit codes:\n")
        .unwrap()
        .1
        .lines()
        .map(|line| line.trim().split_once("  ").map(|(code, meaning)| (code.to_owned(), meaning.to_owned())).unwrap())
        .collect();
    let readme = read("README.md");
    for (code, meaning) in &codes {
        assert!(readme.contains(&format!("| {code} | {meaning} |")), "README.md: {code}, {meaning}");
    }
    for command in ["generate", "check", "diff", "explain", "groups", "layers", "schema", "completions"] {
        assert!(readme.contains(&format!("| `{command}")), "README.md: {command}");
    }
}

#[test]
fn help_is_as_it_was_reviewed() {
    let sandbox = Sandbox::new("");
    let mut text = sandbox.run(&["--help"]).expect(0).stdout;
    for command in ["generate", "check", "diff", "explain", "groups"] {
        text += &["\n---- fleetgen ", command, " --help\n\n"].concat();
        text += &sandbox.run(&[command, "--help"]).expect(0).stdout;
    }
    expect_file("tests/help.txt", &text);
}

#[test]
fn no_file_is_long() {
    for name in ["fleet", "tree", "emit", "images", "cli", "xtask"] {
        for path in sources(&format!("codegen/{name}/src")) {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 400, "{}: {lines} lines", path.display());
        }
    }
}

#[test]
fn wrong_words_are_told() {
    let sandbox = Sandbox::new(&base());
    sandbox.run(&["explain", "wbe"]).expect(2).says("there is no group `wbe`").says("did you mean `web`?");
    sandbox.run(&["groups", "--layer", "bse"]).expect(2).says("did you mean `base`?");
    sandbox.run(&["genrate"]).expect(2);
    sandbox.run(&[]).expect(2);
}

#[test]
fn explain_and_groups_are_as_they_were_reviewed() {
    let sandbox = own();
    expect_file("tests/explain.txt", &sandbox.run(&["explain", "worker-tokyo"]).expect(0).stdout);
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["explain", "worker-tokyo", "--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!(json["values"][0]["origin"], "profile worker");
    let groups = |words: &[&str]| sandbox.run(&[&["groups", "--quiet"], words].concat()).expect(0).stdout;
    expect_file("tests/groups.txt", &groups(&["--environment", "stg"]));
    assert_eq!(
        groups(&["--layer", "base"]).lines().count(),
        groups(&[]).lines().count(),
        "all layers are built on base"
    );
    assert!(groups(&["--layer", "base-gpu"]).lines().count() > 3);
}

#[test]
fn diff_tells_settings_and_lines() {
    let sandbox = own();
    sandbox.edit("max: 24", "max: 30");
    sandbox.run(&["diff", "--stat"]).expect(0).says("size.max: 24 → 30");
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["diff", "--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!(json["changes"][0]["group"], "web-tokyo");
    assert_eq!(json["changes"][0]["settings"][0]["path"], "size.max");
    assert!(json["changes"][0]["diff"].as_str().unwrap().contains("@@"));
    sandbox
        .run(&["check", "--format", "github"])
        .expect(4)
        .says("::error file=generated/terraform/aws-tokyo/prod/web-tokyo.tf::");
}

#[test]
fn completions_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        Sandbox::new("").run(&["completions", shell]).expect(0).says("fleetgen");
    }
}
