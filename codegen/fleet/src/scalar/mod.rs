//! The words of fleet.yaml: each a type of its own, parsed once, with one pattern that both the program and the JSON
//! Schema for editors hold a value to.

mod cloud;
mod name;
mod text;
mod time;
mod unit;

pub use cloud::{
    AccountId, AwsKmsKey, Bucket, CertificateArn, EndpointService, GcpKmsKey, GcpKmsKeyVersion, GcpMember, GcpProject,
    GcpRole, IamPolicyArn, ImageOwner, LoadBalancerArn, MachineType, Region, SecurityGroupId, Zone,
};
pub use name::{
    BinaryName, ContainerName, EnvironmentName, FleetName, GroupName, HookName, LayerName, LoadBalancerName,
    NetworkName, PackageName, ProfileName, ScheduleName, ServiceName, StackName, UserName,
};
pub use text::{
    AbsolutePath, CommitId, Domain, FileMode, ImageId, ImageReference, IpAddress, Key, MirrorUrl, OciRepository,
    PublicKey, RepositoryName, Sha256, SysctlKey, TagKey, Text, Url, VendorImage, Version, VulnerabilityId, Word,
};
pub use time::{Cron, Date, Duration, TimeOfDay, TimeZone};
pub use unit::{Amount, Cidr, Gibibytes, Percent, Port};

/// Why a word is not of its type: what is wrong, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Invalid {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// Two lines, as the decoder takes them: the message and the hint.
impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.message, self.hint)
    }
}

impl std::error::Error for Invalid {}

/// Compiles a pattern: of ASCII where it can be, which is several times faster.
pub(crate) fn compile(pattern: &str) -> Option<regex::Regex> {
    let ascii = regex::RegexBuilder::new(pattern).unicode(false).build();
    ascii.or_else(|_| regex::Regex::new(pattern)).ok()
}

/// Defines a string that keeps to a pattern. The first line of its documentation is also its description in the schema.
macro_rules! word {
    ($(#[doc = $doc:literal])+ $name:ident = $what:literal, $pattern:expr, $hint:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The pattern that every value keeps to.
            pub const PATTERN: &str = $pattern;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::scalar::Invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                static PATTERN: std::sync::LazyLock<Option<regex::Regex>> =
                    std::sync::LazyLock::new(|| $crate::scalar::compile($name::PATTERN));
                if PATTERN.as_ref().is_some_and(|pattern| pattern.is_match(&text)) {
                    Ok(Self(text))
                } else {
                    let shown = text.escape_debug();
                    Err($crate::scalar::Invalid::new(format!("`{shown}` is not {}", $what), $hint))
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::scalar::Invalid;

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
