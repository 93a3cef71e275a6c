//! Files that layers install: each path is one thing, in a place that an image keeps.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, Span};

use super::Problems;
use crate::draft::Draft;
use crate::field::entries;
use crate::file;
use crate::model::Service;

/// Where a file does not survive until a machine starts from the image.
const VOLATILE: &[&str] = &["/dev", "/proc", "/run", "/sys", "/tmp", "/var/run", "/var/tmp"];
/// Files that the system keeps: what a layer wrote there would be lost, or would break the machine. Each with what to use instead.
const SYSTEM: &[(&str, &str)] = &[
    ("/etc/fstab", "the image's own disk is there; mount others with a unit"),
    ("/etc/group", "use `users`"),
    ("/etc/gshadow", "use `users`"),
    ("/etc/passwd", "use `users`"),
    ("/etc/shadow", "use `users`; they have no passwords"),
    ("/etc/subgid", "use `users`"),
    ("/etc/subuid", "use `users`"),
    ("/etc/sudoers", "use a file in /etc/sudoers.d"),
    ("/etc/hostname", "the cloud sets it"),
    ("/etc/machine-id", "each machine makes its own"),
    ("/etc/resolv.conf", "the network sets it"),
    ("/etc/sysctl.conf", "use `sysctl`"),
];
/// Directories of packages. What a layer puts there is not the package's.
const PACKAGES: &[&str] = &["/bin", "/sbin", "/usr/bin", "/usr/sbin"];
/// Directories that every system has.
#[rustfmt::skip]
const DIRECTORIES: &[&str] = &[
    "/bin", "/boot", "/etc", "/etc/default", "/etc/ssl", "/etc/systemd", "/etc/systemd/system", "/home", "/lib", "/media", "/mnt",
    "/opt", "/root", "/sbin", "/srv", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/etc",
    "/usr/local/lib", "/usr/sbin", "/usr/share", "/var", "/var/cache", "/var/lib", "/var/log",
];
/// The longest name and the longest path on Linux, in bytes.
const NAME_MAX: usize = 255;
const PATH_MAX: usize = 4_095;

/// No two files, programs and units of a layer are at one path, and none is where another one needs a directory.
pub(super) fn paths(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, _) in draft.layers() {
        let mut known: BTreeMap<String, (Span, &str)> = BTreeMap::new();
        for (path, span, what) in installed(written) {
            if let Some((first, other)) = known.get(&path) {
                problems.push(
                    Problem::new(Code::Layer, span, format!("this {what} and a {other} are both at {path}"))
                        .related(*first, "the other one")
                        .hint("rename or remove one of them"),
                );
                continue;
            }
            known.insert(path, (span, what));
        }
        for (path, (span, what)) in &known {
            let mut above = path.as_str();
            while let Some((directory, _)) = above.rsplit_once('/') {
                if let Some((first, other)) = known.get(directory) {
                    let message = format!("this {what} needs a directory at {directory}, where a {other} is");
                    problems.push(
                        Problem::new(Code::Layer, *span, message)
                            .related(*first, "the other one")
                            .hint("move one of them elsewhere"),
                    );
                }
                above = directory;
            }
        }
    }
}

/// Files are where images keep them, and their names are not too long.
pub(super) fn places(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, _) in draft.layers() {
        for (path, _) in entries(written.files.as_ref()) {
            let Some((message, hint)) = path.get().and_then(|path| misplaced(path.as_ref())) else { continue };
            problems.push(Problem::new(Code::Layer, path.span, message).hint(hint));
        }
    }
}

/// Why a file cannot be at a path, and what to do instead.
pub(super) fn misplaced(path: &str) -> Option<(String, &'static str)> {
    let is_in = |directory: &&&str| path.strip_prefix(**directory).is_some_and(|rest| rest.starts_with('/'));
    if path.len() > PATH_MAX || path.split('/').any(|name| name.len() > NAME_MAX) {
        let message = format!("Linux allows {NAME_MAX} bytes for a name, and {PATH_MAX} for a path");
        return Some((message, "use a shorter name"));
    }
    if let Some(directory) = VOLATILE.iter().find(is_in) {
        let message = format!("what is in {directory} is gone when a machine starts from the image");
        return Some((message, "put it elsewhere, such as in /etc or /opt"));
    }
    if let Some((_, instead)) = SYSTEM.iter().find(|(system, _)| *system == path) {
        return Some((format!("{path} belongs to the system"), instead));
    }
    if DIRECTORIES.contains(&path) || VOLATILE.contains(&path) {
        return Some((format!("{path} is a directory"), "write the path of a file"));
    }
    if is_in(&&"/etc/fleet") {
        return Some((format!("{path} is fleetgen's own"), "put it elsewhere, such as in /etc/NAME"));
    }
    let directory = PACKAGES.iter().find(is_in)?;
    let instead = "use `packages` or `binaries`; a script may be in /usr/local/bin, with `mode: \"0755\"`";
    Some((format!("what is in {directory} comes with packages"), instead))
}

/// What a layer installs: the path, where it is written, and what it is.
fn installed(written: &file::Layer) -> Vec<(String, Span, &'static str)> {
    let name = |directory: &str, name: &str, extension: &str| format!("{directory}/{name}{extension}");
    let binaries = entries(written.binaries.as_ref())
        .iter()
        .filter_map(|(key, _)| Some((name("/usr/local/bin", key.get()?.as_ref(), ""), key.span, "program")));
    let units = entries(written.services.as_ref())
        .iter()
        .filter(|(_, service)| service.get().is_some_and(|service| service.command.is_some()))
        .filter_map(|(key, _)| Some((name("/etc/systemd/system", key.get()?.as_ref(), ".service"), key.span, "unit")));
    let more = entries(written.services.as_ref()).iter().filter_map(|(key, service)| {
        let (name, service) = (key.get()?, service.get()?);
        let waits = service.after.is_some() || service.requires.is_some();
        let path = match &service.command {
            Some(_) => service.timer.as_ref().map(|_| format!("/etc/systemd/system/{name}.timer")),
            None => waits.then(|| format!("/etc/systemd/system/{name}.service.d/{}", Service::DROP_IN)),
        };
        Some((path?, key.span, "unit"))
    });
    let files = entries(written.files.as_ref())
        .iter()
        .filter_map(|(key, _)| Some((AsRef::<str>::as_ref(key.get()?).to_owned(), key.span, "file")));
    binaries.chain(units).chain(more).chain(files).collect()
}
