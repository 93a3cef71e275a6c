//! fleet.yaml as it is written: the types of its sections, before inheritance and defaults. Their documentation is the
//! reference (docs/fleet-yaml.md) and the JSON Schema for editors, so it is written for people who edit the file. Groups are
//! in [`group`](crate::group).
//!
//! An `Option` here means that the key may be left out; `resolve` applies the defaults.

mod layer;
mod network;
mod service;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use layer::{Binary, ByArchitecture, HttpCheck, Layer, LayerFile, LayerPort, Source, User};
pub(crate) use network::{Existing, LoadBalancer, Network};
pub(crate) use service::{Limits, Service, Timer};

use crate::choice::{AccountResource, Approval, Cloud, Day, ProxyClient};
use crate::field::{Deferred, Entries, Field};
use crate::gate::GateSettings;
use crate::group::{ConfigSettings, GroupSettings};
use crate::scalar::{
    AccountId, AccountName, ArtifactRepository, AwsKmsKey, Bucket, BucketPrefix, Date, Domain, Duration, EcrRepository,
    EnvironmentName, FleetName, GateName, GcpKmsKey, GcpKmsKeyVersion, GcpMember, GcpProject, GithubApp, GithubId,
    GroupName, Lasting, LayerName, MachineType, NetworkName, Number, Owner, Port, ProfileName, PublicKey, Region,
    RepositoryName, SecretName, TagKey, Text, TimeOfDay, TimeZone, UserName,
};

/// The whole fleet: networks, proxy, sessions, signing keys, image layers and compute groups.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "fleet.yaml", deny_unknown_fields)]
pub(crate) struct FleetFile {
    /// The fleet's name, repository and owners.
    pub(crate) fleet: Field<About>,
    /// AWS accounts and GCP projects, and where Terraform keeps its state.
    pub(crate) clouds: Field<Clouds>,
    /// The environments, in the order in which images are promoted.
    pub(crate) environments: Field<Vec<Field<Environment>>>,
    /// The networks, by name. Each is one region of one cloud.
    pub(crate) networks: Field<Entries<NetworkName, Network>>,
    /// The egress proxy: the only way from a network to the internet.
    pub(crate) proxy: Field<Proxy>,
    /// A GitHub runner inside the network in which images are built on AWS, for the jobs that build and roll out. Default: none.
    pub(crate) runner: Option<Field<Runner>>,
    /// How people open sessions on machines, through AWS Systems Manager or GCP's Identity-Aware Proxy.
    pub(crate) access: Field<Access>,
    /// The keys that sign images and the files that go into them.
    pub(crate) signing: Field<Signing>,
    /// How a rollout proceeds through the fleet. How a group is updated is in the group's own `rollout`.
    pub(crate) rollout: Option<Field<RolloutPolicy>>,
    /// The image layers, by name. Each is a machine image, built on its parent's.
    pub(crate) layers: Field<Entries<LayerName, Layer>>,
    /// Settings that groups share, by name. A group or another profile inherits them with `profile:`.
    pub(crate) profiles: Option<Field<Entries<ProfileName, Deferred<GroupSettings>>>>,
    /// The compute groups, by name.
    #[expect(dead_code, reason = "decoded from the tree, one by one, together with their profiles")]
    pub(crate) groups: Field<Entries<GroupName, Deferred<GroupSettings>>>,
}

impl FleetFile {
    /// The names of the networks in the file, with or without problems.
    pub(crate) fn network_names(&self) -> impl Iterator<Item = &NetworkName> + Clone {
        let networks = self.networks.get().map(|networks| networks.0.as_slice()).unwrap_or_default();
        networks.iter().filter_map(|(name, _)| name.get())
    }
}

/// The fleet's name, repository and owners.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct About {
    /// The prefix of every resource's name, such as `example`.
    pub(crate) name: Field<FleetName>,
    /// The GitHub repository that holds this file, such as `example/fleet`.
    pub(crate) repository: Field<RepositoryName>,
    /// The id of the repository's owner, in quotes. With `repository_id`, the clouds trust jobs of this repository even if
    /// GitHub names them by ids, as it does for repositories created or moved since July 2026, and no repository that takes
    /// over the name. Default: none.
    pub(crate) owner_id: Option<Field<GithubId>>,
    /// The id of the repository, in quotes; see `owner_id`. Default: none.
    pub(crate) repository_id: Option<Field<GithubId>>,
    /// Who reviews changes: GitHub users and teams, such as `["@example/platform"]`.
    pub(crate) owners: Field<Vec<Field<Owner>>>,
    /// Tags (AWS) and labels (GCP) of every resource, such as `{ cost-center: cc-1042 }`. Default: none.
    pub(crate) tags: Option<Field<Entries<TagKey, Text>>>,
}

/// AWS accounts and GCP projects.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Clouds {
    /// The AWS account. Required if a network has `cloud: aws`.
    pub(crate) aws: Option<Field<AwsAccount>>,
    /// The GCP project. Required if a network has `cloud: gcp`.
    pub(crate) gcp: Option<Field<GcpAccount>>,
}

/// The AWS account in which images are built.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AwsAccount {
    /// The account id, such as "123456789012". Terraform refuses to work in any other account.
    pub(crate) account: Field<AccountId>,
    /// The S3 bucket that holds Terraform's state.
    pub(crate) state_bucket: Field<Bucket>,
    /// The region of that bucket.
    pub(crate) state_region: Field<Region>,
    /// The network in which images are built. They are copied to the other regions that need them. Default: the first
    /// network of this account, by name.
    pub(crate) build_network: Option<Field<NetworkName>>,
    /// The S3 bucket, in any region, that `artifacts://` URLs refer to for images on AWS. Default: none.
    pub(crate) artifact_bucket: Option<Field<Bucket>>,
    /// The S3 bucket in the build network's region that keeps builds' reports and SBOMs. Default: none.
    pub(crate) report_bucket: Option<Field<Bucket>>,
    /// Repositories of Amazon ECR in the build network's region, such as `[example/vision]`. Builds pull containers of layers
    /// from them, and so may machines in that region. Their tags cannot be moved. Default: none.
    pub(crate) ecr_repositories: Option<Field<Vec<Field<EcrRepository>>>>,
    /// The KMS key that encrypts disks and images, such as `alias/example-disks`. Default: the account's default EBS key.
    pub(crate) disk_key: Option<Field<AwsKmsKey>>,
    /// Whether machines start only from images of the account that builds them and of the vendors in `layers.*.source`. It
    /// applies to everything in the account's regions. Default: false.
    pub(crate) restrict_images: Option<Field<bool>>,
    /// What the account has already, so that its root does not create it, such as `[oidc-provider]`. Default: none.
    pub(crate) existing: Option<Field<Vec<Field<AccountResource>>>>,
    /// More accounts, by name, such as one for each environment. They run the images that are built here and shared with
    /// them. A network names its account with `account`. Default: none.
    pub(crate) accounts: Option<Field<Entries<AccountName, MoreAwsAccount>>>,
}

/// An AWS account that runs images and builds none.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct MoreAwsAccount {
    /// The account id.
    pub(crate) account: Field<AccountId>,
    /// The S3 bucket that holds this account's part of Terraform's state.
    pub(crate) state_bucket: Field<Bucket>,
    /// The region of that bucket.
    pub(crate) state_region: Field<Region>,
    /// The KMS key of this account that encrypts disks, such as `alias/example-disks`. Default: the account's default EBS key.
    pub(crate) disk_key: Option<Field<AwsKmsKey>>,
    /// Whether machines start only from images of the account that builds them and of the vendors in `layers.*.source`. It
    /// applies to everything in the account's regions. Default: false.
    pub(crate) restrict_images: Option<Field<bool>>,
    /// What the account has already, so that its root does not create it. Default: none.
    pub(crate) existing: Option<Field<Vec<Field<AccountResource>>>>,
}

/// The GCP project in which images are built.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct GcpAccount {
    /// The project id.
    pub(crate) project: Field<GcpProject>,
    /// The Cloud Storage bucket that holds Terraform's state.
    pub(crate) state_bucket: Field<Bucket>,
    /// The network in which images are built. Default: the first network of this project, by name.
    pub(crate) build_network: Option<Field<NetworkName>>,
    /// The Cloud Storage bucket that `artifacts://` URLs refer to for images on GCP. Default: none.
    pub(crate) artifact_bucket: Option<Field<Bucket>>,
    /// The Cloud Storage bucket in the build network's region that keeps builds' reports and SBOMs. Default: none.
    pub(crate) report_bucket: Option<Field<Bucket>>,
    /// Repositories of Artifact Registry in the build network's region, such as `[fleet]`. Builds pull containers of layers from
    /// them, and so may machines. Their tags cannot be moved. Default: none.
    pub(crate) artifact_repositories: Option<Field<Vec<Field<ArtifactRepository>>>>,
    /// The KMS key that encrypts disks and images, in the networks' region or in `global`. Default: a key managed by Google.
    pub(crate) disk_key: Option<Field<GcpKmsKey>>,
    /// More projects, by name, such as one for each environment. They run the images that are built here and shared with
    /// them. A network names its project with `account`. Default: none.
    pub(crate) projects: Option<Field<Entries<AccountName, MoreGcpProject>>>,
}

/// A GCP project that runs images and builds none.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct MoreGcpProject {
    /// The project id.
    pub(crate) project: Field<GcpProject>,
    /// The Cloud Storage bucket that holds this project's part of Terraform's state.
    pub(crate) state_bucket: Field<Bucket>,
    /// The KMS key that encrypts disks, in the networks' region or in `global`. Default: a key managed by Google.
    pub(crate) disk_key: Option<Field<GcpKmsKey>>,
}

/// An environment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Environment {
    /// Its name, such as `prod`. It is part of the names of its resources.
    pub(crate) name: Field<EnvironmentName>,
    /// Who must approve an image before it may run here.
    pub(crate) approval: Field<Approval>,
    /// When rollouts may start. Default: at any time.
    pub(crate) windows: Option<Field<Vec<Field<Window>>>>,
    /// What must pass before each wave of this environment, by name; an approval, before its first wave. Only `http`,
    /// `local_command` and `approval`. Default: none.
    pub(crate) gates: Option<Field<Entries<GateName, GateSettings>>>,
    /// How long the environment is watched after its last wave, before the next environment starts. Default: 1h.
    pub(crate) soak: Option<Field<Lasting<0, 2_592_000>>>,
    /// What machines of its groups find at boot, such as `{ environment: { LOG_LEVEL: debug } }`. A group's `config`, and that of its profiles,
    /// replaces what has the same name. Default: none.
    pub(crate) config: Option<Field<ConfigSettings>>,
}

/// A period of the week, such as `{ days: [mon, tue], from: "10:00", to: "16:00", time_zone: Asia/Tokyo }`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Window {
    /// The days of the week.
    pub(crate) days: Field<Vec<Field<Day>>>,
    /// The first minute of the period.
    pub(crate) from: Field<TimeOfDay>,
    /// The first minute after the period; later than `from`. A window across midnight is two windows.
    pub(crate) to: Field<TimeOfDay>,
    /// The time zone of both.
    pub(crate) time_zone: Field<TimeZone>,
}

/// The egress proxy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Proxy {
    /// The port it listens on. Default: 3128.
    pub(crate) port: Option<Field<Port>>,
    /// AWS only: the layer that its machines run, with the package `squid`. Its image must be built before the network is
    /// applied, so a new network starts without it. Default: none; the machines start from a vendor's image, and install squid.
    pub(crate) layer: Option<Field<LayerName>>,
    /// Its machine type on AWS. There must be an image for its architecture: of `layer`, or the vendor's in the `source` of a
    /// layer. Default: t4g.small, or t3.small without an image for arm64.
    pub(crate) aws_machine: Option<Field<MachineType>>,
    /// Its machine type on GCP. There must be a vendor's image for its architecture. Default: e2-small, or c4a-standard-1 without an
    /// image for amd64.
    pub(crate) gcp_machine: Option<Field<MachineType>>,
    /// How many proxies every network has, at most one per zone. Default: 2, or 1 in a network with one zone.
    pub(crate) machines: Option<Field<Number<1, 4>>>,
    /// The allowed domains. The proxy refuses all others, except what the `runner` needs.
    pub(crate) domains: Field<Vec<Field<AllowedDomain>>>,
}

/// A GitHub runner inside the network in which images are built on AWS. Each of its machines runs one job. It connects to GitHub,
/// to the clouds' APIs, and to where tools and artifacts of layers come from, without any of them in `proxy.domains`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Runner {
    /// The client id of the GitHub App that registers it, such as `Iv23liExample`. docs/bootstrap.md shows how to create one.
    pub(crate) app: Field<GithubApp>,
    /// The name of the secret in AWS Secrets Manager, in the network's region, with the app's private key, such as
    /// `example/github-app`.
    pub(crate) app_key: Field<SecretName>,
    /// Its machine type, of amd64. Default: m7i.large.
    pub(crate) machine: Option<Field<MachineType>>,
    /// How many jobs may run at a time. Default: 2.
    pub(crate) machines: Option<Field<Number<1, 10>>>,
}

/// A domain that the proxy allows.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AllowedDomain {
    /// The domain, such as `download.docker.com`. A leading dot includes its subdomains.
    pub(crate) domain: Field<Domain>,
    /// What needs it, such as "Docker's packages".
    pub(crate) reason: Field<Text>,
    /// Which machines may connect to it, such as `[builds, groups]`. Default: `[builds]`.
    #[serde(rename = "for")]
    pub(crate) clients: Option<Field<Vec<Field<ProxyClient>>>>,
    /// The networks in which it is allowed. Default: all.
    pub(crate) networks: Option<Field<Vec<Field<NetworkName>>>>,
}

/// How people open sessions on machines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Access {
    /// How long a session may be idle. Default: 20m.
    pub(crate) idle_timeout: Option<Field<Lasting<60, 3_600>>>,
    /// How long a session may last. Default: 8h.
    pub(crate) max_duration: Option<Field<Lasting<60, 86_400>>>,
    /// How long session logs are kept. Default: 365d.
    pub(crate) log_retention: Option<Field<Lasting<86_400, 315_619_200>>>,
    /// The user on the machine that a session on AWS runs as.
    pub(crate) run_as: Field<UserName>,
    /// Who may open sessions on GCP, such as `["group:operators@example.com"]`. On AWS, IAM Identity Center decides.
    /// Default: nobody.
    pub(crate) gcp_members: Option<Field<Vec<Field<GcpMember>>>>,
}

/// The keys that sign images and the files that go into them, with Cosign.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Signing {
    /// The key in AWS KMS. Required if a network is on AWS.
    pub(crate) aws_key: Option<Field<AwsKmsKey>>,
    /// The region of `aws_key`. Required with `aws_key`.
    pub(crate) aws_region: Option<Field<Region>>,
    /// The key version in GCP KMS. Required if a network is on GCP.
    pub(crate) gcp_key: Option<Field<GcpKmsKeyVersion>>,
    /// The public key of one of them, to verify signatures where neither KMS is reachable. Default: none.
    pub(crate) public_key: Option<Field<PublicKey>>,
}

/// How a rollout proceeds through the fleet.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct RolloutPolicy {
    /// How many groups of a wave are updated at a time. Default: 4.
    pub(crate) groups_at_once: Option<Field<Number<1, 1_000>>>,
    /// The rollout stops after this many groups have failed. Default: 1.
    pub(crate) stop_after_failures: Option<Field<Number<1, 1_000>>>,
    /// How long a finished wave is watched before the next one starts. Default: 10m.
    pub(crate) bake: Option<Field<Duration>>,
    /// Periods in which nothing starts, such as
    /// `{ reason: year-end closing, from: "2026-12-24", until: "2027-01-03", time_zone: Asia/Tokyo }`. Default: none.
    pub(crate) freezes: Option<Field<Vec<Field<Freeze>>>>,
    /// Where rollouts keep their journals. Default: the directory `.fleetgen/rollouts`, for rollouts from one machine.
    pub(crate) journal: Option<Field<JournalPlace>>,
}

/// A period in which nothing starts. Rollbacks do.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Freeze {
    /// Why, for whoever waits.
    pub(crate) reason: Field<Text>,
    /// The first day, such as "2026-12-24".
    pub(crate) from: Field<Date>,
    /// The last day.
    pub(crate) until: Field<Date>,
    /// The time zone of both. Default: UTC.
    pub(crate) time_zone: Option<Field<TimeZone>>,
    /// The environments it applies to. Default: all.
    pub(crate) environments: Option<Field<Vec<Field<EnvironmentName>>>>,
}

/// A bucket that holds the journals of rollouts, so that any member of a team can continue them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct JournalPlace {
    /// The cloud that has the bucket: S3 on AWS, Cloud Storage on GCP.
    pub(crate) cloud: Field<Cloud>,
    /// The bucket. Turn on its versioning, and let only those who roll out write to it.
    pub(crate) bucket: Field<Bucket>,
    /// The region of the bucket. Required on AWS.
    pub(crate) region: Option<Field<Region>>,
    /// The prefix of the journals' objects. Default: rollouts.
    pub(crate) prefix: Option<Field<BucketPrefix>>,
}
