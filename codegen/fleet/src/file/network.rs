//! Networks.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{Cloud, Scheme};
use crate::field::{Entries, Field};
use crate::scalar::{
    AccountName, Bucket, Cidr, EndpointService, LoadBalancerArn, LoadBalancerName, NetworkName, Region,
    SecurityGroupId, Zone,
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
    /// The network's addresses, from /16 to /22, such as 10.16.0.0/16. No two networks may overlap. [Subnets](#subnets) shows
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
    /// Existing load balancers that groups of this network may use, by name. fleetgen does not create them. Default: none.
    pub(crate) load_balancers: Option<Field<Entries<LoadBalancerName, LoadBalancer>>>,
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
    /// `internal` the network's subnetwork `proxy-only`. A group with `protocol: tcp` needs it: its machines see the addresses of
    /// clients.
    pub(crate) source_ranges: Option<Field<Vec<Field<Cidr>>>>,
}
