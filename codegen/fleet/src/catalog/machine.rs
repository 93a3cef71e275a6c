//! Machine types: the architecture of their processor, and whether they have NVIDIA GPUs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleetgen_problem::{Code, Place, Problem, suggest};
use serde::Deserialize;

use crate::choice::{Architecture, Cloud};
use crate::scalar::MachineType;

/// The facts about a machine type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts that are independent of each other")]
pub struct MachineFacts {
    /// The architecture of its processor.
    pub architecture: Architecture,
    /// Whether it has built-in NVIDIA GPUs.
    pub nvidia: bool,
    /// Whether GPUs can be attached to it (GCP's N1).
    pub attachable: bool,
    /// Whether it can move to another host while it runs (GCP).
    pub migrates: bool,
    /// Whether it boots from Hyperdisk only (GCP's newer families do not support persistent disks).
    pub hyperdisk: bool,
}

#[derive(Deserialize)]
struct AwsFamily {
    architecture: Architecture,
    nvidia: bool,
    sizes: Vec<String>,
}

static AWS: LazyLock<BTreeMap<String, AwsFamily>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/aws-machines.json")).unwrap_or_default());

/// The sizes of GCP's families that get no new ones: by kind, what follows it in a name.
static GCP_SIZES: LazyLock<BTreeMap<String, BTreeMap<String, Vec<String>>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/gcp-machines.json")).unwrap_or_default());

/// GCP's families of amd64 machines without GPUs of their own.
const GCP_PLAIN: &[&str] = &[
    "c2", "c2d", "c3", "c3d", "c4", "c4d", "e2", "h3", "h4d", "m1", "m2", "m3", "m4", "n1", "n2", "n2d", "n4", "n4d",
    "t2d", "x4", "z3",
];
const GCP_ARM: &[&str] = &["c4a", "n4a", "t2a"];
const GCP_GPU: &[&str] = &["a2", "a3", "g2", "g4"];
/// Blackwell and later machines on ARM hosts.
const GCP_ARM_GPU: &[&str] = &["a4x"];

/// What follows the family in a name.
const GCP_KINDS: &[&str] = &[
    "custom", "edgegpu", "highcpu", "highgpu", "highmem", "hypermem", "maxgpu", "medium", "megagpu", "megamem",
    "micro", "small", "standard", "ultragpu", "ultramem",
];
/// Families without custom machine types.
const GCP_NOT_CUSTOM: &[&str] = &["a2", "c2", "c2d", "c3", "c3d", "h3", "m1", "m2", "m3", "t2a", "t2d"];
/// Families whose machines stay on their host.
const GCP_FIXED: &[&str] = &["a2", "a3", "a4", "a4x", "g2", "g4", "h3", "h4d", "x4", "z3"];

/// Families that do not support persistent disks.
const HYPERDISK: &[&str] = &["a4", "a4x", "c4", "c4a", "c4d", "g4", "h4d", "m4", "n4", "n4a", "n4d", "x4"];

/// The facts about a machine type.
///
/// # Errors
/// The type is not in the catalog. The problem has no position.
pub fn machine(cloud: Cloud, machine_type: &MachineType) -> Result<MachineFacts, Problem> {
    let facts = match cloud {
        Cloud::Aws => aws(machine_type.as_str()),
        Cloud::Gcp => gcp(machine_type.as_str()),
    };
    facts.map_err(|hint| {
        let cloud = cloud.title();
        Problem::new(
            Code::Machine,
            Place::Nowhere,
            format!("fleetgen does not know the {cloud} machine type `{machine_type}`"),
        )
        .label(format!("not a machine type of {cloud}"))
        .maybe_hint(hint)
    })
}

/// What an unknown machine type may have been meant to be.
type Hint = Option<String>;

fn aws(machine_type: &str) -> Result<MachineFacts, Hint> {
    let (family, size) = machine_type.split_once('.').ok_or(None)?;
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
        return Err(hint);
    };
    if !known.sizes.iter().any(|known| known == size) {
        let close = suggest(
            machine_type,
            known.sizes.iter().map(|size| format!("{family}.{size}")).collect::<Vec<_>>().iter().map(String::as_str),
        );
        return Err(close.or_else(|| Some(format!("`{family}` has the sizes {}", known.sizes.join(", ")))));
    }
    Ok(MachineFacts {
        architecture: known.architecture,
        nvidia: known.nvidia,
        attachable: false,
        migrates: false,
        hyperdisk: false,
    })
}

fn gcp(machine_type: &str) -> Result<MachineFacts, Hint> {
    let mut parts = machine_type.split('-');
    let (family, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !GCP_KINDS.contains(&kind) {
        return Err(suggest(kind, GCP_KINDS.iter().copied()));
    }
    let size = parts.collect::<Vec<_>>();
    if kind == "custom" {
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if GCP_NOT_CUSTOM.contains(&family) {
            return Err(Some(format!("`{family}` has no custom machine types")));
        }
        let is_shared =
            matches!(size[..], ["micro" | "small" | "medium", memory] if family == "e2" && is_number(&memory));
        let is_whole =
            matches!(size[..], [cpus, memory] | [cpus, memory, "ext"] if is_number(&cpus) && is_number(&memory));
        if !is_shared && !is_whole {
            return Err(Some(format!("write processors and memory in MiB, such as `{family}-custom-4-8192`")));
        }
    } else if let Some(kinds) = GCP_SIZES.get(family) {
        let Some(sizes) = kinds.get(kind) else {
            let known: Vec<&str> = kinds.keys().map(String::as_str).collect();
            return Err(Some(format!("`{family}` has the kinds {}", known.join(", "))));
        };
        let is_known = if sizes.is_empty() { size.is_empty() } else { sizes.contains(&size.join("-")) };
        if !is_known {
            let known: Vec<String> = sizes.iter().map(|size| format!("{family}-{kind}-{size}")).collect();
            let all = || format!("`{family}-{kind}` has the sizes {}", sizes.join(", "));
            let one = || format!("write `{family}-{kind}`");
            let close = suggest(machine_type, known.iter().map(String::as_str));
            return Err(close.or_else(|| Some(if sizes.is_empty() { one() } else { all() })));
        }
    }
    let migrates = !GCP_FIXED.contains(&family) && !machine_type.ends_with("-metal");
    let facts = |architecture, nvidia| {
        Ok(MachineFacts {
            architecture,
            nvidia,
            attachable: family == "n1",
            migrates,
            hyperdisk: HYPERDISK.contains(&family),
        })
    };
    if GCP_PLAIN.contains(&family) {
        facts(Architecture::Amd64, false)
    } else if GCP_ARM.contains(&family) {
        facts(Architecture::Arm64, false)
    } else if GCP_GPU.contains(&family) || family == "a4" {
        facts(Architecture::Amd64, true)
    } else if GCP_ARM_GPU.contains(&family) {
        facts(Architecture::Arm64, true)
    } else {
        let known = [GCP_PLAIN, GCP_ARM, GCP_GPU, GCP_ARM_GPU].concat();
        Err(suggest(family, known))
    }
}
