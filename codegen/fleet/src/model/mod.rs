//! The fleet as it is meant: every inheritance followed, every default applied, every reference known to hold. Nothing
//! downstream validates again, and an `Option` here means that the thing is not there, never that a default holds.

mod group;
mod layer;
mod origin;

use std::collections::BTreeMap;

use serde::Serialize;

pub use group::{
    AwsTarget, Backend, Disk, GcpTarget, Group, Health, LifecycleHook, Machine, OpenPort, Rollout, Scaling, Schedule,
    Size, Spot, Target,
};
pub use layer::{
    Binary, ByArchitecture, HttpCheck, Layer, LayerFile, LayerPort, Nvidia, Scan, ScanIgnore, Service, Source, User,
};
pub use origin::{Origin, Origins};

use crate::choice::{Approval, Cloud, Day, Scheme};
use crate::scalar::{
    AccountId, AwsKmsKey, Bucket, Cidr, Domain, Duration, EndpointService, EnvironmentName, FleetName, GcpKmsKey,
    GcpKmsKeyVersion, GcpMember, GcpProject, GroupName, LayerName, LoadBalancerArn, LoadBalancerName, MachineType,
    NetworkName, Port, ProfileName, PublicKey, Region, RepositoryName, SecurityGroupId, TagKey, Text, TimeOfDay,
    TimeZone, UserName, Zone,
};

/// The fleet.
#[derive(Debug, Clone, Serialize)]
pub struct Fleet {
    /// The prefix of every resource's name.
    pub name: FleetName,
    /// The GitHub repository.
    pub repository: RepositoryName,
    /// Who reviews changes.
    pub owners: Vec<Text>,
    /// Tags of every resource.
    pub tags: BTreeMap<TagKey, Text>,
    /// The AWS account, where a network is on AWS.
    pub aws: Option<AwsAccount>,
    /// The GCP project, where a network is on GCP.
    pub gcp: Option<GcpAccount>,
    /// In the order in which images are promoted.
    pub environments: Vec<Environment>,
    /// By name.
    pub networks: BTreeMap<NetworkName, Network>,
    /// The egress proxy of every network.
    pub proxy: Proxy,
    /// How people reach a machine.
    pub access: Access,
    /// The keys that Cosign signs and verifies with.
    pub signing: Signing,
    /// How a rollout moves through the fleet.
    pub rollout: RolloutPolicy,
    /// By name.
    pub layers: BTreeMap<LayerName, Layer>,
    /// The names of all profiles.
    pub profiles: Vec<ProfileName>,
    /// By name.
    pub groups: BTreeMap<GroupName, Group>,
}

/// An AWS account.
#[derive(Debug, Clone, Serialize)]
pub struct AwsAccount {
    /// Its id.
    pub account: AccountId,
    /// The bucket with Terraform's state.
    pub state_bucket: Bucket,
    /// That bucket's region.
    pub state_region: Region,
    /// Where images are built.
    pub build_network: NetworkName,
    /// The key that encrypts disks; without one, the account's own key for EBS does.
    pub disk_key: Option<AwsKmsKey>,
}

/// A GCP project.
#[derive(Debug, Clone, Serialize)]
pub struct GcpAccount {
    /// Its id.
    pub project: GcpProject,
    /// The bucket with Terraform's state.
    pub state_bucket: Bucket,
    /// Where images are built.
    pub build_network: NetworkName,
    /// The key that encrypts disks; without one, a key of Google's does.
    pub disk_key: Option<GcpKmsKey>,
}

/// An environment.
#[derive(Debug, Clone, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Who must agree before an image may run here.
    pub approval: Approval,
    /// When rollouts may start; empty for at any time.
    pub windows: Vec<Window>,
}

/// A time of the week.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// The days.
    pub days: Vec<Day>,
    /// The first minute.
    pub from: TimeOfDay,
    /// The first minute after it.
    pub to: TimeOfDay,
    /// Where the clock stands.
    pub time_zone: TimeZone,
}

/// A network: one region of one cloud.
#[derive(Debug, Clone, Serialize)]
pub struct Network {
    /// Its name.
    pub name: NetworkName,
    /// Its cloud.
    pub cloud: Cloud,
    /// Its region.
    pub region: Region,
    /// Its addresses.
    pub cidr: Cidr,
    /// Its zones, in the order of the file: the order of their subnets.
    pub zones: Vec<Zone>,
    /// The AWS services with an endpoint of their own, sorted.
    pub endpoints: Vec<EndpointService>,
    /// The networks it is connected with, whichever side says so; sorted.
    pub peers: Vec<NetworkName>,
    /// By name.
    pub load_balancers: BTreeMap<LoadBalancerName, LoadBalancer>,
}

/// A load balancer that exists.
#[derive(Debug, Clone, Serialize)]
pub struct LoadBalancer {
    /// Who reaches it.
    pub scheme: Scheme,
    /// What the cloud knows it by.
    pub target: LoadBalancerTarget,
}

/// What a cloud knows a load balancer by.
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

/// The egress proxy of every network.
#[derive(Debug, Clone, Serialize)]
pub struct Proxy {
    /// The port it listens on.
    pub port: Port,
    /// Its machine on AWS.
    pub aws_machine: MachineType,
    /// Its machine on GCP.
    pub gcp_machine: MachineType,
    /// How many a network has.
    pub machines: u32,
    /// What it lets through, by domain.
    pub domains: Vec<AllowedDomain>,
}

/// A domain that the proxy lets through.
#[derive(Debug, Clone, Serialize)]
pub struct AllowedDomain {
    /// The domain.
    pub domain: Domain,
    /// What needs it.
    pub reason: Text,
    /// Where; sorted.
    pub networks: Vec<NetworkName>,
}

/// How people reach a machine.
#[derive(Debug, Clone, Serialize)]
pub struct Access {
    /// A session without input ends after this.
    pub idle_timeout: Duration,
    /// A session ends after this.
    pub max_duration: Duration,
    /// How long what happened in sessions is kept.
    pub log_retention: Duration,
    /// The user that a session runs as.
    pub run_as: UserName,
    /// Who may open a session on GCP.
    pub gcp_members: Vec<GcpMember>,
}

/// The keys that Cosign signs and verifies with.
#[derive(Debug, Clone, Serialize)]
pub struct Signing {
    /// The key in AWS KMS and its region.
    pub aws: Option<(AwsKmsKey, Region)>,
    /// The key in GCP KMS.
    pub gcp: Option<GcpKmsKeyVersion>,
    /// The public key to verify with where neither KMS can be reached.
    pub public_key: Option<PublicKey>,
}

/// How a rollout moves through the fleet.
#[derive(Debug, Clone, Serialize)]
pub struct RolloutPolicy {
    /// How many groups of one wave are moved at a time.
    pub groups_at_once: u32,
    /// The rollout stops when this many groups have failed.
    pub stop_after_failures: u32,
    /// How long a finished wave is watched.
    pub bake: Duration,
}
