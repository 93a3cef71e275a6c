//! The pieces that the types of fleet.yaml are made of: a value with its place ([`Field`]), and a mapping whose keys are
//! the user's own names ([`Entries`]). Both survive a wrong value: it is reported, and reading goes on.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::source::Span;

/// The name under which a [`Field`] asks the decoder for its place.
pub(crate) const FIELD: &str = "$field";
/// The name under which [`Entries`] ask the decoder to take any key.
pub(crate) const ENTRIES: &str = "$entries";

/// A value of fleet.yaml and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Field<T> {
    /// Where the value stands, or, where it is missing, the mapping that misses it.
    pub(crate) span: Span,
    /// Who states the value: 0 for the group itself, then its profile, that one's profile, and so on.
    pub(crate) depth: u32,
    /// The value; nothing where it was wrong or missing, which has then been reported.
    pub(crate) value: Option<T>,
}

impl<T> Field<T> {
    /// The value, where it could be read.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
            type Value = Field<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a value of fleet.yaml")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Field<T>, A::Error> {
                let start = access.next_element()?.unwrap_or_default();
                let end = access.next_element()?.unwrap_or_default();
                let depth = access.next_element()?.unwrap_or_default();
                let value = access.next_element()?;
                Ok(Field { span: Span { start, end }, depth, value })
            }
        }
        deserializer.deserialize_tuple_struct(FIELD, 4, FieldVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A mapping whose keys are the user's names, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Entries<K, V>(pub(crate) Vec<(Field<K>, Field<V>)>);

impl<K, V> Default for Entries<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Entries<K, V> {
    /// The entries whose key and value could be read.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().filter_map(|(key, value)| Some((key.get()?, value.get()?)))
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Entries<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
            type Value = Entries<K, V>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping of names to settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(access.size_hint().unwrap_or(0));
                while let Some(key) = access.next_key()? {
                    entries.push((key, access.next_value()?));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_struct(ENTRIES, &[], EntriesVisitor(PhantomData))
    }
}

impl<K: JsonSchema, V: JsonSchema> JsonSchema for Entries<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Entries", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<K>();
        let values = generator.subschema_for::<V>();
        schemars::json_schema!({
            "type": "object",
            "propertyNames": names,
            "additionalProperties": values,
        })
    }
}

/// A value that is read later, together with what it inherits; here only its key counts.
#[derive(Debug, Clone)]
pub(crate) struct Deferred<T>(PhantomData<T>);

impl<'de, T> Deserialize<'de> for Deferred<T> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Deferred<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}
