//! Networks, and the subnets that their addresses are divided into.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde::Serialize;

use crate::choice::{Cloud, Scheme};
use crate::scalar::{
    AccountName, Bucket, Cidr, DestinationName, Domain, EndpointService, GatewayId, GcpNetwork, GcpSubnetwork,
    LoadBalancerArn, LoadBalancerName, NetworkName, ProxyUrl, Region, SecurityGroupId, SubnetId, TagKey, Text, VpcId,
    Zone,
};

/// A network: one region of one cloud.
#[derive(Debug, Clone, Serialize)]
pub struct Network {
    /// Its name.
    pub name: NetworkName,
    /// Its cloud.
    pub cloud: Cloud,
    /// Its account or project.
    pub account: AccountName,
    /// Its region.
    pub region: Region,
    /// Its addresses.
    pub cidr: Cidr,
    /// Its zones, in the order of the file, which is the order of their subnets.
    pub zones: Vec<Zone>,
    /// The AWS services with an interface endpoint in the network; sorted.
    pub endpoints: Vec<EndpointService>,
    /// The S3 buckets that its machines reach; sorted.
    pub buckets: Vec<Bucket>,
    /// The networks it is peered with, whichever side names the other; sorted.
    pub peers: Vec<NetworkName>,
    /// The peers whose peering this network's root creates, with the routes on both sides: those that the network names. If
    /// both name each other, the root of the first in the file's order does.
    pub peerings: Vec<NetworkName>,
    /// How many proxies it has, at most one per zone.
    pub proxies: u32,
    /// What the network is, if fleetgen does not create it.
    pub existing: Option<Existing>,
    /// Addresses outside the fleet that groups may name.
    pub destinations: BTreeMap<DestinationName, Destination>,
    /// By name.
    pub load_balancers: BTreeMap<LoadBalancerName, LoadBalancer>,
}

/// A network that fleetgen does not create.
#[derive(Debug, Clone, Serialize)]
pub struct Existing {
    /// How its cloud identifies it.
    #[serde(flatten)]
    pub place: ExistingPlace,
    /// The proxy that its machines use.
    pub proxy: Option<ProxyUrl>,
}

/// How a cloud identifies a network.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExistingPlace {
    /// AWS.
    Aws {
        /// The VPC, by its id or its tags.
        vpc: Found<VpcId>,
        /// The subnets of machines, by their ids or their tags.
        subnets: Found<Vec<SubnetId>>,
    },
    /// GCP.
    Gcp {
        /// The network.
        network: GcpNetwork,
        /// The subnetwork of machines.
        subnetwork: GcpSubnetwork,
    },
}

/// Something of AWS that is found by its id or by its tags.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found<T> {
    /// By its id.
    Id(T),
    /// By its tags.
    Tags(BTreeMap<TagKey, Text>),
}

/// Addresses outside the fleet.
#[derive(Debug, Clone, Serialize)]
pub struct Destination {
    /// The addresses; sorted.
    pub cidrs: Vec<Cidr>,
    /// AWS: what leads there.
    pub gateway: Option<GatewayId>,
    /// AWS: names of hosts there; sorted.
    pub domains: Vec<Domain>,
}

/// An existing load balancer.
#[derive(Debug, Clone, Serialize)]
pub struct LoadBalancer {
    /// Who can connect to it.
    pub scheme: Scheme,
    /// How its cloud identifies it.
    pub target: LoadBalancerTarget,
}

/// How a cloud identifies a load balancer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadBalancerTarget {
    /// AWS.
    Aws {
        /// Its ARN.
        arn: LoadBalancerArn,
        /// Its security group.
        security_group: SecurityGroupId,
    },
    /// GCP.
    Gcp {
        /// Where its traffic comes from.
        source_ranges: Vec<Cidr>,
    },
}

/// What a subnet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The machines of compute groups.
    Machines,
    /// Machines that build images.
    Build,
    /// The egress proxy, the only machines with a route to the internet.
    Proxy,
    /// AWS: public load balancers, and nothing else.
    Edge,
    /// AWS: the GitHub runner.
    Runner,
    /// GCP: the proxies of Google's load balancers (`REGIONAL_MANAGED_PROXY`), at least /26.
    ProxyOnly,
}

impl Tier {
    /// The name in tags and in names of subnets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Machines => "machines",
            Self::Build => "build",
            Self::Proxy => "proxy",
            Self::Edge => "edge",
            Self::Runner => "runner",
            Self::ProxyOnly => "proxy-only",
        }
    }

    /// The first 64th of a network that the tier has, and how many it has per zone.
    fn share(self) -> (u32, u32) {
        match self {
            Self::Machines => (0, 8),
            Self::Build => (32, 4),
            Self::Proxy => (48, 1),
            Self::Edge => (52, 2),
            // Each on one of the clouds.
            Self::Runner | Self::ProxyOnly => (60, 1),
        }
    }
}

/// A subnet of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    /// What it is for.
    pub tier: Tier,
    /// AWS: its zone. On GCP a subnetwork spans the region.
    pub zone: Option<Zone>,
    /// Its addresses.
    pub cidr: Cidr,
}

impl Network {
    /// The services that sessions need, and that every network on AWS therefore has. The agent encrypts a session with KMS and
    /// writes its log to `CloudWatch`; if it cannot, the session does not open.
    pub const OF_SESSIONS: [&str; 5] = ["ec2messages", "kms", "logs", "ssm", "ssmmessages"];

    /// The services of AWS that machines reach inside the network: those that are listed, and in a network of fleetgen's those that
    /// sessions need.
    pub fn services(&self) -> BTreeSet<&str> {
        let own = Self::OF_SESSIONS.into_iter().filter(|_| self.existing.is_none());
        own.chain(self.endpoints.iter().map(AsRef::as_ref)).collect()
    }

    /// Whether machines reach a service of AWS inside the network.
    pub fn has_endpoint(&self, service: &str) -> bool {
        self.services().contains(service)
    }

    /// The addresses of its destinations; sorted, each once.
    pub fn outside(&self) -> BTreeSet<Cidr> {
        self.destinations.values().flat_map(|destination| &destination.cidrs).copied().collect()
    }

    /// How many zones a network may have.
    pub const ZONES: RangeInclusive<usize> = 1..=4;
    /// The lengths of prefix that a network may have. AWS allows VPCs of /16 to /28 and subnets of at least /28; load
    /// balancers need /27, and GCP's proxy-only subnets /26. So the smallest share, a 64th, must be /28.
    pub const PREFIXES: RangeInclusive<u8> = 16..=22;

    /// The subnets, each a number of 64ths of the network: the one plan that rules, reference and Terraform share.
    /// An existing network has none of them.
    pub fn subnets(&self) -> Vec<Subnet> {
        if self.existing.is_some() {
            return Vec::new();
        }
        match self.cloud {
            Cloud::Aws => [Tier::Machines, Tier::Build, Tier::Proxy, Tier::Edge, Tier::Runner]
                .into_iter()
                .flat_map(|tier| {
                    let (first, each) = tier.share();
                    (0..).zip(&self.zones).filter_map(move |(zone, name)| {
                        let cidr = self.cidr.part(first + zone * each, each)?;
                        Some(Subnet { tier, zone: Some(name.clone()), cidr })
                    })
                })
                .collect(),
            Cloud::Gcp => [Tier::Machines, Tier::Build, Tier::Proxy, Tier::ProxyOnly]
                .into_iter()
                .filter_map(|tier| {
                    let (first, each) = tier.share();
                    Some(Subnet { tier, zone: None, cidr: self.cidr.part(first, 4 * each)? })
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(cloud: Cloud, cidr: &str) -> Network {
        let zones = ["a", "b", "c", "d"].map(|zone| format!("ap-northeast-1{zone}").parse().unwrap());
        Network {
            name: "tokyo".parse().unwrap(),
            cloud,
            account: AccountName::builder(cloud),
            region: "ap-northeast-1".parse().unwrap(),
            cidr: cidr.to_owned().try_into().unwrap(),
            zones: zones.to_vec(),
            endpoints: Vec::new(),
            buckets: Vec::new(),
            peers: Vec::new(),
            peerings: Vec::new(),
            proxies: 2,
            existing: None,
            destinations: BTreeMap::new(),
            load_balancers: BTreeMap::new(),
        }
    }

    #[test]
    fn subnets_are_inside_the_network_and_apart() {
        for cloud in [Cloud::Aws, Cloud::Gcp] {
            for prefix in Network::PREFIXES {
                let network = network(cloud, &format!("10.0.0.0/{prefix}"));
                let subnets = network.subnets();
                assert_eq!(subnets.len(), if cloud == Cloud::Aws { 20 } else { 4 });
                for (index, subnet) in subnets.iter().enumerate() {
                    assert!(network.cidr.overlaps(subnet.cidr) && subnet.cidr.prefix() > prefix);
                    assert!(subnet.cidr.prefix() <= 28, "AWS allows no smaller subnet");
                    assert!(subnet.tier != Tier::Edge || subnet.cidr.prefix() <= 27, "load balancers need /27");
                    assert!(subnet.tier != Tier::ProxyOnly || subnet.cidr.prefix() <= 26, "Google needs /26");
                    assert!(subnets[..index].iter().all(|other| !other.cidr.overlaps(subnet.cidr)), "{subnets:?}");
                }
            }
        }
    }
}
