//! The ports that a group opens, besides the one that its load balancer uses.

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use crate::choice::Transport;
use crate::field::{Field, Optional as _};
use crate::model::Network;
use crate::scalar::{Cidr, NetworkName, Port, Text};

/// An open port.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "OpenPort", deny_unknown_fields)]
pub(crate) struct PortSettings {
    /// The port to open, such as 8080.
    pub(crate) port: Field<Port>,
    /// The protocol. Default: tcp.
    pub(crate) protocol: Option<Field<Transport>>,
    /// Who may connect: names of networks, and CIDRs, such as `[aws-tokyo, 10.99.0.0/16]`. Default: the group's own
    /// network.
    pub(crate) from: Option<Field<Vec<Field<Text>>>>,
    /// What the port is for. It becomes the description of the firewall rule.
    pub(crate) description: Option<Field<Text>>,
}

/// An open port.
#[derive(Debug, Clone, Serialize)]
pub struct OpenPort {
    /// The port.
    pub port: Port,
    /// The protocol.
    pub protocol: Transport,
    /// Who may connect; sorted.
    pub from: Vec<Cidr>,
    /// What it is for.
    pub description: Option<Text>,
}

pub(super) fn resolve(
    context: &Context<'_>,
    network: &Network,
    ports: Option<&Field<Vec<Field<PortSettings>>>>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<OpenPort>> {
    let Some(ports) = ports else { return Some(Vec::new()) };
    // Every port is resolved before a wrong one ends the list, so that all problems are reported.
    let ports: Vec<Option<OpenPort>> =
        ports.get()?.iter().map(|port| port.get()?.resolve(context, network, problems)).collect();
    ports.into_iter().collect()
}

impl PortSettings {
    fn resolve(&self, context: &Context<'_>, network: &Network, problems: &mut Vec<Problem>) -> Option<OpenPort> {
        let mut from = match &self.from {
            None => vec![network.cidr],
            Some(sources) => {
                let list = sources.get()?;
                if list.is_empty() {
                    problems.push(
                        Problem::new(Code::Port, sources.span, "nothing may connect to this port")
                            .hint("add networks or CIDRs to `from`, or remove the port"),
                    );
                }
                list.iter().filter_map(|source| cidr(context, source.get()?, source.span, problems)).collect()
            }
        };
        from.sort();
        from.dedup();
        Some(OpenPort {
            port: *self.port.get()?,
            protocol: self.protocol.default_to(Transport::Tcp)?,
            from,
            description: self.description.read()?,
        })
    }
}

/// The addresses that a word of `from` means: those of a network, or a CIDR.
fn cidr(context: &Context<'_>, text: &Text, span: Span, problems: &mut Vec<Problem>) -> Option<Cidr> {
    if let Some(network) = context.networks.get(text.as_str()) {
        return Some(network.cidr);
    }
    // The problems of a network that could not be resolved have been reported.
    if context.file.network_names().any(|name| name.as_str() == text.as_str()) {
        return None;
    }
    Cidr::try_from(text.as_str().to_owned())
        .map_err(|invalid| {
            problems.push(if text.as_str().contains('/') {
                invalid.at(span)
            } else {
                Problem::new(Code::UnknownReference, span, format!("there is no network `{text}`"))
                    .label("neither a key of `networks` nor a CIDR")
                    .maybe_hint(suggest_or_list(text.as_str(), context.file.network_names().map(NetworkName::as_str)))
            });
        })
        .ok()
}
