//! Where each value of a group came from.

use std::borrow::Cow;

use crate::source::Span;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The file says it, at this place.
    Stated {
        /// 0 for the group itself, then its profile, that one's profile, and so on.
        depth: u32,
        /// Where.
        span: Span,
    },
    /// The fleet's own tags say it, at this place.
    Fleet {
        /// Where.
        span: Span,
    },
    /// Nobody says it.
    Default,
}

/// The origins of a group's values, by path, such as `size.min`.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// Where the group's name stands.
    pub(crate) name: Span,
    pub(crate) entries: Vec<(Cow<'static, str>, Origin)>,
}

impl Origins {
    /// Where the value at a path came from; for a part of a value, where the whole came from.
    pub fn get(&self, path: &str) -> Origin {
        self.nearest(path, |_| true)
    }

    /// The place to point at for a value: where it, or else the mapping it belongs to, is stated, or else the group's name.
    pub fn span(&self, path: &str) -> Span {
        match self.nearest(path, |origin| origin != Origin::Default) {
            Origin::Stated { span, .. } | Origin::Fleet { span } => span,
            Origin::Default => self.name,
        }
    }

    /// Whether what stands at a place comes from a profile.
    pub(crate) fn is_inherited(&self, place: Span) -> bool {
        let inherited = |origin: &Origin| matches!(origin, Origin::Stated { depth: 1.., span } if *span == place);
        self.entries.iter().any(|(_, origin)| inherited(origin))
    }

    fn nearest(&self, path: &str, wanted: impl Fn(Origin) -> bool) -> Origin {
        let covers =
            |known: &str| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let entries = self.entries.iter().filter(|(known, origin)| covers(known) && wanted(*origin));
        // The group's own tag comes after the fleet's of the same key, and the last of equals is taken.
        entries.max_by_key(|(known, _)| known.len()).map_or(Origin::Default, |(_, origin)| *origin)
    }
}
