//! `fleetgen images record`: what is written, and that nothing is where a build does not agree with the fleet.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod builds;
mod common;

use builds::{Builds, COMMIT, SOURCE};
use common::{Run, Sandbox, TWO_CLOUDS, expect_document, merged, repository};
use serde_json::{Value, json};

const OTHER_KEY: &str = "0123456789abcdef0123456789abcdef";

impl Builds {
    fn record(&self, manifests: &[&str]) -> Run {
        self.sandbox.run(&[&["images", "record"], manifests].concat())
    }

    /// The manifests are refused with these words and a hint, and nothing is written.
    fn refuses(&self, manifests: &[&str], words: &str) {
        let before = std::fs::read_to_string(self.sandbox.path("images/base.yaml")).ok();
        let run = self.record(manifests).expect(6);
        assert!(run.stderr.contains(words), "{words:?} is not in {}", run.stderr);
        assert!(run.stderr.contains("help: ") && run.stderr.ends_with("nothing was written\n"), "{}", run.stderr);
        let after = std::fs::read_to_string(self.sandbox.path("images/base.yaml")).ok();
        assert_eq!(before, after, "{words}: something was written");
        assert!(after.is_some() || !self.sandbox.path("images").exists(), "{words}: something was written");
    }
}

#[test]
fn a_build_is_recorded_once() {
    let builds = Builds::new();
    let sources = ["amazon-ebs.arm64", "amazon-ebs.amd64", "googlecompute.amd64"];
    let manifests: Vec<String> = sources.iter().map(|source| builds.good("base", source)).collect();
    let manifests: Vec<&str> = manifests.iter().map(String::as_str).collect();
    let first = builds.record(&manifests[..1]).expect(0);
    assert!(first.stdout.starts_with("recorded  base "), "{}", first.stdout);
    assert!(first.stderr.contains("there is no image of base aws amd64 yet"), "{}", first.stderr);
    expect_record(&builds.sandbox.read("images/base.yaml"), &builds.key("base"));
    let all = builds.record(&manifests).expect(0);
    assert_eq!(all.stdout.matches("recorded").count(), 2, "{}", all.stdout);
    let record = builds.sandbox.read("images/base.yaml");
    let again = builds.record(&manifests).expect(0);
    assert_eq!(again.stdout.matches("unchanged").count(), 3, "{}", again.stdout);
    assert_eq!(builds.sandbox.read("images/base.yaml"), record);

    // The promotions, and everything else that a person reviewed, stay.
    let approved = promoted(&record);
    builds.sandbox.write("images/base.yaml", &approved);
    builds.record(&manifests).expect(0);
    assert_eq!(builds.sandbox.read("images/base.yaml"), approved);
}

/// The record with its first image promoted.
fn promoted(record: &str) -> String {
    let promotion =
        "  promotions:\n  - environment: stg\n    by: octocat\n    at: \"2026-11-01T00:00:00Z\"\n  builds:\n";
    record.replacen("  builds:\n", promotion, 1)
}

#[test]
fn layers_are_recorded_together_and_from_anywhere() {
    let builds = Builds::new();
    let (base, web) = (builds.good("base", SOURCE), builds.good("web", SOURCE));
    let directory = builds.sandbox.path("");
    let run = Sandbox::new("").run(&["-C", directory.to_str().unwrap(), "images", "record", &base, &web]).expect(0);
    assert_eq!(run.stdout.matches("recorded").count(), 2, "{}", run.stdout);
    let parent = format!("parent: {}", builds.key("base"));
    assert!(builds.sandbox.read("images/web.yaml").contains(&parent));
    assert!(!builds.sandbox.read("images/base.yaml").contains("parent"));

    let json = builds.sandbox.run(&["--format", "json", "images", "record", &base]).expect(0);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["images"][0]["recorded"], &json["images"][0]["layer"]), (&json!(false), &json!("base")));
    let github = builds.sandbox.run(&["--format", "github", "images", "record", "missing.json"]).expect(6);
    assert!(
        github.stderr.starts_with("::error file=missing.json,title=manifest::the manifest cannot be read"),
        "{}",
        github.stderr
    );
}

#[test]
fn many_at_once_lose_nothing() {
    let builds = Builds::new();
    let sources = ["amazon-ebs.arm64", "amazon-ebs.amd64", "googlecompute.amd64", "googlecompute.arm64"];
    let manifests: Vec<String> = sources.iter().map(|source| builds.good("base", source)).collect();
    std::thread::scope(|scope| {
        for manifest in &manifests {
            scope.spawn(|| builds.record(&[manifest]).expect(0));
        }
    });
    let manifests: Vec<&str> = manifests.iter().map(String::as_str).collect();
    let run = builds.record(&manifests).expect(0);
    assert_eq!(run.stdout.matches("unchanged").count(), 4, "{}", run.stdout);
}

/// docs/layers.md shows a record: this one, with words where keys and digests change with every script.
fn expect_record(record: &str, key: &str) {
    let document = std::fs::read_to_string(repository().join("docs/layers.md")).unwrap();
    let (before, rest) = document.split_once("<!-- a record -->\n```yaml\n").unwrap();
    let after = &rest[rest.find("```").unwrap()..];
    let shown = record.replace(key, OTHER_KEY).replace(&key[..12], &OTHER_KEY[..12]);
    let digest = |line: &str| line.rsplit(' ').next().is_some_and(|word| word.len() == 64);
    let cut = |line: &str| format!("{}<SHA-256>", &line[..line.len() - 64]);
    let shown: String = shown
        .lines()
        .flat_map(|line| [if digest(line) { cut(line) } else { line.to_owned() }, "\n".to_owned()])
        .collect();
    expect_document("docs/layers.md", &format!("{before}<!-- a record -->\n```yaml\n{shown}{after}"));
}

#[test]
fn a_manifest_that_does_not_agree_is_refused() {
    let builds = Builds::new();
    let change = |path: &str, value: Value| {
        let mut manifest = builds.manifest("base", SOURCE);
        *manifest.pointer_mut(path).unwrap() = value;
        manifest
    };
    let custom = |name: &str, value: &str| {
        let mut manifest = builds.manifest("base", SOURCE);
        manifest["builds"][0]["custom_data"][name] = value.into();
        manifest
    };
    let artifact = |ids: &str| change("/builds/0/artifact_id", ids.into());
    let good = builds.manifest("base", SOURCE)["builds"][0].clone();
    let (tokyo, oregon) = ("ap-northeast-1:ami-0123456789abcdef0", "us-west-2:ami-0123456789abcdef1");
    for (manifest, words) in [
        (custom("fleet", "other"), "the manifest belongs to the fleet `other`; this is `example`"),
        (custom("layer", "bas"), "there is no layer `bas` in fleet.yaml"),
        (custom("key", OTHER_KEY), "the key in the manifest is stale"),
        (custom("os", "debian-12"), "the os in the manifest is `debian-12`; fleet.yaml says `ubuntu-24-04`"),
        (custom("parent", OTHER_KEY), "the parent in the manifest is"),
        (custom("commit", "HEAD"), "`HEAD` is not a commit"),
        (custom("account", "999999999999"), "the account in the manifest is `999999999999`"),
        (custom("team", "other"), "the team in the manifest is `other`; fleet.yaml says `platform`"),
        (custom("architecture", "arm64"), "the architecture in the manifest is `arm64`"),
        (change("/builds/0/custom_data", Value::Null), "no fleetgen template wrote it"),
        (change("/builds/0/builder_type", "docker".into()), "the manifest is from the source `docker.amd64`"),
        (change("/builds/0/name", "x\n::y".into()), "the manifest is from the source `amazon-ebs.x ::y`"),
        (artifact(tokyo), "the build is incomplete: there is no image in us-west-2"),
        (artifact(""), "the build is incomplete"),
        (artifact("ap-northeast-1:ami-xyz"), "is not an AMI in a region"),
        (artifact(&format!("{tokyo},,{oregon}")), "is not an AMI in a region"),
        (
            artifact(&format!("{tokyo},ap-northeast-1:ami-0123456789abcdef2,{oregon}")),
            "a region or an image appears twice",
        ),
        (
            artifact(&format!("{tokyo},{}", tokyo.replace("ap-northeast-1", "us-west-2"))),
            "a region or an image appears twice",
        ),
        (
            artifact(&format!("eu-west-1:ami-0123456789abcdef2,{tokyo},{oregon}")),
            "no group needs the image in eu-west-1",
        ),
        (change("/last_run_uuid", "2".into()), "built no image: it failed"),
        (change("/builds", json!([good, good])), "built more than one source"),
        (json!({ "builds": null, "last_run_uuid": "1" }), "built no image: it failed"),
        (json!([]), "this is not a Packer manifest"),
    ] {
        builds.refuses(&[&builds.leave("base", SOURCE, &manifest)], words);
    }
    // Packer keeps what earlier runs said.
    let mut before = good.clone();
    before["packer_run_uuid"] = "0".into();
    builds.record(&[&builds.leave("base", SOURCE, &change("/builds", json!([before, good])))]).expect(0);
}

#[test]
fn reports_that_are_not_of_the_build_are_refused() {
    let builds = Builds::new();
    let manifest = builds.manifest("base", SOURCE);
    for (file, content, words) in [
        ("goss.json", "[]", "goss.json is not a Goss report"),
        ("sbom.cdx.json", "{}", "sbom.cdx.json is not a CycloneDX SBOM"),
        ("sbom.cdx.json", "{ \"bomFormat\": \"CycloneDX\" }", "the sbom report is not the one that the build signed"),
        ("trivy.json", "{}", "trivy.json is not a Trivy report"),
        ("goss.xml", "", "goss.xml is empty"),
        ("attestation.sigstore.json", "{}", "attestation.sigstore.json is not the attestation"),
        ("manifest.json", "", "this is not a Packer manifest"),
    ] {
        let path = builds.good("base", SOURCE);
        builds.sandbox.write(&format!(".fleetgen/base/reports/{SOURCE}/{file}"), content);
        builds.refuses(&[&path], words);
    }
    for (file, words) in [
        ("goss.json", "the build did not finish"),
        ("boot.json", "no machine was started from the image"),
        ("attestation.sigstore.json", "attest.sh LAYER"),
    ] {
        let path = builds.good("base", SOURCE);
        builds.sandbox.remove(&format!(".fleetgen/base/reports/{SOURCE}/{file}"));
        builds.refuses(&[&path], words);
    }
    // `boot` takes the first image for that of the build's region.
    let mut elsewhere = manifest.clone();
    elsewhere["builds"][0]["artifact_id"] =
        "us-west-2:ami-0123456789abcde12,ap-northeast-1:ami-0123456789abcde02".into();
    let path = builds.leave("base", SOURCE, &elsewhere);
    builds.refuses(&[&path], "boot.json is about the image `ami-0123456789abcde12`, not `ami-0123456789abcde02`");
    let goss =
        |failed, skipped| json!({ "summary": { "failed-count": failed, "skipped-count": skipped, "test-count": 7 } });
    let subject = json!({ "subject": [{ "digest": { "sha256": "0".repeat(64) } }] });
    for (goss, signed, words) in [
        (goss(1, 0), json!({}), "the build failed: 1 of 7 Goss checks did"),
        (goss(0, 7), json!({}), "Goss checked nothing"),
        (goss(0, 0), subject, "attestation.sigstore.json belongs to another manifest"),
        (goss(0, 0), json!({ "predicateType": "https://example.com/other" }), "is not the attestation of a build"),
    ] {
        builds.refuses(&[&builds.leave_with("base", SOURCE, &manifest, &goss, &signed)], words);
    }
}

#[test]
fn one_bad_manifest_keeps_all_from_being_written() {
    let builds = Builds::new();
    let good = builds.good("base", SOURCE);
    let mut other = builds.manifest("base", "googlecompute.amd64");
    other["builds"][0]["artifact_id"] = "other".into();
    let bad = builds.leave("base", "googlecompute.amd64", &other);
    builds.refuses(&[&good, &bad, "missing.json"], "the image is named `other`");
    builds.refuses(
        &[&good, "missing.json"],
        "the manifest cannot be read: failed to query resolved metadata `./missing.json`",
    );
}

#[test]
fn what_was_recorded_and_judged_stays() {
    let builds = Builds::new();
    let path = builds.good("base", SOURCE);
    builds.record(&[&path]).expect(0);

    let ids = "ap-northeast-1:ami-0123456789abcdef2,us-west-2:ami-0123456789abcdef3";
    let mut manifest = builds.manifest("base", SOURCE);
    manifest["builds"][0]["artifact_id"] = ids.into();
    builds.leave("base", SOURCE, &manifest);
    builds.refuses(&[&path], "has another aws amd64 image of this key: ami-0123456789abcde02");

    let mut manifest = builds.manifest("base", SOURCE);
    manifest["builds"][0]["custom_data"]["commit"] = COMMIT.replace('0', "f").into();
    builds.leave("base", SOURCE, &manifest);
    builds.refuses(&[&path], "with another commit or other reports");

    let mut arm = builds.manifest("base", "amazon-ebs.arm64");
    arm["builds"][0]["artifact_id"] = builds.manifest("base", SOURCE)["builds"][0]["artifact_id"].clone();
    let arm = builds.leave("base", "amazon-ebs.arm64", &arm);
    builds.refuses(&[&arm], "already has ami-0123456789abcde02");

    // An image that is signed again is the same image.
    let statement = json!({ "_type": "https://in-toto.io/Statement/v0.1" });
    let goss = json!({ "summary": { "failed-count": 0, "skipped-count": 2, "test-count": 7 } });
    builds.leave_with("base", SOURCE, &builds.manifest("base", SOURCE), &goss, &statement);
    let run = builds.record(&[&path]).expect(0);
    assert!(run.stdout.starts_with("recorded"), "{}", run.stdout);

    builds.sandbox.write("images/base.yaml", &promoted(&builds.sandbox.read("images/base.yaml")));
    builds.refuses(&[&builds.good("base", "googlecompute.amd64")], "promoted or revoked, without this image");
}

#[test]
fn a_record_that_would_lose_something_is_refused() {
    let builds = Builds::new();
    let path = builds.good("base", SOURCE);
    builds.record(&[&path]).expect(0);
    let record = builds.sandbox.read("images/base.yaml");
    let entry = record.split_once("images:\n").unwrap().1;
    for (edited, words) in [
        (format!("{record}# why\n"), "was edited by hand"),
        (record.replacen("layer: base", "layer: web", 1), "is the record of the layer `web`"),
        (format!("{record}more: 1\n"), "cannot be read"),
        (format!("{record}{entry}"), "has a key twice"),
        (record.replacen("ami-0123456789abcde02", "$(reboot)", 1), "is not the id of an image"),
        (record.replacen("os: ubuntu-24.04", "os: debian-12", 1), "another parent or operating system"),
    ] {
        assert_ne!(edited, record, "{words}");
        builds.sandbox.write("images/base.yaml", &edited);
        builds.refuses(&[&path], words);
    }
    builds.sandbox.write("images/base.yaml", &record.replace('\n', "\r\n"));
    builds.record(&[&path]).expect(0);
    assert_eq!(builds.sandbox.read("images/base.yaml"), record, "line ends are those of the repository");

    builds.sandbox.write("elsewhere.yaml", &record);
    builds.sandbox.remove("images/base.yaml");
    std::os::unix::fs::symlink(builds.sandbox.path("elsewhere.yaml"), builds.sandbox.path("images/base.yaml")).unwrap();
    builds.refuses(&[&path], "is a symbolic link");
}

/// Parents come first, nothing is built twice, and what is recorded is not built again.
#[test]
fn a_build_plan_has_what_is_missing() {
    let deep = Sandbox::new(&merged(TWO_CLOUDS));
    let builds = Builds::of(include_str!("../../loopback/tests/fleet.yaml"));
    let plan = |sandbox: &Sandbox, words: &[&str]| -> Vec<Vec<(String, Vec<String>, bool)>> {
        let said = sandbox.run(&[&["build-plan", "--format", "json"], words].concat()).expect(0).stdout;
        let said: Value = serde_json::from_str(&said).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let build = |it: &Value| {
            let sources = it["sources"].as_array().unwrap().iter().map(text).collect();
            (text(&it["layer"]), sources, it["replaces"] == true)
        };
        said["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| stage.as_array().unwrap().iter().map(build).collect())
            .collect()
    };
    let names = |stages: &[Vec<(String, Vec<String>, bool)>]| -> Vec<Vec<String>> {
        stages.iter().map(|stage| stage.iter().map(|(layer, ..)| layer.clone()).collect()).collect()
    };
    assert_eq!(names(&plan(&deep, &[])), [vec!["base"], vec!["gpu"]]);
    assert_eq!(names(&plan(&deep, &["--layer", "base"])), [vec!["base"], vec![]]);
    let manifests = [builds.good("base", "amazon-ebs.amd64"), builds.good("base", "googlecompute.arm64")];
    builds.sandbox.run(&["images", "record", &manifests[0], &manifests[1]]).expect(0);
    let rest = plan(&builds.sandbox, &[]);
    assert_eq!(
        rest[0],
        [("base".to_owned(), vec!["amazon-ebs.arm64".to_owned(), "googlecompute.amd64".to_owned()], false)]
    );
    let again = plan(&builds.sandbox, &["--all"]);
    assert_eq!(again[0][0].1.len(), 4);
    assert!(again[0][0].2, "what is recorded is replaced");
    deep.run(&["build-plan", "--layer", "bsae"]).expect(2).says("`base`");
}

/// The script of the workflow commits what was built to a branch, and opens a pull request; a second time, it updates that.
#[test]
fn a_workflow_records_in_a_pull_request() {
    let builds = Builds::of(include_str!("../../loopback/tests/fleet.yaml"));
    let sandbox = &builds.sandbox;
    for part in [".github/scripts", ".gitignore"] {
        let to = sandbox.path(part);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let copied = std::process::Command::new("cp").arg("-r").arg(repository().join(part)).arg(to).status();
        assert!(copied.unwrap().success());
    }
    sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
    sandbox.git(&["init", "--quiet", "--bare", "remote"]);
    sandbox.write(".git/info/exclude", "/bin\n/remote\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message=first"]);
    builds.good("base", SOURCE);
    std::fs::create_dir_all(sandbox.path(".fleetgen/built/reports-base")).unwrap();
    let (from, to) = (sandbox.path(".fleetgen/base/reports"), sandbox.path(".fleetgen/built/reports-base/base"));
    std::fs::rename(from, to).unwrap();
    // GitHub's program, and fleetgen as the workflow finds it.
    sandbox.write("bin/gh", "#!/bin/bash\necho \"$*\" >>gh.log\ncase \"$2\" in list) [ -e opened ] && echo 1 || echo 0 ;; create) touch opened ;; esac\n");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_fleetgen"), sandbox.path("bin/fleetgen")).unwrap();
    let executable = std::process::Command::new("chmod").arg("+x").arg(sandbox.path("bin/gh")).status();
    assert!(executable.unwrap().success());
    let record = || {
        let mut script = std::process::Command::new("bash");
        script.arg(".github/scripts/record.sh").current_dir(sandbox.path(""));
        let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
        let remote = format!("url.{}.insteadOf", sandbox.path("remote").display());
        script.env("PATH", path).env("GH_TOKEN", "token").env("REPOSITORY", "example/fleet").env("GITHUB_RUN_ID", "1");
        script
            .env("REASON", "$(touch pwned) `x`\n\n# a title\n@example/team")
            .env("RUN", "https://github.com/example/fleet/actions/runs/1");
        script.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", remote);
        script.env("GIT_CONFIG_VALUE_0", "https://x-access-token:token@github.com/example/fleet.git");
        let done = script.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    record();
    sandbox.git(&["--git-dir=remote", "show", "fleet/images-1:images/base.yaml"]);
    let asked = sandbox.read("gh.log");
    assert!(asked.contains("pr create --repo example/fleet --head fleet/images-1 --base main"), "{asked}");
    let body = sandbox.read(".fleetgen/body.md");
    assert!(body.contains("\n    $(touch pwned) `x`\n    \n    # a title\n    @example/team\n"), "{body}");
    assert!(!sandbox.path("pwned").exists());
    // From the start again, with the pull request open.
    sandbox.git(&["checkout", "--quiet", "main"]);
    record();
    assert!(sandbox.read("gh.log").contains("pr edit fleet/images-1"));
    sandbox.git(&["checkout", "--quiet", "fleet/images-1"]);
    assert!(record().contains("nothing has changed"));
}
