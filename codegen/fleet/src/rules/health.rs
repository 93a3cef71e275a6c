//! Health checks and load balancers.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, suggest_or_list};

use super::Problems;
use crate::choice::{BackendProtocol, Cloud, HealthProtocol, Scheme};
use crate::draft::{Draft, GroupDraft};
use crate::field::Field;
use crate::file;
use crate::group::Backend;
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
    if group.load_balancer.is_none() && group.backends.is_empty() {
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
    }
    let application = group.all_backends().find(|(_, backend)| backend.protocol.is_application());
    if let Some((path, _)) = application.filter(|_| health.protocol == HealthProtocol::Tcp) {
        problems.push(
            Problem::new(
                Code::Port,
                group.origins.span("health.protocol"),
                "an Application Load Balancer checks with http or https only",
            )
            .hint(format!("set `health.protocol: http`, or `{path}.protocol: tcp` for a Network Load Balancer")),
        );
    }
}

/// Load balancers are the network's, and of the kind that uses the protocol.
pub(super) fn balancer(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    for (path, backend) in group.all_backends() {
        backend_fits(draft, group, &path, backend, problems);
    }
    for name in group.backends.keys().filter(|name| ["main", "load-balancer"].contains(&name.as_str())) {
        let at = group.origins.span(&format!("backends.{name}"));
        problems.push(
            Problem::new(Code::DuplicateKey, at, format!("`{name}` is the name of what `load_balancer` has"))
                .hint("choose another name"),
        );
    }
    let Some((path, backend)) = group.all_backends().next().filter(|_| group.health.is_none()) else { return };
    problems.push(
        Problem::new(
            Code::MissingKey,
            group.origins.span(&format!("{path}.name")),
            "missing key `health`: the load balancer sends traffic to healthy machines only",
        )
        .hint(if backend.protocol == BackendProtocol::Udp {
            "add `health`, with a port that answers http or tcp: UDP itself cannot be checked".to_owned()
        } else {
            format!("add `health`, with `port: {}`", backend.port.get())
        }),
    );
}

fn backend_fits(draft: &Draft<'_>, group: &GroupDraft, path: &str, backend: &Backend, problems: &mut Problems) {
    let Some(network) = draft.networks.get(&group.network) else { return };
    let span = |key: &str| group.origins.span(&format!("{path}.{key}"));
    let at = span("name");
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
        if is_network != backend.protocol.is_network() {
            let (kind, fit) = if is_network {
                ("a Network", "tcp, tls, udp or tcp-udp")
            } else {
                ("an Application", "http or https")
            };
            problems.push(
                Problem::new(
                    Code::Port,
                    span("protocol"),
                    format!("`{}` is {kind} Load Balancer, which does not support {}", backend.name, backend.protocol),
                )
                .hint(format!("set `{path}.protocol` to {fit}")),
            );
        }
    }
    if backend.certificate.is_some() && backend.listener_port.is_none() {
        problems.push(
            Problem::new(
                Code::MissingKey,
                span("certificate"),
                "a certificate belongs to a listener, and there is no `listener_port`",
            )
            .hint("add `listener_port: 443`"),
        );
    }
    if backend.certificate.is_some() && backend.protocol.has_udp() {
        let message = format!("a listener of {} has no certificate", backend.protocol);
        problems.push(Problem::new(Code::Port, span("certificate"), message).hint("remove `certificate`"));
    }
    if group.cloud() == Cloud::Gcp && backend.protocol == BackendProtocol::TcpUdp {
        let hint = "add a backend for each of tcp and udp";
        problems.push(Problem::new(Code::Cloud, span("protocol"), "only AWS has backends of tcp-udp").hint(hint));
    }
}

/// A Network Load Balancer of Google's keeps the addresses of its clients, so fleet.yaml says where they are.
pub(super) fn clients(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    for (path, backend) in group.all_backends().filter(|(_, backend)| backend.protocol.is_network()) {
        let written = written(draft, &group.network, &backend.name).filter(|_| group.cloud() == Cloud::Gcp);
        let Some((name, balancer)) = written else { continue };
        let Some(balancer) = balancer.get().filter(|balancer| balancer.source_ranges.is_none()) else { continue };
        let message = format!(
            "the load balancer `{}` does not say where traffic comes from: with `{}`, machines see the addresses of clients, which \
             the firewall does not let in by default",
            backend.name, backend.protocol
        );
        let proxy = match balancer.scheme.get() {
            Some(Scheme::Internal) => "the network's subnetwork `proxy-only`",
            _ => "130.211.0.0/22 and 35.191.0.0/16",
        };
        let hint = if backend.protocol.has_udp() {
            "add `source_ranges` there: the clients' ranges".to_owned()
        } else {
            format!("add `source_ranges` there: the clients' ranges, or {proxy} if it is a proxy load balancer")
        };
        problems.push(
            Problem::new(Code::MissingKey, group.origins.span(&format!("{path}.protocol")), message)
                .related(name.span, "this load balancer")
                .hint(hint),
        );
    }
}

/// A listener on the port of HTTPS has a certificate, and so has one in front of machines that speak TLS.
pub(super) fn encryption(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let open = group.all_backends().filter(|(_, backend)| backend.certificate.is_none());
    for (path, backend) in open.filter(|_| group.cloud() == Cloud::Aws) {
        let Some(port) = backend.listener_port else { continue };
        let at = group.origins.span(&format!("{path}.listener_port"));
        if port.get() == 443 && backend.protocol.is_application() {
            problems.push(
                Problem::new(Code::MissingKey, at, "without a certificate, this listener speaks HTTP, not HTTPS")
                    .hint("add `certificate`, the ARN of one in AWS Certificate Manager; for HTTP, use port 80"),
            );
        } else if backend.protocol == BackendProtocol::Tls {
            problems.push(
                Problem::new(
                    Code::MissingKey,
                    at,
                    "a listener of `tls` needs a certificate, to decrypt what it passes on",
                )
                .hint("add `certificate`; to pass TLS on as it is, set `protocol: tcp`"),
            );
        }
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

/// No two backends have a listener on the same port of a load balancer.
pub(super) fn listeners(draft: &Draft<'_>, problems: &mut Problems) {
    let mut seen: BTreeMap<_, (&GroupDraft, String)> = BTreeMap::new();
    let backends = draft.groups.values().flat_map(|group| {
        group.all_backends().filter_map(move |(path, backend)| Some((group, path, backend, backend.listener_port?)))
    });
    for (group, path, backend, port) in backends {
        let at = group.origins.span(&format!("{path}.listener_port"));
        let Some((other, _)) = seen.insert((&group.network, &backend.name, port), (group, path)) else { continue };
        let message = if other.name == group.name {
            format!(
                "two backends of `{}` would both listen on port {} of the load balancer `{}`",
                group.name,
                port.get(),
                backend.name
            )
        } else {
            format!(
                "`{}` and `{}` would both listen on port {} of the load balancer `{}`",
                other.name,
                group.name,
                port.get(),
                backend.name
            )
        };
        let mut problem = Problem::new(Code::Port, at, message).related(group.origins.name, "this group");
        if other.name != group.name {
            problem = problem.related(other.origins.name, "the other one");
        }
        problems.push(problem.hint("give one of them another `listener_port`, or another load balancer"));
    }
}
