//! The tables of `tests/iam/`: calls that an identity on AWS must be able to make, and calls that must stay denied.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use fleetgen_iam::{Principal, Request};

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
    let lines = table.lines().map(|line| (line, line.split('#').next().unwrap_or_default()));
    let lines = lines.filter(|(_, words)| !words.trim().is_empty());
    lines.map(|(line, words)| call(words).with_context(|| format!("in the line: {line}"))).collect()
}

fn call(text: &str) -> anyhow::Result<Call> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [may, action, resource, given @ ..] = words.as_slice() else { bail!("it has no resource") };
    ensure!(["may", "never"].contains(may), "it begins with neither may nor never");
    let resource = match resource.split_once(':') {
        Some((service, rest)) if service != "arn" => format!("arn:aws:{service}:ap-northeast-1:123456789012:{rest}"),
        _ => (*resource).to_owned(),
    };
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |key: &str, value: &str| context.entry(key.to_owned()).or_default().push(value.to_owned());
    if let Some(region) = resource.split(':').nth(3).filter(|region| !region.is_empty()) {
        add("aws:RequestedRegion", region);
    }
    for word in given {
        let tags = word.strip_prefix('@').map(|of| ("aws:ResourceTag", of));
        let tags = tags.or_else(|| word.strip_prefix('+').map(|of| ("aws:RequestTag", of)));
        if let Some((kind, of)) = tags {
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
    let principal = Principal::Role("arn:aws:iam::123456789012:role/caller".to_owned());
    let request = Request { principal, action: (*action).to_owned(), resource, context };
    Ok(Call { line: text.trim().to_owned(), may: *may == "may", request })
}
