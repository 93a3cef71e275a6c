//! Text to a tree that remembers where each value stands. serde-saphyr reads the YAML; this module keeps what its
//! events say, so that all later problems can be reported together and each at its place.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use crate::diagnostic::{Diagnostic, Rule};
use crate::source::{Source, Span};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// What YAML can say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    List(Vec<Node>),
    /// Keys in the order of the file. After [`parse`] each key stands once.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) name: String,
}

/// Whether a reading remembers where values stand. Places cost as much as all the rest of reading, and a file without
/// mistakes needs none of them: so a file is read without them first, and once more where there is something to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Places {
    Keep,
    Drop,
}

/// Reads one document. Problems that leave a tree (duplicate keys, merge keys) go to `found`; others end the reading.
pub(crate) fn parse(source: &Source, places: Places, found: &mut Vec<Diagnostic>) -> Option<Node> {
    // Limits far above any real fleet (10,000 groups are about 200,000 nodes) and far below what hurts.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32,
            max_nodes: 4_000_000,
            max_events: 8_000_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 8,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        emit_comments: false,
        with_snippet: false,
    };
    let read = match places {
        Places::Keep => serde_saphyr::from_str_with_options::<Located<true>>(source.text(), options)
            .map(|located| located.into_node(found)),
        Places::Drop => serde_saphyr::from_str_with_options::<Located<false>>(source.text(), options)
            .map(|located| located.into_node(found)),
    };
    match read {
        Ok(node) if node.value == Value::Null => {
            found.push(
                Diagnostic::new(Rule::Unreadable, node.span, "the file is empty")
                    .hint("start from the fleet.yaml of the reference, docs/fleet-yaml.md"),
            );
            None
        }
        Ok(node) => Some(node),
        Err(error) => {
            found.push(explain(source, &error));
            None
        }
    }
}

/// Puts a reader's error into the words of somebody who edits fleet.yaml.
fn explain(source: &Source, error: &serde_saphyr::Error) -> Diagnostic {
    let span = error.location().map_or(Span::default(), |at| {
        let start = usize::try_from(at.line()).unwrap_or(1);
        let start = source.byte_at(start, usize::try_from(at.column()).unwrap_or(1));
        end_of_character(source, start)
    });
    let text = error.without_snippet().to_string();
    // The place is marked in the file; the sentence need not repeat it.
    let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let (message, hint) = match error.without_snippet() {
        serde_saphyr::Error::MultipleDocuments { .. } => (
            "the file holds more than one document".to_owned(),
            Some("remove the `---` line; a fleet is one document".to_owned()),
        ),
        serde_saphyr::Error::Budget { .. } => (
            format!("the file is nested or repeated beyond any fleet ({text})"),
            Some("at most 32 levels, and aliases (`*name`) that repeat at most 100,000 values".to_owned()),
        ),
        _ if text.contains("alias") && text.contains("limit") => (
            format!("the file repeats itself beyond any fleet ({text})"),
            Some("use a profile instead of aliases (`*name`) of aliases".to_owned()),
        ),
        _ if text.contains("tab") => {
            (format!("this is not YAML: {text}"), Some("indent with spaces, not with tabs".to_owned()))
        }
        _ => (
            format!("this is not YAML: {text}"),
            Some("look at the indentation and the brackets of this line and of those above".to_owned()),
        ),
    };
    Diagnostic::new(Rule::Yaml, span, message).maybe_hint(hint)
}

fn end_of_character(source: &Source, start: u32) -> Span {
    let rest = source.text().get(start as usize..).unwrap_or_default();
    let length = rest.chars().next().map_or(0, char::len_utf8);
    Span { start, end: start + u32::try_from(length).unwrap_or(0) }
}

/// What serde-saphyr hands over: a value, and its place where places are kept.
struct Located<const PLACES: bool> {
    span: Span,
    raw: Raw<PLACES>,
}

enum Raw<const PLACES: bool> {
    Scalar(Value),
    List(Vec<Located<PLACES>>),
    Map(Vec<(Located<PLACES>, Located<PLACES>)>),
}

impl<const PLACES: bool> Located<PLACES> {
    fn into_node(self, found: &mut Vec<Diagnostic>) -> Node {
        let value = match self.raw {
            Raw::Scalar(value) => value,
            Raw::List(items) => Value::List(items.into_iter().map(|item| item.into_node(found)).collect()),
            Raw::Map(entries) => Value::Map(unique(entries, found)),
        };
        Node { span: self.span, value }
    }
}

fn unique<const PLACES: bool>(
    entries: Vec<(Located<PLACES>, Located<PLACES>)>,
    found: &mut Vec<Diagnostic>,
) -> Vec<(Key, Node)> {
    let mut kept: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
    // Most mappings are small, and a few have thousands of groups.
    let mut places = std::collections::HashMap::new();
    let is_large = entries.len() > 16;
    for (key, value) in entries {
        let key = key.into_node(found);
        let value = value.into_node(found);
        let name = match key.value {
            Value::String(name) => name,
            Value::Integer(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => {
                found.push(
                    Diagnostic::new(Rule::WrongType, key.span, "a key must be a string")
                        .label("not a string")
                        .hint("put the key in quotes"),
                );
                continue;
            }
        };
        if name == "<<" {
            found.push(
                Diagnostic::new(Rule::MergeKey, key.span, "merge keys (`<<`) are not part of fleet.yaml")
                    .hint("write what groups share as a profile, and name it with `profile:`"),
            );
            continue;
        }
        let first = if is_large {
            places.get(&name).copied()
        } else {
            kept.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.span)
        };
        if let Some(first) = first {
            found.push(
                Diagnostic::new(Rule::DuplicateKey, key.span, format!("`{name}` stands here a second time"))
                    .label("the second one")
                    .related(first, "the first one")
                    .hint("rename or remove one of the two"),
            );
            continue;
        }
        if is_large {
            places.insert(name.clone(), key.span);
        }
        kept.push((Key { span: key.span, name }, value));
    }
    kept
}

impl<'de, const PLACES: bool> Deserialize<'de> for Located<PLACES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !PLACES {
            return Ok(Self { span: Span::default(), raw: Raw::deserialize(deserializer)? });
        }
        let spanned = serde_saphyr::Spanned::<Raw<PLACES>>::deserialize(deserializer)?;
        // For an alias this is where `*name` stands: the place that somebody edits.
        let at = spanned.referenced.span();
        let start = at.byte_offset().unwrap_or(0);
        let end = start + at.byte_len().unwrap_or(0);
        let span =
            Span { start: u32::try_from(start).unwrap_or(u32::MAX), end: u32::try_from(end).unwrap_or(u32::MAX) };
        Ok(Self { span, raw: spanned.value })
    }
}

impl<'de, const PLACES: bool> Deserialize<'de> for Raw<PLACES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor<const PLACES: bool>;

impl<'de, const PLACES: bool> Visitor<'de> for RawVisitor<PLACES> {
    type Value = Raw<PLACES>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::Integer(value)))
    }

    #[expect(clippy::cast_precision_loss, reason = "no setting is that large; it only has to stay a number")]
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::String(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Raw::Scalar(Value::String(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key()? {
            entries.push((key, access.next_value()?));
        }
        Ok(Raw::Map(entries))
    }
}
