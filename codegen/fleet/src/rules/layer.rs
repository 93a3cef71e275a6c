//! Layers: what they add fits together.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use crate::catalog;
use crate::choice::{Architecture, Cloud};
use crate::diagnostic::{Diagnostic, Rule};
use crate::field::{Entries, Field};
use crate::file;
use crate::resolve::Draft;

/// Builders are known; binaries have an address, digest and signature for each architecture; users have numbers of their
/// own; services and files name users that exist.
pub(super) fn layers(draft: &Draft<'_>, found: &mut Found) {
    for (name, layer) in draft.file.layers.get().into_iter().flat_map(Entries::iter) {
        for (cloud, builder) in [(Cloud::Aws, &layer.aws_builder), (Cloud::Gcp, &layer.gcp_builder)] {
            let Some((field, machine)) = builder.as_ref().and_then(|field| Some((field, field.get()?))) else {
                continue;
            };
            if let Err(unknown) = catalog::find(cloud, machine.as_str()) {
                found.push(
                    Diagnostic::new(
                        Rule::Machine,
                        field.span,
                        format!("{cloud} has no machine type `{machine}` that fleetgen knows"),
                    )
                    .maybe_hint(unknown.hint),
                );
            }
        }
        let Some(resolved) = draft.layers.get(name) else { continue };
        for (binary_name, binary) in layer.binaries.iter().filter_map(Field::get).flat_map(|entries| &entries.0) {
            if let (Some(binary_name), Some(binary)) = (binary_name.get(), binary.get()) {
                complete(binary_name.as_str(), binary, &resolved.architectures, found);
            }
        }
        identities(draft, layer, resolved, found);
    }
}

fn complete(name: &str, binary: &file::Binary, architectures: &[Architecture], found: &mut Found) {
    for architecture in architectures {
        check(name, "url", &binary.url, *architecture, found);
        check(name, "sha256", &binary.sha256, *architecture, found);
        check(name, "signature", &binary.signature, *architecture, found);
    }
}

fn check<T>(
    name: &str,
    key: &str,
    field: &Field<file::ByArchitecture<T>>,
    architecture: Architecture,
    found: &mut Found,
) {
    let Some(value) = field.get() else { return };
    let stated = match architecture {
        Architecture::Amd64 => value.amd64.is_some(),
        Architecture::Arm64 => value.arm64.is_some(),
    };
    if !stated {
        found.push(
            Diagnostic::new(
                Rule::MissingKey,
                field.span,
                format!("the binary `{name}` has no `{key}` for {architecture}, which its layer is built for"),
            )
            .label(format!("`{architecture}` is needed here")),
        );
    }
}

/// Users that every Debian and Ubuntu has.
const SYSTEM_USERS: &[&str] = &["root", "nobody", "www-data", "daemon", "adm", "docker"];

/// Users and groups that base-passwd, systemd and Docker bring with them, on Debian 12 and Ubuntu alike.
const TAKEN: &[&str] = &[
    "_apt",
    "adm",
    "audio",
    "backup",
    "bin",
    "cdrom",
    "daemon",
    "dialout",
    "dip",
    "disk",
    "docker",
    "fax",
    "floppy",
    "games",
    "input",
    "irc",
    "kmem",
    "kvm",
    "list",
    "lp",
    "mail",
    "man",
    "messagebus",
    "news",
    "nobody",
    "nogroup",
    "operator",
    "plugdev",
    "proxy",
    "render",
    "root",
    "sasl",
    "sgx",
    "shadow",
    "src",
    "sshd",
    "staff",
    "sudo",
    "sugroup",
    "sync",
    "sys",
    "syslog",
    "tape",
    "tty",
    "users",
    "utmp",
    "uucp",
    "video",
    "voice",
    "www-data",
];

fn identities(draft: &Draft<'_>, layer: &file::Layer, resolved: &crate::model::Layer, found: &mut Found) {
    let line: Vec<_> =
        std::iter::once(resolved).chain(resolved.ancestors.iter().filter_map(|name| draft.layers.get(name))).collect();
    let mut numbers = BTreeMap::new();
    for (name, user) in line.iter().flat_map(|layer| &layer.users) {
        let stated = layer.users.as_ref().and_then(Field::get);
        let at =
            stated.and_then(|users| users.0.iter().find(|(key, _)| key.get() == Some(name))).map(|(key, _)| key.span);
        let Some(at) = at else { continue };
        if TAKEN.contains(&name.as_str()) || name.as_str().starts_with("systemd-") {
            found.push(
                Diagnostic::new(Rule::InvalidValue, at, format!("the system has a user or group `{name}` of its own"))
                    .hint("choose another name"),
            );
        }
        if !(1_000..=59_999).contains(&user.uid) {
            found.push(Diagnostic::new(
                Rule::InvalidValue,
                at,
                format!("the uid {} is outside of 1000 to 59999", user.uid),
            ));
        }
        numbers.entry(user.uid).or_insert_with(Vec::new).push((name, at));
    }
    for (uid, users) in numbers {
        if let [(first, at), (second, other), ..] = users.as_slice() {
            found.push(
                Diagnostic::new(Rule::DuplicateKey, *at, format!("`{first}` and `{second}` both have the uid {uid}"))
                    .related(*other, "the other one"),
            );
        }
    }
    let known: BTreeSet<&str> = line
        .iter()
        .flat_map(|layer| layer.users.keys().map(AsRef::as_ref))
        .chain(SYSTEM_USERS.iter().copied())
        .collect();
    for service in layer
        .services
        .iter()
        .filter_map(Field::get)
        .flat_map(|entries| &entries.0)
        .filter_map(|(_, service)| service.get())
    {
        if let Some((field, user)) = service.user.as_ref().and_then(|field| Some((field, field.get()?)))
            && !known.contains(user.as_str())
        {
            found.push(
                Diagnostic::new(Rule::UnknownReference, field.span, format!("there is no user `{user}`"))
                    .hint(format!("add `{user}` to `users` of this layer or of one that it is built on")),
            );
        }
        if service.command.is_some() && (service.user.is_none() || service.description.is_none()) {
            let at = service.command.as_ref().map(|command| command.span).unwrap_or_default();
            found.push(
                Diagnostic::new(Rule::MissingKey, at, "a service with a `command` needs a `user` and a `description`")
                    .hint("add them: fleetgen writes the unit from all three"),
            );
        }
    }
}
