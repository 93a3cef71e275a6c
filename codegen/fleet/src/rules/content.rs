//! What layers contain: services and kernel settings fit the layers below, and what is checked is there.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_problem::{Code, Problem, Span};

use super::{Problems, service};
use crate::catalog::hardening;
use crate::choice::{Docker, Transport};
use crate::draft::Draft;
use crate::field::{Entries, Field, entries};
use crate::model::Layer;
use crate::scalar::{AbsolutePath, Port, Text};

/// A layer does not change what a layer below it has: the checks of that layer run on its machines as well.
pub(super) fn changes(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        for below in draft.lineage(layer).skip(1) {
            let mut report = |what: &str, name: &str, at: Span| {
                let message = format!(
                    "`{}`, which this layer is built on, has {what} `{name}`, and checks it here, too",
                    below.name
                );
                let hint =
                    format!("remove it here, or from `{}` and add it to each layer that is built on that", below.name);
                problems.push(Problem::new(Code::Layer, at, message).hint(hint));
            };
            for (name, at) in keys(written.files.as_ref()) {
                if differs(&layer.files, &below.files, name) {
                    report("another file", name.as_ref(), at);
                }
            }
            for (name, at) in keys(written.binaries.as_ref()) {
                if differs(&layer.binaries, &below.binaries, name) {
                    report("another program", name.as_ref(), at);
                }
            }
            for (name, at) in keys(written.users.as_ref()) {
                if differs(&layer.users, &below.users, name) {
                    report("another user", name.as_ref(), at);
                }
            }
            for (name, at) in keys(written.services.as_ref()) {
                let enabled = |layer: &Layer| layer.services.get(name).map(|service| service.enabled);
                if enabled(layer).zip(enabled(below)).is_some_and(|(own, theirs)| own != theirs) {
                    report("another `enabled` for the service", name.as_ref(), at);
                }
            }
        }
    }
}

/// The keys of a mapping that is written, each with its place.
fn keys<K, V>(mapping: Option<&Field<Entries<K, V>>>) -> impl Iterator<Item = (&K, Span)> {
    entries(mapping).iter().filter_map(|(name, _)| Some((name.get()?, name.span)))
}

/// Whether two mappings have different values for a key.
fn differs<K: Ord, V: PartialEq>(own: &BTreeMap<K, V>, theirs: &BTreeMap<K, V>, key: &K) -> bool {
    own.get(key).zip(theirs.get(key)).is_some_and(|(own, theirs)| own != theirs)
}

/// Where systemd finds units that are not a package's.
const UNITS: &[&str] =
    &["/etc/systemd/system", "/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/lib/systemd/system"];

/// Services that are checked come with a package of the lineage, or with a file of it.
pub(super) fn services(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let packages: BTreeSet<&str> = draft
            .lineage(layer)
            .flat_map(|layer| layer.packages.iter().map(AsRef::as_ref).chain(implied_packages(layer)))
            .collect();
        for (name, service) in written.services.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            if let Some(own) = name.get().and_then(|name| name.as_str().strip_suffix(".service")) {
                problems.push(
                    Problem::new(Code::InvalidValue, name.span, "the name of a service is written without `.service`")
                        .hint(format!("write `{own}`")),
                );
                continue;
            }
            for (key, at) in service.get().map(service::without_effect).unwrap_or_default() {
                problems.push(
                    Problem::new(Code::Service, at, format!("`{key}` has no effect: fleetgen does not write the unit of this service"))
                        .hint("give the service a `command`, or change the unit with a file in /etc/systemd/system/NAME.service.d"),
                );
            }
            let resolved = name.get().and_then(|name| layer.services.get(name));
            let Some(package) = resolved.and_then(|service| service.package.as_ref()) else { continue };
            let is_unit = |path: &AbsolutePath| {
                let unit = name.get().map(|name| format!("{name}.service"));
                unit.is_some_and(|unit| UNITS.iter().any(|directory| path.as_str() == format!("{directory}/{unit}")))
            };
            if packages.contains(package.as_str()) || draft.lineage(layer).any(|layer| layer.files.keys().any(is_unit))
            {
                continue;
            }
            let at = service.get().and_then(|service| service.package.as_ref()).map_or(name.span, |field| field.span);
            problems.push(
                Problem::new(
                    Code::Service,
                    at,
                    format!(
                        "no layer of this lineage installs the package `{package}`, which would bring this service"
                    ),
                )
                .hint("add it to `packages`, name the right `package`, give the service a `command`, or add its unit to `files`"),
            );
        }
    }
}

/// Packages that no image has, as goss/base.yaml demands, and why.
const ABSENT: &[(&str, &str)] = &[
    ("ec2-instance-connect", "it would let AWS's API add keys to sshd"),
    ("unattended-upgrades", "updates come with new images"),
];

/// Packages that every image of a lineage is without are not added.
pub(super) fn packages(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let root = draft.lineage(layer).last().unwrap_or(layer);
        let packages = written.packages.iter().filter_map(Field::get).flatten();
        for field in packages {
            let Some(package) = field.get() else { continue };
            if let Some((_, why)) = ABSENT.iter().find(|(absent, _)| *absent == package.as_str()) {
                let message = format!("no image has `{package}`: {why}");
                problems.push(Problem::new(Code::Layer, field.span, message).hint("remove it"));
            }
            let removes = |section: &&hardening::Section| hardening::removed(section.name).contains(&package.as_str());
            if let Some(section) = hardening::sections(root).find(removes) {
                problems.push(
                    Problem::new(
                        Code::Layer,
                        field.span,
                        format!(
                            "the hardening section `{}` removes `{package}`, and checks that it is gone",
                            section.name
                        ),
                    )
                    .hint(format!("remove it, or add `{}` to `hardening_exceptions` of `{}`", section.name, root.name)),
                );
            }
        }
    }
}

/// No port is checked twice.
pub(super) fn ports(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, _) in draft.layers() {
        let mut known: BTreeMap<_, Span> = BTreeMap::new();
        for field in written.ports.iter().filter_map(Field::get).flatten() {
            let Some(port) = field.get() else { continue };
            let Some(number) = port.port.get() else { continue };
            let protocol = port.protocol.as_ref().and_then(Field::get).copied().unwrap_or(Transport::Tcp);
            let address = port.address.as_ref().and_then(Field::get);
            if let Some(first) = known.insert((*number, protocol, address), field.span) {
                problems.push(
                    Problem::new(Code::Port, field.span, "this port is there twice")
                        .related(first, "the first one")
                        .hint("remove one of them"),
                );
            }
        }
    }
}

/// Packages that a layer has without naming them.
fn implied_packages(layer: &Layer) -> impl Iterator<Item = &str> {
    let docker: &[&str] = match layer.docker {
        Docker::DockerCe => &["docker", "docker-ce", "containerd", "containerd.io"],
        Docker::Distribution => &["docker", "docker.io", "containerd"],
        Docker::None => &[],
    };
    docker.iter().chain(["ssh", "openssh-server", "auditd", "chrony"].iter()).copied()
}

/// HTTP checks use a port that must be listening, and none is there twice.
pub(super) fn checks(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let listening: BTreeSet<_> =
            draft.lineage(layer).flat_map(|layer| &layer.ports).map(|port| port.port).collect();
        let mut known: BTreeMap<(Port, &str), Span> = BTreeMap::new();
        for check in written.http_checks.iter().filter_map(Field::get).flatten().filter_map(Field::get) {
            let path = check.path.as_ref().and_then(Field::get).map_or("/", Text::as_str);
            let at = check.path.as_ref().map_or(check.port.span, |path| path.span);
            if !path.starts_with('/') {
                problems.push(
                    Problem::new(Code::InvalidValue, at, "the path of a check starts with a slash")
                        .hint(format!("write `/{path}`")),
                );
            }
            if let Some(first) = check.port.get().and_then(|port| known.insert((*port, path), at)) {
                problems.push(
                    Problem::new(Code::Port, at, "this check is there twice")
                        .related(first, "the first one")
                        .hint("remove one of them"),
                );
            }
            if check.port.get().is_some_and(|port| !listening.contains(port)) {
                problems.push(
                    Problem::new(Code::Port, check.port.span, "no layer of this lineage says that this port listens")
                        .label("not in `ports`")
                        .hint("add it to `ports`, with the `process` that listens"),
                );
            }
        }
    }
}

/// No two layers of a lineage set a kernel setting to different values, and none undoes the hardening.
pub(super) fn sysctl(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        for (key, value) in written.sysctl.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            let Some((name, text)) = key.get().zip(value.get()) else { continue };
            let other = draft.lineage(layer).skip(1).find_map(|other| Some((other, other.sysctl.get(name)?)));
            if let Some((other, theirs)) = other.filter(|(_, theirs)| *theirs != text) {
                problems.push(
                    Problem::new(
                        Code::Sysctl,
                        value.span,
                        format!("`{}`, which this layer is built on, sets `{name}` to {theirs}", other.name),
                    )
                    .label("another value for the same setting")
                    .hint("set it in one of the two layers only"),
                );
            }
            let root = draft.lineage(layer).last().unwrap_or(layer);
            let section = hardening::sections(root).find(|section| {
                section.sysctl.iter().any(|(known, hard)| *known == name.as_str() && *hard != text.as_str())
            });
            if let Some(section) = section {
                problems.push(
                    Problem::new(
                        Code::Sysctl,
                        value.span,
                        format!("the hardening section `{}` sets `{name}` to another value", section.name),
                    )
                    .hint(format!("remove it, or add `{}` to `hardening_exceptions` of `{}`", section.name, root.name)),
                );
            }
        }
    }
}
