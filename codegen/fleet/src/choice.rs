//! Settings with a fixed set of words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $word_doc:literal])+ $variant:ident = $word:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
        pub enum $name { $($(#[doc = $word_doc])+ #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// The word in fleet.yaml.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 2] = [Self::Aws, Self::Gcp];

    /// The name in sentences.
    pub fn title(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Gcp => "GCP",
        }
    }
}

impl Os {
    /// The word as a tag or label. GCP's labels have no dots.
    pub fn label(self) -> String {
        self.as_str().replace('.', "-")
    }

    /// The distribution, and its release as archives name it.
    pub fn distribution(self) -> (&'static str, &'static str) {
        match self {
            Self::Ubuntu2404 => ("ubuntu", "noble"),
            Self::Ubuntu2204 => ("ubuntu", "jammy"),
            Self::Debian12 => ("debian", "bookworm"),
        }
    }

    /// The host of the distribution's snapshot service.
    pub fn snapshot_host(self) -> &'static str {
        match self {
            Self::Ubuntu2404 | Self::Ubuntu2204 => "snapshot.ubuntu.com",
            Self::Debian12 => "snapshot.debian.org",
        }
    }
}

choices! {
    /// A cloud.
    Cloud {
        /// Amazon Web Services.
        Aws = "aws",
        /// Google Cloud.
        Gcp = "gcp",
    }
    /// The architecture of a machine's processor.
    Architecture {
        /// x86-64.
        Amd64 = "amd64",
        /// 64-bit ARM: Graviton on AWS, Axion and Ampere on GCP.
        Arm64 = "arm64",
    }
    /// An operating system.
    Os {
        /// Ubuntu 24.04 LTS.
        Ubuntu2404 = "ubuntu-24.04",
        /// Ubuntu 22.04 LTS.
        Ubuntu2204 = "ubuntu-22.04",
        /// Debian 12.
        Debian12 = "debian-12",
    }
    /// Who must approve an image before it may run in an environment.
    Approval {
        /// No approval.
        None = "none",
        /// One of the owners, in a pull request.
        Owners = "owners",
    }
    /// A day of the week.
    Day {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
    /// Who can connect to a load balancer.
    Scheme {
        /// The internet.
        Public = "public",
        /// The company's networks.
        Internal = "internal",
    }
    /// What an AWS account has once, and may have already.
    AccountResource {
        /// GitHub's OIDC provider.
        OidcProvider = "oidc-provider",
        /// The service-linked roles of Auto Scaling and Spot, which AWS creates at their first use.
        ServiceLinkedRoles = "service-linked-roles",
        /// A trail that covers every region, such as the organization's.
        CloudTrail = "cloudtrail",
        /// The repositories in `ecr_repositories`.
        EcrRepositories = "ecr-repositories",
    }
    /// Machines that use the egress proxy.
    ProxyClient {
        /// Machines that build images.
        Builds = "builds",
        /// Machines of compute groups.
        Groups = "groups",
        /// The GitHub runner, besides what it needs anyway.
        Runner = "runner",
    }
    /// The protocol of an open port.
    Transport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }
    /// The protocol between a load balancer and the machines.
    BackendProtocol {
        /// HTTP, behind an Application Load Balancer.
        Http = "http",
        /// HTTPS, behind an Application Load Balancer.
        Https = "https",
        /// TCP, behind a Network Load Balancer.
        Tcp = "tcp",
    }
    /// The protocol of a health check.
    HealthProtocol {
        /// A GET request that must return 200.
        Http = "http",
        /// A GET request over TLS that must return 200.
        Https = "https",
        /// A connection that must succeed.
        Tcp = "tcp",
    }
    /// When a lifecycle hook runs.
    Transition {
        /// Before a new machine comes into service.
        Launching = "launching",
        /// Before a machine is terminated.
        Terminating = "terminating",
    }
    /// What happens when a lifecycle hook times out.
    HookDefault {
        /// Continue as if the action had finished.
        Continue = "continue",
        /// Terminate the machine.
        Abandon = "abandon",
    }
    /// What happens when a gate fails.
    OnFailure {
        /// The group fails.
        Fail = "fail",
        /// The rollout of the group waits for a person.
        Hold = "hold",
    }
    /// Whether people can open sessions on a machine.
    Sessions {
        /// Its agent answers.
        Online = "online",
    }
    /// How AWS chooses Spot capacity.
    SpotAllocation {
        /// The pools where interruption is unlikely and the price is low.
        PriceCapacityOptimized = "price-capacity-optimized",
        /// The pools where interruption is least likely.
        CapacityOptimized = "capacity-optimized",
        /// The cheapest pools.
        LowestPrice = "lowest-price",
    }
    /// Where Docker comes from.
    Docker {
        /// Docker's own packages.
        DockerCe = "docker-ce",
        /// The distribution's package.
        Distribution = "distribution",
        /// No Docker.
        None = "none",
    }
    /// The CIS benchmark level of the hardening.
    Hardening {
        /// CIS level 1 for servers.
        CisLevel1 = "cis-level-1",
        /// No hardening; for tests only.
        None = "none",
    }
    /// The severity of a vulnerability, as Trivy rates it.
    Severity {
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
        /// Critical.
        Critical = "critical",
    }
}
