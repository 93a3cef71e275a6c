//! Sizes of groups and disks.

use super::Found;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Group;
use crate::resolve::Draft;

/// min ≤ desired ≤ max.
pub(super) fn order(_: &Draft<'_>, group: &Group, found: &mut Found) {
    let size = group.size;
    for (low_path, low, high_path, high) in
        [("size.min", size.min, "size.desired", size.desired), ("size.desired", size.desired, "size.max", size.max)]
    {
        if low > high {
            let (low_name, high_name) = (low_path.trim_start_matches("size."), high_path.trim_start_matches("size."));
            let mut diagnostic = Diagnostic::new(
                Rule::Size,
                group.origins.span(high_path),
                format!("{high_name} is {high}, less than {low_name}, which is {low}"),
            )
            .label(format!("must be at least {low}"))
            .hint("the order is min ≤ desired ≤ max");
            if group.origins.span(low_path) != group.origins.span(high_path) {
                diagnostic = diagnostic.related(group.origins.span(low_path), low_name);
            }
            found.push(diagnostic);
        }
    }
}

/// The boot disk holds the image, and its figures go together: gp3 takes 500 operations a second for each GiB, and a MiB a
/// second for each four operations.
pub(super) fn disk(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let disk = group.disk;
    if group.cloud() == Cloud::Aws && disk.iops > 500 * disk.size.0 {
        found.push(
            Diagnostic::new(
                Rule::Size,
                group.origins.span("disk.iops"),
                format!("{} operations a second are more than a disk of {}GiB takes", disk.iops, disk.size.0),
            )
            .label(format!("at most {}", 500 * disk.size.0)),
        );
    }
    if group.cloud() == Cloud::Aws && disk.throughput * 4 > disk.iops {
        found.push(
            Diagnostic::new(
                Rule::Size,
                group.origins.span("disk.throughput"),
                format!("{} MiB a second are more than {} operations a second carry", disk.throughput, disk.iops),
            )
            .label(format!("at most {}", disk.iops / 4))
            .hint(format!("raise `disk.iops` to {}, or lower `disk.throughput`", disk.throughput * 4)),
        );
    }
    let Some(layer) = draft.layers.get(&group.layer) else { return };
    if group.disk.size < layer.disk {
        found.push(
            Diagnostic::new(
                Rule::Size,
                group.origins.span("disk.size"),
                format!(
                    "a disk of {}GiB does not hold the image of `{}`, which has {}GiB",
                    group.disk.size.0, layer.name, layer.disk.0
                ),
            )
            .label(format!("must be at least {}GiB", layer.disk.0)),
        );
    }
}
