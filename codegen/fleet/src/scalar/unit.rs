//! Numbers that carry their unit, and networks.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::str::FromStr;

use fleetgen_problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// Reads a whole number followed by a unit.
pub(super) fn number_with_unit<'a>(text: &'a str, what: &str, hint: &str) -> Result<(u32, &'a str), Problem> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse();
    number
        .map(|number| (number, &text[digits..]))
        .map_err(|_| Problem::invalid(format!("`{text}` is not {what}"), hint))
}

/// Reads a quantity from a string. A number without a unit gets a message that names the units.
pub(super) fn quantity<'de, D: Deserializer<'de>, T: TryFrom<String, Error = Problem>>(
    deserializer: D,
    what: &'static str,
    units: &'static [&'static str],
) -> Result<T, D::Error> {
    struct Quantity<T>(&'static str, &'static [&'static str], std::marker::PhantomData<T>);

    impl<T: TryFrom<String, Error = Problem>> Visitor<'_> for Quantity<T> {
        type Value = T;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }

        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
            let forms: Vec<String> = self.1.iter().map(|unit| format!("`{number}{unit}`")).collect();
            Err(E::custom(Problem::invalid(
                format!("{number} has no unit: expected {}", self.0),
                format!("write {}", forms.join(" or ")),
            )))
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            T::try_from(text.to_owned()).map_err(E::custom)
        }
    }
    deserializer.deserialize_any(Quantity(what, units, std::marker::PhantomData))
}

/// A size of disk or memory, such as 40GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gibibytes(pub u32);

impl TryFrom<String> for Gibibytes {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        const HINT: &str = "a whole number and `GiB`, such as `40GiB`; at most 65536GiB";
        match number_with_unit(&text, "a size", HINT)? {
            (number @ 1..=65_536, "GiB") => Ok(Self(number)),
            _ => Err(Problem::invalid(format!("`{text}` is not a size"), HINT)),
        }
    }
}

impl<'de> Deserialize<'de> for Gibibytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity(deserializer, "a size such as `40GiB`", &["GiB"])
    }
}

impl Serialize for Gibibytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}GiB", self.0))
    }
}

impl JsonSchema for Gibibytes {
    fn schema_name() -> Cow<'static, str> {
        "Gibibytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+GiB$", "description": "A size of disk, such as 40GiB." })
    }
}

/// A share of a whole: 0% to 100%.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub u32);

impl TryFrom<String> for Percent {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        const HINT: &str = "a whole number from 0 to 100 and `%`, such as `25%`";
        match number_with_unit(&text, "a percentage", HINT)? {
            (number @ 0..=100, "%") => Ok(Self(number)),
            _ => Err(Problem::invalid(format!("`{text}` is not a percentage"), HINT)),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity(deserializer, "a percentage such as `25%`", &["%"])
    }
}

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(100|[0-9]{1,2})%$", "description": "A share, such as 25%." })
    }
}

/// A number of machines, or a share of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// A number of machines.
    Machines(u32),
    /// A share of the group.
    Share(Percent),
}

impl Amount {
    /// How many machines of a group of `size` this is. Shares are rounded down, so that never more machines are meant than
    /// were written.
    pub fn of(self, size: u32) -> u32 {
        match self {
            Self::Machines(number) => number.min(size),
            Self::Share(Percent(share)) => u32::try_from(u64::from(size) * u64::from(share) / 100).unwrap_or(u32::MAX),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AmountVisitor;

        impl Visitor<'_> for AmountVisitor {
            type Value = Amount;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number of machines such as `1`, or a percentage such as `25%`")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Amount, E> {
                match u32::try_from(number) {
                    Ok(number @ 0..=10_000) => Ok(Amount::Machines(number)),
                    _ => Err(E::custom(format!("{number} is not a number of machines from 0 to 10000"))),
                }
            }

            // As JSON has it.
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Amount, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
                Percent::try_from(text.to_owned()).map(Amount::Share).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(AmountVisitor)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Machines(number) => serializer.serialize_u32(*number),
            Self::Share(share) => share.serialize(serializer),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A number of machines such as 1, or a share of the group such as 25%.",
            "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^(100|[0-9]{1,2})%$" }],
        })
    }
}

/// An IPv4 network, such as 10.16.0.0/16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Cidr(cidr::Ipv4Cidr);

impl Cidr {
    /// Whether two networks share an address.
    pub fn overlaps(self, other: Self) -> bool {
        let [a, b] = [self.0, other.0];
        a.contains(&b.first_address()) || b.contains(&a.first_address())
    }

    /// A part of a network that is divided into 64 equal parts: `count` of them, a power of two, from `first` on. Nothing if
    /// the network is too small to be divided.
    pub(crate) fn part(self, first: u32, count: u32) -> Option<Self> {
        let unit = 1u32.checked_shl(u32::from(26u8.checked_sub(self.prefix())?))?;
        let address = u32::from(self.0.first_address()).checked_add(first * unit)?;
        let length = self.prefix() + 6 - u8::try_from(count.ilog2()).ok()?;
        cidr::Ipv4Cidr::new(address.into(), length).ok().map(Self)
    }

    /// One of its addresses, counted from the first.
    pub fn address(self, index: u32) -> Ipv4Addr {
        u32::from(self.0.first_address()).wrapping_add(index).into()
    }

    /// The length of the prefix, 0 to 32.
    pub fn prefix(self) -> u8 {
        self.0.network_length()
    }
}

impl TryFrom<String> for Cidr {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        const HINT: &str = "an IPv4 network with its prefix, such as `10.16.0.0/16`";
        let invalid = || Problem::invalid(format!("`{text}` is not a network"), HINT);
        if text.contains(':') {
            return Err(Problem::invalid(
                format!("`{text}` is an IPv6 network, and the networks of a fleet have only IPv4 addresses"),
                "write the IPv4 network; clients with IPv6 addresses can come through a dual-stack load balancer",
            ));
        }
        let (address, prefix) = text.split_once('/').ok_or_else(invalid)?;
        let address = Ipv4Addr::from_str(address).map_err(|_| invalid())?;
        let prefix: u8 = prefix.parse().map_err(|_| invalid())?;
        if let Ok(cidr) = cidr::Ipv4Cidr::new(address, prefix) {
            return Ok(Self(cidr));
        }
        let network = cidr::Ipv4Inet::new(address, prefix).map_err(|_| invalid())?.network();
        Err(Problem::invalid(
            format!("`{text}` has host bits set: it names one address of a network"),
            format!("the network is `{network}`"),
        ))
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The alternate form keeps the prefix of a single address.
        write!(f, "{:#}", self.0)
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Cidr {
    fn schema_name() -> Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9.]+/[0-9]{1,2}$", "description": "An IPv4 network, such as 10.16.0.0/16." })
    }
}
