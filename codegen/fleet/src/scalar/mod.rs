//! The values of fleet.yaml: each has its own type, which is parsed once, with one pattern that both the program and the
//! JSON Schema for editors use. A value that does not fit is a [`Problem`](fleetgen_problem::Problem) without a position.

mod cloud;
mod name;
mod port;
mod range;
mod text;
mod time;
mod unit;

pub(crate) use cloud::Arn;
pub use cloud::{
    AccountId, AwsKmsKey, Bucket, CertificateArn, EndpointService, GatewayId, GcpKmsKey, GcpKmsKeyVersion, GcpMember,
    GcpNetwork, GcpProject, GcpRole, GcpSubnetwork, IamPolicyArn, ImageOwner, LoadBalancerArn, MachineType,
    MetadataKey, ProxyUrl, QueueName, Region, SecurityGroupId, ServiceAccount, SubnetId, VpcId, Zone,
};
pub use name::{
    AccountName, BackendName, BinaryName, ContainerName, DestinationName, DiskName, EnvironmentName, FleetName,
    GateName, GroupName, HookName, LayerName, LoadBalancerName, NetworkName, PackageName, ProfileName, ResourceName,
    ScheduleName, ServiceName, StackName, UserName,
};
pub use port::{Port, PortRange};
pub(crate) use range::{Lasting, Number, Share};
pub use text::{
    AbsolutePath, AlarmName, ArtifactImage, ArtifactRepository, BucketPrefix, Calendar, CommitId, Domain, DriverBranch,
    EcrImage, EcrRepository, FileMode, GithubApp, GithubId, HttpUrl, ImageId, ImageReference, IpAddress, Key, Memory,
    MirrorUrl, OciRepository, Owner, ProgramPath, PublicKey, RepositoryName, SecretName, Sha256, SysctlKey, TagKey,
    Text, Url, VariableName, VendorImage, Version, VulnerabilityId, Word,
};
pub use time::{Cron, Date, Duration, TimeOfDay, TimeZone};
pub use unit::{Amount, Cidr, Gibibytes, Percent};

/// Compiles a pattern, for ASCII if possible, which is several times faster.
pub(crate) fn compile(pattern: &str) -> Option<regex::Regex> {
    let ascii = regex::RegexBuilder::new(pattern).unicode(false).build();
    ascii.or_else(|_| regex::Regex::new(pattern)).ok()
}

/// Defines a string that matches a pattern. Its documentation is also its description in the schema.
macro_rules! word {
    ($(#[doc = $doc:literal])+ $name:ident = $what:literal, $pattern:expr, $hint:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The pattern that every value matches.
            pub const PATTERN: &str = $pattern;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = fleetgen_problem::Problem;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                static PATTERN: std::sync::LazyLock<Option<regex::Regex>> =
                    std::sync::LazyLock::new(|| $crate::scalar::compile($name::PATTERN));
                if PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(&text)) {
                    Ok(Self(text))
                } else {
                    Err(fleetgen_problem::Problem::invalid(format!("`{text}` is not {}", $what), $hint))
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = fleetgen_problem::Problem;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::try_from(text.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": Self::PATTERN,
                    "description": concat!($($doc, "\n"),+).trim(),
                })
            }
        }
    };
}

pub(crate) use word;
