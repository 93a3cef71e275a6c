//! Which profiles a group inherits from, nearest first.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};

use super::GroupSettings;
use crate::decode::{Missing, decode};
use crate::scalar::ProfileName;
use crate::yaml::{Key, Node, Value};

/// A profile and those it inherits from, nearest first, and whether all of them were found.
type Lineage<'a> = (Vec<(ProfileName, &'a Node<'a>)>, bool);

/// The profiles of the file, each with its lineage.
pub(crate) struct Profiles<'a> {
    lineages: BTreeMap<&'a str, Lineage<'a>>,
}

impl<'a> Profiles<'a> {
    /// Follows every profile's inheritance. Cycles, unknown names and problems inside a profile are reported here, whether
    /// or not a group uses it.
    pub(crate) fn new(entries: &'a [(Key<'a>, Node<'a>)], problems: &mut Vec<Problem>) -> Self {
        let nodes: BTreeMap<&str, &Node<'_>> = entries.iter().map(|(key, node)| (key.name.as_ref(), node)).collect();
        let mut lineages = BTreeMap::new();
        for (key, node) in entries {
            let lineage = lineage(&nodes, key, problems);
            // Together with what it inherits, since `null` can only remove an inherited value.
            let stack: Vec<&Node<'_>> =
                if lineage.0.is_empty() { vec![node] } else { lineage.0.iter().map(|(_, node)| *node).collect() };
            let _: Option<GroupSettings> = decode(&stack, key.span, Missing::Ignore, None, problems);
            lineages.insert(key.name.as_ref(), lineage);
        }
        Self { lineages }
    }

    /// The profiles that a group inherits from, and whether all of them were found.
    pub(super) fn of(&self, node: &Node<'_>, problems: &mut Vec<Problem>) -> (&[(ProfileName, &'a Node<'a>)], bool) {
        let Some((name, at)) = profile(node) else { return (&[], !is_broken(node)) };
        if let Some((lineage, complete)) = self.lineages.get(name) {
            return (lineage, *complete);
        }
        problems.push(unknown(name, at, self.lineages.keys().copied()));
        (&[], false)
    }
}

fn lineage<'a>(
    nodes: &BTreeMap<&'a str, &'a Node<'a>>,
    first: &'a Key<'a>,
    problems: &mut Vec<Problem>,
) -> Lineage<'a> {
    let mut lineage: Vec<(ProfileName, &Node<'_>)> = Vec::new();
    let mut next = Some((first.name.as_ref(), first.span));
    while let Some((name, at)) = next {
        let Some(node) = nodes.get(name) else {
            problems.push(unknown(name, at, nodes.keys().copied()));
            return (lineage, false);
        };
        if lineage.iter().any(|(seen, _)| seen.as_str() == name) {
            // Each profile of a cycle is reported once, by the lineage that starts there.
            if name == first.name {
                problems.push(
                    Problem::new(Code::Cycle, first.span, format!("profile `{name}` inherits from itself"))
                        .hint("remove `profile:` from one of the profiles of the cycle"),
                );
            }
            return (lineage, false);
        }
        // An invalid name has been reported with the types of the file.
        let Ok(parsed) = name.parse() else { return (lineage, false) };
        lineage.push((parsed, node));
        if is_broken(node) {
            return (lineage, false);
        }
        next = profile(node);
    }
    (lineage, true)
}

fn unknown<'a>(name: &str, at: Span, known: impl Iterator<Item = &'a str>) -> Problem {
    Problem::new(Code::UnknownReference, at, format!("there is no profile `{name}`"))
        .label("not a key of `profiles`")
        .maybe_hint(suggest_or_list(name, known))
}

/// Whether the value of `profile` cannot be followed; that has been reported.
fn is_broken(node: &Node<'_>) -> bool {
    let Value::Map(entries) = &node.value else { return true };
    let stated = entries.iter().find(|(key, _)| key.name == "profile").map(|(_, node)| &node.value);
    !matches!(stated, None | Some(Value::Null | Value::String(_)))
}

/// The value of `profile` in a group or profile.
fn profile<'a>(node: &'a Node<'_>) -> Option<(&'a str, Span)> {
    let Value::Map(entries) = &node.value else { return None };
    let (_, node) = entries.iter().find(|(key, _)| key.name == "profile")?;
    match &node.value {
        Value::String(name) => Some((name, node.span)),
        _ => None,
    }
}
