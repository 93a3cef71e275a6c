//! Sizes of groups and disks.

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};

/// min ≤ desired ≤ max, and the group can have a machine.
pub(super) fn order(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let size = group.size;
    if size.max == 0 {
        problems.push(
            Problem::new(Code::Size, group.origins.span("size.max"), "the group can have no machines: `max` is 0")
                .label("must be at least 1")
                .hint("add `max`; `min: 0` alone means a maximum of 0"),
        );
    }
    for (low_name, low, high_name, high) in
        [("min", size.min, "desired", size.desired), ("desired", size.desired, "max", size.max)]
    {
        if low <= high {
            continue;
        }
        let [low_at, high_at] = [low_name, high_name].map(|name| group.origins.span(&format!("size.{name}")));
        let mut problem = Problem::new(
            Code::Size,
            high_at,
            format!("`{high_name}` is {high}, which is less than `{low_name}`, {low}"),
        )
        .label(format!("must be at least {low}"))
        .hint("the order is min ≤ desired ≤ max");
        if low_at != high_at {
            problem = problem.related(low_at, low_name);
        }
        problems.push(problem);
    }
}

/// The boot disk holds the image, and its figures fit: gp3 allows 500 operations per second for each GiB, and one MiB per
/// second for each four operations.
pub(super) fn disk(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let disk = group.disk;
    if group.cloud() == Cloud::Aws && disk.iops > 500 * disk.size.0 {
        problems.push(
            Problem::new(
                Code::Size,
                group.origins.span("disk.iops"),
                format!("a gp3 disk of {}GiB does not support {} operations per second", disk.size.0, disk.iops),
            )
            .label(format!("must be at most {}", 500 * disk.size.0)),
        );
    }
    if group.cloud() == Cloud::Aws && disk.throughput * 4 > disk.iops {
        problems.push(
            Problem::new(
                Code::Size,
                group.origins.span("disk.throughput"),
                format!("{} operations per second do not support {} MiB per second", disk.iops, disk.throughput),
            )
            .label(format!("must be at most {}", disk.iops / 4))
            .hint(format!("raise `disk.iops` to {}, or lower `disk.throughput`", disk.throughput * 4)),
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
