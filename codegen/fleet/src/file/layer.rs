//! Image layers.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{Architecture, Docker, Hardening, Os, Severity, Transport};
use crate::field::{Entries, Field};
use crate::scalar::{
    AbsolutePath, BinaryName, ContainerName, Date, FileMode, GcpProject, Gibibytes, ImageOwner, ImageReference,
    IpAddress, LayerName, MachineType, MirrorUrl, OciRepository, PackageName, Port, ServiceName, Sha256, SysctlKey,
    TagKey, Text, Url, UserName, VendorImage, Version, VulnerabilityId, Word,
};

/// An image layer. The root of a line of layers states the operating system; every other layer states its parent.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Layer {
    /// What it is for, in a sentence.
    pub(crate) description: Field<Text>,
    /// The layer that it is built on.
    pub(crate) parent: Option<Field<LayerName>>,
    /// Root only: the operating system.
    pub(crate) os: Option<Field<Os>>,
    /// The architectures it is built for. Default: those of its parent; the root must state them.
    pub(crate) architectures: Option<Field<Vec<Field<Architecture>>>>,
    /// Root only: the vendor's images that it is built on.
    pub(crate) source: Option<Field<Source>>,
    /// Root only: packages are those of the archive at the end of this day, which must be over.
    pub(crate) updates_until: Option<Field<Date>>,
    /// Root only: a mirror of the distribution's archive that packages come from, such as
    /// <http://mirror.example.com/ubuntu>; what it holds is then its owner's matter. Default: the distribution's snapshot
    /// service, which gives the archive as it was at the end of `updates_until`.
    pub(crate) mirror: Option<Field<MirrorUrl>>,
    /// Root only: the hardening. Default: cis-level-1.
    pub(crate) hardening: Option<Field<Hardening>>,
    /// Parts of the hardening that are left out, by section, each with the reason.
    pub(crate) hardening_exceptions: Option<Field<Entries<Word, Text>>>,
    /// Where Docker comes from. Default: the parent's, or none.
    pub(crate) docker: Option<Field<Docker>>,
    /// The NVIDIA driver; a layer with it runs on GPU machines only.
    pub(crate) nvidia: Option<Field<Nvidia>>,
    /// Packages of the distribution.
    pub(crate) packages: Option<Field<Vec<Field<PackageName>>>>,
    /// System users.
    pub(crate) users: Option<Field<Entries<UserName, User>>>,
    /// Kernel settings.
    pub(crate) sysctl: Option<Field<Entries<SysctlKey, Text>>>,
    /// Programs, one file each, put into /usr/local/bin.
    pub(crate) binaries: Option<Field<Entries<BinaryName, Binary>>>,
    /// Container images that are pulled when the image is built.
    pub(crate) containers: Option<Field<Entries<ContainerName, Container>>>,
    /// Configuration files.
    pub(crate) files: Option<Field<Entries<AbsolutePath, LayerFile>>>,
    /// systemd services.
    pub(crate) services: Option<Field<Entries<ServiceName, Service>>>,
    /// Ports that must be listening once the machine is up.
    pub(crate) ports: Option<Field<Vec<Field<LayerPort>>>>,
    /// HTTP requests that must be answered once the machine is up.
    pub(crate) http_checks: Option<Field<Vec<Field<HttpCheck>>>>,
    /// What the scan for vulnerabilities lets pass. Default: the parent's.
    pub(crate) scan: Option<Field<Scan>>,
    /// The disk while it is built; groups need at least as much. Default: the parent's, or 10GiB.
    pub(crate) disk: Option<Field<Gibibytes>>,
    /// The machine that builds it on AWS for amd64. Default: the parent's, or m7i.large.
    pub(crate) aws_builder: Option<Field<MachineType>>,
    /// The machine that builds it on GCP for amd64. Default: the parent's, or n2-standard-2.
    pub(crate) gcp_builder: Option<Field<MachineType>>,
}

/// The vendor's images that a root layer is built on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Source {
    /// AWS: the account that publishes them.
    pub(crate) aws_owner: Option<Field<ImageOwner>>,
    /// AWS: their exact names.
    pub(crate) aws: Option<Field<ByArchitecture<VendorImage>>>,
    /// GCP: the project that publishes them.
    pub(crate) gcp_project: Option<Field<GcpProject>>,
    /// GCP: their exact names.
    pub(crate) gcp: Option<Field<ByArchitecture<VendorImage>>>,
}

/// A value for each architecture.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ByArchitectureOf{T}")]
pub(crate) struct ByArchitecture<T> {
    /// For amd64.
    pub(crate) amd64: Option<Field<T>>,
    /// For arm64.
    pub(crate) arm64: Option<Field<T>>,
}

/// The NVIDIA driver.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Nvidia {
    /// The driver's branch, such as "580".
    pub(crate) branch: Field<Version>,
    /// Install the container toolkit. Default: true.
    pub(crate) container_toolkit: Option<Field<bool>>,
    /// Install the fabric manager, for machines with `NVSwitch`. Default: false.
    pub(crate) fabric_manager: Option<Field<bool>>,
}

/// A system user, without password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct User {
    /// Its number, 1000 to 59999.
    pub(crate) uid: Field<u32>,
    /// Groups, besides its own.
    pub(crate) groups: Option<Field<Vec<Field<UserName>>>>,
    /// Its home. Default: /nonexistent.
    pub(crate) home: Option<Field<AbsolutePath>>,
}

/// A program.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Binary {
    /// Its version.
    pub(crate) version: Field<Version>,
    /// Where it is fetched from.
    pub(crate) url: Field<ByArchitecture<Url>>,
    /// Its digest.
    pub(crate) sha256: Field<ByArchitecture<Sha256>>,
    /// Where its Cosign signature is fetched from.
    pub(crate) signature: Field<ByArchitecture<Url>>,
}

/// A container image that is pulled when the machine image is built.
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
    /// What is in it. No secret: only the name of the parameter that holds one.
    pub(crate) content: Field<String>,
    /// Its owner. Default: root.
    pub(crate) owner: Option<Field<UserName>>,
    /// Its group. Default: root.
    pub(crate) group: Option<Field<UserName>>,
    /// Its mode. Default: "0644".
    pub(crate) mode: Option<Field<FileMode>>,
}

/// A systemd service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Service {
    /// What it is for. Needed where fleetgen writes the unit.
    pub(crate) description: Option<Field<Text>>,
    /// Its command: a path and arguments. Default: the unit comes with a package.
    pub(crate) command: Option<Field<Vec<Field<Text>>>>,
    /// The package that brings the unit, where fleetgen does not write it. Default: the one with the service's name.
    pub(crate) package: Option<Field<PackageName>>,
    /// The user it runs as. Default: root where the unit comes with a package; else needed.
    pub(crate) user: Option<Field<UserName>>,
    /// Its environment.
    pub(crate) environment: Option<Field<Entries<TagKey, Text>>>,
    /// Start it at boot. Default: true.
    pub(crate) enabled: Option<Field<bool>>,
}

/// A port that must be listening.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LayerPort {
    /// The port.
    pub(crate) port: Field<Port>,
    /// The protocol. Default: tcp.
    pub(crate) protocol: Option<Field<Transport>>,
    /// The address that it is to listen on, and no other. Default: any.
    pub(crate) address: Option<Field<IpAddress>>,
    /// The program that listens. Default: not checked.
    pub(crate) process: Option<Field<Word>>,
}

/// An HTTP request that must be answered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct HttpCheck {
    /// The port on the machine itself.
    pub(crate) port: Field<Port>,
    /// The path. Default: /.
    pub(crate) path: Option<Field<Text>>,
    /// The status that it must answer with. Default: 200.
    pub(crate) status: Option<Field<u32>>,
}

/// What the scan for vulnerabilities lets pass.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Scan {
    /// A vulnerability as bad as this, or worse, fails the build. Default: the parent's, or high.
    pub(crate) fail_on: Option<Field<Severity>>,
    /// Whether a vulnerability that nobody has mended yet fails the build, too. Default: the parent's, or false.
    pub(crate) unfixed: Option<Field<bool>>,
    /// Where Trivy's vulnerability database comes from. Default: the parent's, or mirror.gcr.io/aquasec/trivy-db:2.
    pub(crate) database: Option<Field<OciRepository>>,
    /// Vulnerabilities that are let pass, besides the parent's.
    pub(crate) ignore: Option<Field<Vec<Field<ScanIgnore>>>>,
}

/// A vulnerability that is let pass for a time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct ScanIgnore {
    /// Its id.
    pub(crate) id: Field<VulnerabilityId>,
    /// Why it does no harm here.
    pub(crate) reason: Field<Text>,
    /// Until when; after that day the build fails again.
    pub(crate) until: Field<Date>,
}
