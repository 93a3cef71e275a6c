//! Image layers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::choice::{Architecture, Docker, Hardening, Os, Severity, Transport};
use crate::scalar::{
    AbsolutePath, BinaryName, ContainerName, Date, FileMode, GcpProject, Gibibytes, ImageOwner, ImageReference,
    IpAddress, LayerName, MachineType, MirrorUrl, OciRepository, PackageName, Port, ServiceName, Sha256, SysctlKey,
    TagKey, Text, Url, UserName, VendorImage, Version, VulnerabilityId, Word,
};

/// An image layer.
#[derive(Debug, Clone, Serialize)]
pub struct Layer {
    /// Its name.
    pub name: LayerName,
    /// What it is for.
    pub description: Text,
    /// The layers that it is built on, its parent first, the root last; empty for a root.
    pub ancestors: Vec<LayerName>,
    /// Its operating system.
    pub os: Os,
    /// The architectures it is built for; sorted.
    pub architectures: Vec<Architecture>,
    /// The vendor's images that its line is built on.
    pub source: Source,
    /// Security updates up to this day are installed.
    pub updates_until: Date,
    /// The mirror that packages come from; without one, the distribution's snapshot of that day.
    pub mirror: Option<MirrorUrl>,
    /// The hardening of its line.
    pub hardening: Hardening,
    /// Parts of the hardening that this layer leaves out, each with the reason.
    pub hardening_exceptions: BTreeMap<Word, Text>,
    /// Where Docker comes from.
    pub docker: Docker,
    /// The NVIDIA driver, of this layer or an ancestor.
    pub nvidia: Option<Nvidia>,
    /// Packages that this layer adds; sorted.
    pub packages: Vec<PackageName>,
    /// System users that this layer adds.
    pub users: BTreeMap<UserName, User>,
    /// Kernel settings that this layer adds.
    pub sysctl: BTreeMap<SysctlKey, Text>,
    /// Programs that this layer adds.
    pub binaries: BTreeMap<BinaryName, Binary>,
    /// Container images that this layer adds.
    pub containers: BTreeMap<ContainerName, ImageReference>,
    /// Configuration files that this layer adds.
    pub files: BTreeMap<AbsolutePath, LayerFile>,
    /// Services that this layer adds.
    pub services: BTreeMap<ServiceName, Service>,
    /// Ports that must be listening.
    pub ports: Vec<LayerPort>,
    /// HTTP requests that must be answered.
    pub http_checks: Vec<HttpCheck>,
    /// What the scan lets pass.
    pub scan: Scan,
    /// The disk while it is built.
    pub disk: Gibibytes,
    /// The machine that builds it on AWS for amd64.
    pub aws_builder: MachineType,
    /// The machine that builds it on GCP for amd64.
    pub gcp_builder: MachineType,
}

/// A value for each architecture that has one.
pub type ByArchitecture<T> = BTreeMap<Architecture, T>;

/// The vendor's images that a root layer is built on.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// AWS: who publishes them, and their names.
    pub aws: Option<(ImageOwner, ByArchitecture<VendorImage>)>,
    /// GCP: the project that publishes them, and their names.
    pub gcp: Option<(GcpProject, ByArchitecture<VendorImage>)>,
}

/// The NVIDIA driver.
#[derive(Debug, Clone, Serialize)]
pub struct Nvidia {
    /// The driver's branch.
    pub branch: Version,
    /// Install the container toolkit.
    pub container_toolkit: bool,
    /// Install the fabric manager.
    pub fabric_manager: bool,
}

/// A system user.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// Groups, besides its own; sorted.
    pub groups: Vec<UserName>,
    /// Its home, where it has one.
    pub home: Option<AbsolutePath>,
}

/// A program.
#[derive(Debug, Clone, Serialize)]
pub struct Binary {
    /// Its version.
    pub version: Version,
    /// Where it is fetched from.
    pub url: ByArchitecture<Url>,
    /// Its digest.
    pub sha256: ByArchitecture<Sha256>,
    /// Where its signature is fetched from.
    pub signature: ByArchitecture<Url>,
}

/// A configuration file.
#[derive(Debug, Clone, Serialize)]
pub struct LayerFile {
    /// What is in it.
    pub content: String,
    /// Its owner; root where nothing is said.
    pub owner: Option<UserName>,
    /// Its group; root where nothing is said.
    pub group: Option<UserName>,
    /// Its mode; 0644 where nothing is said.
    pub mode: Option<FileMode>,
}

/// A systemd service.
#[derive(Debug, Clone, Serialize)]
pub struct Service {
    /// What it is for.
    pub description: Option<Text>,
    /// Its command; empty where the unit comes with a package.
    pub command: Vec<Text>,
    /// The package that brings the unit; nothing where fleetgen writes it.
    pub package: Option<PackageName>,
    /// The user it runs as.
    pub user: Option<UserName>,
    /// Its environment.
    pub environment: BTreeMap<TagKey, Text>,
    /// Start it at boot.
    pub enabled: bool,
}

/// A port that must be listening.
#[derive(Debug, Clone, Serialize)]
pub struct LayerPort {
    /// The port.
    pub port: Port,
    /// The protocol.
    pub protocol: Transport,
    /// The address that it listens on, and no other.
    pub address: Option<IpAddress>,
    /// The program that listens.
    pub process: Option<Word>,
}

/// An HTTP request that must be answered.
#[derive(Debug, Clone, Serialize)]
pub struct HttpCheck {
    /// The port on the machine itself.
    pub port: Port,
    /// The path.
    pub path: String,
    /// The status that it must answer with.
    pub status: u32,
}

/// What the scan for vulnerabilities lets pass.
#[derive(Debug, Clone, Serialize)]
pub struct Scan {
    /// A vulnerability as bad as this, or worse, fails the build.
    pub fail_on: Severity,
    /// Whether a vulnerability without a fix fails the build, too.
    pub unfixed: bool,
    /// Where Trivy's vulnerability database comes from.
    pub database: OciRepository,
    /// Vulnerabilities that are let pass, those of the ancestors included.
    pub ignore: Vec<ScanIgnore>,
}

/// A vulnerability that is let pass for a time.
#[derive(Debug, Clone, Serialize)]
pub struct ScanIgnore {
    /// Its id.
    pub id: VulnerabilityId,
    /// Why it does no harm here.
    pub reason: Text,
    /// Until when.
    pub until: Date,
}
