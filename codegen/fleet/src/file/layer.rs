//! Image layers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Service;
use crate::choice::{Architecture, Docker, Hardening, Os, Severity, Transport};
use crate::field::{Entries, Field};
use crate::scalar::{
    AbsolutePath, BinaryName, ContainerName, Date, DriverBranch, FileMode, GcpProject, Gibibytes, ImageOwner,
    ImageReference, IpAddress, LayerName, MachineType, MirrorUrl, Number, OciRepository, PackageName, Port,
    ProgramPath, ServiceName, Sha256, SysctlKey, Text, Url, UserName, VendorImage, Version, VulnerabilityId, Word,
    Zone,
};

/// An image layer. The root of a lineage sets the operating system; every other layer names its parent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Layer {
    /// What the layer is for, in a sentence.
    pub(crate) description: Field<Text>,
    /// The layer that this one is built on. Default: none; the layer is a root.
    pub(crate) parent: Option<Field<LayerName>>,
    /// Root only: the operating system.
    pub(crate) os: Option<Field<Os>>,
    /// The architectures to build images for, such as `[amd64, arm64]`. The root must set them. Default: the parent's.
    pub(crate) architectures: Option<Field<Vec<Field<Architecture>>>>,
    /// Root only: the vendor's images that it is built on.
    pub(crate) source: Option<Field<Source>>,
    /// Root only: install packages as they were in the archive at the end of this day, such as "2026-11-01". The day must be
    /// over, and no earlier than the date in the name of the vendor's image.
    pub(crate) updates_until: Option<Field<Date>>,
    /// Root only: a mirror to install packages from, such as `http://mirror.example.com/ubuntu`. fleetgen cannot check what
    /// day it represents. Default: the distribution's snapshot service, at the end of `updates_until`.
    pub(crate) mirror: Option<Field<MirrorUrl>>,
    /// Root only: the hardening level. Default: cis-level-1.
    pub(crate) hardening: Option<Field<Hardening>>,
    /// Root only: hardening sections to leave out, each with the reason, such as `{ auditd: logs are collected elsewhere }`.
    /// docs/layers.md lists the sections. Default: none.
    pub(crate) hardening_exceptions: Option<Field<Entries<Word, Text>>>,
    /// Install Docker, and from where. Default: the parent's, or none.
    pub(crate) docker: Option<Field<Docker>>,
    /// Install the NVIDIA driver. A layer with it runs on machines with a GPU only. Default: the parent's, or none.
    pub(crate) nvidia: Option<Field<Nvidia>>,
    /// Packages of the distribution to install, such as `[jq, postgresql-client]`.
    pub(crate) packages: Option<Field<Vec<Field<PackageName>>>>,
    /// System users to create, by name.
    pub(crate) users: Option<Field<Entries<UserName, User>>>,
    /// Kernel settings, such as `{ net.core.somaxconn: "4096" }`.
    pub(crate) sysctl: Option<Field<Entries<SysctlKey, Text>>>,
    /// Programs to install in /usr/local/bin, one file each, by name. Cosign verifies each one.
    pub(crate) binaries: Option<Field<Entries<BinaryName, Binary>>>,
    /// Container images to pull while the machine image is built, by name. They need Docker.
    pub(crate) containers: Option<Field<Entries<ContainerName, Container>>>,
    /// Configuration files, by absolute path.
    pub(crate) files: Option<Field<Entries<AbsolutePath, LayerFile>>>,
    /// systemd services, by name. Each is checked to be running, or not, as `enabled` says.
    pub(crate) services: Option<Field<Entries<ServiceName, Service>>>,
    /// Ports that must be listening after boot.
    pub(crate) ports: Option<Field<Vec<Field<LayerPort>>>>,
    /// HTTP requests that must succeed after boot.
    pub(crate) http_checks: Option<Field<Vec<Field<HttpCheck>>>>,
    /// What the vulnerability scan fails on and ignores. Default: the parent's.
    pub(crate) scan: Option<Field<Scan>>,
    /// The size of the image's disk. A group's disk must be at least as large. Default: the parent's, or 10GiB.
    pub(crate) disk: Option<Field<Gibibytes>>,
    /// The machine type that builds the amd64 image on AWS. Default: the parent's, or m7i.large.
    pub(crate) aws_builder: Option<Field<MachineType>>,
    /// The machine type that builds the amd64 image on GCP. Default: the parent's, or n2-standard-2.
    pub(crate) gcp_builder: Option<Field<MachineType>>,
    /// The zones of the build network on AWS that have the builders' machine types, for all architectures. Default: the parent's, or all.
    pub(crate) aws_builder_zones: Option<Field<Vec<Field<Zone>>>>,
    /// The zone of the build network on GCP that has the builders' machine types, for all architectures. Default: the parent's, or the network's
    /// first zone.
    pub(crate) gcp_builder_zone: Option<Field<Zone>>,
}

/// The vendor's images that a root layer is built on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Source {
    /// AWS: the account that publishes them, such as "099720109477" for Canonical. Required for `aws`.
    pub(crate) aws_owner: Option<Field<ImageOwner>>,
    /// AWS: their exact names, by architecture.
    pub(crate) aws: Option<Field<ByArchitecture<VendorImage>>>,
    /// GCP: the project that publishes them, such as ubuntu-os-cloud. Required for `gcp`.
    pub(crate) gcp_project: Option<Field<GcpProject>>,
    /// GCP: their exact names, by architecture.
    pub(crate) gcp: Option<Field<ByArchitecture<VendorImage>>>,
}

/// A value for each architecture.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ByArchitectureOf{T}")]
pub(crate) struct ByArchitecture<T> {
    /// The value for amd64.
    pub(crate) amd64: Option<Field<T>>,
    /// The value for arm64.
    pub(crate) arm64: Option<Field<T>>,
}

/// The NVIDIA driver.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Nvidia {
    /// The driver's branch, such as "580".
    pub(crate) branch: Field<DriverBranch>,
    /// Install the container toolkit. Default: true.
    pub(crate) container_toolkit: Option<Field<bool>>,
    /// Install the fabric manager, which machines with `NVSwitch` need. Default: false.
    pub(crate) fabric_manager: Option<Field<bool>>,
}

/// A system user, without password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct User {
    /// The user id.
    pub(crate) uid: Field<Number<1_000, 59_999>>,
    /// Supplementary groups. Default: none.
    pub(crate) groups: Option<Field<Vec<Field<UserName>>>>,
    /// The home directory. Default: none; the user cannot log in.
    pub(crate) home: Option<Field<AbsolutePath>>,
}

/// A program to install.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Binary {
    /// The version, such as "1.4.2".
    pub(crate) version: Field<Version>,
    /// The URL of the program, by architecture. `artifacts://PATH` is that path in the `artifact_bucket` of the cloud that
    /// the image is built on.
    pub(crate) url: Field<ByArchitecture<Url>>,
    /// The SHA-256 digest of the program, by architecture.
    pub(crate) sha256: Field<ByArchitecture<Sha256>>,
    /// The URL of its Cosign signature bundle, by architecture. With `artifacts://`, each cloud's bucket has the bundle that
    /// the cloud's own key signed.
    pub(crate) signature: Field<ByArchitecture<Url>>,
}

/// A container image to pull.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Container {
    /// The image, by digest.
    pub(crate) image: Field<ImageReference>,
}

/// A configuration file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LayerFile {
    /// What the file contains. It must not contain secrets, only the names of the parameters that hold them.
    pub(crate) content: Field<String>,
    /// The user that owns the file. Default: root.
    pub(crate) owner: Option<Field<UserName>>,
    /// The group that owns the file. Default: root.
    pub(crate) group: Option<Field<UserName>>,
    /// The file's permissions, such as "0640". Default: "0644".
    pub(crate) mode: Option<Field<FileMode>>,
}

/// A port that must be listening.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LayerPort {
    /// The port, such as 8080.
    pub(crate) port: Field<Port>,
    /// The protocol. Default: tcp.
    pub(crate) protocol: Option<Field<Transport>>,
    /// The only address that may listen, such as 127.0.0.1. Default: any.
    pub(crate) address: Option<Field<IpAddress>>,
    /// The program that must be listening. Default: not checked.
    pub(crate) process: Option<Field<Word>>,
}

/// An HTTP request that must succeed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct HttpCheck {
    /// The port on 127.0.0.1.
    pub(crate) port: Field<Port>,
    /// The path. Default: /.
    pub(crate) path: Option<Field<Text>>,
    /// The expected status. Default: 200.
    pub(crate) status: Option<Field<Number<100, 599>>>,
}

/// What the vulnerability scan fails on and ignores.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Scan {
    /// The lowest severity that fails the build. Default: the parent's, or high.
    pub(crate) fail_on: Option<Field<Severity>>,
    /// Whether vulnerabilities without a fix fail the build as well. Default: the parent's, or false.
    pub(crate) unfixed: Option<Field<bool>>,
    /// Where to pull Trivy's vulnerability database from. Default: the parent's, or mirror.gcr.io/aquasec/trivy-db:2.
    pub(crate) database: Option<Field<OciRepository>>,
    /// Vulnerabilities to ignore for a time, in addition to the parent's. Default: none.
    pub(crate) ignore: Option<Field<Vec<Field<ScanIgnore>>>>,
}

/// Vulnerabilities to ignore for a time: one by its id, those of a vendor's program, or one in one program.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct ScanIgnore {
    /// The id, such as CVE-2026-12345. Default: every vulnerability of `program`.
    pub(crate) id: Option<Field<VulnerabilityId>>,
    /// A vendor's program that contains the vulnerable code, such as /usr/bin/dockerd; `*` matches any part of a name.
    /// Packages of the distribution and programs in /usr/local/bin cannot be named. Default: anywhere.
    pub(crate) program: Option<Field<ProgramPath>>,
    /// Why this is harmless here, or what it waits for.
    pub(crate) reason: Field<Text>,
    /// The last day on which it is ignored. `fleetgen check` warns from 14 days before and fails afterwards, and so does the
    /// build.
    pub(crate) until: Field<Date>,
}
