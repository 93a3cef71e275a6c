//! Takes values out of fields, applies defaults, and remembers where each value came from.

use crate::diagnostic::{Diagnostic, Rule};
use crate::field::{Entries, Field};
use crate::model::{Origin, Origins};
use crate::source::Span;

/// Takes the values of one group.
pub(super) struct Taker<'a> {
    pub(super) origins: Origins,
    pub(super) found: &'a mut Vec<Diagnostic>,
    /// Whether what is missing is told; not where it may stand in a profile that could not be found.
    complete: bool,
}

impl<'a> Taker<'a> {
    pub(super) fn new(name: Span, complete: bool, found: &'a mut Vec<Diagnostic>) -> Self {
        Self { origins: Origins { name, entries: Vec::with_capacity(32) }, found, complete }
    }

    /// Remembers where a value, or a mapping that holds values, is stated, or that nobody states it.
    pub(super) fn note<T>(&mut self, path: impl Into<std::borrow::Cow<'static, str>>, field: Option<&Field<T>>) {
        let origin = field.map_or(Origin::Default, |field| Origin::Stated { depth: field.depth, span: field.span });
        self.origins.entries.push((path.into(), origin));
    }

    /// A value that may be left out. The outer `Option` is empty where the value is wrong, which has been reported.
    #[expect(clippy::option_option, reason = "absent and wrong are different things")]
    pub(super) fn maybe<T: Clone>(&mut self, path: &'static str, field: Option<&Field<T>>) -> Option<Option<T>> {
        self.note(path, field);
        match field {
            None => Some(None),
            Some(field) => field.value.clone().map(Some),
        }
    }

    /// A value with a default.
    pub(super) fn or<T: Clone>(&mut self, path: &'static str, field: Option<&Field<T>>, default: T) -> Option<T> {
        self.maybe(path, field).map(|value| value.unwrap_or(default))
    }

    /// A value that must be stated, by the group or by a profile. `at` is pointed at where it is not.
    pub(super) fn need<T: Clone>(&mut self, path: &'static str, field: Option<&Field<T>>, at: Span) -> Option<T> {
        if field.is_none() && self.complete {
            self.found.push(
                Diagnostic::new(Rule::MissingKey, at, format!("missing key `{path}`"))
                    .label(format!("neither here nor in a profile is there a `{path}`"))
                    .hint(format!("add `{path}` to the group or to its profile")),
            );
        }
        self.maybe(path, field).flatten()
    }

    /// A number that must lie in a range.
    pub(super) fn within(
        &mut self,
        path: &'static str,
        value: Option<u32>,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = value?;
        if range.contains(&value) {
            return Some(value);
        }
        let (low, high) = (range.start(), range.end());
        self.found.push(
            Diagnostic::new(Rule::InvalidValue, self.origins.span(path), format!("`{path}` is {value}"))
                .label(format!("must be from {low} to {high}")),
        );
        None
    }

    /// A duration that must lie in a range of seconds.
    pub(super) fn lasting(
        &mut self,
        path: &'static str,
        value: Option<crate::scalar::Duration>,
        range: std::ops::RangeInclusive<u32>,
    ) -> Option<crate::scalar::Duration> {
        use crate::scalar::Duration;
        let value = value?;
        if range.contains(&value.seconds) {
            return Some(value);
        }
        let (low, high) = (Duration::from_seconds(*range.start()), Duration::from_seconds(*range.end()));
        self.found.push(
            Diagnostic::new(Rule::InvalidValue, self.origins.span(path), format!("`{path}` is {value}"))
                .label(format!("must be from {low} to {high}")),
        );
        None
    }
}

/// The values of a list that could be read.
pub(crate) fn list<T: Clone>(field: Option<&Field<Vec<Field<T>>>>) -> Vec<T> {
    let items = field.and_then(Field::get).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.value.clone()).collect()
}

/// The values of a list that could be read, sorted, each once: for lists whose order means nothing.
pub(super) fn set<T: Clone + Ord>(field: Option<&Field<Vec<Field<T>>>>) -> Vec<T> {
    let mut items = list(field);
    items.sort();
    items.dedup();
    items
}

/// The entries of a mapping, where there is one.
pub(super) fn entries<K, V>(field: Option<&Field<Entries<K, V>>>) -> &[(Field<K>, Field<V>)] {
    field.and_then(Field::get).map(|entries| entries.0.as_slice()).unwrap_or_default()
}
