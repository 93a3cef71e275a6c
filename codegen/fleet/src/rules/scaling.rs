//! Scaling: targets and schedules.

use super::Found;
use crate::choice::{BackendProtocol, Cloud};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Group;
use crate::resolve::Draft;

/// There is something to scale, the load balancer counts requests, and schedules stay within the size.
pub(super) fn scaling(_: &Draft<'_>, group: &Group, found: &mut Found) {
    let scaling = &group.scaling;
    let target = ["scaling.cpu", "scaling.requests_per_machine"]
        .into_iter()
        .zip([scaling.cpu.is_some(), scaling.requests_per_machine.is_some()])
        .find(|(_, stated)| *stated);
    if let Some((path, _)) = target
        && group.size.min == group.size.max
    {
        found.push(
            Diagnostic::new(
                Rule::Scaling,
                group.origins.span(path),
                format!("the group always has {} machines: there is nothing to scale", group.size.max),
            )
            .related(group.origins.span("size"), "its size")
            .hint("raise `size.max`, or take the target out"),
        );
    }
    if scaling.requests_per_machine.is_some()
        && group.load_balancer.as_ref().is_none_or(|backend| backend.protocol == BackendProtocol::Tcp)
    {
        found.push(
            Diagnostic::new(
                Rule::Scaling,
                group.origins.span("scaling.requests_per_machine"),
                "requests are counted by an Application Load Balancer, and the group stands behind none",
            )
            .hint("add `load_balancer` with `protocol: http`, or scale by `cpu`"),
        );
    }
    let at = group.origins.span("scaling.schedules");
    for (name, schedule) in &scaling.schedules {
        if schedule.machines < group.size.min || schedule.machines > group.size.max {
            found.push(
                Diagnostic::new(
                    Rule::Scaling,
                    at,
                    format!(
                        "the schedule `{name}` asks for {} machines, outside of {} to {}",
                        schedule.machines, group.size.min, group.size.max
                    ),
                )
                .related(group.origins.span("size"), "its size"),
            );
        }
        match (group.cloud(), &schedule.duration) {
            (Cloud::Aws, Some(_)) => found.push(
                Diagnostic::new(
                    Rule::Cloud,
                    at,
                    format!("the schedule `{name}` has a `duration`; AWS keeps a size until the next schedule"),
                )
                .hint("take `duration` out, and add a second schedule for the end"),
            ),
            (Cloud::Gcp, None) => found.push(
                Diagnostic::new(Rule::MissingKey, at, format!("the schedule `{name}` needs a `duration` on GCP"))
                    .hint("add how long the machines are needed, such as `duration: 4h`"),
            ),
            (Cloud::Gcp, Some(duration)) if !(300..=604_800).contains(&duration.seconds) => {
                found.push(Diagnostic::new(
                    Rule::InvalidValue,
                    at,
                    format!("the schedule `{name}` lasts {duration}; GCP takes 5m to 7d"),
                ));
            }
            (Cloud::Aws, None) | (Cloud::Gcp, Some(_)) => {}
        }
    }
}
