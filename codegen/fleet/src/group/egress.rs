//! What machines of a group reach outside the fleet's networks.

use fleetgen_problem::{Code, Problem, suggest_or_list};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::Transport;
use crate::field::{Field, Optional as _};
use crate::model::Network;
use crate::scalar::{Cidr, DestinationName, PortRange};

/// What machines may connect to outside the fleet's networks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Egress", deny_unknown_fields)]
pub(crate) struct EgressSettings {
    /// One of the network's `destinations`, such as `databases`.
    pub(crate) to: Field<DestinationName>,
    /// The port there, such as 5432, or a range such as 9000-9100.
    pub(crate) port: Field<PortRange>,
    /// The protocol. Default: tcp.
    pub(crate) protocol: Option<Field<Transport>>,
}

/// What machines may connect to outside the fleet's networks.
#[derive(Debug, Clone, Serialize)]
pub struct Egress {
    /// The destination of the network.
    pub to: DestinationName,
    /// Its addresses; sorted.
    pub cidrs: Vec<Cidr>,
    /// The ports there.
    pub port: PortRange,
    /// The protocol.
    pub protocol: Transport,
}

pub(super) fn resolve(
    network: &Network,
    egress: Option<&Field<Vec<Field<EgressSettings>>>>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Egress>> {
    let Some(egress) = egress else { return Some(Vec::new()) };
    let all: Vec<Option<Egress>> =
        egress.get()?.iter().map(|egress| egress.get()?.resolve(network, problems)).collect();
    all.into_iter().collect()
}

impl EgressSettings {
    fn resolve(&self, network: &Network, problems: &mut Vec<Problem>) -> Option<Egress> {
        let name = self.to.get()?;
        let Some(destination) = network.destinations.get(name) else {
            problems.push(
                Problem::new(
                    Code::UnknownReference,
                    self.to.span,
                    format!("the network `{}` has no destination `{name}`", network.name),
                )
                .label(format!("not a key of `networks.{}.destinations`", network.name))
                .maybe_hint(suggest_or_list(name.as_str(), network.destinations.keys().map(AsRef::as_ref))),
            );
            return None;
        };
        Some(Egress {
            to: name.clone(),
            cidrs: destination.cidrs.clone(),
            port: *self.port.get()?,
            protocol: self.protocol.default_to(Transport::Tcp)?,
        })
    }
}
