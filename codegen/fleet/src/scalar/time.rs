//! Times: durations, times of day, dates, schedules and time zones.

use std::borrow::Cow;

use fleetgen_problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::unit::{number_with_unit, quantity};
use super::word;

/// A duration, such as 90s, 10m, 8h or 30d, in seconds.
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
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        const HINT: &str = "a whole number and `s`, `m`, `h` or `d`, such as `90s` or `10m`";
        let invalid = || Problem::invalid(format!("`{text}` is not a duration"), HINT);
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
        quantity(deserializer, "a duration such as `90s`, `10m`, `8h` or `30d`", &["s", "m", "h", "d"])
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
        json_schema!({ "type": "string", "pattern": "^[0-9]+[smhd]$", "description": "A duration, such as 90s, 10m, 8h or 30d." })
    }
}

word! {
    /// A time of day in quotes, such as "09:30".
    TimeOfDay = "a time of day", "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "hours and minutes in quotes, such as \"09:30\""
}

/// Defines a string that a library validates, and of which one form may be kept.
macro_rules! validated {
    ($(#[doc = $doc:literal])+ $name:ident = $what:literal, $is_valid:expr, $hint:literal) => {
        validated! { $(#[doc = $doc])+ $name = $what, $is_valid, std::convert::identity, $hint }
    };
    ($(#[doc = $doc:literal])+ $name:ident = $what:literal, $is_valid:expr, $normal:expr, $hint:literal) => {
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
            type Error = Problem;

            fn try_from(text: String) -> Result<Self, Problem> {
                let is_valid: fn(&str) -> bool = $is_valid;
                let normal: String = $normal(text.clone());
                if is_valid(&normal) {
                    return Ok(Self(normal));
                }
                Err(Problem::invalid(format!("`{}` is not {}", text, $what), $hint))
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

validated! {
    /// A date in quotes, such as "2026-11-01".
    Date = "a date", |text| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
    "year, month and day in quotes, such as \"2026-11-01\""
}

impl Date {
    /// The days from this day to another; negative if that is earlier.
    pub(crate) fn days_until(&self, other: &Self) -> i64 {
        let day = |date: &Self| date.0.parse::<jiff::civil::Date>().ok();
        let span = day(self).zip(day(other)).and_then(|(from, to)| from.until(to).ok());
        span.map_or(0, |span| i64::from(span.get_days()))
    }
}

validated! {
    /// A name from the IANA time zone database, such as Asia/Tokyo.
    TimeZone = "a time zone", is_time_zone,
    "use a name from the IANA time zone database, such as Asia/Tokyo or UTC"
}

validated! {
    /// A cron schedule with five fields: minute, hour, day of month, month, day of week.
    Cron = "a cron schedule", is_cron, with_numbers,
    "write minute (0-59), hour (0-23), day (1-31), month (1-12) and weekday (0-7 or SUN-SAT), such as \"30 1 * * MON-FRI\""
}

impl Cron {
    /// A time at which this schedule and another one both act, of the first 200 or so times of one of them; nothing if there is none.
    pub(crate) fn clash(&self, zone: &TimeZone, other: &Self, others_zone: &TimeZone) -> Option<jiff::Timestamp> {
        const MOST: usize = 400;
        let times = |cron: &Self, zone: &TimeZone| cronexpr::parse_crontab(&format!("{cron} {zone}")).ok();
        let (first, second) = (times(self, zone)?, times(other, others_zone)?);
        let after = |times: &cronexpr::Crontab, at: jiff::Timestamp| {
            Some(times.find_next(cronexpr::MakeTimestamp(at)).ok()?.timestamp())
        };
        // What is valid does not depend on the day.
        let mut at: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().ok()?;
        for _ in 0..MOST {
            let next = after(&first, at)?;
            // The first time of the other one that is not before it.
            let others = after(&second, next.checked_sub(jiff::SignedDuration::from_secs(1)).ok()?)?;
            if next == others {
                return Some(next);
            }
            at = others.checked_sub(jiff::SignedDuration::from_secs(1)).ok()?;
        }
        None
    }
}

/// The names that cron knows for months and weekdays, as numbers: Google's autoscaler does not document names.
fn with_numbers(text: String) -> String {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return text };
    let number = |word: &str, names: &[&str], first: usize| {
        let at = names.iter().position(|name| name.eq_ignore_ascii_case(word));
        at.map_or_else(|| word.to_owned(), |at| (at + first).to_string())
    };
    let numbers = |field: &str, names: &[&str], first: usize| {
        let items = field.split(',').map(|item| {
            let mut words = item.split('-').map(|word| number(word, names, first)).collect::<Vec<_>>();
            // A range of weekdays may end with Sunday, which is then the seventh day.
            if names.len() == DAYS.len() && words.len() == 2 && words[1] == "0" {
                "7".clone_into(&mut words[1]);
            }
            words.join("-")
        });
        items.collect::<Vec<_>>().join(",")
    };
    [minute, hour, day, &numbers(month, &MONTHS, 1), &numbers(weekday, &DAYS, 0)].join(" ")
}

/// Both clouds accept the five classic fields, but not names such as `@daily`, nor `L`, `W` and `#`.
fn is_cron(text: &str) -> bool {
    text.split(' ').count() == 5
        && text.bytes().all(|byte| byte.is_ascii_digit() || b" *,-/".contains(&byte))
        && cronexpr::parse_crontab(&format!("{text} UTC"))
            .is_ok_and(|times| times.find_next(cronexpr::MakeTimestamp(jiff::Timestamp::UNIX_EPOCH)).is_ok())
}

/// The database is bundled with the program, so that what is valid does not depend on the machine.
fn is_time_zone(text: &str) -> bool {
    let zone = jiff::tz::TimeZoneDatabase::bundled().get(text);
    zone.is_ok_and(|zone| zone.iana_name() == Some(text))
}

#[cfg(test)]
mod tests {
    use super::{Cron, TimeZone, is_cron};

    fn cron(text: &str) -> Cron {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn names_become_numbers() {
        for (text, kept) in [
            ("30 1 * * MON-FRI", "30 1 * * 1-5"),
            ("0 0 1 jan,JUL *", "0 0 1 1,7 *"),
            ("0 0 * * Sun", "0 0 * * 0"),
            ("0 8 * *  SAT-SUN", "0 8 * * 6-7"),
        ] {
            assert_eq!(cron(text).as_str(), kept);
        }
        for text in [
            "MON 1 * * *",
            "0 0 * MON *",
            "0 0 * * MONDAY",
            "0 0 * * 1 MON",
            "0 8 * jan1 *",
            "0 8 * * sunmon",
            "0 8 31 2 *",
        ] {
            assert!(Cron::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn schedules_clash_in_their_own_time_zones() {
        let zone = |name: &str| TimeZone::try_from(name.to_owned()).unwrap();
        let clash = |one: (&str, &str), other: (&str, &str)| {
            let found = cron(one.0).clash(&zone(one.1), &cron(other.0), &zone(other.1)).is_some();
            assert_eq!(found, cron(other.0).clash(&zone(other.1), &cron(one.0), &zone(one.1)).is_some());
            found
        };
        assert!(clash(("0 8 * * *", "UTC"), ("0 8 * * 1", "UTC")));
        assert!(clash(("0 8 * * *", "UTC"), ("0 17 * * *", "Asia/Tokyo")));
        assert!(clash(("*/15 * * * *", "UTC"), ("45 3 1 1 *", "UTC")), "once a year");
        assert!(!clash(("0 8 * * *", "UTC"), ("0 8 * * *", "Asia/Tokyo")));
        assert!(!clash(("0 8 * * 1-5", "UTC"), ("0 8 * * 6,0", "UTC")));
    }

    #[test]
    fn cron_has_five_fields_of_numbers() {
        for text in ["30 1 * * 1-5", "0 0 * * 7", "*/15 9-17 1,15 * *"] {
            assert!(is_cron(text), "{text}");
        }
        for text in [
            "60 1 * * *",
            "0 24 * * *",
            "0 0 0 * *",
            "5-1 * * * *",
            "@daily",
            "0 0 * * MON",
            "0 0 L * *",
            "0 0 1 * * *",
        ] {
            assert!(!is_cron(text), "{text}");
        }
    }
}
