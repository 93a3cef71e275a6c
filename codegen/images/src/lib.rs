//! Which images exist.
//!
//! A build leaves a manifest of Packer's and reports beside it. [`read`] holds them against the fleet and against each other,
//! and gives a [`Built`]; [`Images::add`] puts that into the record of its layer, which is `images/<layer>.yaml`. Nothing
//! here reads a file, a clock or the network.

mod attestation;
mod build;
mod manifest;
mod record;

pub use build::{Built, read};
pub use record::{Build, Image, Images, Platforms, State};

use sha2::{Digest, Sha256};

/// The reports of a build, by the names of their files, which stand beside its `manifest.json`.
pub const REPORTS: &[&str] = &["sbom.cdx.json", "trivy.json", "goss.json", "goss.xml", "attestation.sigstore.json"];

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

/// SHA-256, in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
