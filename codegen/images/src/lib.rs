//! Which images exist.
//!
//! A build leaves a manifest of Packer's and reports beside it. [`read`] holds them against the fleet and against each other,
//! and gives a [`Built`]; [`Images::add`] puts that into the record of its layer, which is `images/<layer>.yaml`. Nothing
//! here reads a file, a clock or the network.

mod attestation;
mod build;
mod manifest;
mod record;
mod reports;

use fleetgen_fleet::scalar::Sha256;

pub use build::{Built, read, sources};
pub use record::{Build, Image, Images, Platforms, State};

/// The reports of a build: what they are called in a record, and their files, which stand beside `manifest.json`.
pub const REPORTS: &[(&str, &str)] = &[
    ("sbom", "sbom.cdx.json"),
    ("trivy", "trivy.json"),
    ("goss", "goss.json"),
    ("junit", "goss.xml"),
    ("attestation", "attestation.sigstore.json"),
];

/// Why something is not recorded: what is wrong, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Refusal {
    fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

fn digest(bytes: &[u8]) -> Sha256 {
    use sha2::Digest as _;
    Sha256::from(<[u8; 32]>::from(sha2::Sha256::digest(bytes)))
}
