//! What is wrong with a fleet.yaml, as data: a rule, a sentence, a place, a hint. `report` turns it into text.

use std::collections::{HashMap, HashSet};

use crate::source::Span;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule was broken.
    pub rule: Rule,
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What stands under the marked text: usually what was expected. May be empty.
    pub label: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// Other places that take part, each with a few words.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    /// A diagnostic without label, hint and other places.
    pub fn new(rule: Rule, span: Span, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), span, label: String::new(), hint: None, related: Vec::new() }
    }

    /// Says what was expected, under the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says how to mend it, where that is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Points at another place that takes part.
    #[must_use]
    pub fn related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// The rules that a fleet.yaml must keep, each with the name that messages show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[doc = $doc])+ $name,)+ }

        impl Rule {
            /// Every rule, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name in messages and in the reference.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What the rule asks for, in a sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

rules! {
    /// The file is one that can be read: there, a file, at most 16 MiB, UTF-8, not empty.
    Unreadable = "unreadable",
    /// The file is YAML: one document, within limits of depth and size.
    Yaml = "yaml",
    /// Merge keys (`<<`) are not part of the language; profiles are.
    MergeKey = "merge-key",
    /// A key stands once in its mapping.
    DuplicateKey = "duplicate-key",
    /// Every key is one that fleet.yaml has at that place.
    UnknownKey = "unknown-key",
    /// Every key that has no default is there.
    MissingKey = "missing-key",
    /// Every value is of the kind that its key takes.
    WrongType = "wrong-type",
    /// Every value has the form, and lies in the range, that its key takes.
    InvalidValue = "invalid-value",
    /// Nothing that looks like a secret stands in the file.
    Secret = "secret",
    /// A network, layer, profile, environment or load balancer that is named exists.
    UnknownReference = "unknown-reference",
    /// Layers and profiles do not inherit from themselves.
    Cycle = "cycle",
    /// Regions are known, and zones belong to their region.
    Zone = "zone",
    /// Networks have room for their zones, and do not overlap where they meet.
    Cidr = "cidr",
    /// Settings of one cloud stand only where that cloud is used.
    Cloud = "cloud",
    /// Machine types exist, and fit the layer: architecture and GPU.
    Machine = "machine",
    /// Sizes are in order: min ≤ desired ≤ max.
    Size = "size",
    /// Names, with the prefix that fleetgen adds, fit the limits of the target and are unique there.
    ResourceName = "resource-name",
    /// Tags and labels keep the rules of the clouds they are put on.
    Tag = "tag",
    /// Ports do not clash, and load balancers and health checks reach a port that is open.
    Port = "port",
    /// Scaling and schedules stay within the size of the group.
    Scaling = "scaling",
    /// A rollout can finish: something may be replaced at any time.
    Rollout = "rollout",
    /// The operating system is stated once, at the root of a line of layers, and what a layer adds fits what it is built on.
    Layer = "layer",
    /// A service that is checked comes with a package, or with a unit, of its layer or of one that it is built on.
    Service = "service",
    /// The layers of a line agree on kernel settings.
    Sysctl = "sysctl",
    /// What the scan lets pass has not expired.
    Scan = "scan",
    /// The proxy lets through what a layer needs while it is built.
    Domain = "domain",
}

/// All that is wrong, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Never empty where a report stands for a failure.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Sorts by place and drops repetitions, as when many groups inherit one mistake.
    pub(crate) fn settle(mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by(|a, b| (a.span, a.rule, &a.message).cmp(&(b.span, b.rule, &b.message)));
        diagnostics.dedup_by(|a, b| a.span == b.span && a.rule == b.rule && a.message == b.message);
        drop_misspelt(&mut diagnostics);
        Self { diagnostics }
    }
}

/// A key that was misspelt is unknown, and so the right one is missing: the first says it all.
///
/// The misspelt key stands in the mapping that was the last before it to miss the right one.
fn drop_misspelt(diagnostics: &mut Vec<Diagnostic>) {
    let mut missing: HashMap<String, usize> = HashMap::new();
    let mut dropped = HashSet::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        if diagnostic.rule == Rule::MissingKey {
            missing.insert(diagnostic.message.clone(), index);
        } else if diagnostic.rule == Rule::UnknownKey
            && let Some(hint) = &diagnostic.hint
            && let Some(key) = hint.strip_prefix("did you mean `").and_then(|rest| rest.strip_suffix("`?"))
            && let Some(index) = missing.get(&format!("missing key `{key}`"))
        {
            dropped.insert(*index);
        }
    }
    let mut index = 0..;
    diagnostics.retain(|_| index.next().is_none_or(|index| !dropped.contains(&index)));
}

/// The name that is nearest to what was written, or all names, where there are few.
pub fn suggest_or_list<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    suggest(written, known.iter().copied()).or_else(|| {
        (1..=12).contains(&known.len()).then(|| {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("there is {}", names.join(", "))
        })
    })
}

/// The name that is nearest to what was written, where one is near.
pub(crate) fn suggest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .filter(|(distance, name)| *distance <= (name.len().max(written.len()) / 3).max(1))
        .min()
        .map(|(_, name)| format!("did you mean `{name}`?"))
}
