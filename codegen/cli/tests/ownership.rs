//! What `generate` may change, and what it may not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, base};

const WEB: &str = "generated/terraform/aws-tokyo/prod/web.tf";

/// Nothing is written, whatever is wrong with the tree.
#[track_caller]
fn refuses(sandbox: &Sandbox, words: &str) {
    let before = sandbox.files();
    sandbox.run(&["generate"]).expect(5).says(words).says("nothing was written");
    for command in ["check", "diff"] {
        sandbox.run(&[command]).expect(5).says(words);
    }
    assert_eq!(sandbox.files(), before);
}

#[test]
fn one_value_of_one_group_changes_its_file_alone() {
    let sandbox = Sandbox::generated(&base());
    let before = sandbox.files();
    sandbox.edit("machine: m7g.large", "machine: m7g.xlarge");
    sandbox.run(&["check"]).expect(4).says(WEB).says("1 of");
    sandbox.run(&["generate"]).expect(0).says("1 changed");
    let after = sandbox.files();
    let changed: Vec<_> =
        before.iter().zip(&after).filter(|(a, b)| a != b).map(|(_, (path, _))| path.as_str()).collect();
    assert_eq!(changed, ["generated/MANIFEST", WEB]);
}

#[test]
fn unchanged_files_are_not_touched() {
    let sandbox = Sandbox::generated(&base());
    let modified = || std::fs::metadata(sandbox.path(WEB)).unwrap().modified().unwrap();
    let before = modified();
    sandbox.run(&["generate"]).expect(0);
    assert_eq!(modified(), before);
}

#[test]
fn a_hand_edit_stops_all_writing() {
    let sandbox = Sandbox::generated(&base());
    sandbox.write(WEB, "mine");
    sandbox.edit("machine: m7g.large", "machine: m7g.xlarge");
    refuses(&sandbox, "was edited by hand");
}

#[test]
fn a_hand_edit_of_a_file_that_would_be_deleted_stops_too() {
    let sandbox = Sandbox::generated(&base());
    sandbox.write(WEB, "mine");
    sandbox.edit("  web:", "  other:");
    refuses(&sandbox, "was edited by hand");
}

#[test]
fn a_file_that_fleetgen_did_not_write_stays() {
    let sandbox = Sandbox::new(&base());
    sandbox.write(WEB, "mine");
    refuses(&sandbox, "fleetgen did not write it");
    assert_eq!(sandbox.read(WEB), "mine");
}

#[test]
fn files_of_other_programs_stay() {
    let sandbox = Sandbox::generated(&base());
    sandbox.write("generated/terraform/aws-tokyo/prod/.terraform.lock.hcl", "lock");
    sandbox.edit("network: aws-tokyo\n    machine: m7g.large", "network: gcp-tokyo\n    machine: n2-standard-2");
    sandbox.run(&["generate"]).expect(0);
    assert_eq!(sandbox.read("generated/terraform/aws-tokyo/prod/.terraform.lock.hcl"), "lock");
}

#[test]
fn files_and_empty_directories_of_a_removed_group_are_deleted() {
    let sandbox = Sandbox::generated(&base());
    sandbox.edit("network: aws-tokyo\n    machine: m7g.large", "network: gcp-tokyo\n    machine: n2-standard-2");
    sandbox.run(&["generate"]).expect(0).says("delete generated/terraform/aws-tokyo/prod/web.tf");
    assert!(!sandbox.path("generated/terraform/aws-tokyo/prod").exists());
    assert!(sandbox.path("generated/terraform/gcp-tokyo/prod/web.tf").exists());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    for link in ["generated", "generated/terraform", "generated/terraform/aws-tokyo/prod", WEB, "generated/MANIFEST"] {
        let sandbox = Sandbox::new(&base());
        std::fs::create_dir_all(sandbox.path(link).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(outside.path(), sandbox.path(link)).unwrap();
        sandbox.run(&["generate"]).expect(5).says("is a symbolic link");
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0, "{link}");
    }
}

#[test]
fn what_is_in_the_way_is_reported() {
    let sandbox = Sandbox::new(&base());
    std::fs::create_dir_all(sandbox.path(WEB)).unwrap();
    refuses(&sandbox, "is in the place of");
    let sandbox = Sandbox::new(&base());
    sandbox.write("generated/terraform", "a file");
    refuses(&sandbox, "generated/terraform is in the place of");
}

#[test]
fn a_damaged_manifest_is_reported() {
    for text in ["<<<<<<< HEAD\n", "00  ../fleet.yaml\n", &format!("{}  fleet.yaml\n", "0".repeat(64))] {
        let sandbox = Sandbox::generated(&base());
        sandbox.write("generated/MANIFEST", text);
        refuses(&sandbox, "line 1 of generated/MANIFEST cannot be read");
    }
}

#[test]
fn the_manifest_is_one_that_sha256sum_checks() {
    let sandbox = Sandbox::generated(&base());
    let output = std::process::Command::new("sha256sum")
        .current_dir(sandbox.path(""))
        .args(["--check", "--strict", "generated/MANIFEST"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_lost_manifest_is_written_again() {
    let sandbox = Sandbox::generated(&base());
    let before = sandbox.files();
    sandbox.remove("generated/MANIFEST");
    sandbox.run(&["check"]).expect(4).says("update generated/MANIFEST");
    sandbox.run(&["generate"]).expect(0);
    assert_eq!(sandbox.files(), before);
}

/// The program itself, killed by the system at some instant.
#[test]
fn a_program_killed_at_any_instant_is_followed_by_one_that_finishes() {
    let many = |machine: &str| {
        let groups = (0..200)
            .map(|number| format!("  group-{number}: {{ profile: plain, network: aws-tokyo, machine: {machine} }}\n"));
        base() + &groups.collect::<Vec<_>>().concat()
    };
    let wanted = Sandbox::generated(&many("m7g.xlarge")).files();
    let mut killed = 0;
    for step in 0..40 {
        let sandbox = Sandbox::generated(&many("m7g.large"));
        sandbox.write("fleet.yaml", &many("m7g.2xlarge"));
        let mut child = sandbox.spawn(&["generate", "--quiet"]);
        std::thread::sleep(std::time::Duration::from_millis(step * 5));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().code().is_none());
        sandbox.write("fleet.yaml", &many("m7g.xlarge"));
        sandbox.run(&["generate"]).expect(0);
        assert_eq!(sandbox.files(), wanted);
    }
    assert!(killed > 0, "no run was killed");
}

#[test]
fn files_that_only_look_like_ours_stay() {
    let sandbox = Sandbox::generated(&base());
    for path in [".fleetgen-notes.md", ".fleetgen-abcdef.tmp", "generated/.fleetgen-notes.md"] {
        sandbox.write(path, "mine");
    }
    sandbox.write("generated/.fleetgen-aB3dE9.tmp", "left over");
    sandbox.run(&["generate"]).expect(0);
    for path in [".fleetgen-notes.md", ".fleetgen-abcdef.tmp", "generated/.fleetgen-notes.md"] {
        assert_eq!(sandbox.read(path), "mine");
    }
    assert!(!sandbox.path("generated/.fleetgen-aB3dE9.tmp").exists());
}

#[test]
fn a_file_that_terraform_would_read_with_ours_is_reported() {
    let sandbox = Sandbox::generated(&base());
    sandbox.write("generated/terraform/aws-tokyo/prod/extra.tf", "");
    refuses(&sandbox, "extra.tf is among generated files, but fleetgen did not write it");
}

/// Owners of code are offered: whoever has a file of their own keeps it.
#[test]
fn code_owners_of_the_user_are_kept() {
    let sandbox = Sandbox::generated(&base());
    let path = ".github/CODEOWNERS";
    let ours = sandbox.read(path);
    assert!(ours.contains("/fleet.yaml  @example/platform\n"), "{ours}");
    sandbox.edit("owners: [\"@example/platform\"]", "owners: [\"@example/platform\", octo@example.com]");
    sandbox.run(&["generate"]).expect(0);
    assert!(sandbox.read(path).contains("/images/     @example/platform octo@example.com\n"));
    // Theirs, with a warning: edited, or there before, or where GitHub looks after ours.
    for theirs in [path, "docs/CODEOWNERS"] {
        sandbox.remove(path);
        sandbox.write(theirs, "* @example/everyone\n");
        sandbox.run(&["generate"]).expect(0).says(&format!("warning[conflict]: {theirs} is yours"));
        assert_eq!(sandbox.read(theirs), "* @example/everyone\n");
        sandbox.run(&["check"]).expect(0);
        sandbox.remove(theirs);
        assert!(!sandbox.path(path).exists(), "it comes back only with `generate`");
        sandbox.run(&["generate"]).expect(0);
        assert!(sandbox.path(path).exists());
    }
    sandbox.edit("octo@example.com", "the platform team");
    sandbox.run(&["check"]).expect(3).says("`the platform team` is not an owner");
}

/// A file of a layer becomes a directory, and a directory a file, while both are only ours.
#[test]
fn a_file_may_become_a_directory_and_back() {
    let sandbox = Sandbox::new(&base());
    let one = |path: &str| format!("    description: The base\n    files: {{ {path}: {{ content: x }} }}\n");
    let (file, below) = (one("/etc/edge/tls"), one("/etc/edge/tls/certs/edge.crt"));
    sandbox.edit("    description: The base\n", &file);
    sandbox.run(&["generate"]).expect(0);
    for (from, to) in [(&file, &below), (&below, &file)] {
        sandbox.edit(from, to);
        sandbox.run(&["diff", "--stat"]).expect(0);
        sandbox.run(&["generate"]).expect(0);
        sandbox.run(&["check"]).expect(0);
    }
    // The user's own file stays.
    sandbox.edit(&file, &below);
    sandbox.run(&["generate"]).expect(0);
    sandbox.write("generated/packer/base/files/etc/edge/tls/certs/notes", "mine");
    sandbox.edit(&below, &file);
    refuses(&sandbox, "is in the place of a generated file or directory");
    sandbox.remove("generated/packer/base/files/etc/edge/tls/certs/notes");
    sandbox.write("generated/packer/base/files/etc/edge/tls/certs/edge.crt", "edited");
    refuses(&sandbox, "was edited by hand");
}

/// Two at once would list each other's files as edited by hand.
#[test]
fn one_generate_writes_at_a_time() {
    let sandbox = Sandbox::generated(&base());
    let other = std::fs::File::open(sandbox.path("")).unwrap();
    other.try_lock().unwrap();
    sandbox.edit("max: 3", "max: 4");
    refuses_to_generate(&sandbox);
    drop(other);
    // Whoever loses changes nothing; whoever wins leaves a tree that is current.
    let runs: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| sandbox.run(&["generate"]))).collect();
        runs.into_iter().map(|run| run.join().unwrap().code).collect()
    });
    assert!(runs.contains(&0) && runs.iter().all(|code| [0, 5].contains(code)), "{runs:?}");
    sandbox.run(&["check"]).expect(0);
}

fn refuses_to_generate(sandbox: &Sandbox) {
    let before = sandbox.files();
    sandbox
        .run(&["generate"])
        .expect(5)
        .says("another `fleetgen generate` is writing here")
        .says("nothing was written");
    assert_eq!(sandbox.files(), before);
    // Reading goes on.
    sandbox.run(&["check"]).expect(4);
}
