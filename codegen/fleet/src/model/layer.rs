//! Image layers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Service;
use crate::choice::{Architecture, Docker, Hardening, Os, Severity, Transport};
use crate::scalar::{
    AbsolutePath, BinaryName, ContainerName, Date, DriverBranch, FileMode, GcpProject, Gibibytes, ImageOwner,
    ImageReference, IpAddress, LayerName, MachineType, MirrorUrl, OciRepository, PackageName, Port, ProgramPath,
    ServiceName, Sha256, SysctlKey, Text, Url, UserName, VendorImage, Version, VulnerabilityId, Word, Zone,
};

/// An image layer.
#[derive(Debug, Clone, Serialize)]
pub struct Layer {
    /// Its name.
    pub name: LayerName,
    /// What it is for.
    pub description: Text,
    /// The layers it is built on, its parent first and the root last; empty for a root.
    pub ancestors: Vec<LayerName>,
    /// Its operating system.
    pub os: Os,
    /// The architectures it is built for; sorted.
    pub architectures: Vec<Architecture>,
    /// The vendor's images that its lineage is built on.
    pub source: VendorImages,
    /// Security updates up to this day are installed.
    pub updates_until: Date,
    /// The mirror that packages come from. Without one, they come from the distribution's snapshot of that day.
    pub mirror: Option<MirrorUrl>,
    /// The hardening of its lineage.
    pub hardening: Hardening,
    /// Hardening sections that this layer leaves out, each with the reason.
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
    /// What the vulnerability scan ignores.
    pub scan: Scan,
    /// The size of the disk while it is built, and of the image.
    pub disk: Gibibytes,
    /// The machine that builds it on AWS for amd64.
    pub aws_builder: MachineType,
    /// The machine that builds it on GCP for amd64.
    pub gcp_builder: MachineType,
    /// The zones of the build network in which it is built on AWS; sorted. Empty for all.
    pub aws_builder_zones: Vec<Zone>,
    /// The zone in which it is built on GCP. Without one, the first of the build network.
    pub gcp_builder_zone: Option<Zone>,
}

/// A value for each architecture that has one.
pub type ByArchitecture<T> = BTreeMap<Architecture, T>;

impl Layer {
    /// The registry in Amazon ECR that the build pulls containers from, if it does.
    pub fn ecr_registry(&self) -> Option<&str> {
        self.containers.values().find_map(|image| Some(image.ecr()?.registry))
    }

    /// The registry in Artifact Registry that the build pulls containers from, if it does.
    pub fn artifact_registry(&self) -> Option<&str> {
        self.containers.values().find_map(|image| Some(image.artifact_registry()?.registry))
    }

    /// The layer it is built on; nothing for a root.
    pub fn parent(&self) -> Option<&LayerName> {
        self.ancestors.first()
    }

    /// The root of its lineage.
    pub fn root(&self) -> &LayerName {
        self.ancestors.last().unwrap_or(&self.name)
    }

    /// Whether it is a layer, or built on it.
    pub fn is_or_descends_from(&self, layer: &LayerName) -> bool {
        self.name == *layer || self.ancestors.contains(layer)
    }
}

/// The vendor's images that a root layer is built on.
#[derive(Debug, Clone, Serialize)]
pub struct VendorImages {
    /// AWS: the account that publishes them, and their names.
    pub aws: Option<(ImageOwner, ByArchitecture<VendorImage>)>,
    /// GCP: the project that publishes them, and their names.
    pub gcp: Option<(GcpProject, ByArchitecture<VendorImage>)>,
}

/// The NVIDIA driver.
#[derive(Debug, Clone, Serialize)]
pub struct Nvidia {
    /// The driver's branch.
    pub branch: DriverBranch,
    /// Whether to install the container toolkit.
    pub container_toolkit: bool,
    /// Whether to install the fabric manager.
    pub fabric_manager: bool,
}

/// A system user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its user id.
    pub uid: u32,
    /// Groups, besides its own; sorted.
    pub groups: Vec<UserName>,
    /// Its home directory, if it has one.
    pub home: Option<AbsolutePath>,
}

/// A program, installed in /usr/local/bin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Binary {
    /// Its version.
    pub version: Version,
    /// Where it is downloaded from.
    pub url: ByArchitecture<Url>,
    /// Its digest.
    pub sha256: ByArchitecture<Sha256>,
    /// Where its signature is downloaded from.
    pub signature: ByArchitecture<Url>,
}

/// A configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerFile {
    /// Its content.
    pub content: String,
    /// Its owner, if not root.
    pub owner: Option<UserName>,
    /// Its group, if not root.
    pub group: Option<UserName>,
    /// Its mode, if not 0644.
    pub mode: Option<FileMode>,
}

/// A port that must be listening.
#[derive(Debug, Clone, Serialize)]
pub struct LayerPort {
    /// The port.
    pub port: Port,
    /// The protocol.
    pub protocol: Transport,
    /// The only address that it may listen on.
    pub address: Option<IpAddress>,
    /// The program that must be listening.
    pub process: Option<Word>,
}

/// An HTTP request that must succeed.
#[derive(Debug, Clone, Serialize)]
pub struct HttpCheck {
    /// The port on the machine itself.
    pub port: Port,
    /// The path.
    pub path: String,
    /// The expected status.
    pub status: u32,
}

/// What the vulnerability scan fails on, and what it ignores.
#[derive(Debug, Clone, Serialize)]
pub struct Scan {
    /// The lowest severity that fails the build.
    pub fail_on: Severity,
    /// Whether vulnerabilities without a fix count.
    pub unfixed: bool,
    /// Where Trivy's vulnerability database comes from.
    pub database: OciRepository,
    /// Vulnerabilities that are ignored, including those of the ancestors.
    pub ignore: Vec<ScanIgnore>,
}

/// Vulnerabilities that are ignored for a time.
#[derive(Debug, Clone, Serialize)]
pub struct ScanIgnore {
    /// The id. Without one, all of `program`.
    pub id: Option<VulnerabilityId>,
    /// The vendor's program that has it. Without one, anything may have it.
    pub program: Option<ProgramPath>,
    /// Why it is harmless here.
    pub reason: Text,
    /// The last day on which it is ignored.
    pub until: Date,
}
