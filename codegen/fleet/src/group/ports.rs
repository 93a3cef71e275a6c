//! The ports that a group opens, besides the one that its load balancer uses.

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Context;
use crate::choice::{Cloud, Transport};
use crate::field::{Field, Optional as _};
use crate::model::Network;
use crate::scalar::{Cidr, NetworkName, PortRange, SecurityGroupId, ServiceAccount, Text};

/// An open port.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "OpenPort", deny_unknown_fields)]
pub(crate) struct PortSettings {
    /// The port to open, such as 8080, or a range such as 9000-9100.
    pub(crate) port: Field<PortRange>,
    /// The protocol. Default: tcp.
    pub(crate) protocol: Option<Field<Transport>>,
    /// Who may connect: names of networks, names of the network's destinations, CIDRs, and machines by their security group (AWS) or
    /// service account (GCP), such as `[aws-tokyo, office, 10.99.0.0/16, sg-0a1b2c3d4e5f60711]`. Default: the group's own network.
    pub(crate) from: Option<Field<Vec<Field<Text>>>>,
    /// What the port is for. It becomes the description of the firewall rule.
    pub(crate) description: Option<Field<Text>>,
}

/// An open port.
#[derive(Debug, Clone, Serialize)]
pub struct OpenPort {
    /// The ports.
    pub port: PortRange,
    /// The protocol.
    pub protocol: Transport,
    /// The addresses that may connect; sorted.
    pub from: Vec<Cidr>,
    /// The security groups or service accounts whose machines may connect; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_machines: Vec<String>,
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
        let (mut from, mut from_machines) = (Vec::new(), Vec::new());
        match &self.from {
            None => from.push(network.cidr),
            Some(sources) => {
                let list = sources.get()?;
                if list.is_empty() {
                    problems.push(
                        Problem::new(Code::Port, sources.span, "nothing may connect to this port")
                            .hint("add networks or CIDRs to `from`, or remove the port"),
                    );
                }
                for (text, span) in list.iter().filter_map(|source| Some((source.get()?, source.span))) {
                    match source(context, network, text, span, problems) {
                        Some(Source::Addresses(cidrs)) => from.extend(cidrs),
                        Some(Source::Machines(identity)) => from_machines.push(identity),
                        None => {}
                    }
                }
            }
        }
        from_machines.sort();
        from_machines.dedup();
        from.sort();
        from.dedup();
        Some(OpenPort {
            port: *self.port.get()?,
            protocol: self.protocol.default_to(Transport::Tcp)?,
            from,
            from_machines,
            description: self.description.read()?,
        })
    }
}

/// What a word of `from` means.
enum Source {
    Addresses(Vec<Cidr>),
    Machines(String),
}

fn source(
    context: &Context<'_>,
    network: &Network,
    text: &Text,
    span: Span,
    problems: &mut Vec<Problem>,
) -> Option<Source> {
    let text = text.as_str();
    if let Some(other) = context.networks.get(text) {
        return Some(Source::Addresses(vec![other.cidr]));
    }
    if let Some(destination) = network.destinations.get(text) {
        return Some(Source::Addresses(destination.cidrs.clone()));
    }
    // The problems of a network that could not be resolved have been reported.
    if context.file.network_names().any(|name| name.as_str() == text) {
        return None;
    }
    let identity = if text.starts_with("sg-") {
        Some((Cloud::Aws, "a security group", SecurityGroupId::try_from(text.to_owned()).map(|id| id.to_string())))
    } else if text.contains('@') {
        Some((Cloud::Gcp, "a service account", ServiceAccount::try_from(text.to_owned()).map(|id| id.to_string())))
    } else {
        None
    };
    if let Some((cloud, what, parsed)) = identity {
        if cloud != network.cloud {
            let (here, there) = (network.cloud.title(), cloud.title());
            problems.push(
                Problem::new(Code::Cloud, span, format!("`{text}` is {what} of {there}; this group runs on {here}"))
                    .hint("name the addresses of those machines"),
            );
            return None;
        }
        return parsed.map(Source::Machines).map_err(|invalid| problems.push(invalid.at(span))).ok();
    }
    let cidr = Cidr::try_from(text.to_owned()).map_err(|invalid| {
        problems.push(if text.contains(['/', ':']) {
            invalid.at(span)
        } else {
            let networks = context.file.network_names().map(NetworkName::as_str);
            let names: Vec<&str> = networks.chain(network.destinations.keys().map(AsRef::as_ref)).collect();
            Problem::new(Code::UnknownReference, span, format!("there is no network `{text}`"))
                .label("neither a network, nor a destination of this network, nor a CIDR")
                .maybe_hint(suggest_or_list(text, names.iter().copied()))
        });
    });
    Some(Source::Addresses(vec![cidr.ok()?]))
}
