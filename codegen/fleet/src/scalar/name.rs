//! Names that the user chooses.

use super::word;

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident = $what:literal, $max:literal;)+) => {
        $(word! {
            $(#[doc = $doc])+
            $name = $what,
            concat!("^[a-z]([a-z0-9-]{0,", $max, "}[a-z0-9])?$"),
            "use lower-case letters, digits and hyphens; start with a letter, and do not end with a hyphen"
        })+
    };
}

impl AccountName {
    /// The name of the account or project in which images are built on a cloud: the cloud's.
    pub fn builder(cloud: crate::choice::Cloud) -> Self {
        Self(cloud.as_str().to_owned())
    }
}

names! {
    /// The name of an AWS account or GCP project in this fleet.
    AccountName = "an account name of 1 to 31 characters", "29";
    /// The fleet's name: the prefix of every resource.
    FleetName = "a fleet name of 1 to 16 characters", "14";
    /// The name of an environment.
    EnvironmentName = "an environment name of 1 to 16 characters", "14";
    /// The name of a network: one region of one cloud.
    NetworkName = "a network name of 1 to 31 characters", "29";
    /// The name of an image layer.
    LayerName = "a layer name of 1 to 31 characters", "29";
    /// The name of a profile.
    ProfileName = "a profile name of 1 to 41 characters", "39";
    /// The name of a compute group, unique in the fleet.
    GroupName = "a group name of 1 to 41 characters", "39";
    /// The name of a Terraform stack: one state in one network.
    StackName = "a stack name of 1 to 31 characters", "29";
    /// The name of a load balancer of a network.
    LoadBalancerName = "a load balancer name of 1 to 31 characters", "29";
    /// The name of another port of a group that a load balancer sends traffic to.
    BackendName = "a name of 1 to 15 characters", "13";
    /// The name of a data disk.
    DiskName = "a disk name of 1 to 16 characters", "14";
    /// The name of addresses outside the fleet that machines of a network may reach.
    DestinationName = "a destination name of 1 to 31 characters", "29";
    /// The name of a gate.
    GateName = "a gate name of 1 to 31 characters", "29";
    /// The name of a scaling schedule.
    ScheduleName = "a schedule name of 1 to 31 characters", "29";
    /// The name of a lifecycle hook.
    HookName = "a lifecycle hook name of 1 to 31 characters", "29";
    /// The name of a container on a machine.
    ContainerName = "a container name of 1 to 41 characters", "39";
}

word! {
    /// The name of a binary: its file name in /usr/local/bin.
    BinaryName = "a binary name", "^[a-z0-9][a-z0-9._-]{0,63}$",
    "use lower-case letters, digits, `.`, `_` and `-`"
}

word! {
    /// The name of a systemd service, without `.service`.
    ServiceName = "a service name", "^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,99}$",
    "use letters, digits, `.`, `_`, `@` and `-`, without `.service`"
}

word! {
    /// The name of a system user or group.
    UserName = "a user name", "^[a-z_][a-z0-9_-]{0,30}$",
    "use lower-case letters, digits, `_` and `-`; start with a letter or `_`"
}

word! {
    /// The name of a Debian package.
    PackageName = "a package name", "^[a-z0-9][a-z0-9+.-]{1,99}$",
    "use the name that apt knows: lower-case letters, digits, `+`, `.` and `-`"
}

word! {
    /// The name of a group's resources in the cloud, such as `example-prod-web`.
    ResourceName = "a resource name", "^[a-z]([a-z0-9-]{0,76}[a-z0-9])?$",
    "use lower-case letters, digits and hyphens; start with a letter, and do not end with a hyphen"
}

/// A group's stack is its environment unless the group names another.
impl From<EnvironmentName> for StackName {
    fn from(environment: EnvironmentName) -> Self {
        Self(environment.0)
    }
}
