//! The parts of the fleet other than layers and groups.

use std::collections::BTreeMap;

use super::Draft;
use super::taker::{entries, list, set};
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::{Entries, Field};
use crate::file::{self, FleetFile};
use crate::model::{
    Access, AllowedDomain, AwsAccount, Environment, Fleet, GcpAccount, LoadBalancer, LoadBalancerTarget, Network,
    Proxy, RolloutPolicy, Signing, Window,
};
use crate::scalar::{Cidr, Duration, EndpointService, NetworkName, Port, TagKey, Text};

/// Takes a value that is stated, or parses the default.
fn or_default<T: Clone>(field: Option<&Field<T>>, default: impl FnOnce() -> Option<T>) -> Option<T> {
    match field {
        Some(field) => field.value.clone(),
        None => default(),
    }
}

pub(super) fn tags(file: &FleetFile) -> BTreeMap<TagKey, Text> {
    let tags = file.fleet.get().and_then(|about| about.tags.as_ref()).and_then(Field::get);
    tags.into_iter().flat_map(Entries::iter).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The services that sessions need, and that every network on AWS therefore has.
const SESSION_ENDPOINTS: &[&str] = &["ec2messages", "ssm", "ssmmessages"];

pub(super) fn networks(file: &FleetFile, found: &mut Vec<Diagnostic>) -> BTreeMap<NetworkName, Network> {
    let written = entries(Some(&file.networks));
    let names: Vec<&NetworkName> = file.network_names().collect();
    let mut networks: BTreeMap<NetworkName, Network> = written
        .iter()
        .filter_map(|(name, network)| {
            let (name, network) = (name.get()?, network.get()?);
            Some((name.clone(), one_network(name, network)?))
        })
        .collect();
    for (name, network) in written {
        let Some((name, network)) = name.get().zip(network.get()) else { continue };
        for peer in network.peers.iter().filter_map(Field::get).flatten() {
            let Some(other) = peer.get() else { continue };
            if !names.contains(&other) || other == name {
                found.push(
                    Diagnostic::new(Rule::UnknownReference, peer.span, format!("there is no other network `{other}`"))
                        .label("not another key of `networks`")
                        .maybe_hint(suggest_or_list(other.as_str(), names.iter().map(AsRef::as_ref))),
                );
                continue;
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
    }
    networks
}

fn one_network(name: &NetworkName, network: &file::Network) -> Option<Network> {
    let cloud = *network.cloud.get()?;
    let mut endpoints = set(network.endpoints.as_ref());
    if cloud == Cloud::Aws {
        endpoints.extend(SESSION_ENDPOINTS.iter().filter_map(|name| name.parse::<EndpointService>().ok()));
        endpoints.sort();
        endpoints.dedup();
    }
    Some(Network {
        name: name.clone(),
        cloud,
        region: network.region.value.clone()?,
        cidr: *network.cidr.get()?,
        zones: list(Some(&network.zones)),
        endpoints,
        peers: Vec::new(),
        load_balancers: entries(network.load_balancers.as_ref())
            .iter()
            .filter_map(|(name, balancer)| Some((name.value.clone()?, load_balancer(cloud, balancer.get()?)?)))
            .collect(),
    })
}

/// Where Google's load balancers and health checks come from, as its documentation says.
const GOOGLE_FRONT_ENDS: &[&str] = &["130.211.0.0/22", "35.191.0.0/16"];

fn load_balancer(cloud: Cloud, balancer: &file::LoadBalancer) -> Option<LoadBalancer> {
    let target = match cloud {
        Cloud::Aws => LoadBalancerTarget::Aws {
            arn: balancer.arn.as_ref()?.value.clone()?,
            security_group: balancer.security_group.as_ref()?.value.clone()?,
        },
        Cloud::Gcp => {
            let mut source_ranges: Vec<Cidr> = set(balancer.source_ranges.as_ref());
            if balancer.source_ranges.is_none() {
                source_ranges =
                    GOOGLE_FRONT_ENDS.iter().filter_map(|range| Cidr::try_from((*range).to_owned()).ok()).collect();
            }
            LoadBalancerTarget::Gcp { source_ranges }
        }
    };
    Some(LoadBalancer { scheme: *balancer.scheme.get()?, target })
}

/// Puts the fleet together. Nothing is missing where nothing was reported.
pub(super) fn assemble(draft: Draft<'_>) -> Option<Fleet> {
    let file = draft.file;
    let about = file.fleet.get()?;
    let clouds = file.clouds.get()?;
    let aws = clouds.aws.as_ref().and_then(Field::get);
    let gcp = clouds.gcp.as_ref().and_then(Field::get);
    Some(Fleet {
        name: about.name.value.clone()?,
        repository: about.repository.value.clone()?,
        owners: list(Some(&about.owners)),
        tags: draft.tags.clone(),
        aws: aws.and_then(|account| aws_account(account, &draft)),
        gcp: gcp.and_then(|account| gcp_account(account, &draft)),
        environments: file.environments.get()?.iter().filter_map(|field| environment(field.get()?)).collect(),
        proxy: proxy(file.proxy.get()?, draft.networks.keys())?,
        access: access(file.access.get()?)?,
        signing: signing(file.signing.get()?),
        rollout: rollout(file.rollout.as_ref().and_then(Field::get))?,
        profiles: entries(file.profiles.as_ref()).iter().filter_map(|(name, _)| name.value.clone()).collect(),
        networks: draft.networks,
        layers: draft.layers,
        groups: draft.groups,
    })
}

/// The network in which images are built: the one that is stated, or the first of its cloud.
pub(crate) fn build_network(cloud: Cloud, draft: &Draft<'_>) -> Option<NetworkName> {
    let clouds = draft.file.clouds.get()?;
    let stated = match cloud {
        Cloud::Aws => clouds.aws.as_ref()?.get()?.build_network.as_ref(),
        Cloud::Gcp => clouds.gcp.as_ref()?.get()?.build_network.as_ref(),
    };
    match stated {
        Some(field) => field.value.clone(),
        None => draft.networks.values().find(|network| network.cloud == cloud).map(|network| network.name.clone()),
    }
}

fn aws_account(account: &file::AwsAccount, draft: &Draft<'_>) -> Option<AwsAccount> {
    Some(AwsAccount {
        build_network: build_network(Cloud::Aws, draft)?,
        account: account.account.value.clone()?,
        state_bucket: account.state_bucket.value.clone()?,
        state_region: account.state_region.value.clone()?,
        disk_key: account.disk_key.as_ref().and_then(|key| key.value.clone()),
    })
}

fn gcp_account(account: &file::GcpAccount, draft: &Draft<'_>) -> Option<GcpAccount> {
    Some(GcpAccount {
        build_network: build_network(Cloud::Gcp, draft)?,
        project: account.project.value.clone()?,
        state_bucket: account.state_bucket.value.clone()?,
        disk_key: account.disk_key.as_ref().and_then(|key| key.value.clone()),
    })
}

fn environment(environment: &file::Environment) -> Option<Environment> {
    let windows = environment.windows.iter().filter_map(Field::get).flatten();
    let windows = windows.filter_map(|window| {
        let window = window.get()?;
        Some(Window {
            days: set(Some(&window.days)),
            from: window.from.value.clone()?,
            to: window.to.value.clone()?,
            time_zone: window.time_zone.value.clone()?,
        })
    });
    Some(Environment {
        name: environment.name.value.clone()?,
        approval: *environment.approval.get()?,
        windows: windows.collect(),
    })
}

fn proxy<'a>(proxy: &file::Proxy, networks: impl Iterator<Item = &'a NetworkName>) -> Option<Proxy> {
    let everywhere: Vec<NetworkName> = networks.cloned().collect();
    let mut domains: Vec<AllowedDomain> = proxy
        .domains
        .get()?
        .iter()
        .filter_map(|field| {
            let domain = field.get()?;
            let networks = match &domain.networks {
                None => everywhere.clone(),
                stated => set(stated.as_ref()),
            };
            Some(AllowedDomain { domain: domain.domain.value.clone()?, reason: domain.reason.value.clone()?, networks })
        })
        .collect();
    domains.sort_by(|a, b| a.domain.cmp(&b.domain));
    Some(Proxy {
        port: or_default(proxy.port.as_ref(), || Port::try_from(3128).ok())?,
        aws_machine: or_default(proxy.aws_machine.as_ref(), || "t4g.small".parse().ok())?,
        gcp_machine: or_default(proxy.gcp_machine.as_ref(), || "e2-small".parse().ok())?,
        machines: or_default(proxy.machines.as_ref(), || Some(2))?,
        domains,
    })
}

fn access(access: &file::Access) -> Option<Access> {
    let seconds = |seconds| move || Some(Duration::from_seconds(seconds));
    Some(Access {
        idle_timeout: or_default(access.idle_timeout.as_ref(), seconds(20 * 60))?,
        max_duration: or_default(access.max_duration.as_ref(), seconds(8 * 3_600))?,
        log_retention: or_default(access.log_retention.as_ref(), seconds(365 * 86_400))?,
        run_as: access.run_as.value.clone()?,
        gcp_members: set(access.gcp_members.as_ref()),
    })
}

fn signing(signing: &file::Signing) -> Signing {
    let key = signing.aws_key.as_ref().and_then(|key| key.value.clone());
    let region = signing.aws_region.as_ref().and_then(|region| region.value.clone());
    Signing {
        aws: key.zip(region),
        gcp: signing.gcp_key.as_ref().and_then(|key| key.value.clone()),
        public_key: signing.public_key.as_ref().and_then(|key| key.value.clone()),
    }
}

fn rollout(policy: Option<&file::RolloutPolicy>) -> Option<RolloutPolicy> {
    Some(RolloutPolicy {
        groups_at_once: or_default(policy.and_then(|policy| policy.groups_at_once.as_ref()), || Some(4))?,
        stop_after_failures: or_default(policy.and_then(|policy| policy.stop_after_failures.as_ref()), || Some(1))?,
        bake: or_default(policy.and_then(|policy| policy.bake.as_ref()), || Some(Duration::from_seconds(600)))?,
    })
}
