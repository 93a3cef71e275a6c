//! Scaling: targets and schedules.

use fleetgen_problem::{Code, Problem};

use super::{Problems, endpoint};
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::scalar::ScheduleName;

/// The group can be scaled, and the load balancer counts requests.
pub(super) fn targets(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let scaling = &group.scaling;
    let target = ["scaling.cpu", "scaling.requests_per_machine", "scaling.queue"]
        .into_iter()
        .zip([scaling.cpu.is_some(), scaling.requests_per_machine.is_some(), scaling.queue.is_some()])
        .find(|(_, is_set)| *is_set);
    if let Some((path, _)) = target
        && group.size.min == group.size.max
    {
        problems.push(
            Problem::new(
                Code::Scaling,
                group.origins.span(path),
                format!("there is nothing to scale: the group always has {} machines", group.size.max),
            )
            .related(group.origins.span("size"), "its size")
            .hint("raise `size.max`, or remove the target"),
        );
    }
    let counts = group.load_balancer.as_ref().is_some_and(|backend| backend.protocol.is_application());
    if scaling.requests_per_machine.is_some() && !counts {
        problems.push(
            Problem::new(
                Code::Scaling,
                group.origins.span("scaling.requests_per_machine"),
                "only an Application Load Balancer counts requests, and this group has none",
            )
            .hint("add `load_balancer` with `protocol: http`, or scale by `cpu`"),
        );
    }
}

/// A group that may have no machines can grow again: there is no load of none.
pub(super) fn growth(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let scaling = &group.scaling;
    let by_load = scaling.cpu.is_some() || scaling.requests_per_machine.is_some();
    if group.size.min == 0 && by_load && scaling.queue.is_none() && scaling.schedules.is_empty() {
        problems.push(
            Problem::new(
                Code::Scaling,
                group.origins.span("size.min"),
                "once the group has no machines, it has no load either, and never grows again",
            )
            .label("must be at least 1")
            .hint("raise `min`, or add `queue` or a schedule, which start machines from none"),
        );
    }
}

/// A queue has a name that its cloud allows, and machines reach it.
pub(super) fn queues(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(queue) = &group.scaling.queue else { return };
    let at = group.origins.span("scaling.queue.name");
    let network = draft.networks.get(&group.network).filter(|_| group.cloud() == Cloud::Aws);
    let message =
        format!("machines of `{}` do not reach the queue: `{}` has no endpoint for SQS", group.name, group.network);
    problems.extend(network.and_then(|network| endpoint::missing(network, "sqs", at, message)));
    if group.cloud() == Cloud::Gcp && queue.name.as_str().contains('.') {
        problems.push(
            Problem::new(Code::Cloud, at, format!("`{}` is the name of a queue in Amazon SQS", queue.name))
                .hint("write the id of a subscription in Pub/Sub"),
        );
    }
}

/// On AWS, no two schedules of a group act at the same time: the second is refused.
///
/// Source: the user guide of EC2 Auto Scaling, "A scheduled action must have a unique time value".
pub(super) fn clashes(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    if group.cloud() != Cloud::Aws {
        return;
    }
    let schedules: Vec<_> = group.scaling.schedules.iter().collect();
    for (index, (name, schedule)) in schedules.iter().enumerate() {
        for (other, theirs) in &schedules[..index] {
            let Some(at) = schedule.cron.clash(&schedule.time_zone, &theirs.cron, &theirs.time_zone) else { continue };
            let span = |name: &ScheduleName| group.origins.span(&format!("scaling.schedules.{name}.cron"));
            problems.push(
                Problem::new(
                    Code::Scaling,
                    span(name),
                    format!("the schedules `{other}` and `{name}` act at the same time, such as {at}; AWS refuses the second"),
                )
                .related(span(other), "the other one")
                .hint("move one of them by a minute"),
            );
        }
    }
}

/// Schedules stay within the group's size, and have a duration where the cloud needs one.
pub(super) fn schedules(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    for (name, schedule) in &group.scaling.schedules {
        let at = |key: &str| group.origins.span(&format!("scaling.schedules.{name}{key}"));
        let size = group.size;
        if schedule.machines < size.min || schedule.machines > size.max {
            problems.push(
                Problem::new(
                    Code::Scaling,
                    at(".machines"),
                    format!(
                        "the schedule `{name}` sets {} machines; the group has {} to {}",
                        schedule.machines, size.min, size.max
                    ),
                )
                .related(group.origins.span("size"), "its size"),
            );
        }
        match (group.cloud(), &schedule.duration) {
            (Cloud::Aws, Some(_)) => problems.push(
                Problem::new(
                    Code::Cloud,
                    at(".duration"),
                    format!("the schedule `{name}` has a `duration`; on AWS a size holds until the next schedule"),
                )
                .hint("remove `duration`, and add a second schedule for the end"),
            ),
            (Cloud::Gcp, None) => problems.push(
                Problem::new(Code::MissingKey, at(""), format!("the schedule `{name}` needs a `duration` on GCP"))
                    .hint("add how long the machines are needed, such as `duration: 4h`"),
            ),
            (Cloud::Gcp, Some(duration)) if !(300..=604_800).contains(&duration.seconds) => {
                problems.push(
                    Problem::new(
                        Code::InvalidValue,
                        at(".duration"),
                        format!("the schedule `{name}` lasts {duration}; GCP allows 5m to 7d"),
                    )
                    .label("must be from 5m to 7d"),
                );
            }
            (Cloud::Aws, None) | (Cloud::Gcp, Some(_)) => {}
        }
    }
}
