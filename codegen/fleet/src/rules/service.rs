//! Services whose units fleetgen writes: their commands, their timers, and what they need.

use std::collections::BTreeSet;

use fleetgen_problem::{Code, Problem, Span};

use super::Problems;
use crate::choice::{Docker, Restart, ServiceType};
use crate::draft::Draft;
use crate::field::{Field, list};
use crate::file;
use crate::scalar::{AbsolutePath, Cron, ServiceName, Text};

/// Keys that only a unit of fleetgen's follows, of a service whose unit comes with a package.
pub(super) fn without_effect(service: &file::Service) -> Vec<(&'static str, Span)> {
    fn at<T>(field: Option<&Field<T>>) -> Option<Span> {
        field.map(|field| field.span)
    }
    if service.command.is_some() {
        return Vec::new();
    }
    let keys = [
        ("description", at(service.description.as_ref())),
        ("user", at(service.user.as_ref())),
        ("environment", at(service.environment.as_ref())),
        ("type", at(service.kind.as_ref())),
        ("timer", at(service.timer.as_ref())),
        ("before_start", at(service.before_start.as_ref())),
        ("start_timeout", at(service.start_timeout.as_ref())),
        ("stop_timeout", at(service.stop_timeout.as_ref())),
        ("restart", at(service.restart.as_ref())),
        ("limits", at(service.limits.as_ref())),
        ("writable", at(service.writable.as_ref())),
        ("sandbox_exceptions", at(service.sandbox_exceptions.as_ref())),
    ];
    keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect()
}

/// The services of layers, as they are written.
fn written(layer: &file::Layer) -> impl Iterator<Item = (&Field<ServiceName>, &file::Service)> {
    let services = layer.services.iter().filter_map(Field::get).flat_map(|entries| &entries.0);
    services.filter_map(|(name, service)| Some((name, service.get()?)))
}

/// Commands start with the path of a program.
pub(super) fn commands(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, layer, _) in draft.layers() {
        for (_, service) in written(layer) {
            let before = service.before_start.iter().filter_map(Field::get).flatten();
            for command in service.command.iter().chain(before) {
                let is_path = |first: &Text| first.as_str().parse::<AbsolutePath>().is_ok();
                if !list(Some(command)).first().is_some_and(is_path) {
                    problems.push(
                        Problem::new(
                            Code::InvalidValue,
                            command.span,
                            "a command starts with the absolute path of a program",
                        )
                        .hint("write it as a list, such as `[/usr/local/bin/web, --listen=:8080]`"),
                    );
                }
            }
        }
    }
}

/// fleetgen's own services, which every image has: packer/scripts/base/boot.sh.
const OWN: &[&str] = &["fleet-disks", "fleet-secrets"];

/// No layer replaces a service of fleetgen's.
pub(super) fn names(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, layer, _) in draft.layers() {
        for (name, _) in written(layer) {
            if name.get().is_some_and(|name| OWN.contains(&name.as_str())) {
                let message = format!("`{}` is a service of fleetgen's own", name.get().map_or("", AsRef::as_ref));
                problems.push(Problem::new(Code::Service, name.span, message).hint("choose another name"));
            }
        }
    }
}

/// Services that need each other in a circle cannot start.
pub(super) fn cycles(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, layer, resolved) in draft.layers() {
        let services = || draft.lineage(resolved).flat_map(|layer| &layer.services);
        let before = |name: &ServiceName| {
            let found = services().find(|(other, _)| *other == name);
            found.into_iter().flat_map(|(_, service)| service.requires.iter().chain(&service.after))
        };
        for (name, _) in written(layer) {
            let Some(own) = name.get() else { continue };
            let mut reached: BTreeSet<&ServiceName> = BTreeSet::new();
            let mut open: Vec<&ServiceName> = before(own).filter(|other| *other != own).collect();
            while let Some(next) = open.pop() {
                if reached.insert(next) {
                    open.extend(before(next));
                }
            }
            if reached.contains(own) {
                let message = format!("`{own}` waits for services that wait for it");
                problems
                    .push(Problem::new(Code::Service, name.span, message).hint("remove one of `requires` and `after`"));
            }
        }
    }
}

/// A service that ends is not started again for ever, and one with a timer ends.
pub(super) fn types(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, layer, resolved) in draft.layers() {
        for (name, service) in written(layer) {
            let Some(known) = name.get().and_then(|name| resolved.services.get(name)) else { continue };
            let calendar = service.timer.as_ref().and_then(Field::get).map(|timer| &timer.calendar);
            if let Some((field, calendar)) = calendar.and_then(|field| Some((field, field.get()?)))
                && Cron::try_from(calendar.to_string()).is_ok()
            {
                let message = format!("`{calendar}` is a schedule of cron, and timers have calendars of systemd");
                problems.push(
                    Problem::new(Code::InvalidValue, field.span, message)
                        .hint("write it as systemd.time(7) does, such as `*-*-* 03:00:00` for 03:00 every day"),
                );
            }
            if let (Some(timer), Some(kind), ServiceType::Service) = (&service.timer, &service.kind, known.kind) {
                problems.push(
                    Problem::new(Code::Service, kind.span, "a service with a timer does its work and ends")
                        .related(timer.span, "its timer")
                        .hint("remove `type`, or the timer"),
                );
            }
            if let (Some(restart), Some(_), ServiceType::Oneshot, Restart::Always) =
                (&service.restart, &service.command, known.kind, known.restart)
            {
                problems.push(
                    Problem::new(
                        Code::Service,
                        restart.span,
                        "systemd does not start a service of type oneshot again when it has ended",
                    )
                    .hint("remove `restart`, or choose on-failure"),
                );
            }
        }
    }
}

/// Services of every image, besides those of layers; and those of one with Docker.
const KNOWN: &[&str] = &["fleet-disks", "fleet-secrets", "ssh", "systemd-resolved", "systemd-journald", "dbus"];
const OF_DOCKER: &[&str] = &["docker", "containerd"];

/// What a service requires exists. What it only starts after may come with any package.
pub(super) fn requirements(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, layer, resolved) in draft.layers() {
        let docker: &[&str] = if resolved.docker == Docker::None { &[] } else { OF_DOCKER };
        let known: BTreeSet<&str> = draft
            .lineage(resolved)
            .flat_map(|layer| layer.services.keys().map(AsRef::as_ref))
            .chain(KNOWN.iter().copied())
            .chain(docker.iter().copied())
            .collect();
        for (name, service) in written(layer) {
            let named = |field: &'static str, list: &Option<Field<Vec<Field<ServiceName>>>>| {
                let names = list.iter().filter_map(Field::get).flatten();
                names.filter_map(|other| Some((field, other.get()?.clone(), other.span))).collect::<Vec<_>>()
            };
            for (field, other, span) in [named("requires", &service.requires), named("after", &service.after)].concat()
            {
                if name.get() == Some(&other) {
                    problems.push(
                        Problem::new(Code::Service, span, format!("`{other}` cannot wait for itself"))
                            .hint("remove it"),
                    );
                } else if let Some(own) = other.as_str().strip_suffix(".service") {
                    problems.push(
                        Problem::new(Code::InvalidValue, span, "the name of a service is written without `.service`")
                            .hint(format!("write `{own}`")),
                    );
                } else if field == "requires" && !known.contains(other.as_str()) {
                    problems.push(
                        Problem::new(
                            Code::UnknownReference,
                            span,
                            format!("no layer of this lineage has a service `{other}`"),
                        )
                        .hint(format!("add `{other}` to `services` of this layer or of one that it is built on")),
                    );
                }
            }
        }
    }
}
