//! Rollout policies: a rollout can always go on.

use super::Found;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Group;
use crate::resolve::Draft;
use crate::scalar::{Amount, Percent};

/// Whether an amount is nothing, whatever the size.
fn is_zero(amount: Amount) -> bool {
    matches!(amount, Amount::Machines(0) | Amount::Share(Percent(0)))
}

/// Something may be replaced at any time: a machine may be missing, or one more may be there.
pub(super) fn progress(_: &Draft<'_>, group: &Group, found: &mut Found) {
    let rollout = &group.rollout;
    if !is_zero(rollout.max_surge) {
        return;
    }
    let path = if is_zero(rollout.max_unavailable) { "rollout.max_surge" } else { "rollout.max_unavailable" };
    let at = group.origins.span(path);
    if is_zero(rollout.max_unavailable) {
        found.push(
            Diagnostic::new(
                Rule::Rollout,
                at,
                "a rollout could never finish: no machine may be missing, and none may be added",
            )
            .label("max_unavailable and max_surge are both 0")
            .hint("set `max_surge: 1` to add before taking away, or `max_unavailable: 1` to take away first"),
        );
        return;
    }
    // Shares of what may be missing are rounded down: in a small group nothing is left of them.
    let smallest = group.size.min.max(1);
    if rollout.max_unavailable.of(smallest) == 0 {
        found.push(
            Diagnostic::new(
                Rule::Rollout,
                at,
                format!("a rollout could never finish: of {smallest}, this is less than one machine, so that minimum healthy is 100% with no surge"),
            )
            .label("rounds to 0 machines")
            .related(group.origins.span("size"), "its size")
            .hint("set `max_surge: 1`, or give `max_unavailable` as a number of machines"),
        );
    }
}

/// Amounts are such as the clouds take.
pub(super) fn limits(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let amounts =
        [("rollout.max_unavailable", group.rollout.max_unavailable), ("rollout.max_surge", group.rollout.max_surge)];
    match group.cloud() {
        // Maximum minus minimum healthy percentage is at most 100.
        Cloud::Aws => {
            let size = group.size.desired.max(1);
            let percent = |amount: Amount| match amount {
                Amount::Machines(number) => u64::from(number) * 100 / u64::from(size),
                Amount::Share(Percent(share)) => u64::from(share),
            };
            let sum: u64 = amounts.iter().map(|(_, amount)| percent(*amount)).sum();
            if sum > 100 {
                found.push(
                    Diagnostic::new(
                        Rule::Rollout,
                        group.origins.span("rollout.max_surge"),
                        format!(
                            "max_unavailable and max_surge are {sum}% of the group of {size} together; AWS takes 100%"
                        ),
                    )
                    .hint("lower one of the two"),
                );
            }
        }
        Cloud::Gcp => {
            let zones = draft.networks.get(&group.network).map_or(0, |network| network.zones.len());
            for (path, amount) in amounts {
                match amount {
                    Amount::Machines(number @ 1..) if (number as usize) < zones => found.push(
                        Diagnostic::new(
                            Rule::Rollout,
                            group.origins.span(path),
                            format!("{number} is less than the {zones} zones of the group; GCP takes 0, or at least one a zone"),
                        )
                        .hint(format!("set it to 0 or {zones}")),
                    ),
                    Amount::Share(Percent(1..)) if group.size.min < 10 => found.push(
                        Diagnostic::new(
                            Rule::Rollout,
                            group.origins.span(path),
                            format!("GCP takes a percentage in groups of 10 or more; this one may have {}", group.size.min),
                        )
                        .hint(format!("give a number of machines: 0, or at least {zones}")),
                    ),
                    Amount::Machines(_) | Amount::Share(_) => {}
                }
            }
        }
    }
}
