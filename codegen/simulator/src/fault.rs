//! What can go wrong, and what people do meanwhile.

use serde::{Deserialize, Serialize};

/// A fault of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The group, by its place in the plan.
    pub group: usize,
    /// When it begins, in seconds after the start of the world.
    pub at: u32,
    /// How long it lasts, in seconds, if it lasts.
    pub lasts: u32,
    /// What it is.
    pub kind: FaultKind,
}

/// What a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The API answers nothing but "slow down".
    Throttled,
    /// The API does what it is asked, and its answers are lost.
    AnswersLost,
    /// Every change is refused for now, because of another one: HTTP 412, or `ResourceContention`.
    Contended,
    /// A person deleted the new image.
    ImageGone,
    /// The API shows the group as it was when this began.
    Stale,
    /// Each request arrives twice.
    Duplicated,
    /// No zone has machines of this type.
    NoCapacity,
    /// The credentials are expired.
    Expired,
    /// Old machines do not terminate: a lifecycle hook waits for its timeout.
    SlowTermination,
    /// A person suspended processes of the group.
    Suspended,
    /// A load balancer's fault: old machines look unhealthy.
    OldSick,
    /// This many machines die at once.
    Killed(u32),
    /// Scaling sets another size.
    Scaled(u32),
    /// A person moves the group to another version in the console.
    ForeignChange,
    /// A person cancels what is running.
    ForeignCancel,
    /// `terraform apply` makes a new version, and touches nothing else.
    TerraformApply,
    /// A person deletes the group.
    Deleted,
}

impl FaultKind {
    /// Whether it happens once, rather than lasting.
    pub(crate) fn is_momentary(self) -> bool {
        match self {
            Self::Killed(_)
            | Self::Scaled(_)
            | Self::ForeignChange
            | Self::ForeignCancel
            | Self::TerraformApply
            | Self::Deleted => true,
            Self::Throttled
            | Self::AnswersLost
            | Self::Contended
            | Self::ImageGone
            | Self::Stale
            | Self::Duplicated
            | Self::NoCapacity
            | Self::Expired
            | Self::SlowTermination
            | Self::Suspended
            | Self::OldSick => false,
        }
    }

    /// Whether it takes machines, so that the floor is not the rollout's fault.
    pub(crate) fn takes_machines(self) -> bool {
        matches!(self, Self::Killed(_) | Self::Scaled(_) | Self::OldSick | Self::ForeignChange | Self::Deleted)
    }
}
