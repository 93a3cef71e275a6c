//! The reference of fleet.yaml, written from the schema, which is written from the types.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::diagnostic::Rule;

/// docs/fleet-yaml.md.
pub fn markdown() -> String {
    let schema = crate::json_schema();
    let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
    let mut text = "# fleet.yaml

Written from the types of fleet.yaml by `cargo xtask docs`; a test keeps it current. The same stands in
`generated/fleet.schema.json`, for editors.

A key without “needed” may be left out; its description says what then holds. `null` is the same as leaving a key out;
in a group it also takes away what a profile says. In groups and profiles, “needed” means that the group or one of its
profiles must say it.

"
    .to_owned();
    let mut sections = vec![("The file".to_owned(), schema.clone())];
    let mut done = Vec::new();
    while let Some((title, section)) = (!sections.is_empty()).then(|| sections.remove(0)) {
        let _ = writeln!(text, "## {title}\n\n{}\n", description(&section));
        let Some(properties) = section["properties"].as_object() else { continue };
        text.push_str("| key | value | |\n|---|---|---|\n");
        let needed: Vec<&str> =
            section["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (key, property) in properties {
            let mut mentioned = Vec::new();
            let kind = kind(property, &definitions, &mut mentioned);
            let mut words = description(property);
            if needed.contains(&key.as_str()) {
                words = format!("{words} Needed.");
            }
            let _ = writeln!(text, "| `{key}` | {kind} | {} |", words.replace('|', "\\|").replace('\n', " "));
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
    text.push_str("## Words\n\n| type | form |\n|---|---|\n");
    for (name, definition) in &definitions {
        if definition["properties"].is_null() {
            let _ = writeln!(text, "| <a id=\"{}\"></a>{name} | {} |", anchor(name), form(definition));
        }
    }
    text.push_str("\n## Rules\n\nWhat is refused, by the name that messages show.\n\n| rule | |\n|---|---|\n");
    for rule in Rule::ALL {
        let _ = writeln!(text, "| `{}` | {} |", rule.code(), rule.summary());
    }
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
    match types.first().copied() {
        Some("array") => format!("list of {}", kind(&schema["items"], definitions, mentioned)),
        Some("object") => {
            let names = kind(&schema["propertyNames"], definitions, mentioned);
            format!("{} by {names}", kind(&schema["additionalProperties"], definitions, mentioned))
        }
        Some("integer") => "whole number".to_owned(),
        Some(other) => other.to_owned(),
        None => String::new(),
    }
}

/// What a word looks like.
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
