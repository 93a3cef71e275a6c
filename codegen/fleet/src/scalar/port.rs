//! Ports, and ranges of them.

use std::borrow::Cow;

use fleetgen_problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A TCP or UDP port: 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(try_from = "u32")]
pub struct Port(u16);

impl Port {
    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u32> for Port {
    type Error = Problem;

    fn try_from(number: u32) -> Result<Self, Problem> {
        match u16::try_from(number) {
            Ok(port @ 1..) => Ok(Self(port)),
            _ => Err(Problem::invalid(format!("{number} is not a port"), "a whole number from 1 to 65535")),
        }
    }
}

impl JsonSchema for Port {
    fn schema_name() -> Cow<'static, str> {
        "Port".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535, "description": "A TCP or UDP port." })
    }
}

/// Ports that follow each other, such as 9000-9100, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    /// The first port.
    pub first: Port,
    /// The last one.
    pub last: Port,
}

impl PortRange {
    /// Whether two ranges have a port in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl From<Port> for PortRange {
    fn from(port: Port) -> Self {
        Self { first: port, last: port }
    }
}

impl TryFrom<String> for PortRange {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        const HINT: &str = "a port such as `8080`, or the first and the last of a range, such as `9000-9100`";
        let invalid = || Problem::invalid(format!("`{text}` is not a port or a range of ports"), HINT);
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        let port = |text: &str| {
            let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten();
            Port::try_from(number?).ok()
        };
        let (first, last) = port(first).zip(port(last)).ok_or_else(invalid)?;
        if first > last {
            return Err(Problem::invalid(
                format!("`{text}` ends before it begins"),
                format!("write `{}-{}`", last.get(), first.get()),
            ));
        }
        Ok(Self { first, last })
    }
}

impl std::fmt::Display for PortRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.first.get(), self.last.get()) {
            (first, last) if first == last => write!(f, "{first}"),
            (first, last) => write!(f, "{first}-{last}"),
        }
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PortRangeVisitor;

        impl Visitor<'_> for PortRangeVisitor {
            type Value = PortRange;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a port such as `8080`, or a range such as `9000-9100`")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<PortRange, E> {
                let number = u32::try_from(number).map_err(|_| E::custom(format!("{number} is not a port")))?;
                Port::try_from(number).map(Into::into).map_err(E::custom)
            }

            // As JSON has it.
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<PortRange, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PortRange, E> {
                PortRange::try_from(text.to_owned()).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(PortRangeVisitor)
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first == self.last { self.first.serialize(serializer) } else { serializer.collect_str(self) }
    }
}

impl JsonSchema for PortRange {
    fn schema_name() -> Cow<'static, str> {
        "PortRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A TCP or UDP port such as 8080, or a range of them such as 9000-9100.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 65535 },
                { "type": "string", "pattern": "^[0-9]{1,5}(-[0-9]{1,5})?$" },
            ],
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<PortRange, Problem> {
        PortRange::try_from(text.to_owned())
    }

    #[test]
    fn a_range_is_read_and_written_alike() {
        for text in ["80", "9000-9100", "1-65535"] {
            assert_eq!(range(text).unwrap().to_string(), text);
        }
        for text in ["0", "65536", "", "-", "80-", "-80", "90-80", "+80", "8 0", "80-90-100", "0x50", "1-65536"] {
            assert!(range(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_overlap_at_their_ends() {
        let overlaps = |one: &str, two: &str| range(one).unwrap().overlaps(range(two).unwrap());
        assert!(overlaps("80", "80") && overlaps("80-90", "90") && overlaps("85", "80-90"));
        assert!(!overlaps("80-89", "90-99") && !overlaps("91", "80-90"));
    }
}
