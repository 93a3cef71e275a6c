//! Networks.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{Cloud, Scheme};
use crate::field::{Entries, Field};
use crate::scalar::{
    AccountName, Bucket, Cidr, DestinationName, Domain, EndpointService, GatewayId, GcpNetwork, GcpSubnetwork,
    LoadBalancerArn, LoadBalancerName, NetworkName, ProxyUrl, Region, SecurityGroupId, SubnetId, TagKey, Text, VpcId,
    Zone,
};

/// A network: one region of one cloud.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Network {
    /// The cloud that the network is in.
    pub(crate) cloud: Field<Cloud>,
    /// The account or project that the network is in, by its name in `clouds.aws.accounts` or `clouds.gcp.projects`. Default:
    /// the one in which images are built.
    pub(crate) account: Option<Field<AccountName>>,
    /// The region, such as ap-northeast-1 (AWS) or asia-northeast1 (GCP).
    pub(crate) region: Field<Region>,
    /// The network's addresses, from /16 to /22, such as 10.16.0.0/16; of an existing network, any. No two networks may overlap. [Subnets](#subnets) shows
    /// how fleetgen divides them.
    pub(crate) cidr: Field<Cidr>,
    /// The zones, 1 to 4, such as `[ap-northeast-1a, ap-northeast-1c]`. Adding one at the end leaves the other subnets alone.
    pub(crate) zones: Field<Vec<Field<Zone>>>,
    /// AWS only: services to reach through an interface endpoint, such as `[ecr.api, ecr.dkr]`, besides those that sessions
    /// need (ec2messages, kms, logs, ssm, ssmmessages) and S3. Default: none.
    pub(crate) endpoints: Option<Field<Vec<Field<EndpointService>>>>,
    /// AWS only: S3 buckets of this account and region that machines read and write. The network's endpoint for S3 refuses all
    /// others, except that builds reach `artifact_bucket`. Default: none.
    pub(crate) buckets: Option<Field<Vec<Field<Bucket>>>>,
    /// Networks of the same cloud to peer with. Naming the peer on one side is enough. Default: none.
    pub(crate) peers: Option<Field<Vec<Field<NetworkName>>>>,
    /// Addresses outside the fleet, such as databases and offices, that groups of this network may name in `egress` and in `from` of their ports, by
    /// name. Default: none.
    pub(crate) destinations: Option<Field<Entries<DestinationName, Destination>>>,
    /// The network exists already, and others look after it: fleetgen creates nothing but groups in it. `cidr` and `zones` are then those that it
    /// has, and `endpoints` the services that it has an endpoint for. Images are built in another network. Default: fleetgen creates the
    /// network.
    pub(crate) existing: Option<Field<Existing>>,
    /// Existing load balancers that groups of this network may use, by name. fleetgen does not create them. Default: none.
    pub(crate) load_balancers: Option<Field<Entries<LoadBalancerName, LoadBalancer>>>,
}

/// A network that fleetgen does not create.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Existing {
    /// AWS only: the VPC, such as `vpc-0a1b2c3d4e5f60711`, or its tags, such as `{ Name: corporate }`.
    pub(crate) vpc: Option<Field<VpcId>>,
    /// AWS only: tags that only this VPC has in its region, instead of `vpc`.
    pub(crate) vpc_tags: Option<Field<Entries<TagKey, Text>>>,
    /// AWS only: the private subnets of machines, such as `[subnet-0a1b2c3d4e5f60711]`, at least one in each of the `zones`.
    pub(crate) subnets: Option<Field<Vec<Field<SubnetId>>>>,
    /// AWS only: tags that these subnets have, and no others of the VPC, instead of `subnets`.
    pub(crate) subnet_tags: Option<Field<Entries<TagKey, Text>>>,
    /// GCP only: the network, such as `projects/example-host/global/networks/shared`. In a Shared VPC, the project is the host project.
    pub(crate) network: Option<Field<GcpNetwork>>,
    /// GCP only: the subnetwork of machines, such as `projects/example-host/regions/us-central1/subnetworks/machines`.
    pub(crate) subnetwork: Option<Field<GcpSubnetwork>>,
    /// The proxy through which machines reach the internet, such as `http://proxy.example.com:3128`. Default: none; machines on AWS then reach
    /// `cidr`, S3 and what `egress` names, and machines on GCP what the network's firewall lets them.
    pub(crate) proxy: Option<Field<ProxyUrl>>,
}

/// Addresses outside the fleet. The network lets them pass both ways; the groups decide who connects.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Destination {
    /// The addresses, such as `[10.200.8.0/24]`. No network of the fleet may overlap them.
    pub(crate) cidrs: Field<Vec<Field<Cidr>>>,
    /// AWS only: what leads there, already attached to the network: a transit gateway (`tgw-…`), a virtual private gateway (`vgw-…`) or a peering
    /// connection (`pcx-…`). Default: none; whoever connects the network adds the routes, as Cloud Router does on GCP.
    pub(crate) gateway: Option<Field<GatewayId>>,
    /// AWS only: names of hosts there, such as `[.db.example.com]`, which the network's resolver then answers; a leading dot includes subdomains. Names
    /// of amazonaws.com it answers anyway. Default: none.
    pub(crate) domains: Option<Field<Vec<Field<Domain>>>>,
}

/// An existing load balancer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LoadBalancer {
    /// Who can connect to it.
    pub(crate) scheme: Field<Scheme>,
    /// AWS only: its ARN.
    pub(crate) arn: Option<Field<LoadBalancerArn>>,
    /// AWS only: its security group. Groups accept traffic from it.
    pub(crate) security_group: Option<Field<SecurityGroupId>>,
    /// GCP only: where its traffic comes from. Default: for `public` Google's front ends, 130.211.0.0/22 and 35.191.0.0/16; for
    /// `internal` the network's subnetwork `proxy-only`. A backend of `tcp`, `tls` or `udp` needs it: its machines see the addresses of
    /// clients.
    pub(crate) source_ranges: Option<Field<Vec<Field<Cidr>>>>,
}
