//! What holds of every fleet: order means nothing, and no text breaks out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::scripts;
use fleetgen_emit::{emit, parse_back};
use fleetgen_fleet::{Fleet, SourceFile, load};
use hcl::eval::{Context, Evaluate};
use proptest::prelude::*;
use serde_json::{Map, Value};

const BASE: &str = include_str!("../../../tests/base.yaml");
const OWN: &str = include_str!("../../../fleet.yaml");

fn fleet(text: &str) -> Fleet {
    let source = SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap();
    load(&source, None)
        .unwrap_or_else(|report| panic!("{}", report.render(&source, fleetgen_fleet::Format::Human { color: false })))
}

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
            prop_assert_eq!(emit(&fleet(text), &scripts()).unwrap(), emit(&fleet(&other), &scripts()).unwrap());
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
        let text: String = pieces.concat().chars().filter(|character| !matches!(character, '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}')).take(250).collect();
        prop_assume!(!text.is_empty());
        let quoted = serde_json::to_string(&text).unwrap();
        for (network, machine) in [("aws-tokyo", "m7g.large"), ("gcp-tokyo", "n2-standard-2")] {
            let source = BASE.replace(
                "    network: aws-tokyo\n    machine: m7g.large\n",
                &format!("    network: {network}\n    machine: {machine}\n    description: {quoted}\n"),
            );
            let files = emit(&fleet(&source), &scripts()).unwrap();
            let file = files.iter().find(|file| file.path.ends_with("/web.tf")).unwrap();
            parse_back(&file.path, &file.content).unwrap();
            prop_assert_eq!(evaluated(&file.content, "description"), Value::String(text.clone()));
            prop_assert!(file.content.chars().all(|character| character == '\n' || !character.is_control()), "a reviewer could not see it all");
        }
    }
}

#[test]
fn what_does_not_read_back_is_refused() {
    for (path, content) in [("generated/a.tf", "x = {"), ("generated/a.json", "{"), ("generated/a.xyz", "")] {
        assert!(parse_back(path, content).is_err(), "{path}");
    }
}
