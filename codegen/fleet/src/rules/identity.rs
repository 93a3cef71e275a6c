//! Users of layers, and the services that run as them.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::draft::Draft;
use crate::field::{Field, entries};
use crate::model::Layer;

/// Users and groups that base-passwd, systemd and Docker create, on Debian 12 and Ubuntu alike.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "_apt", "adm", "audio", "backup", "bin", "cdrom", "daemon", "dialout", "dip", "disk", "docker", "fax", "floppy",
    "games", "input", "irc", "kmem", "kvm", "list", "lp", "mail", "man", "messagebus", "news", "nobody", "nogroup",
    "operator", "plugdev", "proxy", "render", "root", "sasl", "sgx", "shadow", "src", "sshd", "staff", "sudo",
    "sugroup", "sync", "sys", "syslog", "tape", "tty", "users", "utmp", "uucp", "video", "voice", "www-data",
];

/// Those of them that are groups only.
#[rustfmt::skip]
const GROUPS: &[&str] = &[
    "adm", "audio", "cdrom", "dialout", "dip", "disk", "docker", "fax", "floppy", "input", "kmem", "kvm", "nogroup", "operator",
    "plugdev", "render", "sasl", "sgx", "shadow", "src", "staff", "sudo", "sugroup", "tape", "tty", "users", "utmp", "video", "voice",
];

/// Users and groups that packages create under another name than theirs, and how the names of these packages begin.
const OF_PACKAGES: &[(&str, &str)] = &[
    ("crontab", "cron"),
    ("cwagent", "amazon-cloudwatch-agent"),
    ("debian-tor", "tor"),
    ("keepalived_script", "keepalived"),
    ("mysql", "mariadb-server"),
    ("netdev", "ifupdown"),
    ("postgres", "pgbouncer"),
    ("ssl-cert", "postgresql"),
    ("uuidd", "uuid-runtime"),
];

/// Whether a user or group exists on the machines of a layer: the system's, the lineage's, or a package's, which mostly begins as the
/// package's name does.
pub(super) fn exists(draft: &Draft<'_>, layer: &Layer, name: &str) -> bool {
    let own = name.trim_start_matches('_');
    let brings = |package: &str| {
        let known = OF_PACKAGES.iter().any(|(user, prefix)| *user == name && package.starts_with(prefix));
        known || own.len() > 2 && package.starts_with(own)
    };
    let has = |layer: &Layer| {
        let users = layer.users.keys().any(|user| user.as_str() == name);
        users || layer.packages.iter().any(|package| brings(package.as_str()))
    };
    TAKEN.contains(&name) || name.starts_with("systemd-") || draft.lineage(layer).any(has)
}

/// Whether a name is that of a user on the machines of a layer.
pub(super) fn is_user(draft: &Draft<'_>, layer: &Layer, name: &str) -> bool {
    !GROUPS.contains(&name) && exists(draft, layer, name)
}

/// `ubuntu`, `admin` or `debian`, the first user of a distribution.
const VENDORS_UID: u32 = 1_000;

/// Users have names and ids of their own, in every lineage.
pub(super) fn users(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let mut ids = BTreeMap::new();
        // Those of the layers below have been checked, but their ids are taken.
        let below: BTreeMap<_, _> = draft
            .lineage(layer)
            .skip(1)
            .flat_map(|below| below.users.iter().map(move |(name, user)| (user.uid, (name, &below.name))))
            .collect();
        for (name, user) in &layer.users {
            let written = written.users.as_ref().and_then(Field::get);
            let key = written.and_then(|users| users.0.iter().find(|(key, _)| key.get() == Some(name)));
            let Some(at) = key.map(|(key, _)| key.span) else { continue };
            if TAKEN.contains(&name.as_str()) || name.as_str().starts_with("systemd-") {
                problems.push(
                    Problem::new(Code::InvalidValue, at, format!("the system already has a user or group `{name}`"))
                        .hint("choose another name"),
                );
            }
            if let Some((other, below)) = below.get(&user.uid).filter(|(other, _)| *other != name) {
                let message = format!("`{other}` of the layer `{below}` has the uid {}, too", user.uid);
                problems.push(Problem::new(Code::DuplicateKey, at, message).hint("choose another uid"));
            }
            if user.uid == VENDORS_UID {
                let message = format!("the vendor's images have a user with the uid {VENDORS_UID}");
                problems.push(Problem::new(Code::InvalidValue, at, message).hint("choose another uid, such as 2000"));
            }
            ids.entry(user.uid).or_insert_with(Vec::new).push((name, at));
        }
        for (uid, users) in ids {
            if let [(first, at), (second, other), ..] = users.as_slice() {
                problems.push(
                    Problem::new(Code::DuplicateKey, *at, format!("`{first}` and `{second}` both have the uid {uid}"))
                        .related(*other, "the other one"),
                );
            }
        }
    }
}

/// Files belong to users and groups that exist: the system's, the lineage's, or those of a package, which begin as its name does.
pub(super) fn files(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let files = entries(written.files.as_ref()).iter().filter_map(|(_, file)| file.get());
        for field in files.flat_map(|file| [&file.owner, &file.group]).flatten() {
            let Some(name) = field.get() else { continue };
            if !exists(draft, layer, name.as_str()) {
                problems.push(
                    Problem::new(
                        Code::UnknownReference,
                        field.span,
                        format!("nothing creates a user or group `{name}`"),
                    )
                    .hint(format!("add `{name}` to `users`, or the package that creates it to `packages`")),
                );
            }
        }
    }
}

/// Services run as users that exist, and one that fleetgen writes has all that its unit needs.
pub(super) fn services(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let services = written.services.iter().filter_map(Field::get).flat_map(|entries| &entries.0);
        for service in services.filter_map(|(_, service)| service.get()) {
            if let Some((field, user)) = service.user.as_ref().and_then(|field| Some((field, field.get()?)))
                && !is_user(draft, layer, user.as_str())
            {
                problems.push(
                    Problem::new(Code::UnknownReference, field.span, format!("there is no user `{user}`"))
                        .hint(format!("add `{user}` to `users` of this layer or of one that it is built on")),
                );
            }
            if let Some(command) = &service.command
                && (service.user.is_none() || service.description.is_none())
            {
                problems.push(
                    Problem::new(
                        Code::MissingKey,
                        command.span,
                        "a service with a `command` needs a `user` and a `description`",
                    )
                    .hint("add them: fleetgen writes the unit from all three"),
                );
            }
        }
    }
}
