//! Networks: regions, zones, addresses and peers.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_problem::{Code, Problem, Span, suggest};

use super::Problems;
use crate::catalog;
use crate::choice::{Cloud, Scheme};
use crate::draft::Draft;
use crate::field::{Field, entries};
use crate::model::Network;
use crate::scalar::{Cidr, NetworkName, Port};

/// Regions exist, and have the zones of the network.
pub(super) fn zones(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, network) in draft.written_networks() {
        let (Some(cloud), Some(region), Some(zones)) = (network.cloud.get(), network.region.get(), network.zones.get())
        else {
            continue;
        };
        let regions = catalog::zones(*cloud);
        let Some(known) = regions.get(region.as_str()) else {
            problems.push(
                Problem::new(
                    Code::Zone,
                    network.region.span,
                    format!("fleetgen does not know the {} region `{region}`", cloud.title()),
                )
                .label(format!("not a region of {}", cloud.title()))
                .maybe_hint(suggest(region.as_str(), regions.keys().map(String::as_str))),
            );
            continue;
        };
        if !Network::ZONES.contains(&zones.len()) {
            let (fewest, most) = Network::ZONES.into_inner();
            problems.push(
                Problem::new(
                    Code::Zone,
                    network.zones.span,
                    format!("a network has {fewest} to {most} zones; this one has {}", zones.len()),
                )
                .hint(format!("{region} has {}", known.join(", "))),
            );
        }
        let mut seen = BTreeMap::new();
        for zone in zones {
            let Some(name) = zone.get() else { continue };
            if !known.iter().any(|known| known == name.as_str()) {
                problems.push(
                    Problem::new(Code::Zone, zone.span, format!("`{name}` is not a zone of {region}"))
                        .label(format!("{region} has {}", known.join(", "))),
                );
            }
            if let Some(first) = seen.insert(name, zone.span) {
                problems.push(
                    Problem::new(Code::Zone, zone.span, format!("duplicate zone `{name}`"))
                        .label("the second one")
                        .related(first, "the first one"),
                );
            }
        }
    }
}

/// Addresses that no network has, and why.
const RESERVED: &[(&str, &str)] = &[
    ("0.0.0.0/8", "not an address of a machine"),
    ("127.0.0.0/8", "each machine itself"),
    ("169.254.0.0/16", "link-local: the metadata services are there"),
    ("172.17.0.0/16", "the network of Docker on each machine"),
    ("224.0.0.0/4", "for multicast"),
    ("240.0.0.0/4", "reserved"),
];

/// Private addresses: RFC 1918, and RFC 6598, which clouds allow.
const PRIVATE: &[&str] = &["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];

/// A network has room for its subnets.
///
/// What is reserved: <https://www.iana.org/assignments/iana-ipv4-special-registry>
pub(super) fn addresses(draft: &Draft<'_>, problems: &mut Problems) {
    let (largest, smallest) = Network::PREFIXES.into_inner();
    for (_, network) in draft.written_networks().filter(|(_, network)| network.existing.is_none()) {
        let Some(cidr) = network.cidr.get() else { continue };
        if cidr.prefix() > smallest {
            problems.push(
                Problem::new(
                    Code::Cidr,
                    network.cidr.span,
                    format!("{cidr} is too small for the subnets of a network"),
                )
                .label(format!("must be /{smallest} or larger"))
                .hint("the smallest subnet is a 64th of the network, and must be at least /28; docs/fleet-yaml.md shows the subnets"),
            );
        }
        let taken = RESERVED
            .iter()
            .find(|(taken, _)| Cidr::try_from((*taken).to_owned()).is_ok_and(|taken| cidr.overlaps(taken)));
        if let Some((taken, why)) = taken {
            problems.push(
                Problem::new(Code::Cidr, network.cidr.span, format!("{cidr} overlaps {taken}, which is {why}"))
                    .label("cannot be a network")
                    .hint("choose private addresses: a part of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"),
            );
        }
        let is_private = PRIVATE.iter().any(|range| {
            Cidr::try_from((*range).to_owned())
                .is_ok_and(|range| cidr.overlaps(range) && cidr.prefix() >= range.prefix())
        });
        if taken.is_none() && !is_private {
            problems.push(
                Problem::new(Code::Cidr, network.cidr.span, format!("{cidr} is not a range of private addresses"))
                    .label("machines elsewhere may have these addresses")
                    .hint("choose a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"),
            );
        }
        if cidr.prefix() < largest {
            problems.push(
                Problem::new(Code::Cidr, network.cidr.span, format!("{cidr} is larger than a VPC may be"))
                    .label(format!("must be /{largest} or smaller")),
            );
        }
    }
}

/// Networks do not overlap: peers route to each other, and any two networks may become peers.
pub(super) fn overlaps(draft: &Draft<'_>, problems: &mut Problems) {
    let networks: Vec<_> =
        draft.written_networks().filter_map(|(name, network)| Some((name, network, *network.cidr.get()?))).collect();
    for (index, (name, network, cidr)) in networks.iter().enumerate() {
        for (other_name, other, other_cidr) in &networks[..index] {
            if cidr.overlaps(*other_cidr) {
                problems.push(
                    Problem::new(
                        Code::Cidr,
                        network.cidr.span,
                        format!("the networks `{other_name}` ({other_cidr}) and `{name}` ({cidr}) overlap"),
                    )
                    .label("overlaps")
                    .related(other.cidr.span, format!("with `{other_name}`"))
                    .hint("choose addresses that no other network uses"),
                );
            }
        }
    }
}

/// Peers are on the same cloud, and in the same account: the root of one network makes both ends.
pub(super) fn peers(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, network) in draft.written_networks() {
        let Some(cloud) = network.cloud.get() else { continue };
        for peer in network.peers.iter().filter_map(Field::get).flatten() {
            let Some(other) = peer.get().and_then(|other| draft.networks.get(other)) else { continue };
            if other.cloud != *cloud {
                problems.push(
                    Problem::new(
                        Code::Cloud,
                        peer.span,
                        format!(
                            "`{name}` is on {} and `{}` on {}: networks of two clouds cannot be peered",
                            cloud.title(),
                            other.name,
                            other.cloud.title()
                        ),
                    )
                    .label("on the other cloud")
                    .hint("remove it; connecting two clouds takes a VPN, which fleetgen does not create"),
                );
            } else if let Some(own) = draft.networks.get(name).filter(|own| own.account != other.account) {
                problems.push(
                    Problem::new(
                        Code::Cloud,
                        peer.span,
                        format!("`{name}` is in `{}` and `{}` in `{}`", own.account, other.name, other.account),
                    )
                    .label("in another account")
                    .hint("remove it; fleetgen peers networks of one account or project only"),
                );
            }
        }
    }
}

/// The most CIDRs of destinations and peers in a network on AWS. An access control list has 20 rules each way, of which the network
/// needs some itself.
///
/// Source: "Amazon VPC quotas".
const OUTSIDE: usize = 14;

/// Destinations have addresses, outside the fleet, and a network on AWS has room for them.
pub(super) fn destinations(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, written) in draft.written_networks() {
        let Some(network) = draft.networks.get(name) else { continue };
        for (key, destination) in entries(written.destinations.as_ref()) {
            let Some((key, destination)) = key.get().zip(destination.get()) else { continue };
            if draft.networks.contains_key(key.as_str()) {
                problems.push(
                    Problem::new(Code::DuplicateKey, destination.cidrs.span, format!("`{key}` is a network, too"))
                        .hint("choose another name: both can be in `from` of a port"),
                );
            }
            let cidrs = destination.cidrs.get().map(Vec::as_slice).unwrap_or_default();
            if cidrs.is_empty() {
                problems.push(
                    Problem::new(Code::Cidr, destination.cidrs.span, format!("`{key}` has no addresses"))
                        .hint("add CIDRs, or remove the destination"),
                );
            }
            for (cidr, span) in cidrs.iter().filter_map(|cidr| Some((*cidr.get()?, cidr.span))) {
                if cidr.prefix() < 8 {
                    problems.push(
                        Problem::new(Code::Cidr, span, format!("{cidr} is most of the internet, which the proxy is for"))
                            .label("must be /8 or smaller")
                            .hint("name the addresses that machines connect to; for the internet, add a domain to `proxy.domains`"),
                    );
                } else if let Some(other) = draft.networks.values().find(|other| other.cidr.overlaps(cidr)) {
                    problems.push(
                        Problem::new(
                            Code::Cidr,
                            span,
                            format!("{cidr} overlaps the network `{}`, {}", other.name, other.cidr),
                        )
                        .hint("destinations are outside the fleet; to reach another network, add it to `peers`"),
                    );
                }
            }
            let gateway = destination.gateway.as_ref().map(|field| ("gateway", field.span));
            let domains = destination.domains.as_ref().map(|field| ("domains", field.span));
            if network.cloud == Cloud::Gcp {
                let both = gateway.into_iter().chain(domains);
                problems.extend(both.map(|(key, span)| foreign(key, Cloud::Aws, span)));
            }
        }
        let mut known: Vec<(Cidr, Span)> = Vec::new();
        let destinations =
            entries(written.destinations.as_ref()).iter().filter_map(|(_, destination)| destination.get());
        for cidr in destinations.filter_map(|destination| destination.cidrs.get()).flatten() {
            let Some(own) = cidr.get() else { continue };
            let first = known.iter().find(|(other, _)| other.overlaps(*own)).map(|(_, span)| *span);
            known.push((*own, cidr.span));
            let Some(first) = first else { continue };
            problems.push(
                Problem::new(
                    Code::Cidr,
                    cidr.span,
                    "these addresses are there twice: each has one route, and one name",
                )
                .related(first, "the first time")
                .hint("name them in one destination"),
            );
        }
        let count = network.peers.len() + network.outside().len();
        if let Some(field) = written.destinations.as_ref().filter(|_| network.cloud == Cloud::Aws && count > OUTSIDE) {
            problems.push(
                Problem::new(Code::Cidr, field.span, format!("peers and destinations have {count} CIDRs together"))
                    .label(format!("must be at most {OUTSIDE}"))
                    .hint("an access control list of AWS has room for no more; combine some into larger CIDRs"),
            );
        }
    }
}

/// The most ports that the internet may connect to in a network on AWS, and the most of machines that it sends packets of UDP to, for the same
/// reason.
const LISTENERS: usize = 18;
const UDP_PORTS: usize = 3;

/// A network on AWS has room for the listeners of its groups on public load balancers.
pub(super) fn listeners(draft: &Draft<'_>, problems: &mut Problems) {
    let mut found: BTreeMap<&NetworkName, (BTreeSet<Port>, BTreeSet<Port>)> = BTreeMap::new();
    for group in draft.groups.values() {
        let Some(network) = draft.networks.get(&group.network) else { continue };
        if network.cloud != Cloud::Aws || network.existing.is_some() {
            continue;
        }
        let is_public = |name| network.load_balancers.get(name).is_some_and(|it| it.scheme == Scheme::Public);
        for (_, backend) in group.all_backends().filter(|(_, backend)| is_public(&backend.name)) {
            let (listeners, machines) = found.entry(&network.name).or_default();
            listeners.extend(backend.listener_port.filter(|port| ![80, 443].contains(&port.get())));
            machines.extend(backend.protocol.has_udp().then_some(backend.port));
        }
    }
    for (name, written) in draft.written_networks() {
        let (Some((listeners, machines)), Some(field)) = (found.get(name), &written.load_balancers) else { continue };
        let mut report = |what: &str, count: usize, most: usize| {
            if count > most {
                problems.push(
                    Problem::new(Code::Port, field.span, format!("groups of `{name}` have {count} {what}"))
                        .label(format!("must be at most {most}"))
                        .hint("an access control list of AWS has room for no more; share listeners, with rules kept elsewhere"),
                );
            }
        };
        // And 80 and 443.
        report("ports of their own on public load balancers", listeners.len(), LISTENERS - 2);
        report("ports for UDP from the internet", machines.len(), UDP_PORTS);
    }
}

/// Settings of one cloud appear only in networks of that cloud, and load balancers have what their cloud knows them by.
pub(super) fn clouds(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, network) in draft.written_networks() {
        let Some(cloud) = network.cloud.get() else { continue };
        if let (Cloud::Gcp, Some(endpoints)) = (cloud, &network.endpoints) {
            problems.push(foreign("endpoints", Cloud::Aws, endpoints.span));
        }
        if let (Cloud::Gcp, Some(buckets)) = (cloud, &network.buckets) {
            problems.push(foreign("buckets", Cloud::Aws, buckets.span));
        }
        let balancers = network.load_balancers.as_ref().and_then(Field::get);
        for (name, balancer) in balancers.map(|balancers| balancers.0.as_slice()).unwrap_or_default() {
            let Some(balancer) = balancer.get() else { continue };
            let arn = balancer.arn.as_ref().map(|field| field.span);
            let group = balancer.security_group.as_ref().map(|field| field.span);
            let ranges = balancer.source_ranges.as_ref().map(|field| field.span);
            let (required, unwanted, there) = match cloud {
                Cloud::Aws => {
                    (vec![("arn", arn), ("security_group", group)], vec![("source_ranges", ranges)], Cloud::Gcp)
                }
                Cloud::Gcp => (vec![], vec![("arn", arn), ("security_group", group)], Cloud::Aws),
            };
            for (key, _) in required.iter().filter(|(_, span)| span.is_none()) {
                problems.push(
                    Problem::new(
                        Code::MissingKey,
                        name.span,
                        format!("missing key `{key}`: fleetgen needs it to find a load balancer on AWS"),
                    )
                    .label(format!("`{key}` is required here")),
                );
            }
            problems.extend(unwanted.into_iter().filter_map(|(key, span)| Some(foreign(key, there, span?))));
        }
    }
}

fn foreign(key: &str, there: Cloud, span: Span) -> Problem {
    Problem::new(Code::Cloud, span, format!("`{key}` is for networks on {}", there.title()))
        .label(format!("only {} has this", there.title()))
        .hint("remove it")
}
