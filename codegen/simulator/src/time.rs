//! Virtual time, shared by the world and the driver's clock.

use std::cell::Cell;
use std::rc::Rc;

use fleetgen_driver::Clock;
use jiff::{SignedDuration, Timestamp};

/// The true time of a world.
#[derive(Debug, Clone)]
pub struct VirtualTime(Rc<Cell<Timestamp>>);

impl VirtualTime {
    /// Starts at a time.
    pub fn new(at: Timestamp) -> Self {
        Self(Rc::new(Cell::new(at)))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.0.get()
    }

    /// Moves on to a time; never back.
    pub fn advance(&self, to: Timestamp) {
        self.0.set(self.0.get().max(to));
    }
}

/// A driver's clock: the true time, and what it is wrong by.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    time: VirtualTime,
    /// From these times on, the clock is wrong by this much.
    jumps: Vec<(Timestamp, SignedDuration)>,
    /// How many seconds of real time a second of virtual time takes; 0 to not wait at all.
    pace: f64,
}

impl VirtualClock {
    /// A clock that is right.
    pub fn new(time: &VirtualTime) -> Self {
        Self { time: time.clone(), jumps: Vec::new(), pace: 0.0 }
    }

    /// The same clock, jumping at the given times; sorted.
    #[must_use]
    pub fn with_jumps(mut self, jumps: Vec<(Timestamp, SignedDuration)>) -> Self {
        self.jumps = jumps;
        self
    }

    /// The same clock, slowed down for people to watch.
    #[must_use]
    pub fn with_pace(mut self, pace: f64) -> Self {
        self.pace = pace;
        self
    }

    /// What the clock shows at a true time.
    pub fn reads(&self, at: Timestamp) -> Timestamp {
        at.checked_add(self.wrong_by(at)).unwrap_or(at)
    }

    /// The latest that the clock shows until a true time.
    pub fn reads_at_most(&self, until: Timestamp) -> Timestamp {
        let most = self.jumps.iter().map(|(_, by)| *by).max().unwrap_or_default().max(SignedDuration::ZERO);
        until.checked_add(most).unwrap_or(until)
    }

    fn wrong_by(&self, at: Timestamp) -> SignedDuration {
        self.jumps.iter().take_while(|(from, _)| *from <= at).last().map_or(SignedDuration::ZERO, |(_, by)| *by)
    }
}

impl Clock for VirtualClock {
    fn now(&mut self) -> Timestamp {
        self.reads(self.time.now())
    }

    fn wait(&mut self, until: Timestamp) {
        let now = self.time.now();
        let until = until.checked_sub(self.wrong_by(now)).unwrap_or(until);
        // At least a second passes, and never more than an hour while the clock is wrong.
        let most = if self.jumps.is_empty() {
            until
        } else {
            now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(until)
        };
        let next = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(until);
        let to = until.min(most).max(next);
        if self.pace > 0.0 {
            std::thread::sleep(std::time::Duration::from_secs_f64(
                to.duration_since(now).as_secs_f64().max(0.0) * self.pace,
            ));
        }
        self.time.advance(to);
    }
}
