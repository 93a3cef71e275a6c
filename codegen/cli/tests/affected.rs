//! `affected`: nothing that changes is left out, and what people read of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{Sandbox, TWO_CLOUDS, example, merged, show_in};
use serde_json::Value;

/// A change of a file: text that is replaced, or appended if there is nothing to replace.
type Edit = (&'static str, &'static str, &'static str);

/// Changes of every kind, which can be combined.
const EDITS: &[Edit] = &[
    ("fleet.yaml", "    size: { min: 4, max: 8 }", "    size: { min: 3, max: 9 }"),
    ("fleet.yaml", "canary: 25%", "canary: 50%"),
    ("fleet.yaml", "  job-stg: { profile: plain", "  job-new: { profile: plain"),
    ("fleet.yaml", "machine: n2-standard-4, size: { min: 3 }", "machine: n2-standard-8, size: { min: 3 }"),
    (
        "fleet.yaml",
        "    - { domain: mirror.gcr.io, reason: scanner }",
        "    - { domain: mirror.gcr.io, reason: scanner }\n    - { domain: new.example.com, reason: new }",
    ),
    ("fleet.yaml", "updates_until: \"2026-11-01\"", "updates_until: \"2026-10-31\""),
    ("fleet.yaml", "branch: \"580\"", "branch: \"590\""),
    ("fleet.yaml", "    description: The base", "    description: Another base"),
    ("fleet.yaml", "owners: [\"@example/platform\"]", "owners: [\"@example/platform\"]\n  tags: { team: web }"),
    ("fleet.yaml", "cidr: 10.48.0.0/16", "cidr: 10.52.0.0/16"),
    ("fleet.yaml", "  run_as: ops", "  run_as: people"),
    ("packer/scripts/hardening/sshd.sh", "", "# changed\n"),
    ("packer/runner/build.sh", "", "# changed\n"),
    ("goss/docker.yaml", "", "# changed\n"),
    ("terraform/modules/gcp-compute-group/main.tf", "", "# changed\n"),
    ("terraform/modules/aws-network-lookup/main.tf", "", "# changed\n"),
    ("terraform/modules/aws-session-policy/main.tf", "", "# changed\n"),
    ("terraform/modules/aws-proxy/README.md", "", "changed\n"),
];

fn apply(sandbox: &Sandbox, (file, from, to): &Edit) {
    let text = sandbox.read(file);
    assert!(text.contains(from), "{from} is not in {file}");
    sandbox.write(file, &if from.is_empty() { text + to } else { text.replacen(from, to, 1) });
}

fn affected(sandbox: &Sandbox) -> Value {
    let said = sandbox.run(&["affected", "--since", "HEAD", "--format", "json"]).expect(0).stdout;
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["version"], 1);
    said["affected"].clone()
}

/// The names in a list.
fn names(list: &Value, key: &str) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
}

fn keys(sandbox: &Sandbox) -> BTreeSet<(String, String)> {
    let said = sandbox.run(&["layers", "--format", "json"]).expect(0).stdout;
    let said: Value = serde_json::from_str(&said).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    said["layers"].as_array().unwrap().iter().map(|layer| (text(&layer["layer"]), text(&layer["key"]))).collect()
}

/// Whatever is edited, the report has each file that `generate` then changes, each key that differs, and nothing else.
#[test]
fn nothing_that_changes_is_left_out() {
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    assert_eq!(affected(&sandbox)["roots"], serde_json::json!([]));
    let before = keys(&sandbox);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..24 {
        let chosen: Vec<&Edit> = EDITS
            .iter()
            .enumerate()
            .filter(|(index, _)| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // First each alone, then some together.
                if round < EDITS.len() { *index == round } else { (random >> 33).is_multiple_of(3) }
            })
            .map(|(_, edit)| edit)
            .collect();
        for edit in &chosen {
            apply(&sandbox, edit);
        }
        let said = affected(&sandbox);
        sandbox.run(&["generate"]).expect(0);
        let listed = std::process::Command::new("git")
            .current_dir(sandbox.path(""))
            .args(["status", "--porcelain", "--untracked-files=all", "--no-renames"])
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let changed: BTreeSet<String> = listed
            .lines()
            .map(|line| line[3..].to_owned())
            .filter(|path| path.starts_with("generated/") && path != "generated/MANIFEST")
            .collect();

        let mut reported: BTreeSet<String> = names(&said["files"], "path");
        for root in said["roots"].as_array().unwrap() {
            let folder = format!("generated/terraform/{}/", root["root"].as_str().unwrap());
            reported
                .extend(root["files"].as_array().unwrap().iter().map(|file| folder.clone() + file.as_str().unwrap()));
        }
        let layers = names(&said["layers"], "layer");
        let of_layer = |path: &&String| {
            let mut parts = path.split('/');
            matches!(parts.nth(1), Some("packer" | "goss")) && parts.next().is_some_and(|layer| layers.contains(layer))
        };
        reported.extend(changed.iter().filter(of_layer).cloned());
        assert_eq!(reported, changed, "{chosen:?}");
        let rekeyed: BTreeSet<String> =
            before.symmetric_difference(&keys(&sandbox)).map(|(layer, _)| layer.clone()).collect();
        assert_eq!(layers, rekeyed, "{chosen:?}");
        let is_group = |path: &&String| path.starts_with("generated/terraform/") && !path.ends_with("/main.tf");
        let files = changed
            .iter()
            .filter(is_group)
            .filter(|path| !path.contains("/foundation/") && !path.contains("/_accounts/"));
        let files: BTreeSet<String> =
            files.map(|path| path.rsplit('/').next().unwrap().trim_end_matches(".tf").to_owned()).collect();
        let groups = said["groups"].as_array().unwrap().iter().filter(|group| group.get("terraform").is_some());
        let groups: BTreeSet<String> = groups.map(|group| group["group"].as_str().unwrap().to_owned()).collect();
        assert_eq!(groups, files, "{chosen:?}");
        // A script of the runner changes no key, and a module reaches the roots that call it, also through another module.
        for (file, _, _) in &chosen {
            if let Some(module) = file.strip_prefix("terraform/modules/").and_then(|rest| rest.split_once("/main.tf")) {
                let roots = said["roots"].to_string();
                let caller = if module.0 == "aws-session-policy" { "aws-compute-group" } else { module.0 };
                assert!(roots.contains(caller), "{file}: {roots}");
            }
            if file.starts_with("packer/runner/") {
                assert!(names(&said["written"], "path").contains(*file));
            }
        }
        sandbox.git(&["reset", "--quiet", "--hard"]);
        sandbox.git(&["clean", "--quiet", "-fd"]);
    }
}

/// Ten small changes, each with its comment.
#[test]
fn comments() {
    const CHANGES: &[(&str, &[Edit])] = &[
        ("nothing", &[]),
        ("capacity", &[EDITS[0]]),
        ("domain", &[EDITS[4]]),
        ("updates", &[EDITS[5]]),
        (
            "removed",
            &[(
                "fleet.yaml",
                "  job-stg: { profile: plain, network: gcp-tokyo, machine: n2-standard-4, environment: stg }\n",
                "",
            )],
        ),
        (
            "port",
            &[(
                "fleet.yaml",
                "    rollout: { canary: 25% }",
                "    ports: [{ port: 22, from: [10.0.0.0/8], description: a test }]\n    rollout: { canary: 25% }",
            )],
        ),
        (
            "reaches",
            &[
                (
                    "fleet.yaml",
                    "    cidr: 10.48.0.0/16\n",
                    "    cidr: 10.48.0.0/16\n    destinations: { data: { cidrs: [10.200.8.0/24] } }\n",
                ),
                (
                    "fleet.yaml",
                    "  job-stg: { profile: plain, network: gcp-tokyo, machine: n2-standard-4, environment: stg }\n",
                    "  job-stg:\n    profile: plain\n    network: gcp-tokyo\n    machine: n2-standard-4\n    environment: stg\n    \
                     egress: [{ to: data, port: 5432 }]\n    config: { secrets: { KEY: { name: stream-key } } }\n    \
                     zones: [asia-northeast1-a]\n    health: { port: 80 }\n    backends: { front: { name: public, port: 80 } }\n    \
                     ports: [{ port: 80-90, from: [data, caller@example-fleet.iam.gserviceaccount.com] }]\n",
                ),
            ],
        ),
        (
            "moved",
            &[(
                "fleet.yaml",
                "  web-stg: { profile: plain, network: aws-tokyo, machine: m7g.large, environment: stg }",
                "  web-stg: { profile: plain, network: aws-tokyo, machine: m7g.large, environment: prod }",
            )],
        ),
        ("module", &[EDITS[14]]),
        (
            "ignored",
            &[(
                "fleet.yaml",
                "    updates_until: \"2026-11-01\"",
                "    updates_until: \"2026-11-01\"\n    scan: { ignore: [{ id: CVE-2026-12345, reason: not reachable, until: \"2999-01-01\" }] }",
            )],
        ),
        (
            "weaker",
            &[
                ("fleet.yaml", "    approval: owners", "    approval: none"),
                ("fleet.yaml", "    rollout: { canary: 25% }", "    rollout: { roll_back: false }"),
            ],
        ),
    ];
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    for (name, edits) in CHANGES {
        edits.iter().for_each(|edit| apply(&sandbox, edit));
        let link = "https://github.com/example/fleet/blob/0123456/fleet.yaml";
        let run = |format| sandbox.run(&["affected", "--since", "HEAD", format, "--link", link]).expect(0).stdout;
        let (comment, page) = (run("--markdown"), run("--html"));
        // Its head is the same for all.
        let (_, body) = page.split_once("<body>\n").unwrap();
        insta::with_settings!({ snapshot_path => "affected", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(*name, comment);
            insta::assert_snapshot!(format!("{name}_page"), body);
        });
        sandbox.git(&["reset", "--quiet", "--hard"]);
    }
}

/// What people write into fleet.yaml stays text in each format.
#[test]
fn hostile_text_is_inert() {
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    let reason = "<img src=x onerror=a(1)> | [x](http://a.example) @example/team `b` ${{ secrets.X }}";
    sandbox.edit(
        "reason: scanner }",
        &format!("reason: scanner }}\n    - {{ domain: new.example.com, reason: '{reason}' }}"),
    );
    let run = |words: &[&str]| sandbox.run(&[&["affected", "--since", "HEAD"], words].concat()).expect(0).stdout;
    let markdown = run(&["--markdown"]);
    for text in ["<img", "@example", "[x](", " | [", "`b`"] {
        assert!(!markdown.contains(text), "{text} is in {markdown}");
    }
    let html = run(&["--html"]);
    assert!(!html.contains("<img") && html.contains("&lt;img"));
    sandbox
        .run(&["affected", "--since", "HEAD", "--markdown", "--link", "javascript:alert(1)"])
        .expect(2)
        .says("https://");
}

/// A comment fits, however much changes, and says what is left out.
#[test]
fn a_comment_fits_at_any_size() {
    let group = |number: usize| {
        format!(
            "  g{number}: {{ profile: plain, network: aws-tokyo, machine: m7g.large, description: {} }}\n",
            "long ".repeat(20)
        )
    };
    let fleet = |numbers: std::ops::Range<usize>| {
        merged("") + &merged(&format!("groups:\n{}", numbers.map(group).collect::<String>()))
    };
    let sandbox = Sandbox::committed(&fleet(0..3));
    sandbox.write("fleet.yaml", &fleet(10..1_500));
    let said = sandbox.run(&["affected", "--since", "HEAD", "--markdown"]).expect(0).stdout;
    assert!(said.chars().count() <= 65_536, "{}", said.chars().count());
    assert!(said.contains("more groups are left out"), "{}", &said[..2_000]);
}

/// README and docs/workflows.md show what a pull request's comment is.
#[test]
fn documents_show_the_comment() {
    let sandbox = Sandbox::committed(&example());
    let link = "https://github.com/example/fleet/blob/0123456/fleet.yaml";
    let comment = || sandbox.run(&["affected", "--since", "HEAD", "--markdown", "--link", link]).expect(0).stdout;
    sandbox.edit("      max: 24\n", "      max: 30\n");
    show_in("README.md", "its comment", "markdown", &comment());
    sandbox.edit("      max: 30\n", "      max: 12\n");
    sandbox.edit(
        "    - domain: telemetry.example.com",
        "    - domain: maps.example.com\n      reason: maps on the front page\n    - domain: telemetry.example.com",
    );
    show_in("docs/workflows.md", "the comment", "markdown", &comment());
}

/// Domains for builds are no exposure of a network without builds.
#[test]
fn a_new_network_reaches_what_its_machines_may() {
    let sandbox = Sandbox::committed(&merged(TWO_CLOUDS));
    let network = "  aws-us: { cloud: aws, region: us-west-2, cidr: 10.20.0.0/16, zones: [us-west-2a, us-west-2b] }\n";
    let fleet = sandbox.read("fleet.yaml");
    sandbox.write("fleet.yaml", &fleet.replacen("\nnetworks:\n", &format!("\nnetworks:\n{network}"), 1));
    sandbox
        .edit("    state_region: ap-northeast-1\n", "    state_region: ap-northeast-1\n    build_network: aws-tokyo\n");
    let text = sandbox.run(&["affected", "--since", "HEAD"]).expect(0).stdout;
    assert!(!text.contains(" reach ") && !text.contains("images are built"), "{text}");
    sandbox.edit("reason: scanner }", "reason: scanner, for: [builds, groups] }");
    let text = sandbox.run(&["affected", "--since", "HEAD"]).expect(0).stdout;
    assert!(text.contains("machines in aws-us reach mirror.gcr.io too"), "{text}");
    // By default, images are built in the first network by name.
    sandbox.edit("    build_network: aws-tokyo\n", "");
    sandbox.edit("  aws-us: {", "  aws-america: {");
    let text = sandbox.run(&["affected", "--since", "HEAD"]).expect(0).stdout;
    assert!(text.contains("images are built in the network aws-america, not in aws-tokyo"), "{text}");
}
