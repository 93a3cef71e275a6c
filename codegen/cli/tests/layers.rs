//! Layers: docs/layers.md is true, and `layers --since` shows why a key has changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, base, example, expect_document, repository};
use fleetgen_fleet::catalog::hardening::SECTIONS;

/// Puts text into the block of code behind a marker.
fn filled(document: &str, marker: &str, text: &str) -> String {
    let (before, rest) = document.split_once(&format!("<!-- {marker} -->\n```\n")).unwrap();
    let after = &rest[rest.find("```").unwrap()..];
    format!("{before}<!-- {marker} -->\n```\n{text}{after}")
}

#[test]
fn the_document_is_true() {
    let document = std::fs::read_to_string(repository().join("docs/layers.md")).unwrap();
    let own = example();
    let layer = document.split_once("<!-- add a layer -->\n```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let sandbox = Sandbox::generated(&own);
    let tree = sandbox.run(&["layers"]).expect(0).stdout;
    let (layers, profiles) = own.split_once("\nprofiles:\n").unwrap();
    sandbox.write("fleet.yaml", &format!("{layers}\n{layer}\nprofiles:\n{profiles}"));
    let written = sandbox.run(&["generate"]).expect(0).stderr;
    let written: String =
        written.lines().filter(|line| line.starts_with("create")).flat_map(|line| [line, "\n"]).collect();
    assert!(!written.is_empty(), "the example adds no file");
    let document = filled(&filled(&document, "layers", &tree), "what it writes", &written);
    let (before, rest) = document.split_once("<!-- sections -->\n").unwrap();
    let after = rest.split_once("\n\nLeft out").unwrap().1;
    let rows: Vec<String> = SECTIONS
        .iter()
        .map(|section| format!("\n| `{}` | {} | {} |", section.name, section.cis, section.summary))
        .collect();
    let table = format!("\n| section | CIS | |\n|---|---|---|{}", rows.concat());
    expect_document("docs/layers.md", &format!("{before}<!-- sections -->\n{table}\n\nLeft out{after}"));
}

#[test]
fn no_two_builds_of_a_layer_share_a_name() {
    let template = Sandbox::generated(&example()).read("generated/packer/base/build.pkr.hcl");
    for setting in ["ami_name", "image_name", "instance_name"] {
        let values: Vec<&str> = template.lines().filter(|line| line.trim().starts_with(setting)).collect();
        let distinct: std::collections::BTreeSet<&&str> = values.iter().collect();
        // A machine of the finished image is described as well, and makes none.
        let each = if setting == "instance_name" { 2 } else { 4 };
        assert_eq!((values.len(), distinct.len()), (each, each), "{setting}: one for each architecture");
    }
}

#[test]
fn every_section_has_a_script_and_checks_and_nothing_else_is_there() {
    let names = |folder: &str, extension: &str| {
        let mut names: Vec<String> = std::fs::read_dir(repository().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(extension).unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let mut sections: Vec<&str> = SECTIONS.iter().map(|section| section.name).collect();
    sections.sort_unstable();
    assert_eq!(names("packer/scripts/hardening", ".sh"), sections);
    assert_eq!(names("goss/hardening", ".yaml"), sections);
}

#[test]
fn scripts_keep_the_rules() {
    for entry in walkdir::WalkDir::new(repository().join("packer")).into_iter().map(Result::unwrap) {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "sh") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(repository()).unwrap().display();
        let sourced = text.starts_with("# shellcheck shell=bash\n");
        let logs = path.ends_with("collect-logs.sh");
        assert!(sourced || logs || text.contains("\nset -euo pipefail\n"), "{name} goes on after an error");
        let is_command = name.to_string().starts_with("packer/runner/") && !sourced;
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o111 != 0, is_command, "{name}: what people run can be run, and nothing else");
        let most = if sourced { 200 } else { 100 };
        assert!(text.lines().count() <= most, "{name} has more than {most} lines");
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let fetches = line.contains("curl ") || line.contains("wget ");
            assert!(!(fetches && line.contains('|')), "{name} pipes from the network: {line}");
            assert!(
                !line.contains("apt-get ") || line.contains("DPkg::Lock::Timeout") || line.ends_with('\\'),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn a_change_is_told_with_its_reason() {
    let sandbox = Sandbox::new(&base());
    sandbox.copy_scripts();
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message=first"]);
    let since = |words: &str| sandbox.run(&["layers", "--since", "HEAD"]).expect(0).says(words).stdout;
    assert_eq!(since("").matches("unchanged").count(), 2);

    let script = "packer/scripts/hardening/sshd.sh";
    sandbox.write(script, &format!("{}\n# changed\n", sandbox.read(script)));
    assert!(since(&format!("changed: {script}")).contains("changed: parent"));
    sandbox.git(&["commit", "--quiet", "--all", "--message=second"]);

    sandbox.edit("nvidia: { branch: \"580\" }", "nvidia: { branch: \"590\" }");
    let shown = since("changed: nvidia");
    assert!(shown.lines().any(|line| line.starts_with("base") && line.ends_with("unchanged")), "{shown}");

    // A layer that is gone.
    sandbox.git(&["commit", "--quiet", "--all", "--message=now"]);
    let (before, rest) =
        sandbox.read("fleet.yaml").split_once("  gpu:\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    sandbox.write("fleet.yaml", &(before + &rest[rest.find("profiles:").unwrap()..]));
    assert!(since("  removed\n").contains("\ngpu "));
    let json = sandbox.run(&["layers", "--since", "HEAD", "--format", "json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["removed"][0]["layer"], "gpu");
    sandbox.run(&["layers", "--since", "nothing"]).expect(2).says("is not a revision");
    sandbox.run(&["layers", "--since", "--output=x"]).expect(2);

    sandbox.remove(script);
    sandbox.run(&["check"]).expect(3).says("error[script]");
}

/// What the rules say is removed is what the checks demand to be gone.
#[test]
fn removed_packages_are_checked_to_be_gone() {
    let read = |path: String| std::fs::read_to_string(repository().join(path)).unwrap();
    let mut count = 0;
    for section in fleetgen_fleet::catalog::hardening::SECTIONS {
        let checks = read(format!("goss/hardening/{}.yaml", section.name));
        let removed = fleetgen_fleet::catalog::hardening::removed(section.name);
        assert_eq!(removed.is_empty(), !checks.contains("{ installed: false }"), "{}", section.name);
        for package in removed {
            let is_checked = checks.contains(&format!("\"{package}\""))
                || checks.contains(&format!("  {package}: {{ installed: false }}"));
            assert!(is_checked, "{}: {package}", section.name);
            count += 1;
        }
    }
    assert!(count > 20);
}
