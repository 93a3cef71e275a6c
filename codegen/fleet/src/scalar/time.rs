//! Times: how long, when in a day, when in a calendar, and where.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::unit::{number_with_unit, quantity};
use super::{Invalid, word};

/// A length of time, such as 90s, 10m, 8h or 30d. Kept in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// Seconds.
    pub seconds: u32,
}

impl Duration {
    /// A number of seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self { seconds }
    }
}

impl TryFrom<String> for Duration {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        const HINT: &str = "a whole number and `s`, `m`, `h` or `d`, such as `90s` or `10m`";
        let invalid = || Invalid::new(format!("`{}` is not a duration", text.escape_debug()), HINT);
        let (number, unit) = number_with_unit(&text, "a duration", HINT)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(invalid()),
        };
        number.checked_mul(factor).map(Self::from_seconds).ok_or_else(invalid)
    }
}

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.seconds;
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        match units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit)) {
            Some((unit, letter)) => write!(f, "{}{letter}", seconds / unit),
            None => write!(f, "{seconds}s"),
        }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        quantity(deserializer, "a duration such as `90s`, `10m`, `8h` or `30d`", "s")
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Duration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+[smhd]$", "description": "A length of time, such as 90s, 10m, 8h or 30d." })
    }
}

word! {
    /// A time of the day, such as 09:30, in quotes.
    TimeOfDay = "a time of the day", "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "hours and minutes in quotes, such as \"09:30\""
}

/// Defines a string that a library judges.
macro_rules! judged {
    ($(#[doc = $doc:literal])+ $name:ident = $what:literal, $judge:expr, $hint:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                let judge: fn(&str) -> bool = $judge;
                if judge(&text) {
                    return Ok(Self(text));
                }
                Err(Invalid::new(format!("`{}` is not {}", text.escape_debug(), $what), $hint))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "description": concat!($($doc, "\n"),+).trim() })
            }
        }
    };
}

judged! {
    /// A day, such as 2026-11-01, in quotes.
    Date = "a day", |text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
    "year, month and day in quotes, such as \"2026-11-01\""
}

judged! {
    /// A time zone of the IANA database, such as Asia/Tokyo.
    TimeZone = "a time zone", is_time_zone,
    "a name of the IANA database, such as Asia/Tokyo or UTC"
}

judged! {
    /// A schedule in the five fields of cron: minute, hour, day of month, month, day of week.
    Cron = "a schedule", is_cron,
    "the five fields of cron, such as \"30 1 * * 1-5\""
}

/// Both clouds take the five classic fields, without names for dates such as `@daily` and without `L`, `W` and `#`.
fn is_cron(text: &str) -> bool {
    text.split(' ').count() == 5
        && text.bytes().all(|byte| byte.is_ascii_digit() || b" *,-/".contains(&byte))
        && text.parse::<croner::Cron>().is_ok()
}

/// The database is the one bundled with the program: what is valid must not depend on the machine.
fn is_time_zone(text: &str) -> bool {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(text);
    zone.is_ok_and(|zone| zone.iana_name() == Some(text))
}
