//! A journal in memory, and crashes: of the process that writes it, before and after each record and each effect.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use fleetgen_rollout::{Append, Head, Journal, JournalError};

/// A point at which a driver can crash: the number of records and effects, before and after, that came before it.
pub type Point = u64;

/// When drivers crash.
#[derive(Debug, Clone, Default)]
pub struct Crashes(Rc<RefCell<CrashState>>);

#[derive(Debug, Default)]
struct CrashState {
    at: BTreeSet<Point>,
    passed: Point,
    is_dead: bool,
}

impl Crashes {
    /// Crashes at these points.
    pub fn at(points: impl IntoIterator<Item = Point>) -> Self {
        Self(Rc::new(RefCell::new(CrashState { at: points.into_iter().collect(), passed: 0, is_dead: false })))
    }

    /// Passes a point, and returns whether the driver is dead.
    pub fn pass(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let point = state.passed;
        state.passed += 1;
        state.is_dead |= state.at.contains(&point);
        state.is_dead
    }

    /// How many points were passed.
    pub fn passed(&self) -> Point {
        self.0.borrow().passed
    }

    /// Whether the driver is dead.
    pub fn is_dead(&self) -> bool {
        self.0.borrow().is_dead
    }

    /// Starts another driver.
    pub fn revive(&self) {
        self.0.borrow_mut().is_dead = false;
    }
}

/// A journal in memory, which several drivers can share.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    records: Rc<RefCell<Vec<String>>>,
    crashes: Crashes,
    /// Keeps nothing but the number of records, for measurements.
    forgets: bool,
    count: u64,
}

impl Memory {
    /// An empty journal, whose writers crash.
    pub fn new(crashes: &Crashes) -> Self {
        Self { crashes: crashes.clone(), ..Self::default() }
    }

    /// A journal that keeps nothing.
    pub fn forgetful() -> Self {
        Self { forgets: true, ..Self::default() }
    }

    /// The same journal, whose writer does not crash.
    #[must_use]
    pub fn for_people(&self) -> Self {
        Self { crashes: Crashes::default(), ..self.clone() }
    }

    /// The text of every record.
    pub fn records(&self) -> Vec<String> {
        self.records.borrow().clone()
    }

    /// A journal with the given records.
    pub fn of(records: Vec<String>) -> Self {
        Self { records: Rc::new(RefCell::new(records)), ..Self::default() }
    }
}

impl Journal for Memory {
    fn append(&mut self, number: u64, text: &str) -> Result<Append, JournalError> {
        let dead = || JournalError("the driver has crashed".to_owned());
        if self.crashes.pass() {
            return Err(dead());
        }
        if self.forgets {
            self.count += 1;
            return Ok(Append::Written);
        }
        let mut records = self.records.borrow_mut();
        if number != records.len() as u64 + 1 {
            return Ok(Append::Taken);
        }
        records.push(text.to_owned());
        drop(records);
        if self.crashes.pass() { Err(dead()) } else { Ok(Append::Written) }
    }

    fn read(&mut self, number: u64) -> Result<Option<String>, JournalError> {
        if self.crashes.is_dead() {
            return Err(JournalError("the driver has crashed".to_owned()));
        }
        let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        Ok(self.records.borrow().get(index).cloned())
    }

    fn set_head(&mut self, _: &Head) -> Result<(), JournalError> {
        Ok(())
    }

    fn head(&mut self) -> Result<Option<Head>, JournalError> {
        Ok(None)
    }
}
