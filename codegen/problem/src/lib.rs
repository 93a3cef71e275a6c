//! What fleetgen tells a user: a [`Problem`] as data, and one renderer for people, programs and GitHub.
//!
//! Every crate reports with this one type, so that a message looks the same wherever it comes from, and so that a hint, a
//! position or a severity never has to be read back out of a sentence.

mod code;
mod render;
mod source;
mod suggest;

pub use code::{Code, Example};
pub use render::{Format, render, versioned};
pub use source::{SourceFile, Span, Unreadable};
pub use suggest::{nearest, suggest, suggest_or_list};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is done until it is fixed.
    Error,
    /// The command goes on.
    Warning,
}

impl Severity {
    /// The word in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Not in a file: the command line, or the machine.
    Nowhere,
    /// A whole file, by its path from the root of the repository.
    File(String),
    /// A range of bytes of the [`SourceFile`] that the problem is rendered with.
    Span(Span),
}

/// Something that the user has to know, and usually fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which kind of problem; docs/problems.md explains each.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// How to fix it.
    pub hint: Option<String>,
    /// Where it is.
    pub place: Place,
    /// A few words under the marked text, usually what was expected. May be empty.
    pub label: Box<str>,
    /// Other positions in the same file that take part, each with a few words.
    pub related: Vec<(Span, String)>,
}

impl Problem {
    /// An error at a place, without label, hint or related positions.
    pub fn new(code: Code, place: impl Into<Place>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            hint: None,
            place: place.into(),
            label: Box::default(),
            related: Vec::new(),
        }
    }

    /// A value that does not have the form that its key takes. Whoever knows the position adds it with [`Problem::at`].
    pub fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Code::InvalidValue, Place::Nowhere, message).hint(hint)
    }

    /// The same problem at a place.
    #[must_use]
    pub fn at(mut self, place: impl Into<Place>) -> Self {
        self.place = place.into();
        self
    }

    /// Adds words under the marked text.
    #[must_use]
    pub fn label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds how to fix it, if that is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    /// Points at another position that takes part.
    #[must_use]
    pub fn related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }

    /// The same problem with another severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The marked range, if the problem has one.
    pub fn span(&self) -> Option<Span> {
        match self.place {
            Place::Span(span) => Some(span),
            Place::Nowhere | Place::File(_) => None,
        }
    }
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self::Span(span)
    }
}

/// Serde carries an error as text, so a scalar's problem crosses it as two lines: the message, then the hint.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message.replace('\n', " "))?;
        match &self.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

/// Whether any of the problems is an error.
pub fn has_errors(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// Sorts problems by position and removes repetitions, as when many groups inherit one mistake.
pub fn settle(problems: &mut Vec<Problem>) {
    problems.sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
    problems.dedup_by(|a, b| a.place == b.place && a.code == b.code && a.message == b.message);
}
