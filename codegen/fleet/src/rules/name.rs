//! Names of resources: within the limits of the clouds, and unique there.

use std::collections::BTreeMap;

use super::Found;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Group;
use crate::resolve::Draft;
use crate::resource_name::{base, names};

/// Files of a Terraform root that are not a group's, or that Terraform reads in a way of its own.
const RESERVED: &[&str] = &["main", "override"];

/// Every name fits.
pub(super) fn limits(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(fleet) = draft.file.fleet.get().and_then(|about| about.name.get()) else { return };
    let at = group.origins.name;
    if RESERVED.contains(&group.name.as_str()) {
        found.push(
            Diagnostic::new(
                Rule::ResourceName,
                at,
                format!("a group cannot be called `{}`: its file `{}.tf` is taken", group.name, group.name),
            )
            .hint("choose another name"),
        );
    }
    let base = base(fleet, group);
    // The tightest limit is the one to know.
    let tightest =
        names(&base, group).into_iter().filter(|name| name.name.len() > name.limit).min_by_key(|name| name.limit);
    if let Some(name) = tightest {
        let excess = name.name.len() - name.limit;
        found.push(
            Diagnostic::new(
                Rule::ResourceName,
                at,
                format!(
                    "the {} `{}` has {} characters; {} takes {}",
                    name.kind,
                    name.name,
                    name.name.len(),
                    group.cloud(),
                    name.limit
                ),
            )
            .label(format!("{excess} too many"))
            .hint("shorten the name of the group, the environment or the fleet"),
        );
    }
}

/// No two resources of a kind have one name.
pub(super) fn unique(draft: &Draft<'_>, found: &mut Found) {
    let Some(fleet) = draft.file.fleet.get().and_then(|about| about.name.get()) else { return };
    let mut seen: BTreeMap<_, &Group> = BTreeMap::new();
    for group in draft.groups.values() {
        for name in names(&base(fleet, group), group) {
            let text = name.name.clone();
            let Some(other) = seen.insert((group.cloud(), name.kind, name.name), group) else { continue };
            found.push(
                Diagnostic::new(
                    Rule::ResourceName,
                    group.origins.name,
                    format!(
                        "the groups `{}` and `{}` would both have a {} `{text}`",
                        other.name, group.name, name.kind
                    ),
                )
                .related(other.origins.name, "the other one")
                .hint("rename one of the two"),
            );
            // One message for a pair says it all.
            break;
        }
    }
}
