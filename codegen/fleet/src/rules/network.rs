//! Networks: regions, zones, addresses.

use std::collections::BTreeMap;

use super::Found;
use crate::catalog;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule, suggest};
use crate::field::{Entries, Field};
use crate::file;
use crate::resolve::Draft;
use crate::scalar::NetworkName;

fn written<'a>(draft: &Draft<'a>) -> impl Iterator<Item = (&'a NetworkName, &'a file::Network)> {
    draft.file.networks.get().into_iter().flat_map(Entries::iter)
}

/// Regions are known, and have the zones that are named.
pub(super) fn zones(draft: &Draft<'_>, found: &mut Found) {
    for (_, network) in written(draft) {
        let (Some(cloud), Some(region), Some(zones)) = (network.cloud.get(), network.region.get(), network.zones.get())
        else {
            continue;
        };
        let regions = catalog::zones(*cloud);
        let Some(known) = regions.get(region.as_str()) else {
            found.push(
                Diagnostic::new(
                    Rule::Zone,
                    network.region.span,
                    format!("{cloud} has no region `{region}` that fleetgen knows"),
                )
                .label(format!("not a region of {cloud}"))
                .maybe_hint(suggest(region.as_str(), regions.keys().map(String::as_str))),
            );
            continue;
        };
        if !(1..=4).contains(&zones.len()) {
            found.push(
                Diagnostic::new(
                    Rule::Zone,
                    network.zones.span,
                    format!("a network spans 1 to 4 zones, this one {}", zones.len()),
                )
                .hint(format!("{region} has {}", known.join(", "))),
            );
        }
        let mut seen = BTreeMap::new();
        for zone in zones {
            let Some(name) = zone.get() else { continue };
            if !known.iter().any(|known| known == name.as_str()) {
                found.push(
                    Diagnostic::new(Rule::Zone, zone.span, format!("`{name}` is not a zone of {region}"))
                        .label(format!("{region} has {}", known.join(", "))),
                );
            }
            if let Some(first) = seen.insert(name, zone.span) {
                found.push(
                    Diagnostic::new(Rule::Zone, zone.span, format!("the zone `{name}` stands here a second time"))
                        .related(first, "the first one"),
                );
            }
        }
    }
}

/// A network has room for the subnets of its zones.
///
/// An eighth is for the machines of each zone, a sixty-fourth for the proxy of each; AWS takes networks of /16 to /28 and
/// subnets of at least /28, so that a network is /16 to /22.
pub(super) fn addresses(draft: &Draft<'_>, found: &mut Found) {
    for (_, network) in written(draft) {
        let Some(cidr) = network.cidr.get() else { continue };
        if cidr.prefix() > 22 {
            found.push(
                Diagnostic::new(Rule::Cidr, network.cidr.span, format!("{cidr} is too small for the subnets of its zones"))
                    .label("at least /22 is needed")
                    .hint("each zone takes an eighth for machines and a sixty-fourth for the proxy, and a subnet is at least /28"),
            );
        }
        if cidr.prefix() < 16 {
            found.push(
                Diagnostic::new(Rule::Cidr, network.cidr.span, format!("{cidr} is larger than a network may be"))
                    .label("at most /16"),
            );
        }
    }
}

/// Networks that meet, by peering or behind one proxy, do not share addresses.
///
/// All networks are behind the one proxy, so that none may overlap with another.
pub(super) fn overlaps(draft: &Draft<'_>, found: &mut Found) {
    let networks: Vec<_> =
        written(draft).filter_map(|(name, network)| Some((name, network, *network.cidr.get()?))).collect();
    for (index, (name, network, cidr)) in networks.iter().enumerate() {
        for (other_name, other, other_cidr) in &networks[..index] {
            if cidr.overlaps(*other_cidr) {
                found.push(
                    Diagnostic::new(
                        Rule::Cidr,
                        network.cidr.span,
                        format!("the networks `{other_name}` ({other_cidr}) and `{name}` ({cidr}) share addresses"),
                    )
                    .label("overlaps")
                    .related(other.cidr.span, format!("with `{other_name}`"))
                    .hint("networks that are peered or share a proxy need addresses of their own"),
                );
            }
        }
    }
}

/// Settings of one cloud stand in networks of that cloud, and load balancers are told as their cloud knows them.
pub(super) fn clouds(draft: &Draft<'_>, found: &mut Found) {
    for (_, network) in written(draft) {
        let Some(cloud) = network.cloud.get() else { continue };
        if let (Cloud::Gcp, Some(endpoints)) = (cloud, &network.endpoints) {
            found.push(foreign("endpoints", "AWS", endpoints.span));
        }
        let balancers = network.load_balancers.as_ref().and_then(Field::get);
        for (name, balancer) in balancers.map(|balancers| balancers.0.as_slice()).unwrap_or_default() {
            let Some(balancer) = balancer.get() else { continue };
            let arn = balancer.arn.as_ref().map(|field| field.span);
            let group = balancer.security_group.as_ref().map(|field| field.span);
            let ranges = balancer.source_ranges.as_ref().map(|field| field.span);
            let (needed, unwanted, there) = match cloud {
                Cloud::Aws => (vec![("arn", arn), ("security_group", group)], vec![("source_ranges", ranges)], "GCP"),
                Cloud::Gcp => (vec![], vec![("arn", arn), ("security_group", group)], "AWS"),
            };
            for (key, _) in needed.iter().filter(|(_, span)| span.is_none()) {
                found.push(
                    Diagnostic::new(
                        Rule::MissingKey,
                        name.span,
                        format!("missing key `{key}`: AWS knows a load balancer by it"),
                    )
                    .label(format!("`{key}` is needed here")),
                );
            }
            found.extend(unwanted.into_iter().filter_map(|(key, span)| Some(foreign(key, there, span?))));
        }
    }
}

fn foreign(key: &str, there: &str, span: crate::source::Span) -> Diagnostic {
    Diagnostic::new(Rule::Cloud, span, format!("`{key}` is for networks on {there}"))
        .label(format!("only {there} has this"))
        .hint("take it out")
}
