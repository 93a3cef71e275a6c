//! Sizes of groups.

use fleetgen_problem::{Code, Problem};

use super::Problems;
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
