//! systemd services of layers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::choice::{Restart, Sandbox, ServiceType};
use crate::scalar::{AbsolutePath, Calendar, Duration, Memory, PackageName, ServiceName, Text, UserName, VariableName};

/// A systemd service.
#[derive(Debug, Clone, Serialize)]
pub struct Service {
    /// What it is for.
    pub description: Option<Text>,
    /// Its command; empty if the unit comes with a package.
    pub command: Vec<Text>,
    /// The package that brings the unit; nothing if fleetgen writes it.
    pub package: Option<PackageName>,
    /// The user it runs as.
    pub user: Option<UserName>,
    /// Its environment.
    pub environment: BTreeMap<VariableName, Text>,
    /// Whether it starts at boot, or at the times of its timer.
    pub enabled: bool,
    /// Services that start before it.
    pub after: Vec<ServiceName>,
    /// Services without which it cannot run.
    pub requires: Vec<ServiceName>,
    /// How it runs.
    #[serde(rename = "type")]
    pub kind: ServiceType,
    /// When it starts; nothing for at boot.
    pub timer: Option<Timer>,
    /// Commands that run before it.
    pub before_start: Vec<Vec<Text>>,
    /// How long it may take to start.
    pub start_timeout: Option<Duration>,
    /// How long it may take to stop.
    pub stop_timeout: Option<Duration>,
    /// When it starts again.
    pub restart: Restart,
    /// The most that it may use.
    pub limits: Limits,
    /// Paths that it writes to.
    pub writable: Vec<AbsolutePath>,
    /// Parts of the sandbox that it cannot run in, with the reasons.
    pub sandbox_exceptions: BTreeMap<Sandbox, Text>,
}

impl Service {
    /// The file with what fleetgen adds to a package's unit.
    pub const DROP_IN: &str = "40-fleet.conf";
}

/// When a service starts.
#[derive(Debug, Clone, Serialize)]
pub struct Timer {
    /// The times, as systemd writes them.
    pub calendar: Calendar,
    /// The longest random delay.
    pub delay: Duration,
    /// Whether a missed start is made up for.
    pub catch_up: bool,
}

/// The most that a service may use; nothing for systemd's limits.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Limits {
    /// Open files and sockets.
    pub open_files: Option<u32>,
    /// Processes and threads.
    pub processes: Option<u32>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Processor time, in percent of one processor.
    pub cpu: Option<u32>,
}
