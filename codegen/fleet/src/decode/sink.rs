//! Where a decoder puts what it finds besides values: problems, and the origin of every value.

use std::cell::RefCell;

use fleetgen_problem::{Problem, Span};

use crate::origin::{Origin, Origins};

/// What a missing key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is a problem.
    Report,
    /// It is a problem, which a profile could fix as well.
    ReportInGroup,
    /// It may be set elsewhere, in a group or in a profile that could not be found.
    Ignore,
}

/// Shared by all decoders of one reading.
pub(crate) struct Sink {
    problems: RefCell<Vec<Problem>>,
    /// The path and the origins, if they are recorded. Recording costs about as much as decoding, and only problems and
    /// `explain` need it.
    record: Option<RefCell<Record>>,
    pub(super) missing: Missing,
}

struct Record {
    path: String,
    origins: Origins,
}

impl Sink {
    pub(super) fn new(missing: Missing, origins: Option<Origins>) -> Self {
        let record = origins.map(|origins| RefCell::new(Record { path: String::new(), origins }));
        Self { problems: RefCell::default(), record, missing }
    }

    pub(super) fn finish(self) -> (Vec<Problem>, Option<Origins>) {
        (self.problems.into_inner(), self.record.map(|record| record.into_inner().origins))
    }

    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Decodes what is at a step below the current path.
    pub(super) fn below<T>(&self, step: Step<'_>, decode: impl FnOnce() -> T) -> T {
        let Some(record) = &self.record else { return decode() };
        let length = {
            let path = &mut record.borrow_mut().path;
            let length = path.len();
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => path.extend([".", key]),
                Step::Item(index) => path.extend(["[", &index.to_string(), "]"]),
            }
            length
        };
        let value = decode();
        record.borrow_mut().path.truncate(length);
        value
    }

    /// Records that the value at the current path is set.
    pub(super) fn set(&self, depth: u32, span: Span, is_leaf: bool) {
        if let Some(record) = &self.record {
            let record = &mut *record.borrow_mut();
            if !record.path.is_empty() {
                record.origins.record(record.path.clone(), Origin::Set { depth, span }, is_leaf);
            }
        }
    }

    /// The path of a key of the current mapping, as far as it is known.
    pub(super) fn path_of(&self, key: &str) -> String {
        match &self.record {
            Some(record) if !record.borrow().path.is_empty() => format!("{}.{key}", record.borrow().path),
            _ => key.to_owned(),
        }
    }
}

/// A step down in a tree.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}
