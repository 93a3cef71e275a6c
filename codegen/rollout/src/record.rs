//! The journal: one record for each step that changed something, each with the digest of the one before it.

use fleetgen_fleet::scalar::Sha256;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cloud::Effect;
use crate::digest::{canonical, sha256};
use crate::plan::PlanId;
use crate::step::Event;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its place in the journal, from 1.
    pub number: u64,
    /// The digest of the record before it; of the plan for the first one.
    pub previous: Sha256,
    /// The number of the driver that wrote it.
    pub epoch: u64,
    /// Who runs that driver, or gave the order.
    pub actor: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// What is done because of it, in order, once this record is durable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// A record with its digest: the text of a record's file or object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRecord {
    /// The digest of the record.
    pub digest: Sha256,
    /// The record.
    pub record: Record,
}

impl SealedRecord {
    /// Seals a record.
    pub fn new(record: Record) -> Self {
        Self { digest: sha256(&canonical(&record)), record }
    }

    /// The text of the record: one line of JSON.
    pub fn render(&self) -> String {
        canonical(self) + "\n"
    }

    /// Reads a record.
    ///
    /// # Errors
    /// It is not one, or a byte of it has changed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let sealed: Self = serde_json::from_str(text).map_err(|error| format!("it is not a record: {error}"))?;
        if Self::new(sealed.record.clone()) == sealed && sealed.render() == text {
            Ok(sealed)
        } else {
            Err("it was changed after it was written".to_owned())
        }
    }
}

/// Where a journal ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The number of the last record; 0 if there is none.
    pub number: u64,
    /// Its digest; the plan's if there is none.
    pub digest: Sha256,
}

impl Head {
    /// The end of an empty journal.
    pub fn empty(plan: &PlanId) -> Self {
        Self { number: 0, digest: plan.digest().clone() }
    }
}

/// Whether a record was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    /// It is durable.
    Written,
    /// There is a record with this number already, which may be this one.
    Taken,
}

/// Why a journal cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

/// Where records are kept. Creating a record is the fence between two writers: only one of them can create number n.
pub trait Journal {
    /// Creates a record, durably, and only if there is none with this number.
    ///
    /// # Errors
    /// It is not known whether the record was created.
    fn append(&mut self, number: u64, text: &str) -> Result<Append, JournalError>;

    /// Reads a record; nothing if there is none.
    ///
    /// # Errors
    /// It is not known whether there is one.
    fn read(&mut self, number: u64) -> Result<Option<String>, JournalError>;

    /// Remembers where the journal ends, so that a deleted last record is missed. May lag behind.
    ///
    /// # Errors
    /// It was not written.
    fn set_head(&mut self, head: &Head) -> Result<(), JournalError>;

    /// Where the journal ended when that was last remembered.
    ///
    /// # Errors
    /// It cannot be read.
    fn head(&mut self) -> Result<Option<Head>, JournalError>;
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The number of the record.
    pub number: u64,
    /// What is wrong.
    pub what: String,
}

/// Checks that nothing in a journal was changed, removed or reordered, and returns its records. `most` is the highest number
/// that exists, if the caller can tell.
///
/// # Errors
/// The first record that is not as it was written; or the journal cannot be read.
pub fn verify(
    plan: &PlanId,
    journal: &mut dyn Journal,
    most: Option<u64>,
) -> Result<Result<(Vec<Record>, Head), Broken>, JournalError> {
    let mut records = Vec::new();
    let mut end = Head::empty(plan);
    let remembered = journal.head()?;
    loop {
        let number = end.number + 1;
        let broken = |what: String| Ok(Err(Broken { number, what }));
        let Some(text) = journal.read(number)? else {
            let last = most.unwrap_or(0).max(remembered.as_ref().map_or(0, |head| head.number));
            if last >= number {
                return broken(format!("it is missing: the journal goes on to {last}"));
            }
            return Ok(Ok((records, end)));
        };
        let sealed = match SealedRecord::parse(&text) {
            Ok(sealed) => sealed,
            Err(what) => return broken(what),
        };
        if sealed.record.number != number {
            return broken(format!("in its place is record {}", sealed.record.number));
        }
        if sealed.record.previous != end.digest {
            return broken(match number {
                1 => "it belongs to the journal of another plan".to_owned(),
                _ => "it does not follow the record before it".to_owned(),
            });
        }
        end = Head { number, digest: sealed.digest };
        if let Some(head) = remembered.as_ref().filter(|head| head.number == number)
            && *head != end
        {
            return broken("the head of the journal names another record".to_owned());
        }
        records.push(sealed.record);
    }
}
