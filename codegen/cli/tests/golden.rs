//! Golden cases: each file of `tests/golden/` is a change to `tests/base.yaml`, and its snapshot is what fleetgen generates.
//!
//! A case shows one feature. Groups show their own file, `foundation` shows the roots of networks, and `accounts` what is
//! different with several accounts. The case `layer` shows everything that is generated for a minimal
//! layer, and the other layer cases show only how theirs differs from it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::{Sandbox, cases, expect_snapshot, merged, repository};
use hcl::eval::{Context, Evaluate};
use similar::TextDiff;

fn fleet(case: &str) -> String {
    merged(&std::fs::read_to_string(repository().join(format!("tests/golden/{case}.yaml"))).unwrap())
}

/// The generated files that belong to a case: those that the fleet of `tests/base.yaml` does not have in the same form.
fn own_files(sandbox: &Sandbox, base: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mask = keys(sandbox);
    let files = sandbox.files().into_iter().map(|(path, content)| (path, mask(&content)));
    files.filter(|(path, content)| path != "generated/MANIFEST" && base.get(path) != Some(content)).collect()
}

#[test]
fn every_fleet_generates_its_snapshot() {
    let base = Sandbox::generated(&common::base());
    let base = own_files(&base, &BTreeMap::new());
    let minimal = own_files(&Sandbox::generated(&fleet("layer")), &base);
    for case in cases("golden") {
        let sandbox = Sandbox::generated(&fleet(&case));
        let mut files = own_files(&sandbox, &base);
        // What follows for other layers and for the root is not the case's feature.
        files.retain(|path, _| {
            if case.starts_with("layer") {
                path.contains("/app/")
            } else if case == "foundation" {
                path.contains("/foundation/") || path.ends_with("/_accounts/aws/main.tf")
            } else if case == "accounts" {
                path.starts_with("generated/terraform/")
                    && !path.contains("/foundation/")
                    && !path.contains("/policies/")
            } else if case == "existing" {
                path.contains("/terraform/")
                    && !path.contains("/foundation/")
                    && !path.ends_with("/_accounts/aws/main.tf")
            } else if path.contains("/foundation/") || path.contains("/_accounts/") {
                false
            } else {
                path.starts_with("generated/terraform/") && path.ends_with("/main.tf") == (case == "roots")
            }
        });
        assert!(!files.is_empty(), "{case} changes nothing");
        let text = files.iter().fold(String::new(), |text, (path, content)| {
            let shown = match minimal.get(path).filter(|_| case != "layer" && case != "accounts") {
                None => content.clone(),
                Some(old) if old == content => return text,
                Some(old) => TextDiff::from_lines(old, content).unified_diff().context_radius(1).to_string(),
            };
            [&text, "## ", path, "\n", &shown, "\n"].concat()
        });
        expect_snapshot("golden", &case, &text);
    }
}

#[test]
fn images_are_shared_with_the_accounts_that_run_them() {
    let sandbox = Sandbox::generated(&fleet("accounts"));
    let build = |layer: &str| sandbox.read(&format!("generated/packer/{layer}/build.pkr.hcl"));
    assert!(build("base").contains(r#"= ["111122223333", "444455556666"]"#), "both run it");
    assert!(!build("gpu").contains("ami_users"), "no group runs it");
}

/// Writes `KEY-OF-…` for keys: they change with every hand-written script, and have their own tests.
fn keys(sandbox: &Sandbox) -> impl Fn(&str) -> String {
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["layers", "--format", "json"]).expect(0).stdout).unwrap();
    let keys: Vec<(String, String)> = json["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| (layer["layer"].as_str().unwrap().to_owned(), layer["key"].as_str().unwrap().to_owned()))
        .collect();
    move |text| {
        keys.iter().fold(text.to_owned(), |text, (name, key)| {
            text.replace(key, &format!("KEY-OF-{name}")).replace(&key[..12], &format!("SHORT-KEY-OF-{name}"))
        })
    }
}

#[test]
fn a_second_run_changes_nothing() {
    for case in cases("golden") {
        let sandbox = Sandbox::generated(&fleet(&case));
        let files = sandbox.files();
        sandbox.run(&["check"]).expect(0);
        sandbox.run(&["generate"]).expect(0).says("0 changed");
        assert_eq!(sandbox.files(), files);
    }
}

#[test]
fn hostile_text_comes_back_as_it_was() {
    let sandbox = Sandbox::generated(&fleet("hostile"));
    let text = sandbox.read("generated/terraform/gcp-tokyo/prod/web.tf");
    let body = hcl::parse(&text).unwrap();
    assert_eq!(body.blocks().map(hcl::Block::identifier).collect::<Vec<_>>(), ["module"]);
    let module = body.blocks().next().unwrap();
    // What is evaluated is what Terraform would see: an interpolation that came alive would name what is not there.
    let read = |attribute: &str| {
        let attribute = module.body().attributes().find(|found| found.key() == attribute).unwrap();
        let value = attribute.expr().evaluate(&Context::new()).unwrap();
        serde_json::to_value(value).unwrap()
    };
    assert_eq!(
        read("description"),
        "${x} %{if} $${y} \"q\" \\ \n EOT\n $(id) `id` {{ z }} {% w %} << \u{200b}\u{202e} 'é' # //"
    );
    assert_eq!(read("ports")[0]["description"], "\"\n}\nresource \"x\" \"y\" {}\n");
    assert_eq!(read("health")["path"], "/${path.module}?%{for}");
}
