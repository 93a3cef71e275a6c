//! The resolved fleet: inheritance followed, defaults applied, references checked. Nothing downstream validates again, and
//! an `Option` here means that the thing does not exist, never that a default applies. Groups are in [`group`](crate::group).

mod account;
mod layer;
mod network;
mod scope;
mod service;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use account::{AwsAccount, AwsAccounts, GcpAccount, GcpAccounts};
pub use layer::{
    Binary, ByArchitecture, HttpCheck, Layer, LayerFile, LayerPort, Nvidia, Scan, ScanIgnore, User, VendorImages,
};
pub use network::{
    Destination, Existing, ExistingPlace, Found, LoadBalancer, LoadBalancerTarget, Network, Subnet, Tier,
};
pub use scope::Scope;
pub use service::{Limits, Service, Timer};

use crate::catalog;
use crate::choice::{Approval, Architecture, Cloud, Day, ProxyClient};
use crate::gate::Gates;
use crate::group::Group;
use crate::resource_name;
use crate::runner;
use crate::scalar::{
    AccountName, AwsKmsKey, Bucket, BucketPrefix, Date, Domain, Duration, EcrRepository, EnvironmentName, FleetName,
    GcpKmsKeyVersion, GcpMember, GithubApp, GithubId, GroupName, LayerName, MachineType, NetworkName, Owner, Port,
    ProfileName, PublicKey, Region, RepositoryName, SecretName, TagKey, Text, TimeOfDay, TimeZone, UserName,
};

/// The fleet.
#[derive(Debug, Clone, Serialize)]
pub struct Fleet {
    /// The prefix of every resource's name.
    pub name: FleetName,
    /// The GitHub repository.
    pub repository: RepositoryName,
    /// The id of the repository's owner.
    pub owner_id: Option<GithubId>,
    /// The id of the repository.
    pub repository_id: Option<GithubId>,
    /// Who reviews changes: GitHub users and teams.
    pub owners: Vec<Owner>,
    /// Tags of every resource.
    pub tags: BTreeMap<TagKey, Text>,
    /// The AWS accounts, if the fleet uses AWS.
    pub aws: Option<AwsAccounts>,
    /// The GCP projects, if the fleet uses GCP.
    pub gcp: Option<GcpAccounts>,
    /// In the order in which images are promoted.
    pub environments: Vec<Environment>,
    /// By name.
    pub networks: BTreeMap<NetworkName, Network>,
    /// The egress proxy of every network.
    pub proxy: Proxy,
    /// The GitHub runner in the network in which images are built on AWS.
    pub runner: Option<Runner>,
    /// How people open sessions on machines.
    pub access: Access,
    /// The keys that Cosign signs and verifies with.
    pub signing: Signing,
    /// How a rollout proceeds through the fleet.
    pub rollout: RolloutPolicy,
    /// By name.
    pub layers: BTreeMap<LayerName, Layer>,
    /// The names of all profiles.
    pub profiles: Vec<ProfileName>,
    /// By name.
    pub groups: BTreeMap<GroupName, Group>,
}

impl Fleet {
    /// A layer and those it is built on, nearest first.
    pub fn lineage<'a>(&'a self, layer: &'a Layer) -> impl Iterator<Item = &'a Layer> {
        std::iter::once(layer).chain(layer.ancestors.iter().filter_map(|name| self.layers.get(name)))
    }

    /// The layer that a layer is built on.
    pub fn parent(&self, layer: &Layer) -> Option<&Layer> {
        self.layers.get(layer.parent()?)
    }

    /// How many layers the deepest lineage has: the stages in which images are built.
    pub fn depth(&self) -> usize {
        self.layers.values().map(|layer| layer.ancestors.len() + 1).max().unwrap_or(0)
    }

    /// The variable of GitHub's with the identity provider of a project.
    pub fn provider_variable(&self, project: &AccountName) -> String {
        let is_builder = self.gcp.as_ref().is_some_and(|gcp| gcp.builder.name == *project);
        resource_name::provider_variable((!is_builder).then_some(project))
    }

    /// The layers without a parent.
    pub fn root_layers(&self) -> impl Iterator<Item = &Layer> {
        self.layers.values().filter(|layer| layer.parent().is_none())
    }

    /// Whether a group runs a layer, or one that is built on it.
    pub fn runs(&self, group: &Group, layer: &LayerName) -> bool {
        self.layers.get(&group.layer).is_some_and(|own| own.is_or_descends_from(layer))
    }

    /// The network in which images are built on a cloud.
    pub fn build_network(&self, cloud: Cloud) -> Option<&Network> {
        let name = match cloud {
            Cloud::Aws => &self.aws.as_ref()?.build_network,
            Cloud::Gcp => &self.gcp.as_ref()?.build_network,
        };
        self.networks.get(name)
    }

    /// Whether images are built in a network.
    pub fn is_build_network(&self, network: &Network) -> bool {
        self.build_network(network.cloud).is_some_and(|builds| builds.name == network.name)
    }

    /// The account of a network on AWS.
    pub fn aws_account(&self, network: &Network) -> Option<&AwsAccount> {
        self.aws.as_ref()?.accounts().find(|account| account.name == network.account)
    }

    /// The project of a network on GCP.
    pub fn gcp_account(&self, network: &Network) -> Option<&GcpAccount> {
        self.gcp.as_ref()?.accounts().find(|account| account.name == network.account)
    }

    /// The networks of an account or project.
    pub fn networks_of<'a>(&'a self, account: &'a AccountName) -> impl Iterator<Item = &'a Network> + Clone {
        self.networks.values().filter(move |network| network.account == *account)
    }

    /// The layer that the proxies of a network run; nothing if they start from a vendor's image.
    pub fn proxy_layer(&self, network: &Network) -> Option<&Layer> {
        let layer = self.proxy.layer.as_ref().filter(|_| network.cloud == Cloud::Aws)?;
        self.layers.get(layer)
    }

    /// What the machines of the proxy run. On GCP it is always a vendor's image.
    pub fn proxy_image(&self, cloud: Cloud) -> Option<ProxyImage<'_>> {
        let architecture = catalog::machine(cloud, self.proxy.machine(cloud)).ok()?.architecture;
        if let (Some(layer), Cloud::Aws) = (&self.proxy.layer, cloud) {
            return Some(ProxyImage { layer: self.layers.get(layer)?, architecture, vendors: None });
        }
        let (layer, owner, name) = self.vendor_image(cloud, architecture)?;
        Some(ProxyImage { layer, architecture, vendors: Some((owner, name)) })
    }

    /// A vendor's image: the root layer that names it, its owner (on GCP the project), and its name.
    pub fn vendor_image(&self, cloud: Cloud, architecture: Architecture) -> Option<(&Layer, &str, &str)> {
        self.root_layers().find_map(|layer| {
            let (owner, images) = match cloud {
                Cloud::Aws => layer.source.aws.as_ref().map(|(owner, images)| (owner.as_str(), images))?,
                Cloud::Gcp => layer.source.gcp.as_ref().map(|(project, images)| (project.as_str(), images))?,
            };
            Some((layer, owner, images.get(&architecture)?.as_str()))
        })
    }

    /// The ARNs of the repositories in Amazon ECR.
    pub fn ecr_repositories(&self) -> Vec<String> {
        let Some((aws, network)) = self.aws.as_ref().zip(self.build_network(Cloud::Aws)) else { return Vec::new() };
        let arn = |name: &EcrRepository| {
            resource_name::ecr_repository_arn(network.region.as_str(), aws.builder.account.as_str(), name.as_str())
        };
        aws.ecr_repositories.iter().map(arn).collect()
    }

    /// The GitHub runner of a network.
    pub fn runner_of(&self, network: &Network) -> Option<&Runner> {
        self.runner.as_ref().filter(|_| network.cloud == Cloud::Aws && self.is_build_network(network))
    }

    /// The domains that the runner in a network connects to, each with its reason: what it always does, and those that the proxy
    /// allows it. None without a runner.
    pub fn runner_domains(&self, network: &Network) -> BTreeMap<String, String> {
        self.runner_of(network).map(|_| runner::domains(self, network)).unwrap_or_default()
    }

    /// The networks that fleetgen creates, each with its root.
    pub fn foundations(&self) -> impl Iterator<Item = (Scope, &Network)> {
        let own = self.networks.values().filter(|network| network.existing.is_none());
        own.map(|network| (Scope::Network(network.name.clone()), network))
    }

    /// The networks of a cloud.
    pub fn networks_on(&self, cloud: Cloud) -> impl Iterator<Item = &Network> + Clone {
        self.networks.values().filter(move |network| network.cloud == cloud)
    }

    /// The scopes of all roots, in the order in which they are applied: accounts, networks, stacks.
    pub fn scopes(&self) -> Vec<Scope> {
        let accounts = self.aws.iter().flat_map(AwsAccounts::accounts).map(|account| &account.name);
        let projects = self.gcp.iter().flat_map(GcpAccounts::accounts).map(|account| &account.name);
        let accounts = accounts.chain(projects).map(|name| Scope::Account(name.clone()));
        let networks = self.foundations().map(|(scope, _)| scope);
        accounts.chain(networks).chain(self.stacks().into_keys()).collect()
    }

    /// The stacks that have groups, each with its groups.
    pub fn stacks(&self) -> BTreeMap<Scope, Vec<&Group>> {
        let mut stacks: BTreeMap<Scope, Vec<&Group>> = BTreeMap::new();
        for group in self.groups.values() {
            stacks.entry(Scope::of(group)).or_default().push(group);
        }
        stacks
    }
}

/// What the machines of the proxy on AWS run.
#[derive(Debug)]
pub struct ProxyImage<'a> {
    /// The layer whose image they run, or whose vendor's image.
    pub layer: &'a Layer,
    /// Their architecture.
    pub architecture: Architecture,
    /// The owner and the name of the vendor's image; nothing if they run the layer's own.
    pub vendors: Option<(&'a str, &'a str)>,
}

/// An environment.
#[derive(Debug, Clone, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Who must approve an image before it may run here.
    pub approval: Approval,
    /// When rollouts may start; empty for any time.
    pub windows: Vec<Window>,
    /// What must pass before each of its waves.
    pub gates: Gates,
    /// How long it is watched before the next environment starts.
    pub soak: Duration,
}

/// A period of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The days.
    pub days: Vec<Day>,
    /// The first minute.
    pub from: TimeOfDay,
    /// The first minute after the period.
    pub to: TimeOfDay,
    /// The time zone of both.
    pub time_zone: TimeZone,
}

/// The egress proxy of every network.
#[derive(Debug, Clone, Serialize)]
pub struct Proxy {
    /// The port it listens on.
    pub port: Port,
    /// The layer that its machines on AWS run. Without one, they start from a vendor's image.
    pub layer: Option<LayerName>,
    /// Its machine on AWS.
    pub aws_machine: MachineType,
    /// Its machine on GCP.
    pub gcp_machine: MachineType,
    /// The domains it allows; sorted.
    pub domains: Vec<AllowedDomain>,
}

impl Proxy {
    /// Its machine type on a cloud.
    pub fn machine(&self, cloud: Cloud) -> &MachineType {
        match cloud {
            Cloud::Aws => &self.aws_machine,
            Cloud::Gcp => &self.gcp_machine,
        }
    }

    /// The domains that the proxy of a network allows; sorted.
    pub fn domains_in(&self, network: &Network) -> impl Iterator<Item = &AllowedDomain> {
        self.domains.iter().filter(|domain| domain.networks.contains(&network.name))
    }
}

/// A domain that the proxy allows.
#[derive(Debug, Clone, Serialize)]
pub struct AllowedDomain {
    /// The domain.
    pub domain: Domain,
    /// What needs it.
    pub reason: Text,
    /// Which machines may connect to it; sorted.
    pub clients: Vec<ProxyClient>,
    /// The networks it is allowed in; sorted.
    pub networks: Vec<NetworkName>,
}

/// A GitHub runner.
#[derive(Debug, Clone, Serialize)]
pub struct Runner {
    /// The GitHub App that registers it.
    pub app: GithubApp,
    /// The secret with the app's private key.
    pub app_key: SecretName,
    /// Its machine.
    pub machine: MachineType,
    /// How many there may be at a time.
    pub machines: u32,
}

/// How people open sessions on machines.
#[derive(Debug, Clone, Serialize)]
pub struct Access {
    /// How long a session may be idle.
    pub idle_timeout: Duration,
    /// How long a session may last.
    pub max_duration: Duration,
    /// How long session logs are kept.
    pub log_retention: Duration,
    /// The user on the machine that a session runs as.
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
    /// The public key to verify with where neither KMS is reachable.
    pub public_key: Option<PublicKey>,
}

/// How a rollout proceeds through the fleet.
#[derive(Debug, Clone, Serialize)]
pub struct RolloutPolicy {
    /// How many groups of a wave are updated at a time.
    pub groups_at_once: u32,
    /// The rollout stops when this many groups have failed.
    pub stop_after_failures: u32,
    /// How long a finished wave is watched before the next one starts.
    pub bake: Duration,
    /// Periods in which nothing starts.
    pub freezes: Vec<Freeze>,
    /// Where rollouts keep their journals.
    pub journal: JournalPlace,
}

/// A period in which nothing starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Why.
    pub reason: Text,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// The time zone of both.
    pub time_zone: TimeZone,
    /// The environments it applies to; in their order.
    pub environments: Vec<EnvironmentName>,
}

/// Where rollouts keep their journals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalPlace {
    /// The directory `.fleetgen/rollouts`, on one machine.
    Directory,
    /// A prefix of a bucket.
    Bucket {
        /// The cloud that has it.
        cloud: Cloud,
        /// Its name.
        bucket: Bucket,
        /// Its region, on AWS.
        region: Option<Region>,
        /// The prefix of the objects, without a final slash.
        prefix: BucketPrefix,
    },
}

impl JournalPlace {
    /// The bucket on AWS, its region and the prefix, if journals are there.
    pub fn s3(&self) -> Option<(&Bucket, &Region, &BucketPrefix)> {
        match self {
            Self::Bucket { cloud: Cloud::Aws, bucket, region: Some(region), prefix } => Some((bucket, region, prefix)),
            Self::Bucket { .. } | Self::Directory => None,
        }
    }
}
