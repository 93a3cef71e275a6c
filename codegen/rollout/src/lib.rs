//! How groups move to new images.
//!
//! A [`Plan`] says everything that will happen, and is never changed. An [`Engine`] runs it: [`Engine::step`] takes the
//! [`State`] and an [`Event`], and returns the next state and the [`Effect`]s to perform on a [`Cloud`]. Whoever drives the
//! engine appends each step to a [`Journal`] before it performs the effects, so the same steps lead to the same state at any
//! later time, on any machine.
//!
//! Nothing here reads a file, a clock, the network or the environment. `fleetgen-driver` does, and `fleetgen-simulator`
//! replaces all of it.

mod cloud;
mod converge;
mod digest;
mod invariant;
mod notice;
mod phase;
mod plan;
mod prune;
mod record;
mod state;
mod step;
mod transcript;
mod window;

pub use cloud::{
    Action, Answer, Canary, Change, ChangeId, ChangeStatus, Cloud, Effect, Live, Look, Machines, Observation, Outcome,
    Setting, Sight, Verdict, Version, VersionList, Versions,
};
pub use invariant::{Invariant, Violation, Watch};
pub use notice::{Notice, Notices};
pub use phase::{Phase, TRANSITIONS, Trigger, diagram};
pub use plan::{
    EnvironmentPlan, Found, GroupPlan, Inventory, Kind, LeftOut, Place, Plan, PlanId, Policy, Request, Rollback,
    Running, Strategy, Target, choose, is_asked_for, plan,
};
pub use prune::prunable;
pub use record::{Append, Broken, Head, Journal, JournalError, Record, SealedRecord, verify};
pub use state::{GroupState, Hold, Outcome as RolloutOutcome, Paused, State, Status, Tally};
pub use step::{Engine, Event, Explanation, Order, Scope, Step, Subject};
pub use transcript::{Transcript, describe};
pub use window::Calendar;
