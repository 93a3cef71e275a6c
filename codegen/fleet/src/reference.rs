//! The documentation of fleet.yaml and of problems, written from the types.

use std::fmt::Write as _;

use fleetgen_problem::{Code, Example};
use serde_json::{Map, Value};

use crate::choice::Cloud;
use crate::model::{Network, Subnet};
use crate::scalar::AccountName;

/// docs/fleet-yaml.md.
pub fn fleet_yaml() -> String {
    let schema = crate::schema::with_required_keys();
    let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut text = "# fleet.yaml

This page lists every key. It is generated from fleetgen's types by `cargo xtask docs`. Editors get the same information from
`generated/fleet.schema.json`.

A key is optional unless it says **Required**; its description gives the default. `null` is the same as leaving a key out.

Groups inherit from profiles: mappings are merged key by key, any other value in the group replaces the profile's, and `null`
removes it. In groups and profiles, **Required** means that the group or one of its profiles must set the key.

"
    .to_owned();
    let mut sections = vec![("The file".to_owned(), schema.clone())];
    let mut done = Vec::new();
    while let Some((title, section)) = (!sections.is_empty()).then(|| sections.remove(0)) {
        let _ = writeln!(text, "## {title}\n\n{}\n", description(&section));
        let Some(properties) = section["properties"].as_object() else { continue };
        text.push_str("| key | value | description |\n|---|---|---|\n");
        let required: Vec<&str> =
            section["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, property) in properties {
            let mut mentioned = Vec::new();
            let kind = kind(property, &definitions, &mut mentioned);
            let mut words = description(property);
            if required.contains(&key.as_str()) {
                words.push_str(" **Required.**");
            }
            let _ = writeln!(text, "| `{key}` | {kind} | {} |", words.trim().replace('|', "\\|").replace('\n', " "));
            for name in mentioned {
                if !done.contains(&name)
                    && let Some(definition) = definitions.get(&name)
                {
                    sections.push((name.clone(), definition.clone()));
                    done.push(name);
                }
            }
        }
        text.push('\n');
    }
    text.push_str(&subnets());
    text.push_str("## Values\n\n| type | form |\n|---|---|\n");
    for (name, definition) in &definitions {
        if definition["properties"].is_null() {
            let _ = writeln!(text, "| <a id=\"{}\"></a>{name} | {} |", anchor(name), form(definition));
        }
    }
    text.push_str("\n## Rules\n\n`fleetgen check` enforces these rules. [problems.md](problems.md) explains each.\n\n| code | rule |\n|---|---|\n");
    for code in Code::ALL.iter().filter(|code| matches!(code.example(), Example::Fleet(_))) {
        let _ = writeln!(text, "| [`{}`](problems.md#{}) | {} |", code.as_str(), code.as_str(), code.summary());
    }
    text
}

/// How a network is divided, as the plan of an example.
fn subnets() -> String {
    let network = |cloud, region: &str, zones: &[&str]| {
        Some(Network {
            name: "example".parse().ok()?,
            cloud,
            account: AccountName::builder(cloud),
            region: region.parse().ok()?,
            cidr: "10.16.0.0/16".to_owned().try_into().ok()?,
            zones: zones.iter().map(|zone| zone.parse()).collect::<Result<_, _>>().ok()?,
            endpoints: Vec::new(),
            buckets: Vec::new(),
            peers: Vec::new(),
            peerings: Vec::new(),
            proxies: 2,
            existing: None,
            destinations: std::collections::BTreeMap::new(),
            load_balancers: std::collections::BTreeMap::new(),
        })
    };
    let mut text = "## Subnets

fleetgen divides a network into 64 parts. A network of 10.16.0.0/16 in two zones on AWS, and the same network on GCP, where a
subnetwork spans the region:

| cloud | for | zone | addresses |
|---|---|---|---|
"
    .to_owned();
    let networks = [
        network(Cloud::Aws, "ap-northeast-1", &["ap-northeast-1a", "ap-northeast-1c"]),
        network(Cloud::Gcp, "asia-northeast1", &["asia-northeast1-a", "asia-northeast1-b"]),
    ];
    for network in networks.into_iter().flatten() {
        for Subnet { tier, zone, cidr } in network.subnets() {
            let zone = zone.as_ref().map_or("", |zone| zone.as_str());
            let _ = writeln!(text, "| {} | {} | {zone} | {cidr} |", network.cloud.title(), tier.as_str());
        }
    }
    text.push('\n');
    text
}

/// docs/problems.md. `show` gives what fleetgen prints for an example.
pub fn problems(show: impl Fn(Code, &str) -> String) -> String {
    let mut text = "# Problems

Every problem that fleetgen reports has a code, such as `error[machine]`. This page explains each code, with an example and
how to fix it; `fleetgen problem CODE` prints the same. It is generated by `cargo xtask docs`, which runs the examples.

"
    .to_owned();
    for code in Code::ALL {
        let _ = writeln!(text, "## {}\n\n{}\n", code.as_str(), code.summary());
        match code.example() {
            Example::Fleet(example) => {
                let shown = show(*code, example);
                let _ = writeln!(text, "```yaml\n{}\n```\n\n```text\n{}\n```\n", example.trim_end(), shown.trim_end());
            }
            Example::Words(words) => {
                let _ = writeln!(text, "Example: {words}\n");
            }
        }
        let _ = writeln!(text, "**Fix:** {}\n", code.fix());
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn anchor(name: &str) -> String {
    name.to_lowercase()
}

fn description(schema: &Value) -> String {
    let words = schema["description"].as_str().unwrap_or_default();
    words.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// What a property holds, with links; the mappings it leads to go to `mentioned`.
fn kind(schema: &Value, definitions: &Map<String, Value>, mentioned: &mut Vec<String>) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.trim_start_matches("#/$defs/").to_owned();
        let link = format!("[{name}](#{})", anchor(&name));
        if definitions.get(&name).is_some_and(|definition| !definition["properties"].is_null()) {
            mentioned.push(name);
        }
        return link;
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let kinds: Vec<String> = alternatives
            .iter()
            .filter(|alternative| alternative["type"] != "null")
            .map(|alternative| kind(alternative, definitions, mentioned))
            .collect();
        return kinds.join(" or ");
    }
    let types = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
        _ => Vec::new(),
    };
    let bounds = |low: &str, high: &str| match (&schema[low], &schema[high]) {
        (Value::Null, _) | (_, Value::Null) => String::new(),
        (low, high) => format!(", {low} to {high}").replace('"', ""),
    };
    match types.first().copied() {
        Some("array") => format!("list of {}", kind(&schema["items"], definitions, mentioned)),
        Some("object") => {
            let names = kind(&schema["propertyNames"], definitions, mentioned);
            format!("mapping of {names} to {}", kind(&schema["additionalProperties"], definitions, mentioned))
        }
        Some("integer") => format!("whole number{}", bounds("minimum", "maximum")),
        Some("string") if !schema["x-minimum"].is_null() => {
            let name = if schema["x-maximum"].as_str().is_some_and(|high| high.ends_with('%')) {
                "[Percent](#percent)"
            } else {
                "[Duration](#duration)"
            };
            format!("{name}{}", bounds("x-minimum", "x-maximum"))
        }
        Some("boolean") => "`true` or `false`".to_owned(),
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}

/// What a value looks like.
fn form(schema: &Value) -> String {
    let mut words = description(schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let choices = choices
            .iter()
            .map(|choice| format!("`{}`: {}", choice["const"].as_str().unwrap_or_default(), description(choice)));
        words = format!("{words} {}", choices.collect::<Vec<_>>().join(" "));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        words = format!("{words} `{}`", pattern.replace('|', "\\|"));
    }
    words
}
