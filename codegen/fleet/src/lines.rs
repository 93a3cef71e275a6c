//! The lines of a fleet.yaml that set something.

use std::collections::HashMap;

use fleetgen_problem::{SourceFile, Span};

use crate::yaml::{self, Key, Node, Value};

/// A fleet.yaml, to find lines in.
pub struct Lines<'s> {
    source: &'s SourceFile,
    root: Node<'s>,
    /// Where each group is among its siblings. There may be thousands.
    groups: HashMap<String, usize>,
}

impl<'s> Lines<'s> {
    /// Reads the text; nothing if it is not YAML.
    pub fn new(source: &'s SourceFile) -> Option<Self> {
        let root = yaml::parse(source, &mut Vec::new())?;
        let groups = named(&root, "groups").map(|(_, node)| &node.value);
        let groups = match groups {
            Some(Value::Map(entries)) => {
                entries.iter().zip(0..).map(|((key, _), at)| (key.name.to_string(), at)).collect()
            }
            _ => HashMap::new(),
        };
        Some(Self { source, root, groups })
    }

    /// The line of a value below a path such as `proxy.domains`, or that of the path itself. What a group does not set is looked for in
    /// its profiles. What is not there is where the nearest thing above it is.
    pub fn find(&self, path: &str, value: Option<&str>) -> Option<usize> {
        let words: Vec<&str> = path.split('.').collect();
        let mut best = match words.as_slice() {
            ["groups", name, rest @ ..] => self.group(name, rest),
            words => walk(&self.root, words),
        };
        if let ["groups", name, rest @ ..] = words.as_slice() {
            let mut at = self.group(name, &[]);
            // A profile that inherits from itself is a problem, which is reported elsewhere.
            for _ in 0..MOST_PROFILES {
                if at.missing > 0 || best.missing == 0 {
                    break;
                }
                let Some(profile) = at.node.and_then(|node| profile(node)) else { break };
                at = walk(&self.root, &["profiles", profile]);
                let found = at.node.map(|node| walk(node, rest)).filter(|found| found.missing < best.missing);
                best = found.unwrap_or(best);
            }
        }
        let inside = value.zip(best.node).and_then(|(value, node)| within(node, value));
        let span = inside.or(best.span)?;
        Some(self.source.line_column(span.start).0)
    }

    /// What is at a path below a group.
    fn group(&self, name: &str, rest: &[&str]) -> At<'_, 's> {
        let groups = walk(&self.root, &["groups"]);
        let (Some(Node { value: Value::Map(entries), .. }), Some(at)) = (groups.node, self.groups.get(name)) else {
            return At { missing: groups.missing + rest.len() + 1, ..groups };
        };
        let (key, node) = &entries[*at];
        let below = walk(node, rest);
        At { span: below.span.or(Some(key.span)), ..below }
    }
}

const MOST_PROFILES: usize = 16;

/// What is at a path.
#[derive(Clone, Copy)]
struct At<'n, 's> {
    /// The last thing on the way.
    node: Option<&'n Node<'s>>,
    /// Its key.
    span: Option<Span>,
    /// How many words of the path are not there.
    missing: usize,
}

fn walk<'n, 's>(root: &'n Node<'s>, path: &[&str]) -> At<'n, 's> {
    let mut at = At { node: Some(root), span: None, missing: path.len() };
    for word in path {
        let Some((key, node)) = at.node.and_then(|node| named(node, word)) else { return at };
        at = At { node: Some(node), span: Some(key.span), missing: at.missing - 1 };
    }
    at
}

fn named<'n, 's>(node: &'n Node<'s>, name: &str) -> Option<&'n (Key<'s>, Node<'s>)> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|(key, _)| key.name == name),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) | Value::List(_) => None,
    }
}

fn profile<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match &named(node, "profile")?.1.value {
        Value::String(name) => Some(name),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// Where a text is, as a key or a value.
fn within(node: &Node<'_>, text: &str) -> Option<Span> {
    match &node.value {
        Value::String(value) => (value == text).then_some(node.span),
        Value::Integer(value) => (value.to_string() == text).then_some(node.span),
        Value::List(items) => items.iter().find_map(|item| within(item, text)),
        Value::Map(entries) => {
            entries.iter().find_map(|(key, node)| if key.name == text { Some(key.span) } else { within(node, text) })
        }
        Value::Null | Value::Bool(_) | Value::Float(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keys_and_inherited_settings_are_found() {
        let text = "proxy:\n  domains:\n    - { domain: a.example.com }\n    - { domain: b.example.com }\nprofiles:\n  base:\n    size:\n      max: 3\n  web:\n    profile: base\ngroups:\n  one:\n    profile: web\n    size: { min: 1 }\n  two: { ports: [{ port: 80 }] }\n";
        let source = SourceFile::from_bytes("fleet.yaml", text.into()).unwrap();
        let lines = Lines::new(&source).unwrap();
        for (path, value, line) in [
            ("proxy.domains", Some("b.example.com"), 4),
            ("proxy.domains", Some("c.example.com"), 2),
            ("groups.one.size.min", None, 14),
            ("groups.one.size.max", None, 8),
            ("groups.one.rollout.canary", None, 12),
            ("groups.two.ports", Some("80"), 15),
            ("groups.three", None, 11),
        ] {
            assert_eq!(lines.find(path, value), Some(line), "{path}");
        }
        assert_eq!(lines.find("nothing", None), None);
    }
}
