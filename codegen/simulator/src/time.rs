//! Virtual time, shared by the world and the driver's clock.

use std::cell::Cell;
use std::rc::Rc;

use fleetgen_driver::Clock;
use jiff::{SignedDuration, Timestamp};

/// The part of a wait that is worth watching. A window may open days later.
pub const WATCHED: SignedDuration = SignedDuration::from_mins(2);

/// The longest that a clock sleeps at a time.
const PART: std::time::Duration = std::time::Duration::from_millis(100);

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
    /// The part of a wait that takes real time, at most. The rest passes at once.
    longest: SignedDuration,
    /// How long the waits of this clock and its copies were, each at most `longest`.
    waited: Rc<Cell<SignedDuration>>,
}

impl VirtualClock {
    /// A clock that is right.
    pub fn new(time: &VirtualTime) -> Self {
        let waited = Rc::new(Cell::new(SignedDuration::ZERO));
        Self { time: time.clone(), jumps: Vec::new(), pace: 0.0, longest: SignedDuration::MAX, waited }
    }

    /// The same clock, jumping at the given times; sorted.
    #[must_use]
    pub fn with_jumps(mut self, jumps: Vec<(Timestamp, SignedDuration)>) -> Self {
        self.jumps = jumps;
        self
    }

    /// The same clock, slowed down for people to watch: a second takes `pace` seconds of real time, and what a wait has beyond
    /// `longest` takes none.
    #[must_use]
    pub fn with_pace(mut self, pace: f64, longest: SignedDuration) -> Self {
        self.pace = pace;
        self.longest = longest;
        self
    }

    /// How long the waits of this clock and its copies were, each at most the longest that takes real time.
    pub fn waited(&self) -> SignedDuration {
        self.waited.get()
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
        let skipped = (to.duration_since(now) - self.longest).max(SignedDuration::ZERO);
        let from = now.checked_add(skipped).unwrap_or(to);
        let left = to.duration_since(from).max(SignedDuration::ZERO);
        if self.pace <= 0.0 {
            self.waited.set(self.waited.get().saturating_add(left));
            return self.time.advance(to);
        }
        // A part at a time, so that whoever wants the driver to stop is heard soon.
        let part = SignedDuration::try_from_secs_f64(PART.as_secs_f64() / self.pace).unwrap_or(left).min(left);
        std::thread::sleep(std::time::Duration::from_secs_f64(part.as_secs_f64() * self.pace));
        self.waited.set(self.waited.get().saturating_add(part));
        self.time.advance(from.checked_add(part).unwrap_or(to));
    }
}
