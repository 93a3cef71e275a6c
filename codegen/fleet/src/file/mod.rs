//! fleet.yaml as it is written: the types of its parts, before inheritance and defaults. Their documentation is the
//! reference (docs/fleet-yaml.md) and the JSON Schema for editors, so it is written for the people who edit the file.
//!
//! An `Option` here means that the key may be left out; which default then holds is decided in `resolve`.

mod layer;
mod network;
mod settings;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use layer::{Binary, ByArchitecture, HttpCheck, Layer, LayerFile, LayerPort, Scan, Service, Source, User};
pub(crate) use network::{LoadBalancer, Network};
pub(crate) use settings::{
    AwsSettings, Backend, Disk, GcpSettings, Health, OpenPort, Rollout, Scaling, Schedule, Settings, Size,
};

use crate::choice::{Approval, Day};
use crate::field::{Deferred, Entries, Field};
use crate::scalar::{
    AccountId, AwsKmsKey, Bucket, Domain, Duration, EnvironmentName, FleetName, GcpKmsKey, GcpKmsKeyVersion, GcpMember,
    GcpProject, GroupName, LayerName, MachineType, NetworkName, Port, ProfileName, PublicKey, Region, RepositoryName,
    TagKey, Text, TimeOfDay, TimeZone, UserName,
};

/// The fleet: networks, proxy, access, signing, image layers and every compute group.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "fleet.yaml", deny_unknown_fields)]
pub(crate) struct FleetFile {
    /// What the fleet is called, and who owns it.
    pub(crate) fleet: Field<About>,
    /// The accounts and projects, and where Terraform keeps its state.
    pub(crate) clouds: Field<Clouds>,
    /// The environments, in the order in which images are promoted.
    pub(crate) environments: Field<Vec<Field<Environment>>>,
    /// The networks, each one region of one cloud.
    pub(crate) networks: Field<Entries<NetworkName, Network>>,
    /// The egress proxy: the only way from a network to the internet.
    pub(crate) proxy: Field<Proxy>,
    /// How people reach a machine: sessions of AWS Systems Manager and of GCP Identity-Aware Proxy.
    pub(crate) access: Field<Access>,
    /// The keys that sign what goes into images, and the images.
    pub(crate) signing: Field<Signing>,
    /// How many groups a rollout moves at a time. Each group's own part is under `rollout` of the group.
    pub(crate) rollout: Option<Field<RolloutPolicy>>,
    /// The image layers: each an image, built on its parent's.
    pub(crate) layers: Field<Entries<LayerName, Layer>>,
    /// Settings that groups share. A group or profile takes over one with `profile:`.
    pub(crate) profiles: Option<Field<Entries<ProfileName, Deferred<Settings>>>>,
    /// The compute groups.
    #[expect(dead_code, reason = "read from the tree, one by one, together with their profiles")]
    pub(crate) groups: Field<Entries<GroupName, Deferred<Settings>>>,
}

impl FleetFile {
    /// The networks that stand in the file, sound or not.
    pub(crate) fn network_names(&self) -> impl Iterator<Item = &NetworkName> + Clone {
        let networks = self.networks.get().map(|networks| networks.0.as_slice()).unwrap_or_default();
        networks.iter().filter_map(|(name, _)| name.get())
    }
}

/// What the fleet is called, and who owns it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct About {
    /// The prefix of every resource's name.
    pub(crate) name: Field<FleetName>,
    /// The GitHub repository that holds this file.
    pub(crate) repository: Field<RepositoryName>,
    /// Who reviews changes: GitHub users and teams.
    pub(crate) owners: Field<Vec<Field<Text>>>,
    /// Tags (AWS) and labels (GCP) of every resource.
    pub(crate) tags: Option<Field<Entries<TagKey, Text>>>,
}

/// The accounts and projects, and where Terraform keeps its state.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Clouds {
    /// Amazon Web Services; needed where a network says `cloud: aws`.
    pub(crate) aws: Option<Field<AwsAccount>>,
    /// Google Cloud; needed where a network says `cloud: gcp`.
    pub(crate) gcp: Option<Field<GcpAccount>>,
}

/// An AWS account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AwsAccount {
    /// The account's id. Terraform refuses to work in any other.
    pub(crate) account: Field<AccountId>,
    /// The bucket with Terraform's state.
    pub(crate) state_bucket: Field<Bucket>,
    /// The region of that bucket.
    pub(crate) state_region: Field<Region>,
    /// The network in which images are built; they are copied to the other regions that need them. Default: the first
    /// network on AWS.
    pub(crate) build_network: Option<Field<NetworkName>>,
    /// The KMS key that encrypts machines' disks. Default: the account's own key for EBS.
    pub(crate) disk_key: Option<Field<AwsKmsKey>>,
}

/// A GCP project.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct GcpAccount {
    /// The project's id.
    pub(crate) project: Field<GcpProject>,
    /// The bucket with Terraform's state.
    pub(crate) state_bucket: Field<Bucket>,
    /// The network in which images are built. Default: the first network on GCP.
    pub(crate) build_network: Option<Field<NetworkName>>,
    /// The KMS key that encrypts machines' disks. Default: a key that Google manages.
    pub(crate) disk_key: Option<Field<GcpKmsKey>>,
}

/// An environment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Environment {
    /// Its name; part of the names of its resources.
    pub(crate) name: Field<EnvironmentName>,
    /// Who must agree before an image may run here.
    pub(crate) approval: Field<Approval>,
    /// When rollouts may start. Default: at any time.
    pub(crate) windows: Option<Field<Vec<Field<Window>>>>,
}

/// A time of the week.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Window {
    /// The days.
    pub(crate) days: Field<Vec<Field<Day>>>,
    /// The first minute.
    pub(crate) from: Field<TimeOfDay>,
    /// The first minute that no longer belongs to it; later than `from`.
    pub(crate) to: Field<TimeOfDay>,
    /// Where the clock stands.
    pub(crate) time_zone: Field<TimeZone>,
}

/// The egress proxy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Proxy {
    /// The port it listens on. Default: 3128.
    pub(crate) port: Option<Field<Port>>,
    /// The proxy's machine on AWS. Default: t4g.small.
    pub(crate) aws_machine: Option<Field<MachineType>>,
    /// The proxy's machine on GCP. Default: e2-small.
    pub(crate) gcp_machine: Option<Field<MachineType>>,
    /// How many proxies a network has, at most one a zone. Default: 2.
    pub(crate) machines: Option<Field<u32>>,
    /// The domains that it lets through; all others are refused.
    pub(crate) domains: Field<Vec<Field<AllowedDomain>>>,
}

/// A domain that the proxy lets through.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AllowedDomain {
    /// The domain; with a leading dot, its subdomains as well.
    pub(crate) domain: Field<Domain>,
    /// What needs it.
    pub(crate) reason: Field<Text>,
    /// The networks in which it is let through. Default: all.
    pub(crate) networks: Option<Field<Vec<Field<NetworkName>>>>,
}

/// How people reach a machine.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Access {
    /// A session without input ends after this. Default: 20m; at most 60m.
    pub(crate) idle_timeout: Option<Field<Duration>>,
    /// A session ends after this in any case. Default: 8h; at most 24h.
    pub(crate) max_duration: Option<Field<Duration>>,
    /// How long what happened in sessions is kept. Default: 365d.
    pub(crate) log_retention: Option<Field<Duration>>,
    /// The user on the machine that a session of AWS runs as.
    pub(crate) run_as: Field<UserName>,
    /// Who may open a session on GCP. Who may on AWS is said in IAM Identity Center.
    pub(crate) gcp_members: Option<Field<Vec<Field<GcpMember>>>>,
}

/// The keys that Cosign signs and verifies with.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Signing {
    /// The key in AWS KMS.
    pub(crate) aws_key: Option<Field<AwsKmsKey>>,
    /// The region of that key.
    pub(crate) aws_region: Option<Field<Region>>,
    /// The key in GCP KMS, with its version.
    pub(crate) gcp_key: Option<Field<GcpKmsKeyVersion>>,
    /// The public key of one of them, to verify with where neither KMS can be reached.
    pub(crate) public_key: Option<Field<PublicKey>>,
}

/// How a rollout moves through the fleet.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct RolloutPolicy {
    /// How many groups of one wave are moved at a time. Default: 4.
    pub(crate) groups_at_once: Option<Field<u32>>,
    /// The rollout stops when this many groups have failed. Default: 1.
    pub(crate) stop_after_failures: Option<Field<u32>>,
    /// How long a finished wave is watched before the next one starts. Default: 10m.
    pub(crate) bake: Option<Field<Duration>>,
}
