//! Rollout settings: a rollout can make progress, and has a place for its journal.

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::field::Field;
use crate::scalar::{Amount, Percent};

/// Whether an amount is nothing, whatever the size.
fn is_zero(amount: Amount) -> bool {
    matches!(amount, Amount::Machines(0) | Amount::Share(Percent(0)))
}

/// At any size, a machine may be missing or an additional one may exist.
pub(super) fn progress(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let rollout = &group.rollout;
    if !is_zero(rollout.max_surge) {
        return;
    }
    if is_zero(rollout.max_unavailable) {
        problems.push(
            Problem::new(
                Code::Rollout,
                group.origins.span("rollout.max_surge"),
                "a rollout could never finish: no machine may be missing, and none may be added",
            )
            .label("max_unavailable and max_surge are both 0")
            .hint(
                "set `max_surge: 1` to add a machine before removing one, or `max_unavailable: 1` to remove one first",
            ),
        );
        return;
    }
    // Percentages are rounded down: in a small group nothing is left of them.
    let smallest = group.size.min.max(1);
    if rollout.max_unavailable.of(smallest) == 0 {
        problems.push(
            Problem::new(
                Code::Rollout,
                group.origins.span("rollout.max_unavailable"),
                format!("a rollout could never finish: this share of {smallest} is less than one machine"),
            )
            .label("rounds down to 0 machines")
            .related(group.origins.span("size"), "its size")
            .hint("set `max_surge: 1`, or write `max_unavailable` as a number of machines"),
        );
        return;
    }
    // AWS takes whole percentages, and one machine of a large group is less than one.
    if group.cloud() == Cloud::Aws && rollout.healthy_percentages(group.size).min == 100 {
        problems.push(
            Problem::new(
                Code::Rollout,
                group.origins.span("rollout.max_unavailable"),
                format!("a rollout could never finish: of {} machines, 100% would have to stay", group.size.max),
            )
            .label("less than 1% of the group, or not a whole percentage at every size")
            .related(group.origins.span("size"), "its size")
            .hint("set `max_surge: 1`, or raise `max_unavailable`: AWS takes whole percentages"),
        );
    }
}

/// Amounts are within the clouds' limits.
pub(super) fn limits(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let (unavailable, surge) = (group.rollout.max_unavailable, group.rollout.max_surge);
    match group.cloud() {
        // For numbers of machines, surge gives way. Two percentages that do not fit were written by hand.
        Cloud::Aws => {
            if let (Amount::Share(Percent(missing)), Amount::Share(Percent(added))) = (unavailable, surge)
                && missing + added > 100
            {
                problems.push(
                    Problem::new(
                        Code::Rollout,
                        group.origins.span("rollout.max_surge"),
                        format!("max_unavailable and max_surge are {}% together; AWS allows 100%", missing + added),
                    )
                    .hint("lower one of the two"),
                );
            }
        }
        Cloud::Gcp => {
            let zones = draft.networks.get(&group.network).map_or(0, |network| group.zones_in(network).len());
            for (path, amount) in [("rollout.max_unavailable", unavailable), ("rollout.max_surge", surge)] {
                let at = group.origins.span(path);
                match amount {
                    Amount::Machines(number @ 1..) if (number as usize) < zones => problems.push(
                        Problem::new(
                            Code::Rollout,
                            at,
                            format!("{number} is less than the group's {zones} zones; GCP allows 0, or at least one per zone"),
                        )
                        .hint(format!("set it to 0 or {zones}")),
                    ),
                    Amount::Share(Percent(1..)) if group.size.min < 10 => problems.push(
                        Problem::new(
                            Code::Rollout,
                            at,
                            format!("GCP allows percentages for groups of at least 10 machines; this one may have {}", group.size.min),
                        )
                        .hint(format!("write a number of machines: 0, or at least {zones}")),
                    ),
                    Amount::Machines(_) | Amount::Share(_) => {}
                }
            }
        }
    }
}

/// A journal's bucket says where it is.
pub(super) fn journal(draft: &Draft<'_>, problems: &mut Problems) {
    let policy = draft.file.rollout.as_ref().and_then(Field::get);
    let Some(field) = policy.and_then(|policy| policy.journal.as_ref()) else { return };
    let Some((place, cloud)) = field.get().and_then(|place| Some((place, place.cloud.get()?))) else { return };
    match (cloud, &place.region) {
        (Cloud::Aws, None) => problems.push(
            Problem::new(Code::MissingKey, field.span, "the journal's bucket is on AWS, and has no region")
                .hint("add `region`, the region of the bucket"),
        ),
        (Cloud::Gcp, Some(region)) => problems.push(
            Problem::new(Code::Cloud, region.span, "`region` is for buckets on AWS; this bucket is on GCP")
                .hint("remove it: the name of a bucket of Cloud Storage is enough"),
        ),
        (Cloud::Aws, Some(_)) | (Cloud::Gcp, None) => {}
    }
}

/// An update cannot take machines that must stay.
pub(super) fn floor(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(floor) = group.rollout.min_healthy else { return };
    let sizes = group.size.min.max(1)..=group.size.max;
    let unavailable = group.rollout.max_unavailable;
    if let Some(size) = sizes.into_iter().find(|size| floor.of(*size) > size - unavailable.of(*size)) {
        problems.push(
            Problem::new(
                Code::Rollout,
                group.origins.span("rollout.min_healthy"),
                format!(
                    "of {size} machines, {} must stay healthy, and {} may be missing",
                    floor.of(size),
                    unavailable.of(size)
                ),
            )
            .label("more than `max_unavailable` leaves")
            .related(group.origins.span("rollout.max_unavailable"), "how many may be missing")
            .hint("lower `min_healthy` or `max_unavailable`"),
        );
    }
}
