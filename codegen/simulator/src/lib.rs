//! Both clouds in virtual time.
//!
//! A [`World`] has groups that behave as Auto Scaling groups with instance refreshes, or as regional managed instance groups,
//! do: with their quirks, and with [`Fault`]s. The driver of `fleetgen-driver` runs in it as it does in a real cloud. Only time
//! is virtual, so an hour takes microseconds; and everything that happens by chance comes from one seed for each group, so the
//! same seed gives the same journal, byte for byte.

mod estimate;
mod fault;
mod images;
mod memory;
mod observe;
mod run;
mod time;
mod world;

pub use estimate::{Estimate, estimate, script};
pub use fault::{Fault, FaultKind};
pub use images::{first, invented};
pub use memory::{Crashes, Memory, Point};
pub use run::{Report, Script, run};
pub use time::{VirtualClock, VirtualTime, WATCHED};
pub use world::{Lowest, MachineState, Shown, ShownMachine, ShownRefresh, ShownVersion, Sickness, World};
