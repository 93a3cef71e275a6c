//! What builds left behind: what may be swept, and what refers to images.

use std::collections::BTreeSet;

use fleetgen_rollout::Place;
use jiff::Timestamp;
use serde::Serialize;

/// What kind of thing a build leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A machine that builds.
    Machine,
    /// A disk of such a machine, which no machine has.
    Disk,
    /// A snapshot that no image has.
    Snapshot,
    /// A temporary key for SSH.
    Key,
    /// An image.
    Image,
}

/// A thing of the fleet that no group owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Where it is. Its `name` is the fleet's.
    #[serde(skip)]
    pub site: Place,
    /// The zone, on Google Cloud, if it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its id in the cloud. That of an image is as in images/.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// When it was made, if the cloud says so.
    pub created: Option<Timestamp>,
    /// An image on Google Cloud whose days are over, and which is not marked as deprecated yet. AWS does that by itself.
    pub is_overdue: bool,
}

/// What is in a region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Litter {
    /// What has the fleet's tags or names.
    pub things: Vec<Thing>,
    /// The images that launch templates and instance templates refer to.
    pub in_use: BTreeSet<String>,
}
