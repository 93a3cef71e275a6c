//! Names of resources: within the limits of the clouds, and unique.

use std::collections::HashMap;

use fleetgen_problem::{Code, Problem, Span};

use super::Problems;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::field::Field;
use crate::resource_name;
use crate::scalar::{GroupName, NetworkName};

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

/// A name that fleet.yaml gives to a group's resources is one of its environment.
pub(super) fn fixed(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some((fleet, name)) = draft.fleet_name().zip(group.resource_name.as_ref()) else { return };
    let prefix = resource_name::in_environment(fleet, group);
    if name.as_str().strip_prefix(&prefix).is_none_or(str::is_empty) {
        let at = group.origins.span("resource_name");
        problems.push(
            Problem::new(Code::ResourceName, at, format!("the resources of `{}` cannot be named `{name}`", group.name))
                .label(format!("must begin with `{prefix}`, and go on"))
                .hint(format!("roles may only act on what begins with `{prefix}`; a group that moves to another environment is a new one")),
        );
    }
}

/// A group that was renamed keeps the name of its resources, and nothing else has its former name.
pub(super) fn renamed(draft: &Draft<'_>, problems: &mut Problems) {
    // Never iterated, so its order does not matter.
    let mut seen: HashMap<&GroupName, &GroupDraft> = HashMap::new();
    for group in draft.groups.values() {
        let Some((fleet, former)) = draft.fleet_name().zip(group.renamed_from.as_ref()) else { continue };
        let at = group.origins.span("renamed_from");
        if let Some(other) = draft.groups.get(former).or_else(|| seen.get(former).copied()) {
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    at,
                    if other.name == *former {
                        format!("there is still a group `{former}`")
                    } else {
                        format!("`{}` was renamed from `{former}`, too", other.name)
                    },
                )
                .related(other.origins.name, "this one")
                .hint("remove `renamed_from` once the rename is applied, or if this group is new; names are swapped in two steps"),
            );
        }
        if group.resource_name.is_none() {
            let name = format!("{}{former}", resource_name::in_environment(fleet, group));
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    at,
                    format!("the resources of `{}` would not keep their name", group.name),
                )
                .label("Terraform would have to replace the group, and refuses to")
                .hint(format!("add `resource_name: {name}`, if that is the name that they have")),
            );
        }
        seen.insert(former, group);
    }
}

/// The most characters that the id of a service account on GCP has.
const SERVICE_ACCOUNT: usize = 30;

/// The service accounts of proxies and of GitHub's jobs are within Google's limit, and their identity pool has no name of Google's own.
pub(super) fn service_accounts(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(fleet) = draft.fleet_name() else { return };
    let on_gcp = |network: &NetworkName| draft.networks.get(network).is_some_and(|network| network.cloud == Cloud::Gcp);
    let mut check = |name: String, span: Span, what: &str| {
        if let Some(excess) = name.len().checked_sub(SERVICE_ACCOUNT).filter(|excess| *excess > 0) {
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    span,
                    format!("the service account `{name}` has {} characters; GCP allows {SERVICE_ACCOUNT}", name.len()),
                )
                .label(format!("{excess} too many"))
                .hint(format!("shorten the name of the {what} or of the fleet")),
            );
        }
    };
    for (name, _) in draft.file.networks.get().into_iter().flat_map(|networks| &networks.0) {
        if let Some(network) = name.get().filter(|name| on_gcp(name)) {
            check(format!("{}-proxy", resource_name::network(fleet, network)), name.span, "network");
        }
    }
    for environment in draft.file.environments.get().into_iter().flatten().filter_map(Field::get) {
        let Some(name) = environment.name.get() else { continue };
        let is_here = |group: &GroupDraft| group.environment == *name && group.cloud() == Cloud::Gcp;
        if draft.groups.values().any(is_here) {
            check(format!("{fleet}-rollout-{name}"), environment.name.span, "environment");
        }
    }
    let own = draft.file.fleet.get().map(|written| &written.name);
    if let Some(field) =
        own.filter(|_| draft.gcp_account().is_some() && fleet.as_str().split('-').next() == Some("gcp"))
    {
        problems.push(
            Problem::new(
                Code::ResourceName,
                field.span,
                format!("the identity pool `{fleet}-github` has a name that Google keeps for itself"),
            )
            .label("must not begin with `gcp-`")
            .hint("choose another name for the fleet"),
        );
    }
}

/// No two groups of a cloud have resources of one kind with the same name.
///
/// Without backends and egress, no suffix in the names of resources is the end of another, so only equal names of groups give equal
/// names of resources.
pub(super) fn unique(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(fleet) = draft.fleet_name() else { return };
    // Never iterated, so their order does not matter.
    let mut seen: HashMap<_, &GroupDraft> = HashMap::with_capacity(draft.groups.len());
    let mut names: HashMap<_, &GroupDraft> = HashMap::new();
    let has_suffixes = |group: &GroupDraft| !group.backends.is_empty() || !group.egress.is_empty();
    let has_suffixes = draft.groups.values().any(has_suffixes);
    for group in draft.groups.values() {
        let own = resource_name::group(fleet, group);
        let mut clash = seen.insert((group.cloud(), own.clone()), group).map(|other| (other, own.clone()));
        let all = if has_suffixes { resource_name::of_group(&own, group) } else { Vec::new() };
        for name in all.into_iter().filter(|name| name.name != own) {
            let key = (group.cloud(), name.kind, name.name);
            if let Some(other) = names.get(&key).filter(|other| other.name != group.name) {
                clash.get_or_insert((other, key.2));
            } else {
                names.insert(key, group);
            }
        }
        if let Some((other, name)) = clash {
            problems.push(
                Problem::new(
                    Code::ResourceName,
                    group.origins.name,
                    format!("resources of `{}` and `{}` would both be named `{name}`", other.name, group.name),
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
