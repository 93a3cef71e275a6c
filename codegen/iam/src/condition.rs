//! Conditions.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::Request;
use crate::pattern::{Piece, filled, matches_pieces};

/// Why a statement is not about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Miss {
    Action,
    Principal(String),
    Resource(String),
    Condition { operator: String, key: String, wanted: Vec<String>, found: Option<Vec<String>> },
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Action => f.write_str("it does not name the action"),
            Self::Principal(own) => write!(f, "it does not name the principal {own}"),
            Self::Resource(own) => write!(f, "it does not name the resource {own}"),
            Self::Condition { operator, key, wanted, found } => {
                write!(f, "{operator} {key} requires {}, and the request has ", wanted.join(" or "))?;
                match found {
                    Some(found) => f.write_str(&found.join(", ")),
                    None => f.write_str("no such key"),
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// The operator as it is written.
    pub(crate) name: String,
    pub(crate) operator: Operator,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// An operator with what may surround it: `ForAllValues:StringNotEqualsIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    set: Set,
    test: Test,
    is_negated: bool,
    if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// The key has one value.
    Single,
    ForAllValues,
    ForAnyValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Arn,
    Bool,
    Null,
    IpAddress,
    Numeric(Order),
    Date(Order),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "Equals" => Self::Equals,
            "LessThan" => Self::Less,
            "LessThanEquals" => Self::LessOrEqual,
            "GreaterThan" => Self::Greater,
            "GreaterThanEquals" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds<T: PartialOrd>(self, own: &T, wanted: &T) -> bool {
        match self {
            Self::Equals => own == wanted,
            Self::Less => own < wanted,
            Self::LessOrEqual => own <= wanted,
            Self::Greater => own > wanted,
            Self::GreaterOrEqual => own >= wanted,
        }
    }
}

impl Operator {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Set::ForAllValues, name),
            Some(("ForAnyValue", name)) => (Set::ForAnyValue, name),
            Some(_) => return None,
            None => (Set::Single, name),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (test, is_negated) = match name {
            "StringEquals" => (Test::StringEquals, false),
            "StringNotEquals" => (Test::StringEquals, true),
            "StringEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, true),
            "StringLike" => (Test::StringLike, false),
            "StringNotLike" => (Test::StringLike, true),
            // The two are the same.
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "Null" if set == Set::Single && !if_exists => (Test::Null, false),
            "IpAddress" => (Test::IpAddress, false),
            "NotIpAddress" => (Test::IpAddress, true),
            "NumericNotEquals" => (Test::Numeric(Order::Equals), true),
            "DateNotEquals" => (Test::Date(Order::Equals), true),
            name => match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
                (Some(order), _) => (Test::Numeric(Order::parse(order)?), false),
                (_, Some(order)) => (Test::Date(Order::parse(order)?), false),
                (None, None) => return None,
            },
        };
        Some(Self { set, test, is_negated, if_exists })
    }
}

impl Condition {
    pub(crate) fn holds(&self, request: &Request) -> Result<(), Miss> {
        let found = request.values(&self.key);
        if self.test(found, request) {
            return Ok(());
        }
        Err(Miss::Condition {
            operator: self.name.clone(),
            key: self.key.clone(),
            wanted: self.values.clone(),
            found: found.map(<[String]>::to_vec),
        })
    }

    fn test(&self, found: Option<&[String]>, request: &Request) -> bool {
        let Operator { set, test, is_negated, if_exists } = self.operator;
        if test == Test::Null {
            return self.values.iter().any(|value| (value == "true") == found.is_none());
        }
        // A value passes if it equals one of those in the policy, or, negated, none of them.
        let passes = |own: &String| self.values.iter().any(|wanted| equals(test, wanted, own, request)) != is_negated;
        match (set, found) {
            (Set::Single, None) => is_negated || if_exists,
            (Set::Single | Set::ForAllValues, Some(own)) => own.iter().all(passes),
            // The guide warns of it: without the key, it holds.
            (Set::ForAllValues, None) => true,
            (Set::ForAnyValue, Some(own)) => own.iter().any(passes),
            (Set::ForAnyValue, None) => if_exists,
        }
    }
}

fn equals(test: Test, wanted: &str, own: &str, request: &Request) -> bool {
    let Some(pattern) = filled(wanted, request) else { return false };
    // Outside of patterns, `*` and `?` are ordinary characters.
    let plain = || -> String {
        let letter = |piece: &Piece| match piece {
            Piece::Char(letter) => *letter,
            Piece::One => '?',
            Piece::Many => '*',
        };
        pattern.iter().map(letter).collect()
    };
    match test {
        Test::StringEquals => plain() == own,
        Test::StringEqualsIgnoreCase => plain().to_lowercase() == own.to_lowercase(),
        Test::StringLike => matches_pieces(&pattern, own),
        Test::Arn => arn(&pattern, own),
        Test::Bool => plain().eq_ignore_ascii_case(own),
        Test::IpAddress => {
            let range = plain().parse::<IpNet>().ok().or_else(|| Some(plain().parse::<IpAddr>().ok()?.into()));
            range.zip(own.parse::<IpAddr>().ok()).is_some_and(|(range, own)| range.contains(&own))
        }
        Test::Numeric(order) => {
            let numbers = plain().parse::<f64>().ok().zip(own.parse::<f64>().ok());
            numbers.is_some_and(|(wanted, own)| order.holds(&own, &wanted))
        }
        Test::Date(order) => {
            let dates = date(&plain()).zip(date(own));
            dates.is_some_and(|(wanted, own)| order.holds(&own, &wanted))
        }
        Test::Null => false,
    }
}

/// A time of RFC 3339, or seconds since 1970.
fn date(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok().or_else(|| jiff::Timestamp::from_second(text.parse().ok()?).ok())
}

/// Each of the six parts of an ARN is compared by itself.
fn arn(pattern: &[Piece], own: &str) -> bool {
    let mut parts = pattern.splitn(6, |piece| *piece == Piece::Char(':'));
    let mut own = own.splitn(6, ':');
    loop {
        match (parts.next(), own.next()) {
            (None, None) => return true,
            (Some(part), Some(own)) if matches_pieces(part, own) => {}
            _ => return false,
        }
    }
}
