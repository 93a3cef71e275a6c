//! What is wrong with a value. The position is added by the [`Field`](crate::field::Field) around it.

use fleetgen_problem::{Code, Problem, Span, suggest};
use serde::de::{Expected, Unexpected};

use crate::yaml::Value;

/// A [`Problem`] without a position.
#[derive(Debug)]
pub(super) struct Error(Box<Problem>);

impl Error {
    fn new(code: Code, message: String, label: String) -> Self {
        Self(Box::new(Problem::new(code, Span::default(), message).label(label)))
    }

    pub(super) fn wrong_type(found: &Value<'_>, expected: &str) -> Self {
        let found = match found {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "a number",
            Value::Float(_) => "a number with a fraction, an exponent or too many digits",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        };
        Self::new(Code::WrongType, format!("expected {expected}, found {found}"), format!("expected {expected}"))
    }

    pub(super) fn missing(path: &str, key: &str) -> Self {
        Self::new(Code::MissingKey, format!("missing key `{path}`"), format!("`{key}` is required here"))
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self(Box::new(self.0.hint(hint)))
    }

    pub(super) fn at(self, span: Span) -> Problem {
        self.0.at(span)
    }
}

/// What a visitor expects, in words.
pub(super) fn expectation(visitor: &dyn Expected) -> String {
    visitor.to_string()
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    /// Takes the two lines of a scalar's [`Problem`]: the message and the hint.
    fn custom<T: std::fmt::Display>(words: T) -> Self {
        let words = words.to_string();
        let (message, hint) = match words.split_once('\n') {
            Some((message, hint)) => (message.to_owned(), Some(hint.to_owned())),
            None => (words, None),
        };
        Self(Box::new(Problem::new(Code::InvalidValue, Span::default(), message).maybe_hint(hint)))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Code::WrongType, format!("expected {expected}, found {found}"), format!("expected {expected}"))
    }

    /// A value out of its range.
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unsigned(number) => number.to_string(),
            Unexpected::Str(text) => text.to_owned(),
            other => other.to_string(),
        };
        Self::new(Code::InvalidValue, format!("{found} is out of range"), format!("must be {expected}"))
    }

    fn unknown_variant(written: &str, variants: &'static [&'static str]) -> Self {
        let known = super::list(variants);
        Self::new(Code::InvalidValue, format!("`{written}` is not one of {known}"), format!("expected one of {known}"))
            .maybe(suggest(written, variants.iter().copied()))
    }
}

impl Error {
    fn maybe(self, hint: Option<String>) -> Self {
        Self(Box::new(self.0.maybe_hint(hint)))
    }
}
