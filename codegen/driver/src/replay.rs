//! From a journal to a state, and orders that are appended to it from outside of the driver.

use fleetgen_rollout::{
    Append, Broken, Engine, Event, Head, Journal, JournalError, Notices, Order, Record, SealedRecord, State, Step,
    verify,
};
use jiff::Timestamp;

/// A journal and the state that it leads to.
#[derive(Debug)]
pub struct Replayed {
    /// The state after the last record.
    pub state: State,
    /// Where the journal ends.
    pub head: Head,
    /// The records.
    pub records: Vec<Record>,
    /// What someone has still to be told.
    pub notices: Notices,
}

/// Why a journal cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A record is not as it was written.
    #[error("record {} of the journal is broken: {}", .0.number, .0.what)]
    Broken(Broken),
    /// It cannot be read.
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] JournalError),
}

/// Replays a journal. `most` is the highest record that exists, if the caller can tell.
///
/// # Errors
/// A record is not as it was written, or the journal cannot be read.
pub fn replay(engine: &Engine, journal: &mut dyn Journal, most: Option<u64>) -> Result<Replayed, ReplayError> {
    let (records, head) = verify(engine.id(), journal, most)?.map_err(ReplayError::Broken)?;
    let mut state = engine.initial();
    let mut notices = Notices::default();
    for record in &records {
        state = follow(engine, state, record).map_err(ReplayError::Broken)?.state;
        notices.take(engine, record, &state);
    }
    Ok(Replayed { state, head, records, notices })
}

/// Follows one record. The engine must ask for what the record says: another version of fleetgen might not.
pub(crate) fn follow(engine: &Engine, state: State, record: &Record) -> Result<Step, Broken> {
    let step = engine.step(state, &record.event, record.at);
    if step.effects == record.effects {
        return Ok(step);
    }
    let what = "this version of fleetgen would have done something else: go on with the version that wrote it";
    Err(Broken { number: record.number, what: what.to_owned() })
}

/// Appends a person's order. Whoever drives the rollout finds it there, now or when it is resumed.
///
/// # Errors
/// The journal cannot be read or written.
pub fn order(
    engine: &Engine,
    journal: &mut dyn Journal,
    actor: &str,
    order: &Order,
    at: Timestamp,
) -> Result<State, ReplayError> {
    // The driver may append at the same time: then there is more to replay first.
    loop {
        let Replayed { state, head, .. } = replay(engine, journal, None)?;
        let epoch = state.epoch;
        let event = Event::Ordered(order.clone());
        let step = engine.step(state, &event, at);
        let record = Record {
            number: head.number + 1,
            previous: head.digest,
            epoch,
            actor: actor.to_owned(),
            at,
            event,
            effects: step.effects,
        };
        let sealed = SealedRecord::new(record);
        match journal.append(sealed.record.number, &sealed.render())? {
            Append::Written => {
                journal.set_head(&Head { number: sealed.record.number, digest: sealed.digest })?;
                return Ok(step.state);
            }
            Append::Taken => {}
        }
    }
}
