//! Numbers and durations within bounds that are part of the type, so that the decoder, the JSON Schema and the reference
//! agree on them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected};

use super::{Duration, Percent};

/// A whole number from `LOW` to `HIGH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<const LOW: u32, const HIGH: u32>(pub(crate) u32);

impl<'de, const LOW: u32, const HIGH: u32> Deserialize<'de> for Number<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if (LOW..=HIGH).contains(&number) {
            return Ok(Self(number));
        }
        Err(D::Error::invalid_value(Unexpected::Unsigned(number.into()), &format!("from {LOW} to {HIGH}").as_str()))
    }
}

impl<const LOW: u32, const HIGH: u32> JsonSchema for Number<LOW, HIGH> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("NumberFrom{LOW}To{HIGH}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LOW, "maximum": HIGH })
    }
}

/// A duration from `LOW` to `HIGH` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lasting<const LOW: u32, const HIGH: u32>(pub(crate) Duration);

impl<'de, const LOW: u32, const HIGH: u32> Deserialize<'de> for Lasting<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let duration = Duration::deserialize(deserializer)?;
        if (LOW..=HIGH).contains(&duration.seconds) {
            return Ok(Self(duration));
        }
        let [low, high] = [LOW, HIGH].map(Duration::from_seconds);
        let written = duration.to_string();
        Err(D::Error::invalid_value(Unexpected::Str(&written), &format!("from {low} to {high}").as_str()))
    }
}

impl<const LOW: u32, const HIGH: u32> JsonSchema for Lasting<LOW, HIGH> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("DurationFrom{LOW}To{HIGH}").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let [low, high] = [LOW, HIGH].map(|seconds| Duration::from_seconds(seconds).to_string());
        let mut schema = Duration::json_schema(generator);
        // JSON Schema cannot bound a duration; the reference shows these.
        schema.insert("x-minimum".to_owned(), low.into());
        schema.insert("x-maximum".to_owned(), high.into());
        schema
    }
}

/// A percentage from `LOW` to `HIGH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share<const LOW: u32, const HIGH: u32>(pub(crate) Percent);

impl<'de, const LOW: u32, const HIGH: u32> Deserialize<'de> for Share<LOW, HIGH> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let percent = Percent::deserialize(deserializer)?;
        if (LOW..=HIGH).contains(&percent.0) {
            return Ok(Self(percent));
        }
        let written = percent.to_string();
        Err(D::Error::invalid_value(Unexpected::Str(&written), &format!("from {LOW}% to {HIGH}%").as_str()))
    }
}

impl<const LOW: u32, const HIGH: u32> JsonSchema for Share<LOW, HIGH> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ShareFrom{LOW}To{HIGH}").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Percent::json_schema(generator);
        schema.insert("x-minimum".to_owned(), format!("{LOW}%").into());
        schema.insert("x-maximum".to_owned(), format!("{HIGH}%").into());
        schema
    }
}
