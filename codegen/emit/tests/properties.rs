//! What is true of every fleet: the order of keys means nothing, and no text breaks out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{fleet, scripts};
use fleetgen_emit::{StartImages, emit, parse_back};
use fleetgen_tree::{File, Origin, Subject};
use hcl::eval::{Context, Evaluate};
use proptest::prelude::*;
use serde_json::{Map, Value};

const BASE: &str = include_str!("../../../tests/base.yaml");
const OWN: &str = include_str!("../../../tests/fleets/example.yaml");

/// Another order of keys at every level; lists keep theirs.
fn shuffled(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| {
                key.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
            });
            Value::Object(
                entries.into_iter().map(|(key, value)| (key.clone(), shuffled(value, seed))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| shuffled(item, seed)).collect()),
        scalar => scalar.clone(),
    }
}

/// What a module call of a rendered file says under a path of keys.
fn evaluated(text: &str, attribute: &str) -> Value {
    let body = hcl::parse(text).unwrap();
    assert_eq!(body.blocks().count(), 1, "something was added to the file:\n{text}");
    let block = body.blocks().next().unwrap();
    let attribute = block.body().attributes().find(|found| found.key() == attribute).unwrap();
    serde_json::to_value(attribute.expr().evaluate(&Context::new()).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_keys_means_nothing(seed: u64) {
        for text in [BASE, OWN] {
            let value: Value = serde_saphyr::from_str(text).unwrap();
            // JSON is YAML.
            let other = serde_json::to_string_pretty(&shuffled(&value, seed)).unwrap();
            prop_assert_eq!(emit(&fleet(text), &scripts(), &StartImages::new()).unwrap(), emit(&fleet(&other), &scripts(), &StartImages::new()).unwrap());
        }
    }

    #[test]
    fn no_text_breaks_out(pieces in prop::collection::vec(prop_oneof![
        "\\PC{1,8}",
        prop::sample::select(vec![
            "${", "}", "%{", "$", "%", "$${", "\"", "\\", "\n", "\t", "EOT", "\nEOT\n", "<<EOT\n", "$(id)", "`id`", "{{", "}}", "{%", "%}", "{#",
            "\u{200b}", "\u{202e}", "\u{2028}", "\u{feff}", "\u{e0041}", "#", "//", "/*", "\u{85}",
        ]).prop_map(str::to_owned),
    ], 1..20)) {
        let allowed = |character: &char| !character.is_control() || matches!(character, '\n' | '\t');
        let text: String = pieces.concat().chars().filter(allowed).take(250).collect();
        prop_assume!(!text.is_empty());
        let quoted = serde_json::to_string(&text).unwrap();
        for (network, machine) in [("aws-tokyo", "m7g.large"), ("gcp-tokyo", "n2-standard-2")] {
            let source = BASE.replace(
                "    network: aws-tokyo\n    machine: m7g.large\n",
                &format!("    network: {network}\n    machine: {machine}\n    description: {quoted}\n"),
            );
            let files = emit(&fleet(&source), &scripts(), &StartImages::new()).unwrap();
            let file = files.iter().find(|file| file.path.ends_with("/web.tf")).unwrap();
            parse_back(file).unwrap();
            prop_assert_eq!(evaluated(&file.content, "description"), Value::String(text.clone()));
            prop_assert!(file.content.chars().all(|character| character == '\n' || !character.is_control()), "a reviewer could not see it all");
        }
    }
}

#[test]
fn what_does_not_read_back_is_refused() {
    for (path, content) in
        [("generated/a.tf", "x = {"), ("generated/a.json", "{"), ("generated/a.yml", "a: ["), ("generated/a.xyz", "")]
    {
        let file =
            |origin| File { path: path.to_owned(), content: content.to_owned(), subject: Subject::Fleet, origin };
        assert!(parse_back(&file(Origin::Rendered)).is_err(), "{path}");
        assert!(parse_back(&file(Origin::UserText)).is_ok(), "{path}: the user's own text is not judged");
    }
}
