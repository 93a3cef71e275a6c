//! Load balancers, health checks and ports.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use crate::choice::{BackendProtocol, Cloud, HealthProtocol};
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::Entries;
use crate::model::{Group, LoadBalancerTarget};
use crate::resolve::Draft;
use crate::scalar::{LoadBalancerName, NetworkName};

/// Somebody asks, in time, for a path that can be asked for.
pub(super) fn health(_: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(health) = &group.health else { return };
    if health.timeout >= health.interval {
        found.push(
            Diagnostic::new(
                Rule::Port,
                group.origins.span("health.timeout"),
                format!("a timeout of {} is not shorter than the interval of {}", health.timeout, health.interval),
            )
            .label(format!("must be less than {}", health.interval)),
        );
    }
    let path = health.path.as_str();
    let sound = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if health.protocol != HealthProtocol::Tcp && !sound {
        found.push(
            Diagnostic::new(
                Rule::Port,
                group.origins.span("health.path"),
                format!("`{}` cannot be asked for", path.escape_debug()),
            )
            .label("a path starts with `/` and has no spaces"),
        );
    }
    if group.cloud() == Cloud::Aws && group.load_balancer.is_none() {
        found.push(
            Diagnostic::new(
                Rule::Cloud,
                group.origins.span("health"),
                "nobody asks: AWS asks machines through a load balancer only",
            )
            .related(group.origins.name, "this group has no `load_balancer`")
            .hint("take `health` out, or set it to `null` where a profile says it"),
        );
    }
    let network_balancer = group.load_balancer.as_ref().is_some_and(|backend| backend.protocol == BackendProtocol::Tcp);
    if group.cloud() == Cloud::Aws
        && !network_balancer
        && group.load_balancer.is_some()
        && health.protocol == HealthProtocol::Tcp
    {
        found.push(
            Diagnostic::new(
                Rule::Port,
                group.origins.span("health.protocol"),
                "an Application Load Balancer asks by http or https",
            )
            .hint("set `health.protocol: http`, or `load_balancer.protocol: tcp`"),
        );
    }
}

/// The load balancer is one of the network's, and of the kind that speaks the protocol.
pub(super) fn load_balancer(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(backend) = &group.load_balancer else { return };
    let Some(network) = draft.networks.get(&group.network) else { return };
    let at = group.origins.span("load_balancer.name");
    let Some(balancer) = network.load_balancers.get(&backend.name) else {
        if is_written(draft, &network.name, &backend.name) {
            return;
        }
        found.push(
            Diagnostic::new(
                Rule::UnknownReference,
                at,
                format!("the network `{}` has no load balancer `{}`", network.name, backend.name),
            )
            .label(format!("not a key of `networks.{}.load_balancers`", network.name))
            .maybe_hint(suggest_or_list(backend.name.as_str(), network.load_balancers.keys().map(AsRef::as_ref))),
        );
        return;
    };
    if let LoadBalancerTarget::Aws { arn, .. } = &balancer.target {
        let is_network = arn.as_str().contains(":loadbalancer/net/");
        if is_network != (backend.protocol == BackendProtocol::Tcp) {
            let (kind, fit) = if is_network { ("a Network", "tcp") } else { ("an Application", "http or https") };
            found.push(
                Diagnostic::new(
                    Rule::Port,
                    group.origins.span("load_balancer.protocol"),
                    format!("`{}` is {kind} Load Balancer, which does not speak {}", backend.name, backend.protocol),
                )
                .hint(format!("it speaks {fit}")),
            );
        }
    }
    if group.health.is_none() {
        found.push(
            Diagnostic::new(
                Rule::MissingKey,
                at,
                "missing key `health`: the load balancer has to know which machines to use",
            )
            .hint(format!("add `health`, with `port: {}`", backend.port.get())),
        );
    }
    if backend.certificate.is_some() && backend.listener_port.is_none() {
        found.push(
            Diagnostic::new(
                Rule::MissingKey,
                group.origins.span("load_balancer.certificate"),
                "a certificate is for a listener, and there is no `listener_port`",
            )
            .hint("add `listener_port: 443`"),
        );
    }
}

/// Whether a load balancer stands in the file; one that is not sound has been told.
fn is_written(draft: &Draft<'_>, network: &NetworkName, name: &LoadBalancerName) -> bool {
    let networks = draft.file.networks.get().into_iter().flat_map(Entries::iter);
    let balancers = networks
        .filter(|(other, _)| *other == network)
        .filter_map(|(_, network)| network.load_balancers.as_ref()?.get());
    balancers.flat_map(|balancers| &balancers.0).any(|(other, _)| other.get() == Some(name))
}

/// A listener's port stands once on a load balancer.
pub(super) fn listeners(draft: &Draft<'_>, found: &mut Found) {
    let mut seen: BTreeMap<_, &Group> = BTreeMap::new();
    for group in draft.groups.values() {
        let Some(backend) = &group.load_balancer else { continue };
        let Some(port) = backend.listener_port else { continue };
        let Some(other) = seen.insert((&group.network, &backend.name, port), group) else { continue };
        found.push(
            Diagnostic::new(
                Rule::Port,
                group.origins.span("load_balancer.listener_port"),
                format!(
                    "`{}` and `{}` would both listen on port {} of the load balancer `{}`",
                    other.name,
                    group.name,
                    port.get(),
                    backend.name
                ),
            )
            .related(group.origins.name, "this group")
            .related(other.origins.name, "the other one")
            .hint("give one of them another `listener_port`, or another load balancer"),
        );
    }
}

/// A port stands once.
pub(super) fn ports(_: &Draft<'_>, group: &Group, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for port in &group.ports {
        if !seen.insert((port.port, port.protocol)) {
            found.push(
                Diagnostic::new(
                    Rule::Port,
                    group.origins.span("ports"),
                    format!("the port {}/{} is opened twice", port.port.get(), port.protocol),
                )
                .hint("put all it is open to into one `from`"),
            );
        }
    }
    for description in group.ports.iter().filter_map(|port| port.description.as_ref()) {
        let allowed =
            |character: char| character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character);
        if group.cloud() == Cloud::Aws && !description.as_str().chars().all(allowed) {
            let shown = description.as_str().escape_debug();
            found.push(
                Diagnostic::new(
                    Rule::Port,
                    group.origins.span("ports"),
                    format!("AWS refuses the description `{shown}` of a port"),
                )
                .hint("letters, digits, spaces and `. _ - : / ( ) # , @ [ ] + = & ; { } ! $ *`"),
            );
        }
    }
    let behind = group.load_balancer.as_ref().map(|backend| backend.port);
    for port in &group.ports {
        if port.from.is_empty() {
            found.push(
                Diagnostic::new(
                    Rule::Port,
                    group.origins.span("ports"),
                    format!("the port {} is open to nobody", port.port.get()),
                )
                .hint("add networks or CIDRs to `from`, or take the port out"),
            );
        }
        if Some(port.port) == behind && port.from.iter().any(|from| from.prefix() == 0) {
            found.push(
                Diagnostic::new(
                    Rule::Port,
                    group.origins.span("ports"),
                    format!("the port {} is open to everybody, past the load balancer", port.port.get()),
                )
                .hint("take it out of `ports`; the load balancer reaches it already"),
            );
        }
    }
}
