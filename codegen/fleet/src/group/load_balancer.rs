//! How a group receives traffic from a load balancer.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::BackendProtocol;
use crate::field::{Entries, Field, Optional as _, entries};
use crate::scalar::{BackendName, CertificateArn, Duration, Lasting, LoadBalancerName, Port};

/// How the group receives traffic from a load balancer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Backend", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct BackendSettings {
    /// The load balancer, by its name in the network.
    pub(crate) name: Field<LoadBalancerName>,
    /// The port on the machines.
    pub(crate) port: Field<Port>,
    /// The protocol between the load balancer and the machines. Default: http.
    pub(crate) protocol: Option<Field<BackendProtocol>>,
    /// AWS only: creates a listener on this port that forwards everything to the group. Default: none; the owner of the
    /// load balancer routes traffic to the group's target group.
    pub(crate) listener_port: Option<Field<Port>>,
    /// AWS only: the certificate of that listener, which then uses HTTPS, or TLS behind a Network Load Balancer.
    pub(crate) certificate: Option<Field<CertificateArn>>,
    /// How long a machine that is being removed may finish its requests. Default: 60s.
    pub(crate) drain: Option<Field<Lasting<0, 3_600>>>,
}

/// How a group receives traffic from a load balancer.
#[derive(Debug, Clone, Serialize)]
pub struct Backend {
    /// The load balancer, by its name in the network.
    pub name: LoadBalancerName,
    /// The port on the machines.
    pub port: Port,
    /// The protocol between the load balancer and the machines.
    pub protocol: BackendProtocol,
    /// AWS: the port of the group's own listener.
    pub listener_port: Option<Port>,
    /// AWS: the certificate of that listener.
    pub certificate: Option<CertificateArn>,
    /// How long a machine that is being removed may finish its requests.
    pub drain: Duration,
}

pub(super) fn backends(
    backends: Option<&Field<Entries<BackendName, BackendSettings>>>,
) -> Option<BTreeMap<BackendName, Backend>> {
    entries(backends).iter().map(|(name, backend)| Some((name.value.clone()?, backend.get()?.resolve()?))).collect()
}

impl BackendSettings {
    pub(super) fn resolve(&self) -> Option<Backend> {
        Some(Backend {
            name: self.name.value.clone()?,
            port: *self.port.get()?,
            protocol: self.protocol.default_to(BackendProtocol::Http)?,
            listener_port: self.listener_port.read()?,
            certificate: self.certificate.read()?,
            drain: self.drain.default_to(Lasting(Duration::from_seconds(60)))?.0,
        })
    }
}
