//! systemd services of layers.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{Restart, Sandbox, ServiceType};
use crate::field::{Entries, Field};
use crate::scalar::{
    AbsolutePath, Calendar, Lasting, Memory, Number, PackageName, ServiceName, Text, UserName, VariableName,
};

/// A program and its arguments.
pub(crate) type Command = Field<Vec<Field<Text>>>;

/// A systemd service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Service {
    /// What the service is for. Required with `command`.
    pub(crate) description: Option<Field<Text>>,
    /// The command, such as `[/usr/local/bin/web, --listen=:8080]`. fleetgen then writes the unit. Default: none; the unit comes
    /// with a package.
    pub(crate) command: Option<Command>,
    /// The package that brings the unit, if there is no `command`. Default: the package with the service's name.
    pub(crate) package: Option<Field<PackageName>>,
    /// The user that the service runs as. Required with `command`.
    pub(crate) user: Option<Field<UserName>>,
    /// Environment variables. Default: none.
    pub(crate) environment: Option<Field<Entries<VariableName, Text>>>,
    /// Start the service at boot. Default: true.
    pub(crate) enabled: Option<Field<bool>>,
    /// Services that must have started before, such as `[redis-server]`. One that needs a group's `disks` names `fleet-disks`, which fleetgen's
    /// own units do anyway. Default: none.
    pub(crate) after: Option<Field<Vec<Field<ServiceName>>>>,
    /// Services without which it cannot run, which start before it. When one of them is stopped or restarted, so is it. Default: none.
    pub(crate) requires: Option<Field<Vec<Field<ServiceName>>>>,
    /// Whether it runs until it is stopped, or does its work and ends. Default: service, or oneshot with a `timer`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<Field<ServiceType>>,
    /// Start it at certain times instead of at boot. Default: none.
    pub(crate) timer: Option<Field<Timer>>,
    /// Commands that run before `command`, as the same user, such as `[[/usr/local/bin/web, check]]`. If one fails, the service does. Default:
    /// none.
    pub(crate) before_start: Option<Field<Vec<Command>>>,
    /// How long it may take to start. Default: systemd's 90s; without limit for type oneshot.
    pub(crate) start_timeout: Option<Field<Lasting<1, 86_400>>>,
    /// How long it may take to stop, before it is killed. Default: systemd's 90s.
    pub(crate) stop_timeout: Option<Field<Lasting<1, 86_400>>>,
    /// When it starts again after it has ended. Default: on-failure, or no for type oneshot.
    pub(crate) restart: Option<Field<Restart>>,
    /// The most that it may use. Default: systemd's limits.
    pub(crate) limits: Option<Field<Limits>>,
    /// Paths besides /var/lib/NAME that it writes to, such as a disk's `mount`: the rest of the system is read-only for it. Default: none.
    pub(crate) writable: Option<Field<Vec<Field<AbsolutePath>>>>,
    /// Parts of the sandbox that it cannot run in, each with the reason, such as `{ devices: reads the serial port }`. Default: none.
    pub(crate) sandbox_exceptions: Option<Field<Entries<Sandbox, Text>>>,
}

/// When a service starts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Timer {
    /// The times, as systemd.time(7) describes them: such as hourly, "Mon..Fri 08:30" or "*-*-* 03:00:00 Asia/Tokyo". Without a time zone, they are in UTC.
    pub(crate) calendar: Field<Calendar>,
    /// Wait a random time up to this one, so that not all machines start it at once. Default: 0s.
    pub(crate) delay: Option<Field<Lasting<0, 86_400>>>,
    /// Start it after boot if a time was missed. Default: false.
    pub(crate) catch_up: Option<Field<bool>>,
}

/// The most that a service may use.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Open files and sockets. Default: 1024 to 524288, as programs ask for.
    pub(crate) open_files: Option<Field<Number<64, 1_048_576>>>,
    /// Processes and threads. Default: 15 % of the machine's.
    pub(crate) processes: Option<Field<Number<1, 1_000_000>>>,
    /// Memory. The service is killed when it uses more. Default: none.
    pub(crate) memory: Option<Field<Memory>>,
    /// Processor time, in percent of one processor: 250 is two and a half. Default: none.
    pub(crate) cpu: Option<Field<Number<1, 100_000>>>,
}
