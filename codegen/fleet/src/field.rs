//! What the types of fleet.yaml are made of: a value with its position ([`Field`]), and a mapping whose keys are the user's
//! own names ([`Entries`]). Both survive a wrong value: it is reported, and decoding goes on.

use std::borrow::Cow;
use std::marker::PhantomData;

use fleetgen_problem::Span;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The name under which a [`Field`] asks the decoder for its position.
pub(crate) const FIELD: &str = "$field";
/// The name under which [`Entries`] ask the decoder to accept any key.
pub(crate) const ENTRIES: &str = "$entries";

/// A value of fleet.yaml and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Field<T> {
    /// Where the value is; for a missing value, the mapping that misses it.
    pub(crate) span: Span,
    /// Who sets the value: 0 for the group itself, 1 for its profile, 2 for that profile's profile, and so on.
    pub(crate) depth: u32,
    /// The value; nothing if it was wrong or missing, which has then been reported.
    pub(crate) value: Option<T>,
}

impl<T> Field<T> {
    /// The value, if it could be read.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }
}

/// Reading a value that may be left out.
pub(crate) trait Optional<T> {
    /// The value, or the default if the key is not set; nothing if the value was wrong.
    fn default_to(&self, default: T) -> Option<T>;

    /// The value. The outer `Option` is empty if it was wrong, the inner one if the key is not set.
    #[expect(clippy::option_option, reason = "unset and wrong are different things")]
    fn read(&self) -> Option<Option<T>>;

    /// Reads the fields of a section with defaults: those that were set, or an empty section if the key is not set.
    fn section(&self) -> Option<Cow<'_, T>>
    where
        T: Default + Clone;
}

impl<T: Clone> Optional<T> for Option<Field<T>> {
    fn default_to(&self, default: T) -> Option<T> {
        self.as_ref().map_or(Some(default), |field| field.value.clone())
    }

    fn read(&self) -> Option<Option<T>> {
        self.as_ref().map_or(Some(None), |field| field.value.clone().map(Some))
    }

    fn section(&self) -> Option<Cow<'_, T>>
    where
        T: Default + Clone,
    {
        self.as_ref().map_or_else(|| Some(Cow::Owned(T::default())), |field| field.get().map(Cow::Borrowed))
    }
}

/// The values of a list that could be read.
pub(crate) fn list<T: Clone>(field: Option<&Field<Vec<Field<T>>>>) -> Vec<T> {
    let items = field.and_then(Field::get).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.value.clone()).collect()
}

/// The values of a list that could be read, sorted, each once: for lists whose order means nothing.
pub(crate) fn set<T: Clone + Ord>(field: Option<&Field<Vec<Field<T>>>>) -> Vec<T> {
    let mut items = list(field);
    items.sort();
    items.dedup();
    items
}

/// The entries of a mapping, if it is set.
pub(crate) fn entries<K, V>(field: Option<&Field<Entries<K, V>>>) -> &[(Field<K>, Field<V>)] {
    field.and_then(Field::get).map(|entries| entries.0.as_slice()).unwrap_or_default()
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

/// A value that is decoded later, together with what it inherits; here only its key counts.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn field<T>(value: Option<T>) -> Field<T> {
        Field { span: Span::default(), depth: 0, value }
    }

    #[test]
    fn unset_and_wrong_are_different() {
        assert_eq!(None.default_to(3), Some(3));
        assert_eq!(Some(field(Some(5))).default_to(3), Some(5));
        assert_eq!(Some(field(None)).default_to(3), None, "a wrong value does not become the default");
        assert_eq!(None::<Field<u32>>.read(), Some(None));
        assert_eq!(Some(field(Some(5))).read(), Some(Some(5)));
        assert_eq!(Some(field(None::<u32>)).read(), None);
    }

    #[test]
    fn lists_keep_what_could_be_read() {
        let items = field(Some(vec![field(Some(3)), field(None), field(Some(1)), field(Some(3))]));
        assert_eq!(list(Some(&items)), [3, 1, 3]);
        assert_eq!(set(Some(&items)), [1, 3]);
        assert!(list::<u32>(None).is_empty());
    }
}
