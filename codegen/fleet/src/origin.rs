//! Where each value of a group comes from. The decoder records it, with the path that the value really has.

use fleetgen_problem::Span;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The group or one of its profiles sets it, at this position.
    Set {
        /// 0 for the group itself, 1 for its profile, 2 for that profile's profile, and so on.
        depth: u32,
        /// Where.
        span: Span,
    },
    /// The fleet's tags set it, at this position.
    Fleet {
        /// Where.
        span: Span,
    },
    /// The `config` of the group's environment sets it, at this position.
    Environment {
        /// Where.
        span: Span,
    },
    /// It is the default.
    Default,
}

/// The origins of a group's values, by path, such as `size.min` or `ports[0].from`.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// Where the group's name is.
    pub(crate) name: Span,
    entries: Vec<Entry>,
}

/// A value that is set.
#[derive(Debug, Clone)]
struct Entry {
    path: String,
    origin: Origin,
    /// Whether it is one value, rather than a mapping of values that may each be set or not.
    is_leaf: bool,
}

impl Origins {
    pub(crate) fn new(name: Span) -> Self {
        Self { name, entries: Vec::new() }
    }

    pub(crate) fn record(&mut self, path: String, origin: Origin, is_leaf: bool) {
        self.entries.push(Entry { path, origin, is_leaf });
    }

    /// Where the value at a path comes from. A part of a list of words comes from where the list does.
    pub fn get(&self, path: &str) -> Origin {
        match self.nearest(path) {
            Some(entry) if entry.is_leaf || entry.path == path => entry.origin,
            _ => Origin::Default,
        }
    }

    /// The position to point at for a value: where it is set, or else the mapping it belongs to, or else the group's name.
    pub fn span(&self, path: &str) -> Span {
        match self.nearest(path).map(|entry| entry.origin) {
            Some(Origin::Set { span, .. } | Origin::Fleet { span } | Origin::Environment { span }) => span,
            Some(Origin::Default) | None => self.name,
        }
    }

    /// Whether what is at a position comes from a profile.
    pub(crate) fn is_inherited(&self, at: Span) -> bool {
        self.entries.iter().any(|entry| matches!(entry.origin, Origin::Set { depth: 1.., span } if span == at))
    }

    /// The entry with the longest path that covers a path. A group's own tag is recorded after the fleet's, and wins.
    fn nearest(&self, path: &str) -> Option<&Entry> {
        let covers = |entry: &&Entry| {
            path.strip_prefix(entry.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.entries.iter().filter(covers).max_by_key(|entry| entry.path.len())
    }
}
