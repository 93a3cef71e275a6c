//! NVIDIA GPUs and the branches of the driver that support them. Layers install Ubuntu's open kernel modules, which support GPUs from
//! Turing on.
//!
//! Sources: NVIDIA's README of the open kernel modules (Turing and later; Blackwell with these modules only, from branch 570 on, and
//! B300 from 580 on), and Google's list of the GPUs that N1 machines take.

/// The oldest branch with packages of open modules in Ubuntu's archive.
pub const OLDEST_BRANCH: u32 = 535;

/// GPUs that N1 machines of GCP take, and how many.
pub const ACCELERATORS: &[(&str, &[u32])] = &[("nvidia-tesla-t4", &[1, 2, 4])];

/// GPUs that clouds have, and that the open kernel modules do not support.
const OLD: &[(&str, &str)] = &[
    ("nvidia-tesla-k80", "Kepler"),
    ("nvidia-tesla-p4", "Pascal"),
    ("nvidia-tesla-p100", "Pascal"),
    ("nvidia-tesla-v100", "Volta"),
    ("p3dn", "Volta"),
];

/// Families of machines whose GPUs need a newer branch.
const NEW: &[(&str, u32)] =
    &[("a4", 570), ("a4x", 570), ("g4", 570), ("g7", 570), ("g7e", 570), ("p6-b200", 570), ("p6-b300", 580)];

/// The architecture of a GPU, or of those of a machine's family, if the open modules do not support it.
pub fn old(accelerator_or_family: &str) -> Option<&'static str> {
    OLD.iter().find(|(known, _)| *known == accelerator_or_family).map(|(_, architecture)| *architecture)
}

/// The oldest branch that supports the GPUs of a machine's family.
pub fn oldest_branch(family: &str) -> u32 {
    NEW.iter().find(|(known, _)| *known == family).map_or(OLDEST_BRANCH, |(_, branch)| *branch)
}
