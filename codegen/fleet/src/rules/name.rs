//! Names of resources: within the limits of the clouds, and unique.

use std::collections::HashMap;

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::resource_name;

/// Files and modules of a root that are not a group's, and a file name that is special to Terraform.
const RESERVED: &[&str] = &["main", "network", "override"];

/// The names of a group's resources are within the limits.
pub(super) fn limits(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(fleet) = draft.fleet_name() else { return };
    let at = group.origins.name;
    if RESERVED.contains(&group.name.as_str()) {
        problems.push(
            Problem::new(
                Code::ResourceName,
                at,
                format!("a group cannot be named `{}`: its root has a file or module of that name", group.name),
            )
            .hint("choose another name"),
        );
    }
    let base = resource_name::group(fleet, group);
    if group.cloud() == Cloud::Gcp && base.len() < 6 {
        problems.push(
            Problem::new(
                Code::ResourceName,
                at,
                format!("the service account `{base}` has {} characters; GCP requires at least 6", base.len()),
            )
            .hint("lengthen the name of the group, the environment or the fleet"),
        );
    }
    // The tightest limit covers the others.
    let tightest = resource_name::of_group(&base, group)
        .into_iter()
        .filter(|name| name.name.len() > name.limit)
        .min_by_key(|name| name.limit);
    if let Some(name) = tightest {
        let excess = name.name.len() - name.limit;
        problems.push(
            Problem::new(
                Code::ResourceName,
                at,
                format!(
                    "the {} `{}` has {} characters; {} allows {}",
                    name.kind,
                    name.name,
                    name.name.len(),
                    group.cloud().title(),
                    name.limit
                ),
            )
            .label(format!("{excess} too many"))
            .hint("shorten the name of the group, the environment or the fleet"),
        );
    }
}

/// No two groups of a cloud have resources with the same name.
///
/// No suffix in the names of resources is the end of another, so only equal names of groups give equal names of resources.
pub(super) fn unique(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(fleet) = draft.fleet_name() else { return };
    // Never iterated, so its order does not matter.
    let mut seen: HashMap<_, &GroupDraft> = HashMap::with_capacity(draft.groups.len());
    for group in draft.groups.values() {
        let name = resource_name::group(fleet, group);
        if let Some(other) = seen.insert((group.cloud(), name.clone()), group) {
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    group.origins.name,
                    format!("the resources of `{}` and `{}` would both be named `{name}`", other.name, group.name),
                )
                .related(other.origins.name, "the other one")
                .hint("rename one of the two"),
            );
        }
    }
}

/// The names of images are within the limits.
pub(super) fn images(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(fleet) = draft.fleet_name() else { return };
    for (name, _, layer) in draft.layers() {
        let longest = layer
            .architectures
            .iter()
            .map(|architecture| resource_name::image(fleet, &layer.name, *architecture, "0123456789abcdef").len());
        let excess = longest.max().unwrap_or(0).saturating_sub(resource_name::LONGEST_IMAGE);
        if excess > 0 {
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    name.span,
                    format!(
                        "the names of this layer's images have more than {} characters",
                        resource_name::LONGEST_IMAGE
                    ),
                )
                .label(format!("{excess} too many"))
                .hint("shorten the name of the layer or of the fleet"),
            );
        }
    }
}
