//! Machine types: the architecture of their processor, and whether they have NVIDIA GPUs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::choice::{Architecture, Cloud};
use crate::diagnostic::suggest;

/// What is known of a machine type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
pub struct Found {
    /// The architecture of its processor.
    pub architecture: Architecture,
    /// Whether it has NVIDIA GPUs of its own.
    pub nvidia: bool,
    /// Whether GPUs can be attached to it (GCP's N1).
    pub attachable: bool,
    /// Whether it is moved to another host while it runs, when its own needs maintenance (GCP).
    pub migrates: bool,
    /// Whether it boots from Hyperdisk only (GCP's newer families take no persistent disk).
    pub hyperdisk: bool,
}

/// A machine type that is not known, and what may have been meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What may have been meant.
    pub hint: Option<String>,
}

#[derive(Deserialize)]
struct AwsFamily {
    architecture: Architecture,
    nvidia: bool,
    sizes: Vec<String>,
}

static AWS: LazyLock<BTreeMap<String, AwsFamily>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/aws-machines.json")).unwrap_or_default());

/// GCP's families, without those that have an architecture or GPUs of their own below.
const GCP_PLAIN: &[&str] = &[
    "c2", "c2d", "c3", "c3d", "c4", "c4d", "e2", "h3", "h4d", "m1", "m2", "m3", "m4", "n1", "n2", "n2d", "n4", "n4d",
    "t2d", "x4", "z3",
];
const GCP_ARM: &[&str] = &["c4a", "n4a", "t2a"];
const GCP_GPU: &[&str] = &["a2", "a3", "g2", "g4"];
/// Blackwell and later machines on ARM hosts.
const GCP_ARM_GPU: &[&str] = &["a4x"];

/// What stands behind the family.
const GCP_KINDS: &[&str] = &[
    "custom", "edgegpu", "highcpu", "highgpu", "highmem", "hypermem", "maxgpu", "medium", "megagpu", "megamem",
    "micro", "small", "standard", "ultragpu", "ultramem",
];
/// Families whose machines stay on their host.
const GCP_FIXED: &[&str] = &["a2", "a3", "a4", "a4x", "g2", "g4", "h3", "h4d", "x4", "z3"];

/// Families that take no persistent disk.
const HYPERDISK: &[&str] = &["a4", "a4x", "c4", "c4a", "c4d", "g4", "h4d", "m4", "n4", "n4a", "n4d", "x4"];

/// What is known of a machine type.
///
/// # Errors
/// The type is not known; a new family is added to the catalog.
pub fn find(cloud: Cloud, machine_type: &str) -> Result<Found, Unknown> {
    match cloud {
        Cloud::Aws => find_aws(machine_type),
        Cloud::Gcp => find_gcp(machine_type),
    }
}

fn find_aws(machine_type: &str) -> Result<Found, Unknown> {
    let (family, size) = machine_type.split_once('.').ok_or(Unknown { hint: None })?;
    let Some(known) = AWS.get(family) else {
        let hint = suggest(
            machine_type,
            AWS.iter()
                .filter(|(_, known)| known.sizes.iter().any(|known| known == size))
                .map(|(family, _)| format!("{family}.{size}"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        );
        return Err(Unknown { hint });
    };
    if !known.sizes.iter().any(|known| known == size) {
        return Err(Unknown { hint: Some(format!("`{family}` has the sizes {}", known.sizes.join(", "))) });
    }
    Ok(Found {
        architecture: known.architecture,
        nvidia: known.nvidia,
        attachable: false,
        migrates: false,
        hyperdisk: false,
    })
}

fn find_gcp(machine_type: &str) -> Result<Found, Unknown> {
    let mut parts = machine_type.split('-');
    let (family, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !GCP_KINDS.contains(&kind) {
        return Err(Unknown { hint: suggest(kind, GCP_KINDS.iter().copied()) });
    }
    let migrates = !GCP_FIXED.contains(&family) && !machine_type.ends_with("-metal");
    let found = |architecture, nvidia| {
        Ok(Found { architecture, nvidia, attachable: family == "n1", migrates, hyperdisk: HYPERDISK.contains(&family) })
    };
    if GCP_PLAIN.contains(&family) {
        found(Architecture::Amd64, false)
    } else if GCP_ARM.contains(&family) {
        found(Architecture::Arm64, false)
    } else if GCP_GPU.contains(&family) || family == "a4" {
        found(Architecture::Amd64, true)
    } else if GCP_ARM_GPU.contains(&family) {
        found(Architecture::Arm64, true)
    } else {
        let known = [GCP_PLAIN, GCP_ARM, GCP_GPU, GCP_ARM_GPU].concat();
        Err(Unknown { hint: suggest(family, known) })
    }
}
