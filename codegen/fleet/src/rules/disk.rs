//! Disks: their figures fit their type, and they are mounted where nothing else is.

use fleetgen_problem::{Code, Problem};

use super::{Problems, identity};
use crate::choice::{Cloud, DiskType};
use crate::draft::{Draft, GroupDraft};
use crate::group::{Disk, Mount};

/// What a type of disk allows.
///
/// Sources: AWS, "General Purpose SSD volumes" and "Provisioned IOPS SSD volumes"; Google, "Hyperdisk Balanced".
struct Figures {
    /// Operations per second, and how many there may be for each GiB.
    iops: Option<(u32, u32, u32)>,
    /// MiB per second. Each needs four operations.
    throughput: Option<(u32, u32)>,
    /// The smallest size, in GiB.
    smallest: u32,
}

fn figures(kind: DiskType) -> Figures {
    match kind {
        DiskType::Gp3 => Figures { iops: Some((3_000, 80_000, 500)), throughput: Some((125, 2_000)), smallest: 1 },
        DiskType::Io2 => Figures { iops: Some((100, 256_000, 1_000)), throughput: None, smallest: 4 },
        DiskType::PdBalanced | DiskType::PdSsd => Figures { iops: None, throughput: None, smallest: 10 },
        DiskType::HyperdiskBalanced => {
            Figures { iops: Some((3_000, 160_000, 500)), throughput: Some((140, 2_400)), smallest: 4 }
        }
    }
}

/// Families of GCP without balanced Hyperdisks, and without disks inside the host.
///
/// Sources: "Hyperdisk machine type support" and "Local SSD disks" in Google's documentation.
const WITHOUT_HYPERDISK: &[&str] = &["a2", "c2", "c2d", "e2", "f1", "g1", "g2", "n1", "n2", "n2d", "t2a", "t2d"];
const WITHOUT_LOCAL_DISKS: &[&str] = &["c4", "c4a", "c4d", "e2", "f1", "g1", "h3", "n4", "t2a", "t2d"];

/// The most data disks of a machine: AWS names them /dev/sdf to /dev/sdp.
const DATA_DISKS: usize = 11;

/// The boot disk holds the image, and every disk's figures fit its type.
pub(super) fn disks(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    figures_fit(group, "disk", group.disk, problems);
    for (name, disk) in &group.disks {
        if name.as_str().starts_with("local-") {
            let at = group.origins.span(&format!("disks.{name}"));
            let message = format!("the disk `{name}` would be taken for one inside the host");
            problems.push(
                Problem::new(Code::InvalidValue, at, message).hint("choose a name that does not begin with `local-`"),
            );
        }
        figures_fit(group, &format!("disks.{name}"), disk.disk, problems);
    }
    if group.disks.len() > DATA_DISKS {
        problems.push(
            Problem::new(
                Code::Size,
                group.origins.span("disks"),
                format!("{} data disks are more than a machine can have", group.disks.len()),
            )
            .label(format!("must be at most {DATA_DISKS}")),
        );
    }
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    if group.disk.size < layer.disk {
        problems.push(
            Problem::new(
                Code::Size,
                group.origins.span("disk.size"),
                format!(
                    "a disk of {}GiB is too small for the image of `{}`, which has {}GiB",
                    group.disk.size.0, layer.name, layer.disk.0
                ),
            )
            .label(format!("must be at least {}GiB", layer.disk.0)),
        );
    }
}

fn figures_fit(group: &GroupDraft, path: &str, disk: Disk, problems: &mut Problems) {
    let at = |key: &str| group.origins.span(&format!("{path}.{key}"));
    let kind = disk.kind;
    if kind.cloud() != group.cloud() {
        let (here, there) = (group.cloud().title(), kind.cloud().title());
        problems.push(
            Problem::new(Code::Cloud, at("type"), format!("{there} has disks of the type {kind}, and {here} has not"))
                .hint(match group.cloud() {
                    Cloud::Aws => "choose gp3 or io2",
                    Cloud::Gcp => "choose pd-balanced, pd-ssd or hyperdisk-balanced",
                }),
        );
        return;
    }
    if group.machine.hyperdisk && kind != DiskType::HyperdiskBalanced {
        let machine = &group.machine.machine_type;
        problems.push(
            Problem::new(Code::Size, at("type"), format!("{machine} has Hyperdisks only, and this is {kind}"))
                .hint("remove `type`, or choose hyperdisk-balanced"),
        );
    }
    let family = group.machine.machine_type.as_str().split('-').next().unwrap_or_default();
    if kind == DiskType::HyperdiskBalanced && WITHOUT_HYPERDISK.contains(&family) {
        let machine = &group.machine.machine_type;
        problems.push(
            Problem::new(Code::Size, at("type"), format!("{machine} supports no disk of the type {kind}"))
                .hint("choose pd-balanced or pd-ssd, or a newer machine type"),
        );
    }
    let Figures { iops, throughput, smallest } = figures(kind);
    if disk.size.0 < smallest {
        problems.push(
            Problem::new(
                Code::Size,
                at("size"),
                format!("{}GiB is too small for a disk of the type {kind}", disk.size.0),
            )
            .label(format!("must be at least {smallest}GiB")),
        );
    }
    match (disk.iops, iops) {
        (Some(wanted), Some((fewest, most, per_gib))) => {
            let most_here = most.min(per_gib.saturating_mul(disk.size.0)).max(fewest);
            if wanted < fewest || wanted > most_here {
                let message = format!("{kind} with {}GiB does not support {wanted} operations per second", disk.size.0);
                problems.push(
                    Problem::new(Code::Size, at("iops"), message)
                        .label(format!("must be from {fewest} to {most_here}")),
                );
            }
        }
        (Some(_), None) => problems.push(unsupported(at("iops"), kind, "iops")),
        (None, _) => {}
    }
    match (disk.throughput, throughput) {
        (Some(wanted), Some((least, most))) => {
            // Without a number, Google's grows with the size.
            let operations = disk.iops.unwrap_or(u32::MAX);
            if wanted < least || wanted > most {
                let message = format!("{kind} does not support {wanted} MiB per second");
                problems.push(
                    Problem::new(Code::Size, at("throughput"), message)
                        .label(format!("must be from {least} to {most}")),
                );
            } else if wanted * 4 > operations {
                problems.push(
                    Problem::new(
                        Code::Size,
                        at("throughput"),
                        format!("{operations} operations per second do not support {wanted} MiB per second"),
                    )
                    .label(format!("must be at most {}", operations / 4))
                    .hint(format!("raise `{path}.iops` to {}, or lower `{path}.throughput`", wanted * 4)),
                );
            }
        }
        (Some(_), None) => problems.push(unsupported(at("throughput"), kind, "throughput")),
        (None, _) => {}
    }
}

fn unsupported(at: fleetgen_problem::Span, kind: DiskType, key: &str) -> Problem {
    let instead = match kind.cloud() {
        Cloud::Aws => "choose the type gp3",
        Cloud::Gcp => "choose the type hyperdisk-balanced",
    };
    Problem::new(Code::Size, at, format!("disks of the type {kind} have no `{key}` to set"))
        .hint(format!("remove it, or {instead}; `null` removes what a profile sets"))
}

/// Where a disk would hide the system.
#[rustfmt::skip]
const SYSTEM: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var",
    "/var/cache", "/var/lib", "/var/lib/amazon", "/var/lib/apt", "/var/lib/cloud", "/var/lib/dpkg", "/var/lib/systemd", "/var/log",
    "/var/log/audit", "/var/log/journal", "/var/tmp",
];
/// Directories in which nothing may be mounted.
const CLOSED: &[&str] = &[
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/snap", "/sys",
    "/tmp", "/usr", "/var/run",
];

/// Disks are mounted apart, where they hide nothing of the system or of the image, and their owners exist.
pub(super) fn mounts(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let data = group.disks.iter().map(|(name, disk)| (format!("disks.{name}"), &disk.mount));
    let store = group.instance_store.iter().map(|store| ("instance_store".to_owned(), &store.mount));
    let mounts: Vec<(String, &Mount)> = data.chain(store).collect();
    let layer = draft.layers.get(&group.layer);
    for (index, (path, mount)) in mounts.iter().enumerate() {
        let at = group.origins.span(&format!("{path}.mount"));
        let place: &str = mount.mount.as_ref();
        let mut report = |message: String, hint: &str| {
            problems.push(Problem::new(Code::Size, at, message).hint(hint.to_owned()));
        };
        if SYSTEM.contains(&place) || CLOSED.iter().any(|closed| is_in(place, closed)) {
            report(
                format!("a disk at {place} would hide what the system has there"),
                "choose a directory such as /srv/data or /var/lib/NAME",
            );
        }
        if let Some((other, _)) = mounts[..index].iter().find(|(_, other)| nested(place, other.mount.as_ref())) {
            report(format!("{place} and the place of `{other}` are one inside the other"), "mount them apart");
        }
        let lineage = layer.into_iter().flat_map(|layer| draft.lineage(layer));
        let hidden = lineage.flat_map(|layer| {
            let files = layer.files.keys().map(ToString::to_string);
            let docker = ["/var/lib/docker/image", "/var/lib/containerd/io.containerd.content.v1.content"];
            files.chain(docker.into_iter().filter(|_| !layer.containers.is_empty()).map(str::to_owned))
        });
        let config = group.config.files.keys().map(ToString::to_string);
        if let Some(hidden) = hidden.chain(config).find(|path| is_in(path, place)) {
            report(format!("a disk at {place} would hide {hidden}"), "choose another directory");
        }
        if let Some(layer) = layer.filter(|layer| !identity::is_user(draft, layer, mount.owner.as_str())) {
            let at = group.origins.span(&format!("{path}.owner"));
            problems.push(
                Problem::new(
                    Code::UnknownReference,
                    at,
                    format!("the layer `{}` has no user `{}`", layer.name, mount.owner),
                )
                .hint(format!("add it to `users` of `{}`, or of a layer that it is built on", layer.name)),
            );
        }
    }
}

fn is_in(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

fn nested(one: &str, two: &str) -> bool {
    one == two || is_in(one, two) || is_in(two, one)
}

/// A machine type has the disks inside the host that the group uses.
pub(super) fn instance_store(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(store) = &group.instance_store else { return };
    let machine = &group.machine.machine_type;
    let mut report = |key: &str, message: String, hint: &str| {
        problems.push(
            Problem::new(Code::Machine, group.origins.span(&format!("instance_store{key}")), message)
                .hint(hint.to_owned()),
        );
    };
    match group.cloud() {
        Cloud::Aws => {
            if store.disks.is_some() {
                report(
                    ".disks",
                    "on AWS the machine type decides how many disks are inside the host".to_owned(),
                    "remove `disks`",
                );
            }
            let others = match &group.target {
                crate::group::Target::Aws(aws) => aws.machines.as_slice(),
                crate::group::Target::Gcp(_) => &[],
            };
            for machine in
                std::iter::once(machine).chain(others).filter(|machine| !has_local_disks_on_aws(machine.as_str()))
            {
                report(
                    "",
                    format!("{machine} has no disks inside the host"),
                    "choose a type with them, such as m7gd.large, whose family has a `d`; or remove `instance_store`",
                );
            }
        }
        Cloud::Gcp => {
            let name = machine.as_str();
            let family = name.split('-').next().unwrap_or_default();
            if WITHOUT_LOCAL_DISKS.contains(&family) && !name.ends_with("-lssd") {
                report(
                    "",
                    format!("{machine} can have no disks inside the host"),
                    "choose another machine type, such as one that ends with -lssd, or remove `instance_store`",
                );
                return;
            }
            let own = name.ends_with("-lssd") || ["a2-ultragpu", "a3-", "z3-"].iter().any(|own| name.starts_with(own));
            if own && store.disks.is_some() {
                report(".disks", format!("{machine} has its own disks inside the host"), "remove `disks`");
            } else if !own && store.disks.is_none() {
                report(
                    "",
                    format!("{machine} comes without disks inside the host"),
                    "add `disks`, how many to attach; or choose a type that has them, such as c4a-standard-8-lssd",
                );
            }
        }
    }
}

/// Families of AWS with disks inside the host: those with a `d` after the generation, and those for storage and GPUs that always have
/// them.
///
/// Source: "Instance store volume limits" in the user guide of EC2.
fn has_local_disks_on_aws(machine: &str) -> bool {
    const ALWAYS: &[&str] = &[
        "d2", "d3", "d3en", "f1", "f2", "g4dn", "g5", "g6", "g6e", "gr6", "h1", "i2", "i3", "i3en", "i4g", "i4i",
        "i7i", "i7ie", "i8g", "i8ge", "im4gn", "is4gen", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300",
        "dl1", "trn1", "trn1n", "trn2", "trn2u", "x1", "x1e", "x2idn", "x2iedn",
    ];
    let family = machine.split('.').next().unwrap_or_default();
    let after_generation = family.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '-');
    let attributes = after_generation.trim_start_matches(|c: char| c.is_ascii_digit());
    ALWAYS.contains(&family) || attributes.contains('d')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_d_after_the_generation_says_that_there_are_disks() {
        for machine in ["m7gd.large", "c6id.xlarge", "r6idn.large", "g5.xlarge", "i4i.large", "x2iedn.xlarge"] {
            assert!(has_local_disks_on_aws(machine), "{machine}");
        }
        for machine in ["m7g.large", "c7gn.large", "t3.micro", "inf2.xlarge", "m8a.large"] {
            assert!(!has_local_disks_on_aws(machine), "{machine}");
        }
    }
}
