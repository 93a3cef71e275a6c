//! Golden cases: each file of `tests/golden/` is a change of `tests/base.yaml`, with the Terraform that it must give.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use hcl::eval::{Context, Evaluate};

use common::{Sandbox, cases, expect_file, merged, repository};

fn fleet(case: &str) -> String {
    merged(&std::fs::read_to_string(repository().join(format!("tests/golden/{case}.yaml"))).unwrap())
}

#[test]
fn every_fleet_gives_what_stands_beside_it() {
    for case in cases("golden") {
        let sandbox = Sandbox::generated(&fleet(&case));
        let wanted = |path: &str| match path.split('/').nth(1).unwrap() {
            "terraform" => path.ends_with("/main.tf") == (case == "roots") && !case.starts_with("layer"),
            // Of every layer but the base, which all cases share; base.yaml's own are those of the case `layer-base`.
            "packer" | "goss" => {
                case.starts_with("layer")
                    && ["/base/", "/gpu/"].iter().any(|own| path.contains(own))
                        == (case == "layer-base" && path.contains("/base/"))
                    && !path.ends_with("/fetch.sh")
            }
            _ => false,
        };
        let mask = keys(&sandbox);
        let text: String = sandbox
            .files()
            .into_iter()
            .filter(|(path, _)| wanted(path))
            .flat_map(|(path, content)| ["## ".to_owned(), path, "\n".to_owned(), mask(&content), "\n".to_owned()])
            .collect();
        expect_file(&format!("tests/golden/{case}.txt"), &text);
    }
}

/// Writes `KEY-OF-…` for keys: they change with every hand-written script, and what they depend on has tests of its own.
fn keys(sandbox: &Sandbox) -> impl Fn(&str) -> String {
    let json: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["layers", "--format", "json"]).expect(0).stdout).unwrap();
    let keys: Vec<(String, String)> = json["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| (layer["name"].as_str().unwrap().to_owned(), layer["key"].as_str().unwrap().to_owned()))
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
