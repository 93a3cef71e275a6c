//! Which versions of what a group launches can be deleted. AWS and GCP keep old versions for ever, and AWS does not protect
//! those that are in use, so this does.

use std::collections::BTreeSet;

use crate::cloud::{Version, VersionList};

/// The versions that nothing refers to, oldest first.
///
/// `plans` are those that rollouts start from, go to or may return to. What the group launches, and what its machines and its
/// running change have, the list says. The newest `keep` stay in any case.
pub fn prunable(list: &VersionList, plans: &BTreeSet<Version>, keep: usize) -> Vec<Version> {
    let seen = &list.seen;
    let mut used: BTreeSet<&Version> =
        plans.iter().chain([&list.latest, &seen.setting.version]).chain(&list.default).collect();
    used.extend(seen.setting.canary.iter().map(|(version, _)| version));
    used.extend(seen.machines.keys());
    used.extend(seen.change.iter().map(|change| &change.to));
    let old = &list.all[..list.all.len().saturating_sub(keep)];
    old.iter().filter(|version| !used.contains(version)).cloned().collect()
}
