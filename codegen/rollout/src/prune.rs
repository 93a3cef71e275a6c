//! Which versions of what a group launches can be deleted. AWS and GCP keep old versions for ever, and AWS does not protect
//! those that are in use, so this does.

use std::collections::BTreeSet;

use crate::cloud::{Observation, Version};

/// The versions that nothing refers to, oldest first.
///
/// `versions` are all that exist, oldest first; `latest` is the newest that Terraform made, which it copies its next one
/// from; `default` is the template's default on AWS; `plans` are those that open plans start from, go to or return to. What
/// the group launches, and what its machines and its running change have, is in `seen`. The newest `keep` stay in any case.
pub fn prunable(
    versions: &[Version],
    latest: &Version,
    default: Option<&Version>,
    seen: &Observation,
    plans: &BTreeSet<Version>,
    keep: usize,
) -> Vec<Version> {
    let mut used: BTreeSet<&Version> = plans.iter().chain([latest, &seen.setting.version]).chain(default).collect();
    used.extend(seen.setting.canary.iter().map(|(version, _)| version));
    used.extend(seen.machines.keys());
    used.extend(seen.change.iter().map(|change| &change.to));
    let old = &versions[..versions.len().saturating_sub(keep)];
    old.iter().filter(|version| !used.contains(version)).cloned().collect()
}
