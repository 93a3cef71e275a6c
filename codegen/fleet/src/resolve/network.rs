//! The networks.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, suggest_or_list};

use crate::choice::{Cloud, Scheme};
use crate::field::{Entries, Field, Optional as _, entries, list, set};
use crate::file::{self, FleetFile};
use crate::model::{Destination, Existing, ExistingPlace, Found, LoadBalancer, LoadBalancerTarget, Network, Tier};
use crate::scalar::{AccountName, Cidr, EndpointService, NetworkName, TagKey, Text};

/// How many proxies a network has by default, if it has as many zones.
const DEFAULT_PROXIES: u32 = 2;

/// Resolves every network that is written correctly.
pub(super) fn networks(file: &FleetFile, problems: &mut Vec<Problem>) -> BTreeMap<NetworkName, Network> {
    let written = entries(Some(&file.networks));
    let names: Vec<&NetworkName> = file.network_names().collect();
    let proxies = file.proxy.get().and_then(|proxy| proxy.machines.as_ref()).and_then(Field::get).map(|count| count.0);
    let mut networks: BTreeMap<NetworkName, Network> = written
        .iter()
        .filter_map(|(name, network)| {
            let (name, network) = (name.get()?, network.get()?);
            Some((name.clone(), resolve(name, network, proxies)?))
        })
        .collect();
    for (name, network) in written {
        let Some((name, network)) = name.get().zip(network.get()) else { continue };
        for peer in network.peers.iter().filter_map(Field::get).flatten() {
            let Some(other) = peer.get() else { continue };
            if other == name {
                problems.push(
                    Problem::new(Code::InvalidValue, peer.span, format!("`{name}` cannot be its own peer"))
                        .hint("remove it"),
                );
                continue;
            }
            if !names.contains(&other) {
                problems.push(
                    Problem::new(Code::UnknownReference, peer.span, format!("there is no network `{other}`"))
                        .label("not another key of `networks`")
                        .maybe_hint(suggest_or_list(other.as_str(), names.iter().map(AsRef::as_ref))),
                );
                continue;
            }
            let is_owned = networks.get(other).is_some_and(|other| other.peerings.contains(name));
            if let Some(network) =
                networks.get_mut(name).filter(|network| !is_owned && !network.peerings.contains(other))
            {
                network.peerings.push(other.clone());
            }
            for (one, two) in [(name, other), (other, name)] {
                if let Some(network) = networks.get_mut(one) {
                    network.peers.push(two.clone());
                }
            }
        }
    }
    for network in networks.values_mut() {
        network.peers.sort();
        network.peers.dedup();
        network.peerings.sort();
    }
    networks
}

fn resolve(name: &NetworkName, network: &file::Network, proxies: Option<u32>) -> Option<Network> {
    let cloud = *network.cloud.get()?;
    let mut endpoints = set(network.endpoints.as_ref());
    let existing = match &network.existing {
        Some(existing) => Some(self::existing(cloud, existing.get()?)?),
        None => None,
    };
    if cloud == Cloud::Aws && existing.is_none() {
        endpoints.extend(Network::OF_SESSIONS.iter().filter_map(|name| name.parse::<EndpointService>().ok()));
        endpoints.sort();
        endpoints.dedup();
    }
    let zones = list(Some(&network.zones));
    let most = u32::try_from(zones.len()).ok()?;
    let mut resolved = Network {
        name: name.clone(),
        cloud,
        account: network.account.default_to(AccountName::builder(cloud))?,
        region: network.region.value.clone()?,
        cidr: *network.cidr.get()?,
        endpoints,
        buckets: set(network.buckets.as_ref()),
        peers: Vec::new(),
        peerings: Vec::new(),
        proxies: proxies.unwrap_or_else(|| most.min(DEFAULT_PROXIES)),
        existing,
        destinations: entries(network.destinations.as_ref())
            .iter()
            .map(|(name, destination)| {
                let destination = destination.get()?;
                let (cidrs, domains) = (set(Some(&destination.cidrs)), set(destination.domains.as_ref()));
                Some((name.value.clone()?, Destination { cidrs, gateway: destination.gateway.read()?, domains }))
            })
            .collect::<Option<_>>()?,
        load_balancers: BTreeMap::new(),
        zones,
    };
    let balancers = entries(network.load_balancers.as_ref()).iter();
    let balancers = balancers
        .filter_map(|(name, balancer)| Some((name.value.clone()?, load_balancer(&resolved, balancer.get()?)?)))
        .collect();
    resolved.load_balancers = balancers;
    Some(resolved)
}

/// What an existing network is; nothing if keys are missing, which a rule reports.
fn existing(cloud: Cloud, written: &file::Existing) -> Option<Existing> {
    let tags = |tags: Option<&Field<Entries<TagKey, Text>>>| {
        let tags = entries(tags).iter();
        tags.map(|(key, value)| Some((key.value.clone()?, value.value.clone()?))).collect::<Option<BTreeMap<_, _>>>()
    };
    let place = match cloud {
        Cloud::Aws => ExistingPlace::Aws {
            vpc: match &written.vpc {
                Some(vpc) => Found::Id(vpc.value.clone()?),
                None => Found::Tags(tags(Some(written.vpc_tags.as_ref()?))?),
            },
            subnets: match &written.subnets {
                Some(subnets) => Found::Id(set(Some(subnets))),
                None => Found::Tags(tags(Some(written.subnet_tags.as_ref()?))?),
            },
        },
        Cloud::Gcp => ExistingPlace::Gcp {
            network: written.network.as_ref()?.value.clone()?,
            subnetwork: written.subnetwork.as_ref()?.value.clone()?,
        },
    };
    Some(Existing { place, proxy: written.proxy.read()? })
}

/// Where Google's load balancers and health checks connect from, as its documentation says.
const GOOGLE_FRONT_ENDS: &[&str] = &["130.211.0.0/22", "35.191.0.0/16"];

fn load_balancer(network: &Network, balancer: &file::LoadBalancer) -> Option<LoadBalancer> {
    let scheme = *balancer.scheme.get()?;
    let target = match network.cloud {
        Cloud::Aws => LoadBalancerTarget::Aws {
            arn: balancer.arn.as_ref()?.value.clone()?,
            security_group: balancer.security_group.as_ref()?.value.clone()?,
        },
        Cloud::Gcp => LoadBalancerTarget::Gcp {
            source_ranges: match (&balancer.source_ranges, scheme) {
                (Some(ranges), _) => set(Some(ranges)),
                (None, Scheme::Public) => {
                    GOOGLE_FRONT_ENDS.iter().filter_map(|range| Cidr::try_from((*range).to_owned()).ok()).collect()
                }
                (None, Scheme::Internal) => {
                    let own = network.subnets().into_iter().filter(|subnet| subnet.tier == Tier::ProxyOnly);
                    own.map(|subnet| subnet.cidr).collect()
                }
            },
        },
    };
    Some(LoadBalancer { scheme, target })
}
