//! Templates name only values that exist: Tera takes a misspelt name in a condition for false, without a word.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::CheckContext;
use fleetgen_problem::{Severity, SourceFile};
use regex::Regex;
use serde_json::Value;

use super::*;

fn fleet(text: &str) -> Fleet {
    let source = SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap();
    fleetgen_fleet::load(&source, CheckContext { today: None, expired: Severity::Warning }).unwrap().fleet
}

/// In HCL, `"${{ x }}"` with x = `{evil}` would render `"${evil}"`.
#[test]
fn no_template_puts_a_dollar_or_percent_before_a_value() {
    for (name, template) in TEMPLATES {
        assert!(!template.contains("${{") && !template.contains("%{{"), "{name}");
    }
}

/// The values of every template, for every root or group of the repository's fleet.
fn values(fleet: &Fleet) -> BTreeMap<&'static str, Vec<Value>> {
    let images = StartImages::new();
    let mut values: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for network in fleet.networks.values() {
        let squid = serde_json::to_value(foundation::squid(fleet, network)).unwrap();
        values.entry("squid.conf").or_default().push(squid);
    }
    let aws = fleet.aws.as_ref().unwrap();
    for account in aws.accounts() {
        let policies = policies(fleet, aws, account).unwrap();
        let account = serde_json::to_value(account::values(fleet, aws, account, &policies)).unwrap();
        values.entry("aws/account.tf").or_default().push(account);
    }
    let gcp = fleet.gcp.as_ref().unwrap();
    for project in gcp.accounts() {
        let jobs = gcp_project::gcp_jobs(fleet, gcp, project).unwrap();
        let project = serde_json::to_value(gcp_project::values(fleet, gcp, project, &jobs)).unwrap();
        values.entry("gcp/account.tf").or_default().push(project);
    }
    for (scope, network) in fleet.foundations() {
        let (template, root) = match network.cloud {
            Cloud::Aws => (
                "aws/foundation.tf",
                serde_json::to_value(foundation::values(fleet, &BTreeMap::new(), &scope, network)).unwrap(),
            ),
            Cloud::Gcp => {
                ("gcp/foundation.tf", serde_json::to_value(gcp_network::values(fleet, &scope, network)).unwrap())
            }
        };
        values.entry(template).or_default().push(root);
    }
    for (scope, groups) in fleet.stacks() {
        let network = &fleet.networks[scope.network().unwrap()];
        let (template, root) = match network.cloud {
            Cloud::Aws => ("aws/root.tf", serde_json::to_value(aws::root(fleet, network, &scope)).unwrap()),
            Cloud::Gcp => ("gcp/root.tf", serde_json::to_value(gcp::root(fleet, network, &scope)).unwrap()),
        };
        values.entry(template).or_default().push(root);
        for group in groups {
            let (template, group) = match group.cloud() {
                Cloud::Aws => ("aws/group.tf", serde_json::to_value(aws::group(fleet, &images, group)).unwrap()),
                Cloud::Gcp => ("gcp/group.tf", serde_json::to_value(gcp::group(fleet, &images, group)).unwrap()),
            };
            values.entry(template).or_default().push(group);
        }
    }
    values
}

/// Every path below some values, with `[]` for the items of a list and the entries of a mapping.
fn collect(path: &str, value: &Value, paths: &mut BTreeSet<String>) {
    paths.insert(path.to_owned());
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                collect(&format!("{path}.{key}"), value, paths);
                collect(&format!("{path}[]"), value, paths);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(&format!("{path}[]"), item, paths)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_path_in_a_template_is_a_value() {
    let mut values = values(&fleet(include_str!("../../../../tests/fleets/example.yaml")));
    // What only a fleet in several accounts has. Its proxies' layer has no key here, and adds no values.
    let mut several = fleet(include_str!("../../../../tests/golden/accounts.yaml"));
    several.proxy.layer = None;
    // What fewer fleets need.
    let trial = fleet(include_str!("../../../../tests/fleets/trial.yaml"));
    let existing = fleet(include_str!("../../../../tests/fleets/existing.yaml"));
    for (name, more) in [&several, &trial, &existing].into_iter().flat_map(self::values) {
        values.entry(name).or_default().extend(more);
    }
    let tag = Regex::new(r"\{[{%]-?\s*(.*?)\s*-?[}%]\}").unwrap();
    let loops = Regex::new(r"^for (?:\w+, )?(\w+) in ([\w.]+)$").unwrap();
    let name = Regex::new(r"[a-z_]+(?:\.[a-z_]+)*(?:\[\d\])?").unwrap();
    let hcl = TEMPLATES.iter().map(|template| (RENDERER.as_ref().unwrap(), template));
    let squid = foundation::SQUID.iter().map(|template| (foundation::SQUID_RENDERER.as_ref().unwrap(), template));
    for (renderer, (template, text)) in hcl.chain(squid) {
        let used: BTreeSet<&str> = renderer.variables(template).into_iter().collect();
        let given = values[template][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(used, given, "{template}: names on the left, values on the right");
        let mut known = BTreeSet::new();
        values[template].iter().for_each(|value| collect("", value, &mut known));
        let mut aliases: BTreeMap<String, String> = BTreeMap::new();
        for found in tag.captures_iter(text) {
            let path = |word: &str, aliases: &BTreeMap<String, String>| {
                let word = word.split('[').next().unwrap();
                let (first, rest) = word.split_once('.').unwrap_or((word, ""));
                let first = aliases.get(first).cloned().unwrap_or_else(|| format!(".{first}"));
                let path = if rest.is_empty() { first } else { format!("{first}.{rest}") };
                assert!(known.contains(&path), "{template}: `{word}` is not a value");
                path
            };
            if let Some(found) = loops.captures(&found[1]) {
                let items = format!("{}[]", path(&found[2], &aliases));
                aliases.insert(found[1].to_owned(), items);
                continue;
            }
            let words = found[1].split_whitespace().filter(|word| {
                !["if", "else", "endif", "for", "endfor", "or", "and", "not", "is", "string", "|"].contains(word)
                    && !["seconds", "gib", "percent", "first", "last", "key", "value", "in", "key,", "loop.last"]
                        .contains(word)
            });
            words.filter(|word| name.is_match(word)).for_each(|word| {
                path(word, &aliases);
            });
        }
    }
}
