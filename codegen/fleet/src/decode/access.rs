//! What a decoder hands to the types: positions, lists, keys of a type, the user's own keys, and missing keys.

use std::collections::HashMap;

use fleetgen_problem::Span;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use smallvec::smallvec;

use super::error::Error;
use super::sink::{Missing, Sink, Step};
use super::{Decoder, Stack};
use crate::yaml::{Key, Node, Value};

/// Hands a [`Field`](crate::field::Field) its position and then its value, and takes the value's error.
pub(super) struct FieldAccess<'s, D> {
    pub(super) step: u8,
    pub(super) span: Span,
    pub(super) depth: u32,
    pub(super) inner: Option<D>,
    pub(super) sink: &'s Sink,
}

impl<'de, D: Deserializer<'de, Error = Error>> SeqAccess<'de> for FieldAccess<'_, D> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.step += 1;
        let number = match self.step {
            1 => self.span.start,
            2 => self.span.end,
            3 => self.depth,
            _ => {
                let Some(inner) = self.inner.take() else { return Ok(None) };
                return Ok(seed.deserialize(inner).map_err(|error| self.sink.report(error.at(self.span))).ok());
            }
        };
        seed.deserialize(number.into_deserializer()).map(Some)
    }
}

pub(super) struct ListAccess<'a, 's> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node<'a>>>,
    depth: u32,
    sink: &'s Sink,
}

impl<'a, 's> ListAccess<'a, 's> {
    pub(super) fn new(items: &'a [Node<'a>], depth: u32, sink: &'s Sink) -> Self {
        Self { items: items.iter().enumerate(), depth, sink }
    }
}

impl<'de> SeqAccess<'de> for ListAccess<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let anchor = match &node.value {
            Value::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
            Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::String(_) | Value::List(_) => {
                node.span
            }
        };
        let decoder = Decoder { stack: smallvec![(self.depth, node)], anchor, sink: self.sink };
        self.sink.below(Step::Item(index), || seed.deserialize(decoder).map(Some))
    }
}

/// Walks over the keys that a type has; those that the mapping lacks are offered as missing.
pub(super) struct StructAccess<'a, 's> {
    pub(super) decoder: Decoder<'a, 's>,
    pub(super) keys: std::slice::Iter<'static, &'static str>,
    pub(super) current: &'static str,
    /// Keys that were written with a spelling mistake, which has been reported.
    pub(super) misspelt: Vec<&'static str>,
}

impl<'de> MapAccess<'de> for StructAccess<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(key) = self.keys.next() else { return Ok(None) };
        self.current = key;
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let (key, sink) = (self.current, self.decoder.sink);
        // In a group, `null` means that the key is not set, whatever its profiles say.
        let is_set = |decoder: &Decoder<'_, '_>| sink.missing == Missing::Report || !decoder.is_null();
        if let Some(decoder) = self.decoder.get(key).filter(is_set) {
            return sink.below(Step::Key(key), || seed.deserialize(decoder));
        }
        let reported = self.misspelt.contains(&key) || sink.missing == Missing::Ignore;
        seed.deserialize(Absent { key, span: self.decoder.span(), reported, sink })
    }
}

/// A key that is not set: no value for an `Option`, a problem for a [`Field`](crate::field::Field).
struct Absent<'s> {
    key: &'static str,
    span: Span,
    /// Whether the user knows already.
    reported: bool,
    sink: &'s Sink,
}

impl<'de> Deserializer<'de> for Absent<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        let path = self.sink.path_of(self.key);
        let error = Error::missing(&path, self.key);
        Err(match self.sink.missing {
            Missing::ReportInGroup => error.hint(format!("add `{path}` to the group or to its profile")),
            Missing::Report | Missing::Ignore => error,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (span, sink) = (self.span, self.sink);
        let inner = (!self.reported).then_some(self);
        visitor.visit_seq(FieldAccess { step: 0, span, depth: 0, inner, sink })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple map struct enum identifier ignored_any
    }
}

/// Walks over the user's own keys, nearest tree first, each key once.
pub(super) struct EntriesAccess<'a, 's> {
    pub(super) entries: std::vec::IntoIter<(&'a Key<'a>, Stack<'a>)>,
    pub(super) current: Option<(&'a str, Decoder<'a, 's>)>,
    pub(super) sink: &'s Sink,
}

impl<'a, 's> EntriesAccess<'a, 's> {
    pub(super) fn new(decoder: &Decoder<'a, 's>) -> Self {
        let mut entries: Vec<(&Key<'_>, Stack<'_>)> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        for (nearest, (depth, map)) in decoder.maps().enumerate() {
            for (key, node) in map {
                // Within one mapping a key appears once, so only farther ones have to be looked up.
                match index.get(key.name.as_ref()) {
                    Some(at) if nearest > 0 => entries[*at].1.push((depth, node)),
                    _ => {
                        if decoder.stack.len() > 1 {
                            index.insert(key.name.as_ref(), entries.len());
                        }
                        entries.push((key, smallvec![(depth, node)]));
                    }
                }
            }
        }
        // `null` removes what a farther mapping sets.
        entries
            .retain(|(_, stack)| stack.len() == 1 || stack.first().is_none_or(|(_, node)| node.value != Value::Null));
        Self { entries: entries.into_iter(), current: None, sink: decoder.sink }
    }
}

impl<'de> MapAccess<'de> for EntriesAccess<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, stack)) = self.entries.next() else { return Ok(None) };
        let depth = stack.first().map_or(0, |(depth, _)| *depth);
        self.current = Some((&key.name, Decoder { stack, anchor: key.span, sink: self.sink }));
        seed.deserialize(KeyDecoder { key, depth, sink: self.sink }).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        match self.current.take() {
            Some((key, decoder)) => self.sink.below(Step::Key(key), || seed.deserialize(decoder)),
            None => Err(Error::custom("a value was requested before its key")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

pub(super) struct KeyDecoder<'a, 's> {
    pub(super) key: &'a Key<'a>,
    pub(super) depth: u32,
    pub(super) sink: &'s Sink,
}

impl<'de> Deserializer<'de> for KeyDecoder<'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.key.name)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let inner = Some(self.key.name.as_ref().into_deserializer());
        let inner: Option<serde::de::value::StrDeserializer<'_, Error>> = inner;
        visitor.visit_seq(FieldAccess { step: 0, span: self.key.span, depth: self.depth, inner, sink: self.sink })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple map struct enum identifier ignored_any
    }
}

/// A word of a closed list.
pub(super) struct Variant<'a>(pub(super) &'a str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = UnitOnly;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, UnitOnly), Error> {
        let name: serde::de::value::StrDeserializer<'_, Error> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, UnitOnly))
    }
}

pub(super) struct UnitOnly;

impl<'de> serde::de::VariantAccess<'de> for UnitOnly {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Error> {
        Err(Error::custom("a list item that is a plain name has no value"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a list item that is a plain name has no value"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Error> {
        Err(Error::custom("a list item that is a plain name has no value"))
    }
}
