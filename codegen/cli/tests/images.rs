//! `fleetgen images record`: what is written, and that nothing is where a build does not agree with the fleet.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use base64::Engine as _;
use common::{Run, Sandbox, expect_file, repository};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER_KEY: &str = "0123456789abcdef0123456789abcdef";

/// The repository's own fleet, with what builds of its layers left.
struct Builds {
    sandbox: Sandbox,
    keys: BTreeMap<String, String>,
}

impl Builds {
    fn new() -> Self {
        let own = std::fs::read_to_string(repository().join("fleet.yaml")).unwrap();
        let sandbox = Sandbox::new(&own);
        let layers: Value =
            serde_json::from_str(&sandbox.run(&["layers", "--format", "json"]).expect(0).stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let keys = layers["layers"].as_array().unwrap().iter().map(|layer| (text(&layer["name"]), text(&layer["key"])));
        Self { keys: keys.collect(), sandbox }
    }

    /// The manifest of a good build of `base`.
    fn manifest(&self, source: &str) -> Value {
        let (builder, architecture) = source.split_once('.').unwrap();
        let key = &self.keys["base"];
        let artifact = match builder {
            "amazon-ebs" => "ap-northeast-1:ami-0123456789abcdef0,us-west-2:ami-0123456789abcdef1".to_owned(),
            _ => format!("example-base-{architecture}-{}", &key[..12]),
        };
        json!({
            "builds": [{
                "name": architecture, "builder_type": builder, "files": null, "artifact_id": artifact,
                "packer_run_uuid": "1", "custom_data": {
                    "fleet": "example", "layer": "base", "key": key, "os": "ubuntu-24.04", "commit": COMMIT,
                },
            }],
            "last_run_uuid": "1",
        })
    }

    /// Leaves what a build leaves, and gives the path of the manifest.
    fn leave(&self, source: &str, manifest: &Value) -> String {
        let directory = format!(".fleetgen/base/reports/{source}");
        let path = format!("{directory}/manifest.json");
        let goss = json!({ "summary": { "failed-count": 0, "test-count": 7 } }).to_string();
        let files = [
            ("manifest", "manifest.json", manifest.to_string()),
            ("sbom", "sbom.cdx.json", "{}".to_owned()),
            ("trivy", "trivy.json", "{}".to_owned()),
            ("goss", "goss.json", goss),
            ("junit", "goss.xml", "<testsuite/>".to_owned()),
        ];
        let mut predicate = serde_json::Map::new();
        for (name, file, content) in files {
            predicate.insert(name.to_owned(), hex::encode(Sha256::digest(&content)).into());
            self.sandbox.write(&format!("{directory}/{file}"), &content);
        }
        let statement = json!({ "predicate": predicate }).to_string();
        let payload = base64::engine::general_purpose::STANDARD.encode(statement);
        let bundle = json!({ "dsseEnvelope": { "payload": payload } }).to_string();
        self.sandbox.write(&format!("{directory}/attestation.sigstore.json"), &bundle);
        path
    }

    fn record(&self, manifests: &[&str]) -> Run {
        self.sandbox.run(&[&["images", "record"], manifests].concat())
    }
}

#[test]
fn a_build_is_recorded_once() {
    let builds = Builds::new();
    let sources = ["amazon-ebs.arm64", "amazon-ebs.amd64", "googlecompute.amd64"];
    let manifests: Vec<String> = sources.iter().map(|source| builds.leave(source, &builds.manifest(source))).collect();
    let manifests: Vec<&str> = manifests.iter().map(String::as_str).collect();
    let first = builds.record(&manifests[..1]).expect(0);
    assert!(first.stdout.starts_with("recorded base "), "{}", first.stdout);
    expect_record(&builds.sandbox.read("images/base.yaml"), &builds.keys["base"]);
    let all = builds.record(&manifests).expect(0);
    assert_eq!(all.stdout.matches("recorded").count(), 2, "{}", all.stdout);
    let record = builds.sandbox.read("images/base.yaml");
    let again = builds.record(&manifests).expect(0);
    assert_eq!(again.stdout.matches("known").count(), 3, "{}", again.stdout);
    assert_eq!(builds.sandbox.read("images/base.yaml"), record);

    // The state, and everything else that a person reviewed, stays.
    let approved = record.replacen("state: candidate", "state:\n    approved:\n    - stg", 1);
    assert_ne!(approved, record);
    builds.sandbox.write("images/base.yaml", &approved);
    builds.record(&manifests).expect(0);
    assert_eq!(builds.sandbox.read("images/base.yaml"), approved);
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
    expect_file("docs/layers.md", &format!("{before}<!-- a record -->\n```yaml\n{shown}{after}"));
}

#[test]
fn a_manifest_that_does_not_agree_is_refused() {
    let builds = Builds::new();
    let source = "amazon-ebs.amd64";
    let custom = |name: &str, value: &str| {
        let mut manifest = builds.manifest(source);
        manifest["builds"][0]["custom_data"][name] = value.into();
        manifest
    };
    let entry = |name: &str, value: &str| {
        let mut manifest = builds.manifest(source);
        manifest["builds"][0][name] = value.into();
        manifest
    };
    let mut failed = builds.manifest(source);
    failed["last_run_uuid"] = "2".into();
    let two = {
        let mut manifest = builds.manifest(source);
        let build = manifest["builds"][0].clone();
        manifest["builds"].as_array_mut().unwrap().push(build);
        manifest
    };
    for (manifest, words) in [
        (custom("fleet", "other"), "it is of the fleet \"other\", and this is \"example\""),
        (custom("layer", "bas"), "there is no layer \"bas\" in fleet.yaml"),
        (custom("key", OTHER_KEY), "its key is stale"),
        (custom("os", "debian-12"), "its os is \"debian-12\""),
        (custom("parent", OTHER_KEY), "its parent is"),
        (custom("commit", "HEAD"), "`HEAD` is not a commit"),
        (entry("builder_type", "docker"), "it is of the source docker.amd64"),
        (entry("name", "riscv64"), "on which base is not built"),
        (entry("artifact_id", "ap-northeast-1:ami-0123456789abcdef0"), "it is partial: there is no image in us-west-2"),
        (entry("artifact_id", ""), "it is partial"),
        (entry("artifact_id", "ap-northeast-1:ami-xyz"), "is no AMI in a region"),
        (
            entry(
                "artifact_id",
                "eu-west-1:ami-0123456789abcdef0,us-west-2:ami-0123456789abcdef0,ap-northeast-1:ami-0123456789abcdef0",
            ),
            "no group needs the image in eu-west-1",
        ),
        (failed, "the build failed"),
        (two, "of more than one source"),
        (json!({ "builds": null, "last_run_uuid": "1" }), "the build failed"),
        (json!([]), "it is no manifest of Packer"),
    ] {
        let path = builds.leave(source, &manifest);
        let run = builds.record(&[&path]).expect(6);
        assert!(run.stderr.contains(words), "{words:?} is not in {}", run.stderr);
        assert!(run.stderr.contains("help: ") && run.stderr.ends_with("nothing was written\n"), "{}", run.stderr);
        assert!(!builds.sandbox.path("images").exists(), "{words}: something was written");
    }
}

#[test]
fn reports_that_are_not_of_the_build_are_refused() {
    let builds = Builds::new();
    let source = "amazon-ebs.amd64";
    let directory = format!(".fleetgen/base/reports/{source}");
    let goss = json!({ "summary": { "failed-count": 1, "test-count": 7 } }).to_string();
    for (file, content, words) in [
        ("goss.json", goss.as_str(), "the build failed: 1 of 7 checks of Goss did"),
        ("goss.json", "[]", "goss.json is no report of Goss"),
        ("sbom.cdx.json", "{ }", "sbom.cdx.json is not the one that the build signed"),
        ("trivy.json", "", "trivy.json are not there"),
        ("attestation.sigstore.json", "{}", "attestation.sigstore.json is no attestation"),
        ("manifest.json", "", "it is no manifest of Packer"),
    ] {
        let path = builds.leave(source, &builds.manifest(source));
        builds.sandbox.write(&format!("{directory}/{file}"), content);
        let run = builds.record(&[&path]).expect(6);
        assert!(run.stderr.contains(words), "{words:?} is not in {}", run.stderr);
        assert!(!builds.sandbox.path("images").exists(), "{words}: something was written");
    }
}

#[test]
fn one_bad_manifest_keeps_all_from_being_written() {
    let builds = Builds::new();
    let good = builds.leave("amazon-ebs.amd64", &builds.manifest("amazon-ebs.amd64"));
    let mut other = builds.manifest("googlecompute.amd64");
    other["builds"][0]["artifact_id"] = "other".into();
    let bad = builds.leave("googlecompute.amd64", &other);
    let run = builds.record(&[&good, &bad, "missing.json"]).expect(6);
    assert!(run.stderr.contains("its image is called \"other\""), "{}", run.stderr);
    assert!(run.stderr.contains("missing.json: it cannot be read"), "{}", run.stderr);
    assert!(!builds.sandbox.path("images").exists());
}

#[test]
fn nothing_that_stands_in_a_record_is_lost() {
    let builds = Builds::new();
    let source = "amazon-ebs.amd64";
    let path = builds.leave(source, &builds.manifest(source));
    builds.record(&[&path]).expect(0);
    let record = builds.sandbox.read("images/base.yaml");

    let mut rebuilt = builds.manifest(source);
    rebuilt["builds"][0]["artifact_id"] = "ap-northeast-1:ami-0123456789abcdef2,us-west-2:ami-0123456789abcdef3".into();
    builds.leave(source, &rebuilt);
    let run = builds.record(&[&path]).expect(6);
    assert!(run.stderr.contains("has another image of this key on aws amd64: ami-0123456789abcdef0"), "{}", run.stderr);
    assert_eq!(builds.sandbox.read("images/base.yaml"), record);

    builds.leave(source, &builds.manifest(source));
    for (edited, words) in [
        (format!("{record}# why\n"), "was edited by hand"),
        (record.replacen("layer: base", "layer: web", 1), "is of the layer web"),
        (format!("{record}more: 1\n"), "cannot be read"),
    ] {
        builds.sandbox.write("images/base.yaml", &edited);
        let run = builds.record(&[&path]).expect(6);
        assert!(run.stderr.contains(words), "{words:?} is not in {}", run.stderr);
        assert_eq!(builds.sandbox.read("images/base.yaml"), edited);
    }

    builds.sandbox.write("elsewhere.yaml", &record);
    builds.sandbox.remove("images/base.yaml");
    std::os::unix::fs::symlink(builds.sandbox.path("elsewhere.yaml"), builds.sandbox.path("images/base.yaml")).unwrap();
    let run = builds.record(&[&path]).expect(6);
    assert!(run.stderr.contains("is a link, which is not followed"), "{}", run.stderr);
}
