//! What a decoder hands to the types: places, lists, keys of a type, keys of the user's, and what is missing.

use std::cell::RefCell;
use std::collections::HashMap;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use smallvec::smallvec;

use super::{Decoder, Layers, Problem};
use crate::diagnostic::{Diagnostic, Rule};
use crate::source::Span;
use crate::yaml::{Key, Node, Value};

/// Hands a [`Field`] its place and then its value, and takes the value's error.
pub(super) struct FieldAccess<'s, D> {
    pub(super) step: u8,
    pub(super) span: Span,
    pub(super) depth: u32,
    pub(super) inner: Option<D>,
    pub(super) sink: &'s RefCell<Vec<Diagnostic>>,
}

impl<'de, D: Deserializer<'de, Error = Problem>> SeqAccess<'de> for FieldAccess<'_, D> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        self.step += 1;
        let number = match self.step {
            1 => self.span.start,
            2 => self.span.end,
            3 => self.depth,
            _ => {
                let Some(inner) = self.inner.take() else { return Ok(None) };
                return Ok(seed
                    .deserialize(inner)
                    .map_err(|problem| self.sink.borrow_mut().push(problem.at(self.span)))
                    .ok());
            }
        };
        seed.deserialize(number.into_deserializer()).map(Some)
    }
}

pub(super) struct ListAccess<'a, 's> {
    pub(super) items: std::slice::Iter<'a, Node>,
    pub(super) depth: u32,
    pub(super) sink: &'s RefCell<Vec<Diagnostic>>,
}

impl<'de> SeqAccess<'de> for ListAccess<'de, '_> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Problem> {
        let Some(node) = self.items.next() else { return Ok(None) };
        let anchor = match &node.value {
            Value::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) | Value::List(_) => {
                node.span
            }
        };
        let decoder = Decoder { layers: smallvec![(self.depth, node)], anchor, sink: self.sink };
        seed.deserialize(decoder).map(Some)
    }
}

/// Walks over the keys that a type has; those that the mapping lacks are offered as missing.
pub(super) struct StructAccess<'a, 's> {
    pub(super) decoder: Decoder<'a, 's>,
    pub(super) keys: std::slice::Iter<'static, &'static str>,
    pub(super) current: &'static str,
}

impl<'de> MapAccess<'de> for StructAccess<'de, '_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some(key) = self.keys.next() else { return Ok(None) };
        self.current = key;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        match self.decoder.get(self.current) {
            Some(decoder) => seed.deserialize(decoder),
            None => seed.deserialize(Missing { key: self.current, span: self.decoder.span(), sink: self.decoder.sink }),
        }
    }
}

/// A key that is not there: no value for an `Option`, a problem for a [`Field`].
pub(super) struct Missing<'s> {
    pub(super) key: &'static str,
    pub(super) span: Span,
    pub(super) sink: &'s RefCell<Vec<Diagnostic>>,
}

impl<'de> Deserializer<'de> for Missing<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Problem> {
        Err(Problem {
            rule: Rule::MissingKey,
            message: format!("missing key `{}`", self.key),
            label: format!("`{}` is needed here", self.key),
            hint: None,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_none()
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let (span, sink) = (self.span, self.sink);
        visitor.visit_seq(FieldAccess { step: 0, span, depth: 0, inner: Some(self), sink })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple map struct enum identifier ignored_any
    }
}

/// Walks over the user's own keys, nearest tree first, each key once.
pub(super) struct EntriesAccess<'a, 's> {
    pub(super) entries: std::vec::IntoIter<(&'a Key, Layers<'a>)>,
    pub(super) current: Option<Decoder<'a, 's>>,
    pub(super) sink: &'s RefCell<Vec<Diagnostic>>,
}

impl<'a, 's> EntriesAccess<'a, 's> {
    pub(super) fn new(decoder: &Decoder<'a, 's>) -> Self {
        let mut entries: Vec<(&Key, Layers<'_>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (nearest, (depth, map)) in decoder.maps().enumerate() {
            for (key, node) in map {
                // Within one mapping a key stands once, so that only farther ones have to be looked up.
                match places.get(key.name.as_str()) {
                    Some(place) if nearest > 0 => entries[*place].1.push((depth, node)),
                    _ => {
                        if decoder.layers.len() > 1 {
                            places.insert(&key.name, entries.len());
                        }
                        entries.push((key, smallvec![(depth, node)]));
                    }
                }
            }
        }
        // `null` takes away what a farther mapping says.
        entries.retain(|(_, layers)| {
            layers.len() == 1 || layers.first().is_none_or(|(_, node)| node.value != Value::Null)
        });
        Self { entries: entries.into_iter(), current: None, sink: decoder.sink }
    }
}

impl<'de> MapAccess<'de> for EntriesAccess<'de, '_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let Some((key, layers)) = self.entries.next() else { return Ok(None) };
        let depth = layers.first().map_or(0, |(depth, _)| *depth);
        self.current = Some(Decoder { layers, anchor: key.span, sink: self.sink });
        seed.deserialize(KeyDecoder { key, depth, sink: self.sink }).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        match self.current.take() {
            Some(decoder) => seed.deserialize(decoder),
            None => Err(Problem::custom("a value was asked for before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

pub(super) struct KeyDecoder<'a, 's> {
    pub(super) key: &'a Key,
    pub(super) depth: u32,
    pub(super) sink: &'s RefCell<Vec<Diagnostic>>,
}

impl<'de> Deserializer<'de> for KeyDecoder<'de, '_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_str(&self.key.name)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let inner = Some(self.key.name.as_str().into_deserializer());
        let inner: Option<serde::de::value::StrDeserializer<'_, Problem>> = inner;
        visitor.visit_seq(FieldAccess { step: 0, span: self.key.span, depth: self.depth, inner, sink: self.sink })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple map struct enum identifier ignored_any
    }
}

/// A word out of a closed list.
pub(super) struct Variant<'a>(pub(super) &'a str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Problem;
    type Variant = UnitOnly;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, UnitOnly), Problem> {
        let name: serde::de::value::StrDeserializer<'_, Problem> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, UnitOnly))
    }
}

pub(super) struct UnitOnly;

impl<'de> serde::de::VariantAccess<'de> for UnitOnly {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Problem> {
        Err(Problem::custom("a word of a list has no value of its own"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Problem> {
        Err(Problem::custom("a word of a list has no value of its own"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Problem> {
        Err(Problem::custom("a word of a list has no value of its own"))
    }
}
