//! `fleetgen images promote`, `revoke`, `list`, `find` and `prune`, and what a plan shows of images.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Sandbox, expect_snapshot, merged, show_in};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Two layers, one built on the other, with a group in each environment.
const FLEET: &str = "\
environments:
  - { name: stg, approval: none, soak: 2h }
  - { name: prod, approval: owners }
layers:
  base:
    description: The base
    os: ubuntu-24.04
    architectures: [arm64]
    updates_until: \"2026-11-01\"
    source:
      aws_owner: \"099720109477\"
      aws: { arm64: ubuntu-arm64 }
      gcp_project: ubuntu-os-cloud
      gcp: { arm64: ubuntu-arm64 }
  app: { description: The application, parent: base, architectures: [arm64] }
groups:
  app-stg: { profile: plain, layer: app, network: aws-tokyo, machine: m7g.large, environment: stg }
  app-prod: { profile: plain, layer: app, network: aws-tokyo, machine: m7g.large, size: { min: 3 } }
";

/// The keys of two images of each layer.
const BASE: [&str; 2] = ["b0000000000000000000000000000000", "b1111111111111111111111111111111"];
const APP: [&str; 2] = ["a0000000000000000000000000000000", "a1111111111111111111111111111111"];

fn promotion(environment: &str, at: &str) -> Value {
    json!({ "environment": environment, "by": "octocat", "at": at })
}

/// An image with reports: `openssl` comes with the base, `web` with the application.
fn image(sandbox: &Sandbox, key: &str, parent: Option<&str>, openssl: &str, promotions: &Value) -> Value {
    let package = |name: &str, version: &str| json!({ "name": name, "version": version, "purl": format!("pkg:deb/ubuntu/{name}@{version}") });
    let mut components =
        vec![package("openssl", openssl), json!({ "name": "ubuntu", "version": "24.04", "type": "operating-system" })];
    components.extend(parent.map(|_| package("web", "1.0")));
    components.extend(parent.map(|_| package("ev\u{202e}il", "1.0")));
    let cve = json!({ "VulnerabilityID": "CVE-2026-12345", "PkgName": "openssl", "InstalledVersion": openssl, "FixedVersion": "3.2", "Severity": "HIGH" });
    let found = if openssl == "3.1" { json!([cve]) } else { json!(null) };
    let keep = |report: &Value| {
        let text = report.to_string();
        let digest = hex::encode(Sha256::digest(&text));
        sandbox.write(&format!(".fleetgen/reports/{digest}.json"), &text);
        digest
    };
    let sbom = keep(&json!({ "bomFormat": "CycloneDX", "components": components }));
    let trivy = keep(&json!({ "SchemaVersion": 2, "Results": [{ "Vulnerabilities": found }, { "Target": "none" }] }));
    let build = json!({
        "ids": { "ap-northeast-1": format!("ami-0000000{}", &key[..10]) }, "commit": "c".repeat(40),
        "digests": { "sbom": sbom, "trivy": trivy },
    });
    let mut image =
        json!({ "key": key, "os": "ubuntu-24.04", "promotions": promotions, "builds": { "aws": { "arm64": build } } });
    if let Some(parent) = parent {
        image["parent"] = parent.into();
    }
    image
}

fn write(sandbox: &Sandbox, layer: &str, images: &[Value]) {
    let record = json!({ "layer": layer, "images": images });
    let record: fleetgen_images::Images = serde_json::from_value(record).unwrap();
    sandbox.write(&format!("images/{layer}.yaml"), &record.render().unwrap());
}

/// The older images run everywhere; the newer ones are candidates.
fn recorded() -> Sandbox {
    let sandbox = Sandbox::new(&merged(FLEET));
    let everywhere = json!([promotion("stg", "2026-10-01T00:00:00Z"), promotion("prod", "2026-10-02T00:00:00Z")]);
    let images = |keys: [&str; 2], parents: [Option<&str>; 2]| {
        [
            image(&sandbox, keys[0], parents[0], "3.1", &everywhere),
            image(&sandbox, keys[1], parents[1], "3.2", &json!([])),
        ]
    };
    let (base, app) = (images(BASE, [None, None]), images(APP, [Some(BASE[0]), Some(BASE[1])]));
    write(&sandbox, "base", &base);
    write(&sandbox, "app", &app);
    sandbox
}

/// A pull request that records an image says which packages and vulnerabilities it changes, if both SBOMs are here.
#[test]
fn a_recorded_image_is_explained() {
    let sandbox = recorded();
    let newer = sandbox.read("images/app.yaml");
    sandbox.run(&["generate"]).expect(0);
    write(&sandbox, "app", &[image(&sandbox, APP[0], Some(BASE[0]), "3.1", &json!([]))]);
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message=first"]);
    sandbox.write("images/app.yaml", &newer);
    let affected = |words: &[&str]| sandbox.run(&[&["affected", "--since", "HEAD"], words].concat()).expect(0);
    insta::with_settings!({ snapshot_path => "affected", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("recorded", affected(&["--markdown"]).stdout);
    });
    show_in("docs/workflows.md", "a recorded image", "markdown", &affected(&["--markdown"]).stdout);
    affected(&["--html"]).says("CVE-2026-12345 (high, openssl)");
    affected(&[]).says("openssl 3.1 → 3.2");
    let json: Value = serde_json::from_str(&affected(&["--format", "json"]).stdout).unwrap();
    assert_eq!(json["affected"]["recorded"][0]["reports"].as_array().unwrap().len(), 4);
    sandbox.remove_all(".fleetgen/reports");
    affected(&["--markdown"]).says("an SBOM is missing");
}

/// Two hours later: the record says that the newer image was promoted to stg before its soak.
fn soaked(sandbox: &Sandbox) {
    let record = sandbox.read("images/app.yaml");
    sandbox.write("images/app.yaml", &record.replace("2026-11-02T", "2026-11-01T"));
}

#[test]
fn status_says_what_groups_run_and_should_run() {
    let sandbox = recorded();
    let status = |words: &str| sandbox.run(&["status", "--simulator"]).expect(0).says(words);
    status("2 groups: 2 current\n");
    sandbox.run(&["images", "promote", "a1", "--to", "stg"]).expect(0);
    status("2 groups: 1 behind, 1 current\n");
    let json = sandbox.run(&["status", "--simulator", "--environment", "stg", "--format", "json"]).expect(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let group = &json["groups"][0];
    assert_eq!(json["groups"].as_array().unwrap().len(), 1);
    assert_eq!((&group["state"], &group["key"], &group["wanted"]), (&json!("behind"), &json!(APP[0]), &json!(APP[1])));
    sandbox.run(&["images", "revoke", "a0", "--reason", "a hole"]).expect(0);
    status("2 groups: 2 REVOKED\n").says("a hole");
    // What runs may run there no more, and nothing else may.
    let images = [image(&sandbox, APP[0], Some(BASE[0]), "3.1", &json!([]))];
    write(&sandbox, "app", &images);
    status("2 groups: 2 not promoted\n").says("no image of layer `app` has been promoted to prod");
    sandbox.run(&["status", "--simulator", "--group", "ap"]).expect(2).says("there is no group `ap`");
}

#[test]
fn an_image_is_promoted_from_environment_to_environment() {
    let sandbox = recorded();
    let promote = |words: &[&str]| sandbox.run(&[&["images", "promote"], words].concat());
    let before = sandbox.read("images/app.yaml");
    promote(&["a1", "--to", "prod"])
        .expect(6)
        .says("must be promoted to `stg` before `prod`")
        .says("promote a11111111111 --to stg");
    promote(&["ffff", "--to", "stg"]).expect(6).says("no image with the key `ffff` is recorded");
    promote(&["a", "--to", "stg"]).expect(6).says("the keys of 2 images begin with `a`");
    promote(&["a1", "--to", "sgt"]).expect(6).says("there is no environment `sgt`").says("did you mean `stg`?");
    assert_eq!(sandbox.read("images/app.yaml"), before);
    promote(&["a1", "--to", "stg"]).expect(0).says("promoted app a11111111111 to stg: 1 group may run it");
    promote(&["a1", "--to", "stg"]).expect(0).says("unchanged");
    promote(&["a1", "--to", "prod"]).expect(6).says("soaks there for 2h").says("promote it after 2026-11-02T02:00:00Z");
    soaked(&sandbox);
    promote(&["a1", "--to", "prod"]).expect(0).says("which @example/platform must approve");
    let record = sandbox.read("images/app.yaml");
    let image = &record[record.find("- key: a1").unwrap()..];
    show_in("docs/images.md", "a promoted image", "yaml", image.split("  builds:").next().unwrap());
    // A layer that no group runs itself has nothing to soak.
    promote(&["b1", "--to", "prod"]).expect(0).says("0 groups");
    sandbox.run(&["check"]).expect(4);
}

/// A record that was edited by hand is checked as well.
#[test]
fn check_finds_promotions_out_of_order() {
    let sandbox = recorded();
    sandbox.run(&["generate"]).expect(0);
    sandbox.run(&["check"]).expect(0);
    let everywhere = json!([promotion("prod", "2026-10-02T00:00:00Z")]);
    write(&sandbox, "app", &[image(&sandbox, APP[1], Some(BASE[1]), "3.2", &everywhere)]);
    sandbox
        .run(&["check"])
        .expect(6)
        .says("images/app.yaml: a11111111111 may run in `prod`, and was not promoted to `stg` before")
        .says("run `fleetgen images promote a11111111111 --to stg`");
    sandbox.run(&["images", "promote", "a1", "--to", "stg"]).expect(0);
    // New groups start with what was promoted.
    sandbox.run(&["check"]).expect(4).says("update generated/terraform/aws-tokyo/stg/app-stg.tf");
    sandbox.run(&["generate"]).expect(0);
    sandbox.run(&["check"]).expect(0);
    let group = sandbox.read("generated/terraform/aws-tokyo/stg/app-stg.tf");
    assert!(!group.contains("hold_replacements") && group.contains("-app-arm64-a11111111111\""), "{group}");
    sandbox.run(&["images", "revoke", "a1", "--reason", "CVE-2026-12345"]).expect(0);
    sandbox.run(&["generate"]).expect(0);
    let group = sandbox.read("generated/terraform/aws-tokyo/stg/app-stg.tf");
    assert!(
        !group.contains("hold_replacements") && group.contains("099720109477"),
        "a group that lives is not held: {group}"
    );
}

#[test]
fn a_soak_can_be_left_out_for_a_reason() {
    let sandbox = recorded();
    sandbox.run(&["images", "promote", "a1", "--to", "stg"]).expect(0);
    let words = ["images", "promote", "a1", "--to", "prod", "--without-soak", "CVE-2026-12345 is exploited"];
    sandbox.run(&words).expect(0);
    assert!(sandbox.read("images/app.yaml").contains("without_soak: CVE-2026-12345 is exploited"));
}

#[test]
fn what_is_incomplete_is_not_promoted() {
    let sandbox = recorded();
    sandbox.edit("groups:\n", "groups:\n  app-gcp: { profile: plain, layer: app, network: gcp-tokyo, machine: c4a-standard-4, environment: stg }\n");
    sandbox
        .run(&["images", "promote", "a1", "--to", "stg"])
        .expect(6)
        .says("has no gcp arm64 image in asia-northeast1, which the group `app-gcp` needs");
    // Its parent is not recorded.
    let sandbox = recorded();
    sandbox.remove("images/base.yaml");
    sandbox
        .run(&["images", "promote", "a1", "--to", "stg"])
        .expect(6)
        .says("is built on b11111111111, which is not recorded");
}

#[test]
fn a_revocation_is_inherited() {
    let sandbox = recorded();
    let revoke = || sandbox.run(&["images", "revoke", "b0", "--reason", "CVE-2026-12345"]);
    revoke()
        .expect(0)
        .says("revoked base b00000000000: CVE-2026-12345")
        .says("revoked app a00000000000, which is built on it");
    revoke().expect(0).says("unchanged");
    expect_snapshot("output", "images-list", &sandbox.run(&["images", "list"]).expect(0).stdout);
    sandbox.run(&["images", "list", "--environment", "prod"]).expect(0).says("no recorded image is like that");
    sandbox.run(&["images", "list", "--layer", "ap"]).expect(2).says("did you mean `app`?");
    sandbox.run(&["images", "promote", "a0", "--to", "stg"]).expect(6).says("b00000000000 was revoked: CVE-2026-12345");
    let json: Value =
        serde_json::from_str(&sandbox.run(&["images", "list", "--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!(json["images"][0]["revoked"], "b00000000000 was revoked: CVE-2026-12345");
}

#[test]
fn a_record_of_no_layer_is_refused() {
    let sandbox = recorded();
    let base = sandbox.read("images/base.yaml");
    sandbox.write("images/bse.yaml", &base);
    for words in [&["images", "list"][..], &["check"], &["rollout", "plan", "--simulator"]] {
        sandbox
            .run(words)
            .expect(6)
            .says("images/bse.yaml: fleet.yaml has no layer `bse`")
            .says("did you mean `base`?");
    }
    sandbox.remove("images/bse.yaml");
    sandbox.write("images/base.yaml", &base.replace("commit: ", "commits: "));
    sandbox.run(&["check"]).expect(6).says("images/base.yaml cannot be read");
    // Twice in one environment.
    sandbox.write("images/base.yaml", &base.replace("environment: prod", "environment: stg"));
    sandbox.run(&["images", "list"]).expect(6).says("to an environment twice");
}

#[test]
fn a_vulnerability_is_found_in_images_and_groups() {
    let sandbox = recorded();
    let find = |words: &[&str]| sandbox.run(&[&["images", "find"], words].concat());
    let run = find(&["CVE-2026-12345"]).expect(0);
    show_in("docs/images.md", "images find", "", &(run.stdout + &run.stderr));
    find(&["web"]).expect(0).says("web 1.0").says("rebuild app, and what is built on it");
    let run = find(&["ev\u{202e}il"]).expect(0).says("ev\u{fffd}il 1.0");
    assert!(!run.stdout.contains('\u{202e}'), "{}", run.stdout);
    find(&["OpenSSL"]).expect(0).says("openssl 3.1").says("rebuild base");
    find(&["CVE-2026-12345", "--format", "json"]).expect(0).says("\"fixed_by\": \"a1111111");
    find(&["CVE-2026-99999"]).expect(0).says("CVE-2026-99999 is in none of 4 recorded builds with a report");
    find(&["cve-2026-12345"]).expect(0).says("openssl 3.1");
    find(&[" "]).expect(2).says("there is nothing to find");
    find(&["web", "--database", "."]).expect(2).says("is not the id of a vulnerability");
    // On the simulator, groups run the older image, and it stays so when that is revoked.
    sandbox.run(&["images", "revoke", "a0", "--reason", "broken"]).expect(0);
    let json: Value =
        serde_json::from_str(&find(&["web", "--simulator", "--format", "json"]).expect(0).stdout).unwrap();
    assert_eq!(json["images"][0]["groups"], json!(["app-prod", "app-stg"]));
    assert_eq!(json["images"][1]["groups"], json!([]));
    assert_eq!(json["rebuild"], json!(["app"]));
    // A report that was changed is worse than none.
    let reports: Vec<_> = std::fs::read_dir(sandbox.path(".fleetgen/reports"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for report in &reports {
        let path = format!(".fleetgen/reports/{report}");
        sandbox.write(&path, &(sandbox.read(&path) + " "));
    }
    find(&["web"]).expect(6).says("does not have the digest that the record names");
    for report in &reports {
        sandbox.remove(&format!(".fleetgen/reports/{report}"));
    }
    find(&["web"])
        .expect(0)
        .says("web is in none of 0 recorded builds")
        .says("warning: nothing is known about app a00000000000 aws arm64");
}

#[test]
fn a_plan_shows_packages_and_vulnerabilities() {
    let sandbox = recorded();
    // Groups start on the older image.
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0).says("nothing to roll out");
    sandbox.run(&["images", "promote", "a1", "--to", "stg"]).expect(0);
    sandbox.run(&["images", "promote", "a1", "--to", "prod", "--without-soak", "a test"]).expect(0);
    let run = sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    show_in("docs/rollout.md", "a plan", "", &run.stdout);
    let run = sandbox.run(&["rollout", "plan", "--simulator", "--markdown"]).expect(0);
    expect_snapshot("output", "plan-markdown", &run.stdout);
    let json: Value =
        serde_json::from_str(&sandbox.run(&["rollout", "plan", "--simulator", "--format", "json"]).expect(0).stdout)
            .unwrap();
    assert_eq!(json["moves"][0]["difference"]["vulnerabilities"]["fixed"][0]["id"], "CVE-2026-12345");
}

#[test]
fn what_nothing_needs_is_pruned() {
    let sandbox = recorded();
    let everywhere = || json!([promotion("stg", "2026-10-01T00:00:00Z"), promotion("prod", "2026-10-02T00:00:00Z")]);
    let key = |letter: &str, number: u32| format!("{letter}{}", number.to_string().repeat(31));
    let base: Vec<Value> =
        (0..5).map(|number| image(&sandbox, &key("b", number), None, "3.1", &everywhere())).collect();
    let mut app: Vec<Value> = (0..5)
        .map(|number| image(&sandbox, &key("a", number), Some(&key("b", number)), "3.1", &everywhere()))
        .collect();
    app.push(image(&sandbox, &key("a", 5), Some(&key("b", 4)), "3.1", &json!([])));
    write(&sandbox, "base", &base);
    write(&sandbox, "app", &app);
    sandbox.run(&["images", "prune"]).expect(2).says("this fleetgen was built without AWS");
    // The oldest runs; 3 and 4 are the newest that may run; 5 is on its way.
    let listed = sandbox.run(&["images", "prune", "--simulator"]).expect(0).stdout;
    let keys = |text: &str| {
        text.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&listed), ["a11111111111", "a22222222222", "b11111111111", "b22222222222"]);
    // A rollout to the newest may still be returned to the oldest.
    sandbox.run(&["rollout", "plan", "--simulator"]).expect(0);
    sandbox.run(&["rollout", "start", ".fleetgen/plan.json", "--simulator"]).expect(0);
    let listed = sandbox
        .run(&["images", "prune", "--simulator", "--remove"])
        .expect(0)
        .says("removed from images/app.yaml, images/base.yaml");
    assert_eq!(keys(&listed.stdout), ["a11111111111", "a22222222222", "b11111111111", "b22222222222"]);
    sandbox.run(&["images", "prune", "--simulator"]).expect(0).says("every recorded image is needed");
    assert!(!sandbox.read("images/base.yaml").contains("b2222") && sandbox.read("images/base.yaml").contains("b0000"));
}
