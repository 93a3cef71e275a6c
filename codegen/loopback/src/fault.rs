//! What goes wrong on the wire.

use serde::{Deserialize, Serialize};

/// A fault of the next requests of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireFault {
    /// The operation, such as `StartInstanceRefresh` or `compute.regionInstanceGroupManagers.patch`.
    pub operation: String,
    /// What happens.
    pub kind: WireFaultKind,
    /// How often.
    pub times: u32,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WireFaultKind {
    /// "Slow down", and nothing happens.
    Throttled,
    /// An internal error, after the effect.
    Broken,
    /// The effect, and then no answer at all.
    Lost,
    /// The effect, and then half an answer.
    Truncated,
    /// An answer about something else.
    WrongId,
    /// The answer of the time before.
    Stale,
    /// The credentials are expired.
    Expired,
    /// The caller may not do this.
    Forbidden,
}
