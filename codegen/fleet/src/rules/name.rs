//! Names of resources: within the limits of the clouds, and unique there.

use std::collections::HashMap;

use super::Found;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Group;
use crate::resolve::Draft;
use crate::resource_name::{base, names};

/// The files and modules of a root that are not a group's, and a file that Terraform reads in a way of its own.
const RESERVED: &[&str] = &["main", "network", "override"];

/// Every name fits.
pub(super) fn limits(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some(fleet) = draft.file.fleet.get().and_then(|about| about.name.get()) else { return };
    let at = group.origins.name;
    if RESERVED.contains(&group.name.as_str()) {
        found.push(
            Diagnostic::new(
                Rule::ResourceName,
                at,
                format!("a group cannot be called `{}`: a file or module of its root has that name", group.name),
            )
            .hint("choose another name"),
        );
    }
    let base = base(fleet, group);
    if group.cloud() == Cloud::Gcp && base.len() < 6 {
        found.push(
            Diagnostic::new(
                Rule::ResourceName,
                at,
                format!("the service account `{base}` has {} characters; gcp takes 6 or more", base.len()),
            )
            .hint("lengthen the name of the group, the environment or the fleet"),
        );
    }
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

/// No two groups of a cloud have resources of one name.
///
/// What follows a group's name in the names of its resources never is the end of what follows another's, so that only equal
/// names of groups give equal names of resources.
pub(super) fn unique(draft: &Draft<'_>, found: &mut Found) {
    let Some(fleet) = draft.file.fleet.get().and_then(|about| about.name.get()) else { return };
    // Only looked up, never walked over: the order of messages is that of the groups.
    let mut seen: HashMap<_, &Group> = HashMap::with_capacity(draft.groups.len());
    for group in draft.groups.values() {
        let name = base(fleet, group);
        if let Some(other) = seen.insert((group.cloud(), name.clone()), group) {
            found.push(
                Diagnostic::new(
                    Rule::ResourceName,
                    group.origins.name,
                    format!("the resources of `{}` and of `{}` would both be called `{name}`", other.name, group.name),
                )
                .related(other.origins.name, "the other one")
                .hint("rename one of the two"),
            );
        }
    }
}
