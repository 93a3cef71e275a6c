//! What layers add: it fits what they are built on, and what is checked is there.

use std::collections::BTreeSet;

use super::Found;
use crate::catalog::hardening;
use crate::choice::{Docker, Os};
use crate::diagnostic::{Diagnostic, Rule, suggest};
use crate::field::Field;
use crate::file;
use crate::model::Layer;
use crate::resolve::{Draft, taker::list};
use crate::scalar::{AbsolutePath, Text};
use crate::source::Span;

type Written<'a> = (Span, &'a file::Layer, &'a Layer);

fn written<'a>(draft: &'a Draft<'_>) -> impl Iterator<Item = Written<'a>> {
    let layers = draft.file.layers.get().into_iter().flat_map(|layers| &layers.0);
    layers.filter_map(|(name, field)| Some((name.span, field.get()?, draft.layers.get(name.get()?)?)))
}

/// A layer and those that it is built on.
fn line<'a>(draft: &'a Draft<'_>, layer: &'a Layer) -> impl Iterator<Item = &'a Layer> {
    std::iter::once(layer).chain(layer.ancestors.iter().filter_map(|name| draft.layers.get(name)))
}

fn parent<'a>(draft: &'a Draft<'_>, layer: &Layer) -> Option<&'a Layer> {
    layer.ancestors.first().and_then(|name| draft.layers.get(name))
}

/// Docker and the driver come once in a line, containers only where there is Docker, and the driver from Ubuntu.
pub(super) fn additions(draft: &Draft<'_>, found: &mut Found) {
    for (_, written, layer) in written(draft) {
        let parent = parent(draft, layer);
        if let Some(docker) = &written.docker
            && let Some(parent) = parent.filter(|parent| parent.docker != Docker::None && parent.docker != layer.docker)
        {
            found.push(
                Diagnostic::new(
                    Rule::Layer,
                    docker.span,
                    format!("`{}` has Docker already, from `{}`", parent.name, parent.docker),
                )
                .hint("take it out, or build on a layer without Docker"),
            );
        }
        if let Some(containers) = written.containers.as_ref()
            && layer.docker == Docker::None
        {
            found.push(
                Diagnostic::new(Rule::Layer, containers.span, "containers are pulled by Docker, which is not there")
                    .hint("add `docker: docker-ce` or `docker: distribution` to this layer or one that it is built on"),
            );
        }
        if let Some(nvidia) = &written.nvidia {
            if parent.is_some_and(|parent| parent.nvidia.is_some()) {
                found.push(
                    Diagnostic::new(
                        Rule::Layer,
                        nvidia.span,
                        "a layer that this one is built on has the driver already",
                    )
                    .hint("change the branch there: kernel and driver are one unit"),
                );
            }
            if layer.os == Os::Debian12 {
                found.push(
                    Diagnostic::new(Rule::Layer, nvidia.span, "the driver comes from Ubuntu's signed packages")
                        .label("this line is built on debian-12")
                        .hint("build it on ubuntu-24.04 or ubuntu-22.04"),
                );
            }
        }
        exceptions(written, layer, found);
    }
}

fn exceptions(written: &file::Layer, layer: &Layer, found: &mut Found) {
    let Some(exceptions) = &written.hardening_exceptions else { return };
    if !layer.ancestors.is_empty() {
        found.push(
            Diagnostic::new(
                Rule::Layer,
                exceptions.span,
                "the hardening is done, and its exceptions stated, by the root",
            )
            .label("this layer has a parent")
            .hint("move it to the root of the line"),
        );
    }
    for (name, _) in exceptions.get().into_iter().flat_map(|entries| &entries.0) {
        let Some(section) = name.get() else { continue };
        if !hardening::SECTIONS.iter().any(|known| known.name == section.as_str()) {
            found.push(
                Diagnostic::new(
                    Rule::UnknownReference,
                    name.span,
                    format!("there is no section `{section}` of the hardening"),
                )
                .hint(
                    suggest(section.as_str(), hardening::SECTIONS.iter().map(|section| section.name))
                        .unwrap_or_else(|| "docs/layers.md lists the sections".to_owned()),
                ),
            );
        }
    }
}

/// Services that are checked are there, and ports that are asked are listened on.
pub(super) fn checks(draft: &Draft<'_>, found: &mut Found) {
    for (_, written, layer) in written(draft) {
        let packages: BTreeSet<&str> = line(draft, layer)
            .flat_map(|layer| layer.packages.iter().map(AsRef::as_ref).chain(brought_along(layer)))
            .collect();
        for (name, service) in written.services.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            let resolved = name.get().and_then(|name| layer.services.get(name));
            let Some(package) = resolved.and_then(|service| service.package.as_ref()) else { continue };
            if !packages.contains(package.as_str()) {
                let at =
                    service.get().and_then(|service| service.package.as_ref()).map_or(name.span, |field| field.span);
                found.push(
                    Diagnostic::new(
                        Rule::Service,
                        at,
                        format!("no layer of this line installs the package `{package}`, which is to bring this service"),
                    )
                    .hint("add it to `packages`, name the `package` that brings the unit, or give the service a `command`"),
                );
            }
        }
        for service in written.services.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            let command = service.1.get().and_then(|service| service.command.as_ref());
            if let Some(command) = command
                && list(Some(command))
                    .first()
                    .is_none_or(|first: &Text| first.as_str().parse::<AbsolutePath>().is_err())
            {
                found.push(
                    Diagnostic::new(
                        Rule::InvalidValue,
                        command.span,
                        "a command begins with the absolute path of a program",
                    )
                    .hint("such as `[/usr/local/bin/web, --listen=:8080]`"),
                );
            }
        }
        let listening: BTreeSet<_> = line(draft, layer).flat_map(|layer| &layer.ports).map(|port| port.port).collect();
        for check in written.http_checks.iter().filter_map(Field::get).flatten().filter_map(Field::get) {
            if check.port.get().is_some_and(|port| !listening.contains(port)) {
                found.push(
                    Diagnostic::new(
                        Rule::Port,
                        check.port.span,
                        "this port is checked, but nothing says that it listens",
                    )
                    .label("not in `ports`")
                    .hint("add it to `ports`, with the `process` that listens"),
                );
            }
        }
    }
}

/// Packages that a layer has without naming them.
fn brought_along(layer: &Layer) -> impl Iterator<Item = &str> {
    let docker: &[&str] = match layer.docker {
        Docker::DockerCe => &["docker", "docker-ce", "containerd", "containerd.io"],
        Docker::Distribution => &["docker", "docker.io", "containerd"],
        Docker::None => &[],
    };
    docker.iter().chain(["ssh", "openssh-server", "auditd", "chrony"].iter()).copied()
}

/// No two layers of a line set a kernel setting in two ways, and none undoes the hardening.
pub(super) fn sysctl(draft: &Draft<'_>, found: &mut Found) {
    for (_, written, layer) in written(draft) {
        for (key, value) in written.sysctl.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            let Some((name, text)) = key.get().zip(value.get()) else { continue };
            let other = line(draft, layer).skip(1).find_map(|other| Some((other, other.sysctl.get(name)?)));
            if let Some((other, theirs)) = other.filter(|(_, theirs)| *theirs != text) {
                found.push(
                    Diagnostic::new(
                        Rule::Sysctl,
                        value.span,
                        format!("`{}`, which this layer is built on, sets `{name}` to {theirs}", other.name),
                    )
                    .label("another value for the same setting")
                    .hint("state it in one of the two layers"),
                );
            }
            let root = line(draft, layer).last().unwrap_or(layer);
            let section = hardening::sections(root).find(|section| {
                section.sysctl.iter().any(|(known, hard)| *known == name.as_str() && *hard != text.as_str())
            });
            if let Some(section) = section {
                found.push(
                    Diagnostic::new(
                        Rule::Sysctl,
                        value.span,
                        format!("the section `{}` of the hardening sets `{name}` otherwise", section.name),
                    )
                    .hint(format!(
                        "take it out, or add `{}` to `hardening_exceptions` of `{}`",
                        section.name, root.name
                    )),
                );
            }
        }
    }
}

/// What the scan lets pass has not expired, and the day of the updates is over.
pub(super) fn expiry(draft: &Draft<'_>, found: &mut Found) {
    let Some(today) = draft.today else { return };
    for (_, written, layer) in written(draft) {
        if let Some(field) = &written.updates_until
            && layer.mirror.is_none()
            && field.get().is_some_and(|day| day >= today)
        {
            found.push(
                Diagnostic::new(
                    Rule::InvalidValue,
                    field.span,
                    "this day is not over, so its packages are not known yet",
                )
                .label(format!("today is {today}"))
                .hint("name an earlier day"),
            );
        }
        let scan = written.scan.as_ref().and_then(Field::get);
        let ignored = scan.and_then(|scan| scan.ignore.as_ref()).and_then(Field::get).into_iter().flatten();
        for entry in ignored.filter_map(Field::get) {
            let (Some(id), Some(until)) = (entry.id.get(), entry.until.get()) else { continue };
            if until < today {
                found.push(
                    Diagnostic::new(Rule::Scan, entry.until.span, format!("{id} was to be let pass until {until}"))
                        .label("this day is over")
                        .hint("see whether it is mended now, and take the entry out; or look at the reason again, and set a later day"),
                );
            }
        }
    }
}

/// The names of images fit both clouds: 63 characters, with the fleet's name, the architecture and twelve digits of the key.
pub(super) fn names(draft: &Draft<'_>, found: &mut Found) {
    const ROOM: usize = 63 - "--amd64-".len() - 12;
    let fleet = draft.file.fleet.get().and_then(|about| about.name.get()).map_or(0, |name| name.as_str().len());
    for (at, _, layer) in written(draft) {
        let length = fleet + layer.name.as_str().len();
        if length > ROOM {
            found.push(
                Diagnostic::new(
                    Rule::ResourceName,
                    at,
                    "the names of this layer's images are longer than 63 characters",
                )
                .label(format!("{} too many", length - ROOM))
                .hint("shorten the name of the layer or of the fleet"),
            );
        }
    }
}
