//! Which profiles a group inherits from, nearest first.

use std::collections::BTreeMap;

use crate::decode::decode;
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::file::Settings;
use crate::scalar::ProfileName;
use crate::yaml::{Key, Node, Value};

/// The profiles of a line, nearest first, and whether the line has an end.
type Chain<'a> = (Vec<(ProfileName, &'a Node)>, bool);

/// The profiles of the file, each with those that it inherits from.
pub(super) struct Profiles<'a> {
    chains: BTreeMap<&'a str, Chain<'a>>,
}

impl<'a> Profiles<'a> {
    /// Follows every profile's inheritance. Cycles, unknown names and mistakes inside a profile are reported here, whether
    /// or not a group uses it.
    pub(super) fn new(entries: &'a [(Key, Node)], found: &mut Vec<Diagnostic>) -> Self {
        let nodes: BTreeMap<&str, (&Key, &Node)> =
            entries.iter().map(|(key, node)| (key.name.as_str(), (key, node))).collect();
        let mut chains = BTreeMap::new();
        for (key, node) in entries {
            let line = chain(&nodes, key, found);
            // With what it inherits, since `null` takes away only what is there.
            let stack: Vec<&Node> =
                if line.0.is_empty() { vec![node] } else { line.0.iter().map(|(_, node)| *node).collect() };
            let _: Option<Settings> = decode(&stack, key.span, found);
            chains.insert(key.name.as_str(), line);
        }
        Self { chains }
    }

    /// The profiles that a group inherits from, and whether all of them were found.
    pub(super) fn of(&self, node: &Node, found: &mut Vec<Diagnostic>) -> (&[(ProfileName, &'a Node)], bool) {
        let Some((name, at)) = profile(node) else { return (&[], !is_broken(node)) };
        if let Some((chain, complete)) = self.chains.get(name) {
            return (chain, *complete);
        }
        found.push(unknown(name, at, self.chains.keys().copied()));
        (&[], false)
    }
}

fn chain<'a>(nodes: &BTreeMap<&'a str, (&'a Key, &'a Node)>, first: &Key, found: &mut Vec<Diagnostic>) -> Chain<'a> {
    let mut chain: Vec<(ProfileName, &Node)> = Vec::new();
    let mut next = Some((first.name.as_str(), first.span));
    while let Some((name, at)) = next {
        let Some((_, node)) = nodes.get(name) else {
            found.push(unknown(name, at, nodes.keys().copied()));
            return (chain, false);
        };
        if chain.iter().any(|(seen, _)| seen.as_str() == name) {
            // Each profile of a ring is told once, by the chain that starts there.
            if name == first.name {
                found.push(
                    Diagnostic::new(Rule::Cycle, first.span, format!("profile `{name}` inherits from itself"))
                        .hint("take `profile:` out of one of the profiles of the ring"),
                );
            }
            return (chain, false);
        }
        // A name that is not one has been reported with the file's types.
        let Ok(parsed) = name.parse() else { return (chain, false) };
        chain.push((parsed, node));
        if is_broken(node) {
            return (chain, false);
        }
        next = profile(node);
    }
    (chain, true)
}

fn unknown<'a>(name: &str, at: crate::source::Span, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    Diagnostic::new(Rule::UnknownReference, at, format!("there is no profile `{name}`"))
        .label("not a key of `profiles`")
        .maybe_hint(suggest_or_list(name, known))
}

/// Whether what a group or profile says under `profile` cannot be followed; that has been told.
fn is_broken(node: &Node) -> bool {
    let Value::Map(entries) = &node.value else { return true };
    let stated = entries.iter().find(|(key, _)| key.name == "profile").map(|(_, node)| &node.value);
    !matches!(stated, None | Some(Value::Null | Value::String(_)))
}

/// What a group or profile says under `profile`.
fn profile(node: &Node) -> Option<(&str, crate::source::Span)> {
    let Value::Map(entries) = &node.value else { return None };
    let (_, node) = entries.iter().find(|(key, _)| key.name == "profile")?;
    match &node.value {
        Value::String(name) => Some((name, node.span)),
        _ => None,
    }
}
