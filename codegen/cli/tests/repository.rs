//! The repository tests itself: what it commits is what it generates, and what its documents show is true.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Sandbox, base, commands, example, expect_document, expect_snapshot, merged, repository};

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The fleet of the repository, whoever's it is, and its generated files, in a sandbox.
fn own() -> Sandbox {
    let sandbox = Sandbox::new(&read("fleet.yaml"));
    let status = std::process::Command::new("cp")
        .arg("-r")
        .arg(repository().join("generated"))
        .arg(repository().join(".github"))
        .arg(sandbox.path(""))
        .status()
        .unwrap();
    assert!(status.success());
    sandbox
}

/// A checkout on Windows has the bytes that keys and the manifest are made of.
#[test]
fn line_ends_are_the_same_everywhere() {
    let attribute = |path: &str| {
        let words = ["check-attr", "eol", "--", path];
        let output = std::process::Command::new("git").current_dir(repository()).args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for path in [
        "fleet.yaml",
        "generated/MANIFEST",
        "generated/packer/base/layer.sh",
        ".github/workflows/fleet-pr.yml",
        ".github/scripts/plan.sh",
        "goss/base.yaml",
        "goss/hardening/sshd.yaml",
        "packer/scripts/lib.sh",
        "packer/runner/build.sh",
        "images/base.yaml",
    ] {
        assert!(attribute(path).ends_with(": eol: lf\n"), "{}", attribute(path));
    }
}

#[test]
fn committed_files_are_what_fleet_yaml_generates() {
    let sandbox = own();
    sandbox.run(&["check"]).expect(0);
    let before = sandbox.files();
    sandbox.run(&["generate"]).expect(0).says("0 changed");
    assert_eq!(sandbox.files(), before);
}

/// Until a user replaces it, the fleet of the repository is the example.
#[test]
fn the_example_is_current() {
    let own = read("fleet.yaml");
    if own.contains("\n  name: example\n") {
        assert_eq!(own, example(), "copy fleet.yaml to tests/fleets/example.yaml");
    }
}

#[test]
fn the_example_is_a_company_s() {
    let sandbox = Sandbox::new(&example());
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

/// Whoever only generates does not compile the clients of the clouds.
#[test]
fn the_plain_program_has_no_client_of_a_cloud() {
    let tree = |features: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.current_dir(repository()).args(["tree", "--locked", "--package", "fleetgen", "--edges", "normal,build"]);
        let output = cargo.args(["--prefix", "none"]).args(features).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let clients =
        |tree: &str| ["aws-sdk-", "google-cloud-", "object_store", "hyper", "tokio "].map(|name| tree.contains(name));
    assert_eq!(clients(&tree(&[])), [false; 5]);
    assert_eq!(clients(&tree(&["--features", "aws,gcp"])), [true; 5]);
}

#[test]
fn the_references_are_current() {
    expect_document("docs/fleet-yaml.md", &fleetgen_fleet::reference::fleet_yaml());
    let problems = fleetgen_fleet::reference::problems(|code, example| {
        let shown = Sandbox::new(&merged(example)).run(&["check"]).expect(3).stderr;
        // The page shows the problem itself, not what follows from it.
        let own = format!("error[{}]", code.as_str());
        let problem = shown.split("\n\n").find(|problem| problem.starts_with(&own));
        let problem = problem.unwrap_or_else(|| panic!("the example of `{}` gives\n{shown}", code.as_str()));
        // The line numbers are those of the test's fleet.
        problem.to_owned()
    });
    expect_document("docs/problems.md", &problems);
}

#[test]
fn every_code_can_be_explained() {
    let sandbox = Sandbox::new("");
    for code in fleetgen_problem::Code::ALL {
        sandbox.run(&["problem", code.as_str()]).expect(0).says(code.summary()).says(code.fix());
        sandbox.run(&["problem"]).expect(0).says(code.summary());
    }
    sandbox.run(&["problem", "machin"]).expect(2).says("did you mean `machine`?");
}

#[test]
fn editors_find_the_schema() {
    let first = example().lines().next().unwrap().to_owned();
    assert_eq!(first, "# yaml-language-server: $schema=generated/fleet.schema.json");
    assert_eq!(read("generated/fleet.schema.json"), Sandbox::new("").run(&["schema"]).expect(0).stdout);
}

/// The crates of this workspace, with those of them that each uses outside of tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let folder = |package: &serde_json::Value| {
        let manifest = package["manifest_path"].as_str().unwrap();
        std::path::Path::new(manifest).parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
    };
    let folders: BTreeMap<&str, String> =
        packages.iter().map(|package| (package["name"].as_str().unwrap(), folder(package))).collect();
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().unwrap().iter().filter(|used| used["kind"].is_null());
            let used = used.filter_map(|used| folders.get(used["name"].as_str()?).cloned());
            (folder(package), used.collect())
        })
        .collect()
}

/// docs/architecture.md says which crates each crate may use; any other arrow is a mistake.
#[test]
fn crates_depend_on_each_other_as_designed() {
    let architecture = read("docs/architecture.md");
    let designed: BTreeMap<String, BTreeSet<String>> = architecture
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `codegen/")?.split('|');
            let name = cells.next()?.trim().trim_end_matches('`').to_owned();
            let used = cells.nth(1)?.split(',').map(|used| used.trim().trim_matches('`').to_owned());
            Some((name, used.filter(|used| !used.is_empty()).collect()))
        })
        .collect();
    assert_eq!(crates(), designed, "crates on the left, docs/architecture.md on the right");
}

/// The left half never touches a network, a clock or the environment, and only `tree` touches files.
#[test]
fn the_core_does_no_input_or_output() {
    for name in ["problem", "fleet", "emit", "images", "rollout", "affected", "report", "state", "reach", "iam"] {
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

/// README and docs show the networks as a picture, which Mermaid's own parser reads in `cargo xtask verify`.
#[test]
fn the_pictures_are_current() {
    let picture = Sandbox::generated(&example()).run(&["draw"]).expect(0).stdout;
    for document in ["README.md", "docs/networks.md"] {
        let text = read(document);
        let (before, rest) = text.split_once("<!-- the networks -->\n```mermaid\n").expect("the picture");
        let (_, after) = rest.split_once("```\n").expect("the end of the picture");
        let whole = [before, "<!-- the networks -->\n```mermaid\n", &picture, "```\n", after].concat();
        expect_document(document, &whole);
    }
    let sandbox = Sandbox::generated(&example());
    let tokyo = sandbox.run(&["draw", "--network", "aws-tokyo"]).expect(0).stdout;
    assert!(tokyo.contains("aws_oregon_machines") && !tokyo.contains("gcp_tokyo"), "a network and its peers: {tokyo}");
    let groups = sandbox.run(&["groups", "--format", "json"]).expect(0).stdout;
    let groups: serde_json::Value = serde_json::from_str(&groups).unwrap();
    for group in groups["groups"].as_array().unwrap() {
        assert!(picture.contains(group["name"].as_str().unwrap()), "{} is missing", group["name"]);
    }
    sandbox.run(&["draw", "--network", "aws-kyoto"]).expect(2).says("there is no network `aws-kyoto`");
}

/// The README edits fleet.yaml, and shows the diff that this gives.
#[test]
fn the_readme_shows_a_real_diff() {
    let readme = read("README.md");
    let sandbox = Sandbox::generated(&example());
    let edit = block(&readme, "an edit of fleet.yaml");
    let (old, new): (Vec<_>, Vec<_>) = edit.lines().partition(|line| line.starts_with('-'));
    let lines = |lines: Vec<&str>| lines.iter().fold(String::new(), |text, line| text + &line[1..] + "\n");
    let kept = |line: &&str| !line.starts_with('+');
    let before: Vec<&str> = edit.lines().filter(kept).collect();
    let after: Vec<&str> = edit.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(!old.is_empty() && !new.is_empty());
    sandbox.edit(&lines(before), &lines(after));
    let shown = sandbox.run(&["diff"]).expect(0).stdout;
    let (before, after) = readme.split_once("<!-- its diff -->\n```diff\n").unwrap();
    let after = &after[after.find("```").unwrap()..];
    expect_document("README.md", &[before, "<!-- its diff -->\n```diff\n", &shown, after].concat());
    sandbox.run(&["generate"]).expect(0).says("1 changed");
}

/// The settings that the guide to rollouts shows are valid.
#[test]
fn the_guide_s_settings_are_valid() {
    let groups = "groups:\n  web: { profile: service, network: aws-tokyo, machine: m7g.large, environment: prod, \
                  description: The web, layer: base, size: { min: 3 } }\n";
    let guide = read("docs/rollout.md");
    let sandbox = Sandbox::new(&merged(&format!("{}{groups}", block(&guide, "settings of a rollout"))));
    sandbox.run(&["explain", "web"]).expect(0).says("smoke");
}

/// The guide to rollouts shows a real scenario, the table of phases, and every invariant.
#[test]
fn the_guide_to_rollouts_is_true() {
    let scenario = read("codegen/simulator/tests/scenarios/canary-fails.snap");
    let scenario = scenario.splitn(3, "---\n").nth(2).unwrap().to_owned();
    let invariants = fleetgen_rollout::Invariant::ALL.iter();
    let line = |invariant: &fleetgen_rollout::Invariant| format!("{}. {}", invariant.number(), invariant.words());
    let invariants = invariants.map(line).collect::<Vec<_>>().join("\n") + "\n";
    let mut guide = read("docs/rollout.md");
    for (marker, fence, end, text) in [
        ("the scenario canary-fails", "```\n", "```\n", scenario),
        ("the phases", "```mermaid\n", "```\n", fleetgen_rollout::diagram()),
        ("the invariants", "\n", "\n## ", invariants),
    ] {
        let (before, after) = guide.split_once(&format!("<!-- {marker} -->\n{fence}")).unwrap();
        let after = &after[after.find(end).unwrap()..];
        guide = [before, &format!("<!-- {marker} -->\n{fence}"), &text, after].concat();
    }
    expect_document("docs/rollout.md", &guide);
}

/// The README adds a group, which becomes one file.
#[test]
fn the_readme_adds_a_group() {
    let readme = read("README.md");
    let sandbox = Sandbox::generated(&example());
    sandbox.write("fleet.yaml", &format!("{}\n{}", example(), block(&readme, "add a group")));
    sandbox
        .run(&["generate"])
        .expect(0)
        .says("create generated/terraform/aws-oregon/stg/batch-oregon.tf")
        .says("1 changed");
    sandbox.run(&["explain", "batch-oregon"]).expect(0);
}

/// The README renames a group, which keeps everything.
#[test]
fn the_readme_renames_a_group() {
    let sandbox = Sandbox::generated(&example());
    sandbox.edit("  web-tokyo:\n", block(&read("README.md"), "rename a group"));
    sandbox.run(&["diff", "--stat"]).expect(0).says("it is now `front-tokyo`, and its machines stay");
}

#[test]
fn the_readme_lists_every_command_and_exit_code() {
    let sandbox = Sandbox::new("");
    let help = sandbox.run(&["--help"]).expect(0).stdout;
    let readme = read("README.md");
    for line in help.split_once("Exit codes:\n").unwrap().1.lines() {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        assert!(readme.contains(&format!("| {code} | {meaning} |")), "README.md: {code}, {meaning}");
    }
    let commands = commands(&sandbox, &[]);
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        assert!(readme.contains(&format!("| `{}", command.join(" "))), "README.md: {command:?}");
    }
}

#[test]
fn help_is_as_it_was_reviewed() {
    let sandbox = Sandbox::new("");
    let mut text = sandbox.run(&["--help"]).expect(0).stdout;
    for command in commands(&sandbox, &[]) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        text += &["\n---- fleetgen ", &command.join(" "), " --help\n\n"].concat();
        text += &sandbox.run(&[&words[..], &["--help"]].concat()).expect(0).stdout;
    }
    expect_snapshot("output", "help", &text);
}

/// The examples of docs/recipes.md are parts of fleets that the checks apply.
#[test]
fn recipes_are_parts_of_fleets() {
    fn lines(text: &str) -> Vec<&str> {
        text.lines().map(str::trim).collect()
    }
    let recipes = std::fs::read_to_string(repository().join("docs/recipes.md")).unwrap();
    let fleets = std::fs::read_dir(repository().join("tests/fleets")).unwrap().map(|entry| entry.unwrap().path());
    let fleets: Vec<String> = fleets.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let examples: Vec<&str> =
        recipes.split("```yaml\n").skip(1).map(|rest| rest.split_once("\n```").unwrap().0).collect();
    assert!(examples.len() > 10);
    for example in examples {
        let wanted = lines(example);
        let has = |fleet: &String| lines(fleet).windows(wanted.len()).any(|part| part == wanted);
        assert!(fleets.iter().any(has), "no fleet of tests/fleets has\n{example}");
    }
}

#[test]
fn no_file_is_long() {
    for name in crates().keys() {
        for path in sources(&format!("codegen/{name}/src")) {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 400, "{}: {lines} lines", path.display());
        }
    }
}

#[test]
fn unknown_names_are_reported() {
    let sandbox = Sandbox::new(&base());
    sandbox.run(&["explain", "wbe"]).expect(2).says("there is no group `wbe`").says("did you mean `web`?");
    sandbox.run(&["groups", "--layer", "bse"]).expect(2).says("did you mean `base`?");
    sandbox.run(&["genrate"]).expect(2);
    sandbox.run(&[]).expect(2);
}

#[test]
fn explain_and_groups_are_as_they_were_reviewed() {
    let sandbox = Sandbox::generated(&example());
    expect_snapshot("output", "explain", &sandbox.run(&["explain", "worker-tokyo"]).expect(0).stdout);
    let trial = std::fs::read_to_string(repository().join("tests/fleets/trial.yaml")).unwrap();
    let trial = Sandbox::generated(&trial);
    expect_snapshot("output", "explain-trial", &trial.run(&["explain", "media-gcp"]).expect(0).stdout);
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["explain", "worker-tokyo", "--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!(json["values"][0]["origin"], "profile worker");
    let groups = |words: &[&str]| sandbox.run(&[&["groups", "--quiet"], words].concat()).expect(0).stdout;
    expect_snapshot("output", "groups", &groups(&["--environment", "stg"]));
    assert_eq!(
        groups(&["--layer", "base"]).lines().count(),
        groups(&[]).lines().count(),
        "all layers are built on base"
    );
    assert!(groups(&["--layer", "base-gpu"]).lines().count() > 3);
}

#[test]
fn completions_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        Sandbox::new("").run(&["completions", shell]).expect(0).says("fleetgen");
    }
}

/// The real path of every value is recorded, also in lists and in the user's own names.
#[test]
fn explain_knows_the_defaults_of_items_and_entries() {
    let fleet = base().replace(
        "    machine: m7g.large\n",
        "    machine: m7g.large
    size: { min: 2, max: 6 }
    ports: [{ port: 9100 }, { port: 9200, from: [10.99.0.0/16] }]
    scaling: { schedules: { day: { cron: \"30 8 * * *\", machines: 4 } } }
    aws: { lifecycle_hooks: { drain: { transition: terminating } } }
",
    );
    let fleet = fleet.replace(
        "    zones: [ap-northeast-1a, ap-northeast-1c]\n",
        "    zones: [ap-northeast-1a, ap-northeast-1c]\n    endpoints: [autoscaling]\n",
    );
    let json = Sandbox::new(&fleet).run(&["explain", "web", "--format", "json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let values: BTreeMap<&str, &str> = json["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| (value["path"].as_str().unwrap(), value["origin"].as_str().unwrap()))
        .collect();
    for (path, origin) in [
        ("description", "profile plain"),
        ("size.min", "own"),
        ("size.desired", "default"),
        ("ports[0].port", "own"),
        ("ports[0].from", "default"),
        ("ports[1].from", "own"),
        ("scaling.schedules.day.cron", "own"),
        ("scaling.schedules.day.time_zone", "default"),
        ("aws.lifecycle_hooks.drain.transition", "own"),
        ("aws.lifecycle_hooks.drain.timeout", "default"),
        ("machine.type", "own"),
        ("machine.architecture", "the machine type"),
    ] {
        assert_eq!(values.get(path), Some(&origin), "{path}");
    }
}

/// Deleting a script is the user's mistake, not a fault of fleetgen.
#[test]
fn a_missing_script_is_reported_as_such() {
    let sandbox = Sandbox::new(&base());
    sandbox.copy_scripts();
    sandbox.remove("packer/scripts/hardening/sshd.sh");
    for command in ["generate", "check", "diff", "layers"] {
        let run = sandbox.run(&[command]).expect(3);
        run.says("error[script]: packer/scripts/hardening/sshd.sh is missing").says("git checkout -- ");
    }
}

/// Many files are summarised.
#[test]
fn a_new_fleet_is_generated_in_a_few_lines() {
    let group = |number| format!("  g{number}: {{ profile: plain, network: aws-tokyo, machine: m7g.large }}\n");
    let groups = (0..240).fold(String::new(), |text, number| text + &group(number));
    let sandbox = Sandbox::new(&merged(&format!("groups:\n{groups}")));
    let check = sandbox.run(&["check"]).expect(4);
    assert!(check.stdout.lines().count() <= 20, "{}", check.stdout);
    let generate =
        sandbox.run(&["generate"]).expect(0).says("(241 files)").says("`fleetgen diff --stat` lists every file");
    assert!(generate.stderr.lines().count() <= 20, "{}", generate.stderr);
}
