//! How a machine is checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::HealthProtocol;
use crate::field::{Field, Optional as _};
use crate::scalar::{Duration, Lasting, Number, Port, Text};

/// The health check of a machine. On AWS the load balancer performs it, so the group needs one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Health", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct HealthSettings {
    /// The protocol. Default: http.
    pub(crate) protocol: Option<Field<HealthProtocol>>,
    /// The port to connect to, such as 8080.
    pub(crate) port: Field<Port>,
    /// The path, for http and https, such as `/healthz`. Default: /.
    pub(crate) path: Option<Field<Text>>,
    /// The time between two checks. Default: 10s.
    pub(crate) interval: Option<Field<Lasting<5, 300>>>,
    /// How long a check waits for an answer; less than `interval`. Default: 5s.
    pub(crate) timeout: Option<Field<Lasting<2, 120>>>,
    /// A machine becomes healthy after this many successful checks in a row. Default: 2.
    pub(crate) healthy_after: Option<Field<Number<2, 10>>>,
    /// A machine becomes unhealthy after this many failed checks in a row. Default: 3.
    pub(crate) unhealthy_after: Option<Field<Number<2, 10>>>,
    /// How long a new machine has to become healthy before it is replaced. Default: 5m.
    pub(crate) grace: Option<Field<Lasting<0, 3_600>>>,
}

/// The health check of a machine.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// The protocol.
    pub protocol: HealthProtocol,
    /// The port.
    pub port: Port,
    /// The path; not used with tcp.
    pub path: Text,
    /// The time between two checks.
    pub interval: Duration,
    /// How long a check waits for an answer.
    pub timeout: Duration,
    /// Successful checks in a row that make a machine healthy.
    pub healthy_after: u32,
    /// Failed checks in a row that make a machine unhealthy.
    pub unhealthy_after: u32,
    /// How long a new machine has to become healthy.
    pub grace: Duration,
}

impl HealthSettings {
    pub(super) fn resolve(&self) -> Option<Health> {
        Some(Health {
            protocol: self.protocol.default_to(HealthProtocol::Http)?,
            port: *self.port.get()?,
            path: self.path.default_to("/".parse().ok()?)?,
            interval: self.interval.default_to(Lasting(Duration::from_seconds(10)))?.0,
            timeout: self.timeout.default_to(Lasting(Duration::from_seconds(5)))?.0,
            healthy_after: self.healthy_after.default_to(Number(2))?.0,
            unhealthy_after: self.unhealthy_after.default_to(Number(3))?.0,
            grace: self.grace.default_to(Lasting(Duration::from_seconds(300)))?.0,
        })
    }
}
