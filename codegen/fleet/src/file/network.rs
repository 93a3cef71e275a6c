//! Networks.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{Cloud, Scheme};
use crate::field::{Entries, Field};
use crate::scalar::{
    Cidr, EndpointService, LoadBalancerArn, LoadBalancerName, NetworkName, Region, SecurityGroupId, Zone,
};

/// A network: one region of one cloud.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Network {
    /// The cloud.
    pub(crate) cloud: Field<Cloud>,
    /// The region.
    pub(crate) region: Field<Region>,
    /// Its addresses. Each zone takes a quarter of a half of them for machines, and a sixteenth for the proxy.
    pub(crate) cidr: Field<Cidr>,
    /// The zones that it spans: 2 to 4.
    pub(crate) zones: Field<Vec<Field<Zone>>>,
    /// AWS only: the services that are reached without leaving the network, besides those that sessions and S3 need.
    pub(crate) endpoints: Option<Field<Vec<Field<EndpointService>>>>,
    /// The networks that it is connected with; saying it on one side is enough.
    pub(crate) peers: Option<Field<Vec<Field<NetworkName>>>>,
    /// The load balancers that groups of this network may stand behind. They are not made by fleetgen.
    pub(crate) load_balancers: Option<Field<Entries<LoadBalancerName, LoadBalancer>>>,
}

/// A load balancer that exists.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LoadBalancer {
    /// Who reaches it.
    pub(crate) scheme: Field<Scheme>,
    /// AWS only: its ARN.
    pub(crate) arn: Option<Field<LoadBalancerArn>>,
    /// AWS only: its security group, from which traffic is let in.
    pub(crate) security_group: Option<Field<SecurityGroupId>>,
    /// GCP only: where its traffic comes from. Default: Google's front ends, 130.211.0.0/22 and 35.191.0.0/16.
    pub(crate) source_ranges: Option<Field<Vec<Field<Cidr>>>>,
}
