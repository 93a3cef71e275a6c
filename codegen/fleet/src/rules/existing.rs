//! Networks that fleetgen does not create: what identifies them, and what cannot be set for them.

use fleetgen_problem::{Code, Problem, Span};

use super::Problems;
use crate::choice::{Cloud, Scheme};
use crate::draft::Draft;
use crate::field::{Field, entries};
use crate::file;
use crate::model::{Existing, ExistingPlace, Network};
use crate::scalar::{Cidr, NetworkName};

/// The existing networks, as they are written.
fn written<'a>(
    draft: &Draft<'a>,
) -> impl Iterator<Item = (&'a NetworkName, &'a file::Network, &'a Field<file::Existing>)> {
    draft.written_networks().filter_map(|(name, network)| Some((name, network, network.existing.as_ref()?)))
}

fn at<T>(field: Option<&Field<T>>) -> Option<Span> {
    field.map(|field| field.span)
}

/// An existing network is identified, by what its cloud has.
pub(super) fn identity(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, network, field) in written(draft) {
        let (Some(cloud), Some(existing)) = (network.cloud.get(), field.get()) else { continue };
        let vpc = (at(existing.vpc.as_ref()), at(existing.vpc_tags.as_ref()));
        let subnets = (at(existing.subnets.as_ref()), at(existing.subnet_tags.as_ref()));
        let (network_at, subnetwork_at) = (at(existing.network.as_ref()), at(existing.subnetwork.as_ref()));
        let mut need = |key: &str, other: Option<&str>| {
            let or = other.map(|other| format!(" or `{other}`")).unwrap_or_default();
            problems.push(
                Problem::new(
                    Code::MissingKey,
                    field.span,
                    format!("missing key `{key}`{or}: nothing says what `{name}` is on {}", cloud.title()),
                )
                .label(format!("`{key}` is required here")),
            );
        };
        let foreign = match cloud {
            Cloud::Aws => {
                for (key, other, found) in [("vpc", "vpc_tags", vpc), ("subnets", "subnet_tags", subnets)] {
                    if found == (None, None) {
                        need(key, Some(other));
                    }
                }
                vec![("network", network_at, Cloud::Gcp), ("subnetwork", subnetwork_at, Cloud::Gcp)]
            }
            Cloud::Gcp => {
                for (key, found) in [("network", network_at), ("subnetwork", subnetwork_at)] {
                    if found.is_none() {
                        need(key, None);
                    }
                }
                let of_aws = [("vpc", vpc.0), ("vpc_tags", vpc.1), ("subnets", subnets.0), ("subnet_tags", subnets.1)];
                of_aws.into_iter().map(|(key, span)| (key, span, Cloud::Aws)).collect()
            }
        };
        for (key, span, there) in foreign {
            let Some(span) = span else { continue };
            problems.push(
                Problem::new(Code::Cloud, span, format!("`{key}` is for networks on {}", there.title()))
                    .hint("remove it"),
            );
        }
        for ((id, id_at), (tags, tags_at)) in
            [(("vpc", vpc.0), ("vpc_tags", vpc.1)), (("subnets", subnets.0), ("subnet_tags", subnets.1))]
        {
            if let (Some(id_at), Some(tags_at)) = (id_at, tags_at) {
                problems.push(
                    Problem::new(Code::InvalidValue, tags_at, format!("`{tags}` has no effect beside `{id}`"))
                        .related(id_at, "this is enough")
                        .hint("remove one of them"),
                );
            }
        }
        if let Some(field) = existing.subnets.as_ref().filter(|field| field.get().is_some_and(Vec::is_empty)) {
            problems.push(Problem::new(Code::InvalidValue, field.span, "`subnets` is empty").hint("name at least one"));
        }
        for (key, tags) in [("vpc_tags", &existing.vpc_tags), ("subnet_tags", &existing.subnet_tags)] {
            if let Some(field) = tags.as_ref().filter(|tags| tags.get().is_some() && entries(Some(tags)).is_empty()) {
                problems.push(
                    Problem::new(Code::InvalidValue, field.span, format!("`{key}` is empty, and would find anything"))
                        .hint("name tags that only these have"),
                );
            }
        }
    }
}

/// Others look after the network: fleetgen adds nothing to it but groups.
pub(super) fn settings(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, network, field) in written(draft) {
        let mut report = |key: &str, span: Span, hint: &str| {
            problems.push(
                Problem::new(Code::Cloud, span, format!("`{key}` has no effect: fleetgen does not create `{name}`"))
                    .related(field.span, "it exists already")
                    .hint(hint),
            );
        };
        if let Some(span) = at(network.buckets.as_ref()) {
            report("buckets", span, "remove it; whoever looks after the network decides what its endpoints allow");
        }
        if let Some(span) = at(network.peers.as_ref()) {
            report(
                "peers",
                span,
                "remove it; if the networks are connected, name the other's addresses in `destinations`",
            );
        }
        for (_, destination) in entries(network.destinations.as_ref()) {
            let Some(destination) = destination.get() else { continue };
            for (key, span) in
                [("gateway", at(destination.gateway.as_ref())), ("domains", at(destination.domains.as_ref()))]
            {
                if let Some(span) = span {
                    report(key, span, "remove it; whoever looks after the network adds routes and names");
                }
            }
        }
    }
    for (_, network) in draft.written_networks() {
        for peer in network.peers.iter().filter_map(Field::get).flatten() {
            let Some(other) = peer.get().and_then(|name| draft.networks.get(name)) else { continue };
            if other.existing.is_some() {
                problems.push(
                    Problem::new(
                        Code::Cloud,
                        peer.span,
                        format!("`{}` exists already, and fleetgen changes nothing in it", other.name),
                    )
                    .hint("connect the networks yourself, and name its addresses in `destinations`"),
                );
            }
        }
    }
}

/// What can still be checked: regions agree, sessions can open, and a load balancer's traffic has addresses.
pub(super) fn places(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, network, field) in written(draft) {
        let Some(resolved) = draft.networks.get(name) else { continue };
        let existing = resolved.existing.as_ref();
        if let Some(Existing { place: ExistingPlace::Gcp { network, subnetwork }, .. }) = existing {
            let (project, region, _) = subnetwork.parts();
            let span = field.get().and_then(|existing| at(existing.subnetwork.as_ref())).unwrap_or(field.span);
            if region != resolved.region.as_str() {
                problems.push(
                    Problem::new(
                        Code::Zone,
                        span,
                        format!("this subnetwork is in {region}, and `{name}` in {}", resolved.region),
                    )
                    .hint("name a subnetwork of the network's region"),
                );
            }
            if project != network.parts().0 {
                problems.push(
                    Problem::new(
                        Code::Cloud,
                        span,
                        format!("this subnetwork is in {project}, and its network in {}", network.parts().0),
                    )
                    .hint("both are in the host project of a Shared VPC"),
                );
            }
        }
        let proxy = existing.and_then(|existing| existing.proxy.as_ref());
        if let Some(address) = proxy.and_then(|url| Cidr::try_from(format!("{}/32", url.host())).ok()) {
            let outside = resolved.outside();
            if !resolved.cidr.overlaps(address) && !outside.iter().any(|cidr| cidr.overlaps(address)) {
                let span = field.get().and_then(|existing| at(existing.proxy.as_ref())).unwrap_or(field.span);
                let message = format!("the proxy is outside {}, and no destination has its address", resolved.cidr);
                problems.push(
                    Problem::new(Code::Cidr, span, message)
                        .hint("add a destination, and name it in `egress` of the groups"),
                );
            }
        }
        let missing: Vec<&str> =
            Network::OF_SESSIONS.into_iter().filter(|service| !resolved.has_endpoint(service)).collect();
        if resolved.cloud == Cloud::Aws && !missing.is_empty() {
            let span = at(network.endpoints.as_ref()).unwrap_or(field.span);
            problems.push(
                Problem::new(Code::Endpoint, span, format!("no session opens in `{name}` without endpoints for {}", missing.join(", ")))
                    .hint("add those that the VPC has to `endpoints`; if it lacks some, whoever looks after it adds them first"),
            );
        }
        for (_, balancer) in entries(network.load_balancers.as_ref()) {
            let Some(balancer) = balancer.get() else { continue };
            if resolved.cloud == Cloud::Gcp
                && balancer.scheme.get() == Some(&Scheme::Internal)
                && balancer.source_ranges.is_none()
            {
                problems.push(
                    Problem::new(
                        Code::MissingKey,
                        balancer.scheme.span,
                        "missing key `source_ranges`: fleetgen does not know the proxy-only subnetwork",
                    )
                    .hint("add the addresses that the load balancer connects from"),
                );
            }
        }
    }
}
