//! Which images exist.
//!
//! A build leaves a Packer manifest with reports beside it. [`read`] checks them against the fleet and against each other, and
//! returns a [`Built`]; [`Images::add`] adds that to the record of its layer, `images/<layer>.yaml`. [`promote`]
//! says where an image may run, [`unused`] which nothing needs any more, and [`Contents`] what is in one. Nothing
//! here reads a file, a clock or the network.

mod attestation;
mod build;
mod inventory;
mod manifest;
mod promote;
mod prune;
mod record;
mod records;
mod reports;

use fleetgen_fleet::scalar::Sha256;
use fleetgen_problem::{Code, Place, Problem};

pub use build::{Built, read, sources};
pub use inventory::{Changed, Contents, Difference, KEPT, Package, Vulnerability, packages, vulnerabilities};
pub use promote::{Decision, out_of_order, promote};
pub use prune::unused;
pub use record::{Build, Image, Images, Platforms, Promotion, Revocation};
pub use records::Records;

/// The reports of a build: their names in a record, and their files, which are beside `manifest.json`.
pub const REPORTS: &[(&str, &str)] = &[
    ("sbom", "sbom.cdx.json"),
    ("trivy", "trivy.json"),
    ("goss", "goss.json"),
    ("junit", "goss.xml"),
    ("boot", "boot.json"),
    ("attestation", "attestation.sigstore.json"),
];

/// The type of the statement that `packer/runner/attest.sh` signs.
pub const ATTESTATION_TYPE: &str = "https://example.com/fleetgen/image/v1";

/// Why something is not recorded. The caller knows the file, and adds it.
fn refusal(message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::new(Code::Manifest, Place::Nowhere, message).hint(hint)
}

/// Why an image is not promoted, or not found.
fn refuse(message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::new(Code::Image, Place::Nowhere, message).hint(hint)
}

/// The digest of a report.
pub fn digest(bytes: &[u8]) -> Sha256 {
    use sha2::Digest as _;
    Sha256::from(<[u8; 32]>::from(sha2::Sha256::digest(bytes)))
}
