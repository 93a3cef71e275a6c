//! Drives a rollout.
//!
//! The engine of `fleetgen-rollout` says what to do; a [`Driver`] does it. It looks at groups when they are due, appends what
//! changes something to the journal, performs effects only after that, and appends how they ended. Time, the cloud, the
//! journal, the lease and gates are its parameters, so the simulator and a real cloud run the same code.

#[cfg(feature = "bucket")]
mod bucket;
mod directory;
mod drive;
mod gate;
mod notify;
mod replay;
mod standing;

#[cfg(feature = "bucket")]
pub use bucket::{Bucket, BucketLease, LeaseError};
pub use directory::{Directory, Locked};
pub use drive::{Driver, Halt, Notifier, Observer, Parts, Unobserved};
pub use gate::LocalGates;
pub use notify::{Messenger, Recipient};
pub use replay::{ReplayError, Replayed, order, replay};
pub use standing::{Limits, Stop, Waits, standing};

use fleetgen_fleet::Gate;
use fleetgen_rollout::{GroupPlan, Verdict};
use jiff::Timestamp;

/// Time.
pub trait Clock {
    /// The time now. It may go back, as clocks do.
    fn now(&mut self) -> Timestamp;

    /// Waits until a time, or less.
    fn wait(&mut self, until: Timestamp);
}

/// The gates that no cloud answers: HTTP requests, and commands on this machine.
pub trait Gates {
    /// Checks a gate.
    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict;
}

/// The right to drive a rollout, for as long as it is kept.
pub trait Lease {
    /// Keeps it.
    ///
    /// # Errors
    /// Another driver has it, with its name if that is known.
    fn keep(&mut self, now: Timestamp) -> Result<(), String>;
}

/// Where no other process can drive, nothing has to be kept.
impl Lease for () {
    fn keep(&mut self, _: Timestamp) -> Result<(), String> {
        Ok(())
    }
}

/// The clock of the machine. Within a process, it follows the monotonic clock, so that setting the machine's clock neither
/// shortens nor lengthens a bake.
#[derive(Debug)]
pub struct SystemClock {
    started: Timestamp,
    since: std::time::Instant,
}

impl SystemClock {
    /// Starts at the machine's time.
    #[expect(clippy::new_without_default, reason = "it reads the clock")]
    pub fn new() -> Self {
        Self { started: Timestamp::now(), since: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&mut self) -> Timestamp {
        self.started.checked_add(self.since.elapsed()).unwrap_or(Timestamp::MAX)
    }

    fn wait(&mut self, until: Timestamp) {
        // Short enough for whoever wants the driver to stop.
        const LONGEST: std::time::Duration = std::time::Duration::from_millis(500);
        let wait = until.duration_since(self.now());
        std::thread::sleep(std::time::Duration::try_from(wait).unwrap_or_default().min(LONGEST));
    }
}
