//! Closed lists of words.

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

impl Os {
    /// As a tag or label: GCP's labels have no dots.
    pub fn label(self) -> String {
        self.as_str().replace('.', "-")
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
    /// Who must agree before an image may run in an environment.
    Approval {
        /// Nobody.
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
    /// Who reaches a load balancer.
    Scheme {
        /// The internet.
        Public = "public",
        /// The company's networks.
        Internal = "internal",
    }
    /// The protocol of an open port.
    Transport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }
    /// What a load balancer speaks to the machines.
    BackendProtocol {
        /// HTTP, behind an Application Load Balancer.
        Http = "http",
        /// HTTPS, behind an Application Load Balancer.
        Https = "https",
        /// TCP, behind a Network Load Balancer.
        Tcp = "tcp",
    }
    /// How a machine is asked whether it is healthy.
    HealthProtocol {
        /// A GET that must answer 200.
        Http = "http",
        /// A GET over TLS that must answer 200.
        Https = "https",
        /// A connection that must open.
        Tcp = "tcp",
    }
    /// When a lifecycle hook runs.
    Transition {
        /// Before a new machine comes into service.
        Launching = "launching",
        /// Before a machine is taken away.
        Terminating = "terminating",
    }
    /// What happens when a lifecycle hook is not answered in time.
    HookDefault {
        /// Go on as if it had been answered.
        Continue = "continue",
        /// Give the machine up.
        Abandon = "abandon",
    }
    /// How Spot capacity is chosen.
    SpotAllocation {
        /// Where interruptions are least likely at a good price.
        PriceCapacityOptimized = "price-capacity-optimized",
        /// Where interruptions are least likely.
        CapacityOptimized = "capacity-optimized",
        /// Where it is cheapest.
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
    /// The CIS level that a base layer is hardened to.
    Hardening {
        /// CIS level 1 for servers.
        CisLevel1 = "cis-level-1",
        /// No hardening; for tests only.
        None = "none",
    }
    /// How bad a vulnerability is, as Trivy says it.
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
