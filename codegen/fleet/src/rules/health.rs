//! Health checks and load balancers.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, suggest_or_list};

use super::Problems;
use crate::choice::{BackendProtocol, Cloud, HealthProtocol, Scheme};
use crate::draft::{Draft, GroupDraft};
use crate::field::Field;
use crate::file;
use crate::model::LoadBalancerTarget;
use crate::scalar::{LoadBalancerName, NetworkName};

/// A health check can succeed, and something performs it.
pub(super) fn check(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(health) = &group.health else { return };
    if health.timeout >= health.interval {
        problems.push(
            Problem::new(
                Code::Port,
                group.origins.span("health.timeout"),
                format!("the timeout of {} is not shorter than the interval of {}", health.timeout, health.interval),
            )
            .label(format!("must be less than {}", health.interval)),
        );
    }
    let path = health.path.as_str();
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    if health.protocol != HealthProtocol::Tcp && !is_path {
        problems.push(
            Problem::new(Code::Port, group.origins.span("health.path"), format!("`{path}` is not a URL path"))
                .label("a path starts with `/` and has no spaces"),
        );
    }
    if group.cloud() != Cloud::Aws {
        return;
    }
    let Some(backend) = &group.load_balancer else {
        problems.push(
            Problem::new(
                Code::Cloud,
                group.origins.span("health"),
                "on AWS the load balancer performs health checks, and this group has none",
            )
            .related(group.origins.name, "this group has no `load_balancer`")
            .hint("add `load_balancer`, or remove `health` (set it to `null` if a profile sets it)"),
        );
        return;
    };
    if backend.protocol != BackendProtocol::Tcp && health.protocol == HealthProtocol::Tcp {
        problems.push(
            Problem::new(
                Code::Port,
                group.origins.span("health.protocol"),
                "an Application Load Balancer checks with http or https only",
            )
            .hint("set `health.protocol: http`, or `load_balancer.protocol: tcp` for a Network Load Balancer"),
        );
    }
}

/// The load balancer is one of the network's, and of the kind that uses the protocol.
pub(super) fn balancer(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(backend) = &group.load_balancer else { return };
    let Some(network) = draft.networks.get(&group.network) else { return };
    let at = group.origins.span("load_balancer.name");
    let Some(balancer) = network.load_balancers.get(&backend.name) else {
        // The problems of one that could not be resolved have been reported.
        if written(draft, &network.name, &backend.name).is_some() {
            return;
        }
        problems.push(
            Problem::new(
                Code::UnknownReference,
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
            problems.push(
                Problem::new(
                    Code::Port,
                    group.origins.span("load_balancer.protocol"),
                    format!("`{}` is {kind} Load Balancer, which does not support {}", backend.name, backend.protocol),
                )
                .hint(format!("set `load_balancer.protocol` to {fit}")),
            );
        }
    }
    if group.health.is_none() {
        problems.push(
            Problem::new(
                Code::MissingKey,
                at,
                "missing key `health`: the load balancer sends traffic to healthy machines only",
            )
            .hint(format!("add `health`, with `port: {}`", backend.port.get())),
        );
    }
    if backend.certificate.is_some() && backend.listener_port.is_none() {
        problems.push(
            Problem::new(
                Code::MissingKey,
                group.origins.span("load_balancer.certificate"),
                "a certificate belongs to a listener, and there is no `listener_port`",
            )
            .hint("add `listener_port: 443`"),
        );
    }
}

/// A Network Load Balancer of Google's keeps the addresses of its clients, so fleet.yaml says where they are.
pub(super) fn clients(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(backend) = group.load_balancer.as_ref().filter(|backend| backend.protocol == BackendProtocol::Tcp) else {
        return;
    };
    let written = written(draft, &group.network, &backend.name).filter(|_| group.cloud() == Cloud::Gcp);
    let Some((name, balancer)) = written else { return };
    if balancer.get().is_some_and(|balancer| balancer.source_ranges.is_none()) {
        let message = format!(
            "the load balancer `{}` does not say where traffic comes from: with `tcp`, machines see the addresses of clients, which \
             the firewall does not let in by default",
            backend.name
        );
        problems.push(
            Problem::new(Code::MissingKey, group.origins.span("load_balancer.protocol"), message)
                .related(name.span, "this load balancer")
                .hint(match balancer.get().and_then(|balancer| balancer.scheme.get()) {
                    Some(Scheme::Internal) => {
                        "add `source_ranges` there: the clients' ranges, or the network's subnetwork `proxy-only` if it is a proxy load \
                         balancer"
                    }
                    _ => {
                        "add `source_ranges` there: the clients' ranges, or 130.211.0.0/22 and 35.191.0.0/16 if it is a proxy load \
                         balancer"
                    }
                }),
        );
    }
}

/// A listener on the port of HTTPS has a certificate.
pub(super) fn encryption(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(backend) = group.load_balancer.as_ref().filter(|backend| backend.certificate.is_none()) else { return };
    let is_https =
        backend.listener_port.is_some_and(|port| port.get() == 443) && backend.protocol != BackendProtocol::Tcp;
    if is_https && group.cloud() == Cloud::Aws {
        let at = group.origins.span("load_balancer.listener_port");
        problems.push(
            Problem::new(Code::MissingKey, at, "without a certificate, this listener speaks HTTP, not HTTPS")
                .hint("add `certificate`, the ARN of one in AWS Certificate Manager; for HTTP, use port 80"),
        );
    }
}

/// A load balancer as it is in the file.
fn written<'a>(
    draft: &Draft<'a>,
    network: &NetworkName,
    name: &LoadBalancerName,
) -> Option<(&'a Field<LoadBalancerName>, &'a Field<file::LoadBalancer>)> {
    let (_, network) = draft.written_networks().find(|(other, _)| *other == network)?;
    let mut balancers = network.load_balancers.as_ref()?.get()?.0.iter();
    balancers.find(|(other, _)| other.get() == Some(name)).map(|(name, balancer)| (name, balancer))
}

/// No two groups have a listener on the same port of a load balancer.
pub(super) fn listeners(draft: &Draft<'_>, problems: &mut Problems) {
    let mut seen: BTreeMap<_, &GroupDraft> = BTreeMap::new();
    for group in draft.groups.values() {
        let Some(backend) = &group.load_balancer else { continue };
        let Some(port) = backend.listener_port else { continue };
        let Some(other) = seen.insert((&group.network, &backend.name, port), group) else { continue };
        problems.push(
            Problem::new(
                Code::Port,
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
