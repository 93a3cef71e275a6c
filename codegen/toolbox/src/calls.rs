//! The tables of `tests/iam/`: calls that an identity on AWS must be able to make, and calls that must stay denied.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use fleetgen_iam::{Principal, Request};
use serde_json::Value;

/// A line of a table.
#[derive(Debug, Clone)]
pub struct Call {
    /// The line.
    pub line: String,
    /// Whether it must be allowed.
    pub may: bool,
    /// The call.
    pub request: Request,
}

/// Reads a table; tests/iam/README.md describes its lines.
///
/// # Errors
/// A line is something else.
pub fn calls(table: &str) -> anyhow::Result<Vec<Call>> {
    lines(table).map(|line| call(line).with_context(|| format!("in the line: {line}"))).collect()
}

/// The lines of a table, without comments.
fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().filter_map(|line| line.split('#').next()).map(str::trim).filter(|line| !line.is_empty())
}

/// Reads a table in parts, each of which begins with a line `on WHAT`. Returns them in order, with what they are on.
///
/// # Errors
/// A line is something else, or comes before the first part.
pub fn parts(table: &str) -> anyhow::Result<Vec<(String, Vec<Call>)>> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in lines(table) {
        if let Some(what) = line.strip_prefix("on ") {
            parts.push((what.trim().to_owned(), String::new()));
            continue;
        }
        let (_, table) = parts.last_mut().with_context(|| format!("what is it on? {line}"))?;
        table.push_str(line);
        table.push('\n');
    }
    parts.into_iter().map(|(what, table)| Ok((what, calls(&table)?))).collect()
}

/// The statements and conditions of a document without which the same calls are answered rightly: no line of the table needs
/// them. `wrong` lists the lines that a document answers wrongly.
pub fn unneeded<'a>(document: &Value, wrong: impl Fn(&Value) -> Vec<&'a Call>) -> Vec<String> {
    let mut found = Vec::new();
    for (index, statement) in document["Statement"].as_array().into_iter().flatten().enumerate() {
        let sid = statement["Sid"].as_str().map_or_else(|| (index + 1).to_string(), str::to_owned);
        let allows = statement["Effect"] == "Allow";
        let mut without = document.clone();
        without["Statement"].as_array_mut().map(|statements| statements.remove(index));
        // Without a statement that allows, too little is allowed; without one that denies, too much.
        if wrong(&without).iter().all(|call| call.may != allows) {
            found.push(format!("no line needs {sid}"));
        }
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for key in keys.as_object().into_iter().flatten().map(|(key, _)| key) {
                let mut loose = document.clone();
                let condition = &mut loose["Statement"][index]["Condition"][operator];
                condition.as_object_mut().map(|keys| keys.remove(key));
                if wrong(&loose).iter().all(|call| call.may == allows) {
                    found.push(format!("no line needs {operator} {key} of {sid}"));
                }
            }
        }
    }
    found
}

/// What calls and types of resources ask of a caller: `tests/iam/terraform.txt` on AWS, and `tests/iam/google.txt`.
#[derive(Debug, Default)]
pub struct Needs {
    /// The permissions for a method.
    pub methods: BTreeMap<String, Vec<String>>,
    /// The methods that a job calls.
    pub jobs: BTreeMap<String, Vec<String>>,
    /// The permissions to read a type of Terraform's, and to write it.
    pub types: BTreeMap<String, (Vec<String>, Vec<String>)>,
    /// The permissions of a predefined role.
    pub grants: BTreeMap<String, Vec<String>>,
}

/// Reads `tests/iam/terraform.txt` or `tests/iam/google.txt`.
///
/// # Errors
/// A line is something else.
pub fn needs(table: &str) -> anyhow::Result<Needs> {
    let mut needs = Needs::default();
    for line in lines(table) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match words.as_slice() {
            [method, "needs", permissions @ ..] => {
                needs.methods.insert((*method).to_owned(), list(permissions));
            }
            [job, "calls", methods @ ..] => {
                needs.jobs.insert((*job).to_owned(), list(methods));
            }
            [role, "grants", permissions @ ..] => {
                needs.grants.insert((*role).to_owned(), list(permissions));
            }
            [kind, "read", permissions @ ..] => {
                let mut parts = permissions.splitn(2, |word| *word == "write");
                let (read, write) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                needs.types.insert((*kind).to_owned(), (list(read), list(write)));
            }
            _ => bail!("in the line: {line}"),
        }
    }
    Ok(needs)
}

fn call(text: &str) -> anyhow::Result<Call> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [may, action, resource, given @ ..] = words.as_slice() else { bail!("it has no resource") };
    ensure!(["may", "never"].contains(may), "it begins with neither may nor never");
    let resource = match resource.split_once(':') {
        Some((service, rest)) if service != "arn" => format!("arn:aws:{service}:ap-northeast-1:123456789012:{rest}"),
        _ => (*resource).to_owned(),
    };
    let mut principal = Principal::Role("arn:aws:iam::123456789012:role/caller".to_owned());
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |key: &str, value: &str| context.entry(key.to_owned()).or_default().push(value.to_owned());
    if let Some(region) = resource.split(':').nth(3).filter(|region| !region.is_empty()) {
        add("aws:RequestedRegion", region);
    }
    for word in given {
        let tags = word.strip_prefix('@').map(|of| ("aws:ResourceTag", of));
        let tags = tags.or_else(|| word.strip_prefix('+').map(|of| ("aws:RequestTag", of)));
        if let Some(caller) = word.strip_prefix("by:") {
            principal = if caller.starts_with("arn:") {
                Principal::Role(caller.to_owned())
            } else {
                Principal::Service(caller.to_owned())
            };
        } else if let Some((kind, of)) = tags {
            let (fleet, environment) = of.split_once('/').unwrap_or(("example", of));
            add(&format!("{kind}/fleet"), fleet);
            if !environment.is_empty() {
                add(&format!("{kind}/environment"), environment);
            }
        } else {
            let (key, value) = word.split_once('=').with_context(|| format!("`{word}` is no key and its value"))?;
            add(key, value);
        }
    }
    let request = Request { principal, action: (*action).to_owned(), resource, context };
    Ok(Call { line: text.to_owned(), may: *may == "may", request })
}
