//! What reaches a group: ports, health checks, load balancers.

use super::super::taker::Taker;
use super::Context;
use crate::choice::{BackendProtocol, HealthProtocol, Transport};
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::Field;
use crate::file;
use crate::model::{Backend, Health, Network, OpenPort};
use crate::scalar::{Cidr, Duration, NetworkName, Text};
use crate::source::Span;

pub(super) fn ports(
    take: &mut Taker<'_>,
    context: &Context<'_>,
    network: &Network,
    field: Option<&Field<Vec<Field<file::OpenPort>>>>,
) -> Option<Vec<OpenPort>> {
    take.note("ports", field);
    let items = match field {
        None => return Some(Vec::new()),
        Some(field) => field.get()?,
    };
    let mut ports = Vec::new();
    for item in items {
        let Some(port) = item.get() else { continue };
        let mut from = Vec::new();
        for source in port.from.iter().filter_map(Field::get).flatten() {
            from.extend(source.get().and_then(|text| origin(take, context, text, source.span)));
        }
        if port.from.is_none() {
            from.push(network.cidr);
        }
        from.sort();
        from.dedup();
        let Some(number) = port.port.get() else { continue };
        ports.push(OpenPort {
            port: *number,
            protocol: port.protocol.as_ref().map_or(Some(Transport::Tcp), |protocol| protocol.value)?,
            from,
            description: port.description.as_ref().and_then(|text| text.value.clone()),
        });
    }
    Some(ports)
}

/// Where a port is open from: a network by name, or a CIDR.
pub(super) fn origin(take: &mut Taker<'_>, context: &Context<'_>, text: &Text, span: Span) -> Option<Cidr> {
    if let Some(network) = context.networks.get(text.as_str()) {
        return Some(network.cidr);
    }
    // A network that is not sound has been reported.
    if context.file.network_names().any(|name| name.as_str() == text.as_str()) {
        return None;
    }
    Cidr::try_from(text.as_str().to_owned())
        .map_err(|invalid| {
            let diagnostic = if text.as_str().contains('/') {
                Diagnostic::new(Rule::InvalidValue, span, invalid.message).hint(invalid.hint)
            } else {
                Diagnostic::new(Rule::UnknownReference, span, format!("there is no network `{text}`"))
                    .label("neither a key of `networks` nor a CIDR")
                    .maybe_hint(suggest_or_list(text.as_str(), context.file.network_names().map(NetworkName::as_str)))
            };
            take.found.push(diagnostic);
        })
        .ok()
}

pub(super) fn health(
    take: &mut Taker<'_>,
    field: Option<&Field<file::Health>>,
    health: &file::Health,
) -> Option<Health> {
    take.note("health", field);
    let at = take.origins.span("health");
    let port = take.need("health.port", health.port.as_ref(), at);
    let protocol = take.or("health.protocol", health.protocol.as_ref(), HealthProtocol::Http);
    let path = take.or("health.path", health.path.as_ref(), "/".parse().ok()?);
    let interval = take.or("health.interval", health.interval.as_ref(), Duration::from_seconds(10));
    let interval = take.lasting("health.interval", interval, 5..=300);
    let timeout = take.or("health.timeout", health.timeout.as_ref(), Duration::from_seconds(5));
    let timeout = take.lasting("health.timeout", timeout, 2..=120);
    let healthy_after = take.or("health.healthy_after", health.healthy_after.as_ref(), 2);
    let healthy_after = take.within("health.healthy_after", healthy_after, 2..=10);
    let unhealthy_after = take.or("health.unhealthy_after", health.unhealthy_after.as_ref(), 3);
    let unhealthy_after = take.within("health.unhealthy_after", unhealthy_after, 2..=10);
    let grace = take.or("health.grace", health.grace.as_ref(), Duration::from_seconds(300));
    let grace = take.lasting("health.grace", grace, 0..=3_600);
    Some(Health {
        protocol: protocol?,
        port: port?,
        path: path?,
        interval: interval?,
        timeout: timeout?,
        healthy_after: healthy_after?,
        unhealthy_after: unhealthy_after?,
        grace: grace?,
    })
}

pub(super) fn load_balancer(
    take: &mut Taker<'_>,
    field: Option<&Field<file::Backend>>,
    backend: &file::Backend,
) -> Option<Backend> {
    take.note("load_balancer", field);
    let at = take.origins.span("load_balancer");
    let name = take.need("load_balancer.name", backend.name.as_ref(), at);
    let port = take.need("load_balancer.port", backend.port.as_ref(), at);
    let protocol = take.or("load_balancer.protocol", backend.protocol.as_ref(), BackendProtocol::Http);
    let listener_port = take.maybe("load_balancer.listener_port", backend.listener_port.as_ref());
    let certificate = take.maybe("load_balancer.certificate", backend.certificate.as_ref());
    let drain = take.or("load_balancer.drain", backend.drain.as_ref(), Duration::from_seconds(60));
    let drain = take.lasting("load_balancer.drain", drain, 0..=3_600);
    Some(Backend {
        name: name?,
        port: port?,
        protocol: protocol?,
        listener_port: listener_port?,
        certificate: certificate?,
        drain: drain?,
    })
}
