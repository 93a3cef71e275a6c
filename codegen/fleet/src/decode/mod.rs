//! From the tree to the types of fleet.yaml, without stopping at the first problem.
//!
//! Serde's derive stops at the first error. Here every value is in a [`Field`], which takes its own error: it is reported at
//! the value's position, and decoding goes on. Unknown and missing keys are found here too, because the derive says which
//! keys a type has. So types are plain serde structs, and one run finds everything.
//!
//! A decoder reads a *stack* of trees: a group, its profile, that profile's profile. For example, with this profile and group
//!
//! ```yaml
//! profiles:
//!   plain: { size: { min: 1, max: 3 }, tags: { team: web } }
//! groups:
//!   api: { profile: plain, size: { max: 5 }, tags: null }
//! ```
//!
//! `api` gets `size.min` 1 from the profile, `size.max` 5 of its own, and no tags: mappings are merged key by key, any other
//! value of a nearer tree replaces one of a farther tree, and `null` removes what was inherited. The tests below show each
//! case.

mod access;
mod error;
mod sink;

use fleetgen_problem::{Code, Problem, Span, suggest};
use serde::de::{Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use smallvec::SmallVec;

use access::{EntriesAccess, FieldAccess, ListAccess, StructAccess, Variant};
use error::Error;
pub(crate) use sink::Missing;
use sink::Sink;

use crate::field::{ENTRIES, FIELD, Field};
use crate::origin::Origins;
use crate::yaml::{Key, Node, Value};

/// Reads a `T` from a stack of trees, nearest first. `anchor` is pointed at if a key is missing: the key or name of the
/// mapping. Origins are recorded if there is somewhere to record them.
pub(crate) fn decode<'a, T: serde::Deserialize<'a>>(
    stack: &[&'a Node<'a>],
    anchor: Span,
    missing: Missing,
    origins: Option<&mut Origins>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let sink = Sink::new(missing, origins.as_deref().cloned());
    let stack = (0..).zip(stack).map(|(depth, node)| (depth, *node)).collect();
    let field = <Field<T> as serde::Deserialize>::deserialize(Decoder { stack, anchor, sink: &sink });
    let (more, recorded) = sink.finish();
    problems.extend(more);
    if let (Some(origins), Some(recorded)) = (origins, recorded) {
        *origins = recorded;
    }
    field.ok().and_then(|field| field.value)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// What is at one path in each tree of a stack, nearest first, with the depth of the tree. A lineage of profiles is rarely
/// longer than two.
type Stack<'a> = SmallVec<[(u32, &'a Node<'a>); 3]>;

/// A value in a stack of trees.
#[derive(Clone)]
struct Decoder<'a, 's> {
    /// Never empty.
    stack: Stack<'a>,
    anchor: Span,
    sink: &'s Sink,
}

impl<'a> Decoder<'a, '_> {
    fn nearest(&self) -> (u32, &'a Node<'a>) {
        self.stack[0]
    }

    fn is_null(&self) -> bool {
        self.nearest().1.value == Value::Null
    }

    /// The position to point at. For a block mapping, its key.
    fn span(&self) -> Span {
        let node = self.nearest().1;
        match &node.value {
            Value::Map(_) | Value::List(_) | Value::Null if node.span.start == node.span.end => self.anchor,
            _ => node.span,
        }
    }

    /// The mappings of the stack, down to the first value that is not one.
    fn maps(&self) -> impl Iterator<Item = (u32, &'a [(Key<'a>, Node<'a>)])> {
        self.stack.iter().map_while(|(depth, node)| match &node.value {
            Value::Map(entries) => Some((*depth, entries.as_slice())),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) | Value::List(_) => {
                None
            }
        })
    }

    /// What is under a key, in every mapping of the stack.
    fn get(&self, name: &str) -> Option<Self> {
        let mut anchor = None;
        let mut stack = Stack::new();
        for (depth, entries) in self.maps() {
            if let Some((key, node)) = entries.iter().find(|(key, _)| key.name == name) {
                anchor.get_or_insert(key.span);
                stack.push((depth, node));
            }
        }
        anchor.map(|anchor| Self { stack, anchor, sink: self.sink })
    }

    /// Reports the keys that a type does not have. A key that looks like a misspelt one is returned: that key is not
    /// missing as well.
    fn unknown_keys(&self, known: &'static [&'static str]) -> Vec<&'static str> {
        let mut misspelt = Vec::new();
        for (key, _) in self.maps().flat_map(|(_, entries)| entries) {
            if known.contains(&key.name.as_ref()) {
                continue;
            }
            misspelt.extend(fleetgen_problem::nearest(&key.name, known.iter().copied()));
            let hint = suggest(&key.name, known.iter().copied())
                .unwrap_or_else(|| format!("the keys here are {}", list(known)));
            self.sink.report(
                Problem::new(Code::UnknownKey, key.span, format!("unknown key `{}`", key.name))
                    .label("not a key of this mapping")
                    .hint(hint),
            );
        }
        misspelt
    }

    fn wrong_type<T>(&self, expected: &str) -> Result<T, Error> {
        Err(Error::wrong_type(&self.nearest().1.value, expected))
    }
}

impl<'de> Deserializer<'de> for Decoder<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let (depth, node) = self.nearest();
        match &node.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::String(value) => visitor.visit_str(value),
            Value::List(items) => visitor.visit_seq(ListAccess::new(items, depth, self.sink)),
            Value::Null | Value::Map(_) => self.wrong_type(&error::expectation(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
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
    ) -> Result<V::Value, Error> {
        debug_assert_eq!(name, FIELD, "the types of fleet.yaml have no tuple structs of their own");
        let ((depth, node), span, sink) = (self.nearest(), self.span(), self.sink);
        let is_leaf = match &node.value {
            Value::Map(_) => false,
            Value::List(items) => !items.iter().any(|item| matches!(item.value, Value::Map(_))),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) => true,
        };
        sink.set(depth, span, is_leaf);
        visitor.visit_seq(FieldAccess { step: 0, span, depth, inner: Some(self), sink })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Value::Map(_) = self.nearest().1.value else {
            let wrong = Error::wrong_type(&self.nearest().1.value, "a mapping");
            // A few keys fit in a hint. The reference has the others.
            let is_short = name != ENTRIES && keys.len() <= 6;
            return Err(if is_short { wrong.hint(format!("write a mapping with {}", list(keys))) } else { wrong });
        };
        if name == ENTRIES {
            return visitor.visit_map(EntriesAccess::new(&self));
        }
        let misspelt = self.unknown_keys(keys);
        visitor.visit_map(StructAccess { decoder: self, keys: keys.iter(), current: "", misspelt })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.nearest().1.value {
            Value::String(name) if variants.contains(&name.as_ref()) => visitor.visit_enum(Variant(name)),
            Value::String(name) => Err(Error::unknown_variant(name, variants)),
            _ => self.wrong_type(&format!("one of {}", list(variants))),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.nearest().1.value {
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(word) if matches!(word.as_ref(), "yes" | "no" | "on" | "off") => {
                self.wrong_type("`true` or `false`").map_err(|error: Error| error.hint("write `true` or `false`"))
            }
            _ => self.wrong_type("`true` or `false`"),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.nearest().1.value {
            Value::Integer(value) => match u32::try_from(*value) {
                Ok(value) => visitor.visit_u32(value),
                Err(_) => Err(Error::custom(format!("{value} is not a whole number from 0 to {}", u32::MAX))),
            },
            _ => self.wrong_type("a whole number"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.nearest().1.value {
            Value::String(value) => visitor.visit_str(value),
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
                self.wrong_type("a string").map_err(|error: Error| error.hint("put the value in quotes"))
            }
            Value::Null | Value::List(_) | Value::Map(_) => self.wrong_type("a string"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.nearest().1.value {
            Value::List(_) => self.deserialize_any(visitor),
            Value::String(item) => {
                let hint = format!("write a list: `[\"{item}\"]`");
                self.wrong_type("a list").map_err(|error: Error| error.hint(hint))
            }
            _ => self.wrong_type("a list"),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple map identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
