//! Settings with a fixed set of words.

use std::borrow::Cow;

use fleetgen_problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalog::os::{SYSTEMS, System};

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

impl BackendProtocol {
    /// Whether it is for Network Load Balancers, which pass connections or packets on, rather than requests.
    pub fn is_network(self) -> bool {
        !self.is_application()
    }

    /// Whether it is for Application Load Balancers.
    pub fn is_application(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// What machines receive.
    pub fn transports(self) -> &'static [Transport] {
        match self {
            Self::Http | Self::Https | Self::Tcp | Self::Tls => &[Transport::Tcp],
            Self::Udp => &[Transport::Udp],
            Self::TcpUdp => &[Transport::Tcp, Transport::Udp],
        }
    }

    /// Whether it has UDP: machines then see the addresses of clients, on AWS too.
    pub fn has_udp(self) -> bool {
        self.transports().contains(&Transport::Udp)
    }
}

impl DiskType {
    /// The cloud that has it.
    pub fn cloud(self) -> Cloud {
        match self {
            Self::Gp3 | Self::Io2 => Cloud::Aws,
            Self::PdBalanced | Self::PdSsd | Self::HyperdiskBalanced => Cloud::Gcp,
        }
    }
}

/// An operating system: one of [`SYSTEMS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Os(&'static System);

impl Os {
    /// The word in fleet.yaml.
    pub fn as_str(self) -> &'static str {
        self.0.word
    }

    /// The word as a tag or label. GCP's labels have no dots.
    pub fn label(self) -> String {
        self.as_str().replace('.', "-")
    }
}

/// What is known about it.
impl std::ops::Deref for Os {
    type Target = System;

    fn deref(&self) -> &System {
        self.0
    }
}

impl std::fmt::Display for Os {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Os {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = SYSTEMS.iter().find(|system| system.word == word);
        let words = || SYSTEMS.iter().map(|system| format!("`{}`", system.word)).collect::<Vec<_>>().join(", ");
        known.map(Self).ok_or_else(|| {
            D::Error::custom(Problem::invalid(
                format!("`{word}` is not an operating system"),
                format!("known are {}", words()),
            ))
        })
    }
}

impl Serialize for Os {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl JsonSchema for Os {
    fn schema_name() -> Cow<'static, str> {
        "Os".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let each = SYSTEMS.iter().map(|system| json_schema!({ "description": format!("{}.", system.title), "type": "string", "const": system.word }));
        json_schema!({ "description": "An operating system.", "oneOf": each.collect::<Vec<_>>() })
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
        /// TLS, behind a Network Load Balancer that decrypts it, and encrypts it again for the machines.
        Tls = "tls",
        /// UDP, behind a Network Load Balancer.
        Udp = "udp",
        /// TCP and UDP on the same port, behind a Network Load Balancer.
        TcpUdp = "tcp-udp",
    }
    /// The type of a disk.
    DiskType {
        /// AWS: general purpose SSD.
        Gp3 = "gp3",
        /// AWS: SSD with provisioned operations, for databases.
        Io2 = "io2",
        /// GCP: balanced persistent disk.
        PdBalanced = "pd-balanced",
        /// GCP: SSD persistent disk.
        PdSsd = "pd-ssd",
        /// GCP: balanced Hyperdisk, with provisioned operations.
        HyperdiskBalanced = "hyperdisk-balanced",
    }
    /// The file system of a disk.
    FileSystem {
        /// ext4.
        Ext4 = "ext4",
        /// XFS.
        Xfs = "xfs",
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
    /// How a service runs.
    ServiceType {
        /// It runs until it is stopped.
        Service = "service",
        /// It does its work and ends.
        Oneshot = "oneshot",
    }
    /// When a service starts again after it has ended.
    Restart {
        /// If it has failed.
        OnFailure = "on-failure",
        /// Always.
        Always = "always",
        /// Never.
        No = "no",
    }
    /// A part of the sandbox that a service can do without.
    Sandbox {
        /// Devices of the machine in /dev are hidden.
        Devices = "devices",
        /// /home, /root and /run/user are hidden.
        Home = "home",
        /// Kernel settings in /proc/sys and /sys are read-only.
        KernelTunables = "kernel-tunables",
        /// Control groups are read-only.
        ControlGroups = "control-groups",
        /// Other users' processes are hidden in /proc.
        Processes = "processes",
        /// /tmp and /var/tmp are the service's own.
        TemporaryFiles = "temporary-files",
        /// No namespaces, which containers are made of.
        Namespaces = "namespaces",
        /// No real-time scheduling.
        Realtime = "realtime",
        /// Sockets of IP, Unix and netlink only.
        AddressFamilies = "address-families",
        /// System calls of ordinary services only.
        SystemCalls = "system-calls",
        /// No changes to network interfaces, routes and firewalls, and no raw packets.
        NetworkAdministration = "network-administration",
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
