//! From the tree to the types of fleet.yaml, without stopping at the first mistake.
//!
//! Serde's derive stops at the first error. Here every value stands in a [`Field`], which takes its own error: it is
//! reported at the value's place and reading goes on. Keys that are unknown or missing are found here as well, because
//! the derive tells which keys a type has. So types are plain serde structs, and one run finds everything.
//!
//! A decoder looks at a *stack* of trees: a group, its profile, that one's profile. Mappings are merged key by key, any
//! other value of a nearer tree replaces one of a farther tree, and `null` takes away what was inherited.

mod access;

use std::cell::RefCell;

use serde::de::{Deserializer, Error, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use smallvec::SmallVec;

use access::{EntriesAccess, FieldAccess, ListAccess, StructAccess, Variant};

use crate::diagnostic::{Diagnostic, Rule, suggest};
use crate::field::{ENTRIES, FIELD, Field};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// Reads a `T` from a stack of trees, nearest first; what is wrong goes to `found`. `anchor` is pointed at where a key
/// is missing: the key or the name under which the mapping stands.
pub(crate) fn decode<'a, T: serde::Deserialize<'a>>(
    stack: &[&'a Node],
    anchor: Span,
    found: &mut Vec<Diagnostic>,
) -> Option<T> {
    let sink = RefCell::new(std::mem::take(found));
    let layers = (0..).zip(stack).map(|(depth, node)| (depth, *node)).collect();
    let decoder = Decoder { layers, anchor, sink: &sink };
    let field = <Field<T> as serde::Deserialize>::deserialize(decoder);
    *found = sink.into_inner();
    field.ok().and_then(|field| field.value)
}

/// What is wrong with a value; the place is added by the [`Field`] around it.
#[derive(Debug)]
struct Problem {
    rule: Rule,
    message: String,
    label: String,
    hint: Option<String>,
}

impl Problem {
    fn at(self, span: Span) -> Diagnostic {
        Diagnostic::new(self.rule, span, self.message).label(self.label).maybe_hint(self.hint)
    }

    fn wrong_type(found: &Value, expected: &dyn Expected) -> Self {
        let quote = match found {
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => expected.to_string().contains("string"),
            Value::Null | Value::String(_) | Value::List(_) | Value::Map(_) => false,
        };
        Self {
            rule: Rule::WrongType,
            message: format!("expected {expected}, found {}", describe(found)),
            label: format!("expected {expected}"),
            hint: quote.then(|| "put the value in quotes".to_owned()),
        }
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Integer(_) => "a number",
        Value::Float(_) => "a number with a fraction, an exponent or too many digits",
        Value::String(_) => "a string",
        Value::List(_) => "a list",
        Value::Map(_) => "a mapping",
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Error for Problem {
    /// Types report a wrong value as one line, and how to mend it as a second.
    fn custom<T: std::fmt::Display>(words: T) -> Self {
        let words = words.to_string();
        let (message, hint) = match words.split_once('\n') {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (words, None),
        };
        Self { rule: Rule::InvalidValue, message, label: String::new(), hint }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self {
            rule: Rule::WrongType,
            message: format!("expected {expected}, found {found}"),
            label: format!("expected {expected}"),
            hint: None,
        }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self { rule: Rule::InvalidValue, ..Self::invalid_type(found, expected) }
    }

    fn unknown_variant(written: &str, variants: &'static [&'static str]) -> Self {
        let known = list(variants);
        Self {
            rule: Rule::InvalidValue,
            message: format!("`{written}` is not one of {known}"),
            label: format!("expected one of {known}"),
            hint: suggest(written, variants.iter().copied()),
        }
    }
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// What stands at one place of a stack of trees, nearest first, with the depth of the tree each comes from. A line of profiles
/// is rarely longer than two.
type Layers<'a> = SmallVec<[(u32, &'a Node); 3]>;

/// A value as it stands in a stack of trees.
#[derive(Clone)]
struct Decoder<'a, 's> {
    /// Never empty.
    layers: Layers<'a>,
    anchor: Span,
    sink: &'s RefCell<Vec<Diagnostic>>,
}

impl<'a> Decoder<'a, '_> {
    fn nearest(&self) -> (u32, &'a Node) {
        self.layers[0]
    }

    /// The place to point at. The place of a block mapping is empty: then it is what the mapping stands under.
    fn span(&self) -> Span {
        let node = self.nearest().1;
        match &node.value {
            Value::Map(_) | Value::List(_) | Value::Null if node.span.start == node.span.end => self.anchor,
            _ => node.span,
        }
    }

    /// The mappings of the stack, down to the first value that is not one.
    fn maps(&self) -> impl Iterator<Item = (u32, &'a [(Key, Node)])> {
        self.layers.iter().map_while(|(depth, node)| match &node.value {
            Value::Map(entries) => Some((*depth, entries.as_slice())),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) | Value::List(_) => {
                None
            }
        })
    }

    /// What stands under a key, in every mapping of the stack.
    fn get(&self, name: &str) -> Option<Self> {
        let mut anchor = None;
        let mut layers = Layers::new();
        for (depth, entries) in self.maps() {
            if let Some((key, node)) = entries.iter().find(|(key, _)| key.name == name) {
                anchor.get_or_insert(key.span);
                layers.push((depth, node));
            }
        }
        anchor.map(|anchor| Self { layers, anchor, sink: self.sink })
    }

    fn report_unknown(&self, known: &'static [&'static str]) {
        for (key, _) in self.maps().flat_map(|(_, entries)| entries) {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let hint = suggest(&key.name, known.iter().copied())
                .unwrap_or_else(|| format!("the keys here are {}", list(known)));
            self.sink.borrow_mut().push(
                Diagnostic::new(Rule::UnknownKey, key.span, format!("unknown key `{}`", key.name))
                    .label("not a key that fleet.yaml has here")
                    .hint(hint),
            );
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'de, '_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let (depth, node) = self.nearest();
        match &node.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::String(value) => visitor.visit_str(value),
            Value::List(items) => visitor.visit_seq(ListAccess { items: items.iter(), depth, sink: self.sink }),
            found @ (Value::Null | Value::Map(_)) => Err(Problem::wrong_type(found, &visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.nearest().1.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        debug_assert_eq!(name, FIELD, "the types of fleet.yaml have no tuple structs of their own");
        let (depth, span, sink) = (self.nearest().0, self.span(), self.sink);
        visitor.visit_seq(FieldAccess { step: 0, span, depth, inner: Some(self), sink })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let Value::Map(_) = self.nearest().1.value else {
            return Err(Problem::wrong_type(&self.nearest().1.value, &"a mapping"));
        };
        if name == ENTRIES {
            return visitor.visit_map(EntriesAccess::new(&self));
        }
        self.report_unknown(keys);
        visitor.visit_map(StructAccess { decoder: self, keys: keys.iter(), current: "" })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match &self.nearest().1.value {
            Value::String(name) if variants.contains(&name.as_str()) => visitor.visit_enum(Variant(name)),
            Value::String(name) => Err(Problem::unknown_variant(name, variants)),
            found => Err(Problem::wrong_type(found, &format!("one of {}", list(variants)).as_str())),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.nearest().1.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(word) if matches!(word.as_str(), "yes" | "no" | "on" | "off") => Err(Problem {
                hint: Some("write `true` or `false`".to_owned()),
                ..Problem::wrong_type(&self.nearest().1.value, &"`true` or `false`")
            }),
            found => Err(Problem::wrong_type(found, &"`true` or `false`")),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.nearest().1.value {
            Value::Integer(value) => match u32::try_from(*value) {
                Ok(value) => visitor.visit_u32(value),
                Err(_) => Err(Problem::custom(format!("{value} is not a whole number from 0 to {}", u32::MAX))),
            },
            found => Err(Problem::wrong_type(found, &"a whole number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.nearest().1.value {
            Value::String(value) => visitor.visit_str(value),
            found => Err(Problem::wrong_type(found, &"a string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match &self.nearest().1.value {
            Value::List(_) => self.deserialize_any(visitor),
            found => Err(Problem::wrong_type(found, &"a list")),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple map identifier ignored_any
    }
}
