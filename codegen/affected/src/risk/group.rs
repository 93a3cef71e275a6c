//! Risks in a group.

use std::collections::BTreeSet;

use fleetgen_fleet::choice::{Cloud, Scheme};
use fleetgen_fleet::{Group, OpenPort, Scope, Target, resource_name};

use super::{Finder, RiskKind, added};
use crate::Side;
use crate::group::heir;

pub(super) fn find(finder: &mut Finder<'_>, before: &Side, after: &Side, was: &Group) {
    let machines = if was.size.max == 1 { "1 machine".to_owned() } else { format!("up to {} machines", was.size.max) };
    let Some(is) = heir(&after.fleet, was) else {
        let has_its_name = |is: &&Group| {
            Scope::of(is) == Scope::of(was)
                && resource_name::group(&after.fleet.name, is) == resource_name::group(&before.fleet.name, was)
        };
        let twin = after.fleet.groups.values().find(has_its_name);
        let twin = twin.map(|twin| format!("; to keep them, add `renamed_from: {}` to {}", was.name, twin.name));
        let what = format!("the group is removed, with {machines}{}", twin.unwrap_or_default());
        return finder.add(RiskKind::Destroyed, &format!("group {}", was.name), what, "groups", None);
    };
    let (about, path) = (format!("group {}", is.name), format!("groups.{}", is.name));
    let resources = |side: &Side, group: &Group| resource_name::group(&side.fleet.name, group);
    let (old, new) = (resources(before, was), resources(after, is));
    if old != new && Scope::of(was) == Scope::of(is) {
        let what = format!(
            "its resources are named {old}, and would be {new}: Terraform refuses to replace the group, with {machines}"
        );
        finder.add(RiskKind::Replaced, &about, what, &path, None);
    }
    if Scope::of(was) != Scope::of(is) {
        let what = format!(
            "it moves from {} to {}: its machines are destroyed there, and others created here",
            Scope::of(was),
            Scope::of(is)
        );
        finder.add(RiskKind::Destroyed, &about, what, &path, None);
    }
    let zones = |side: &Side, group: &Group| {
        let network = side.fleet.networks.get(&group.network);
        network.map(|network| network.zones.iter().map(ToString::to_string).collect::<BTreeSet<_>>())
    };
    if was.cloud() == Cloud::Gcp && is.network == was.network && zones(before, was) != zones(after, is) {
        let what =
            format!("its network has other zones, and Terraform refuses to replace a regional group: {machines}");
        finder.add(RiskKind::Replaced, &about, what, &format!("networks.{}.zones", is.network), None);
    }
    let (old, new) = (was.machine.architecture, is.machine.architecture);
    if was.cloud() == Cloud::Aws && old != new && Scope::of(was) == Scope::of(is) {
        let what = format!(
            "machine: {old} → {new}; no machine of the group starts until a rollout, since its image is for {old}"
        );
        finder.add(RiskKind::Capacity, &about, what, &format!("{path}.machine"), None);
    }
    backend(finder, &about, &path, was, is);
    for (what, old, new) in [("min", was.size.min, is.size.min), ("max", was.size.max, is.size.max)] {
        if new < old {
            let text = format!("size.{what}: {old} → {new}");
            finder.add(RiskKind::Capacity, &about, text, &format!("{path}.size.{what}"), None);
        }
    }
    opened(finder, &was.ports, is);
    protections(finder, &about, &path, was, is);
    target(finder, &about, &path, was, is);
    let public = |side: &Side, group: &Group| {
        let network = side.fleet.networks.get(&group.network);
        let balancer = group.load_balancer.as_ref().zip(network).and_then(|(own, it)| it.load_balancers.get(&own.name));
        balancer.is_some_and(|balancer| balancer.scheme == Scheme::Public)
    };
    if public(after, is) && !public(before, was) {
        let what = "a public load balancer sends it traffic from the internet";
        finder.add(RiskKind::Exposure, &about, what, &format!("{path}.load_balancer"), None);
    }
}

/// Ports that are open to more than before.
pub(super) fn opened(finder: &mut Finder<'_>, before: &[OpenPort], group: &Group) {
    let open = |ports: &[OpenPort]| -> BTreeSet<(u16, String, String)> {
        let one = |port: &OpenPort| {
            let (number, protocol) = (port.port.get(), port.protocol.to_string());
            port.from.iter().map(|from| (number, protocol.clone(), from.to_string())).collect::<Vec<_>>()
        };
        ports.iter().flat_map(one).collect()
    };
    let about = format!("group {}", group.name);
    let path = format!("groups.{}.ports", group.name);
    for (port, protocol, from) in open(&group.ports).difference(&open(before)) {
        let what = format!("{protocol} port {port} opens to {from}");
        finder.add(RiskKind::Exposure, &about, what, &path, Some(&port.to_string()));
    }
}

/// What Terraform cannot change in place.
fn backend(finder: &mut Finder<'_>, about: &str, path: &str, was: &Group, is: &Group) {
    let (Some(old), Some(new)) = (&was.load_balancer, &is.load_balancer) else {
        if was.load_balancer.is_some() {
            let what = "it no longer receives traffic from its load balancer";
            finder.add(RiskKind::Destroyed, about, what, path, None);
        }
        return;
    };
    if was.cloud() == Cloud::Aws && (old.port != new.port || old.protocol != new.protocol) {
        let what = format!(
            "its target group: {} {} → {} {}; it has no targets until machines register",
            old.protocol,
            old.port.get(),
            new.protocol,
            new.port.get()
        );
        finder.add(RiskKind::Replaced, about, what, &format!("{path}.load_balancer.port"), None);
    }
}

fn protections(finder: &mut Finder<'_>, about: &str, path: &str, was: &Group, is: &Group) {
    let rollout = format!("{path}.rollout");
    let mut add = |what: String, path: &str| finder.add(RiskKind::Protection, about, what, path, None);
    if was.health.is_some() && is.health.is_none() {
        add("it has no health check any more".to_owned(), path);
    }
    if was.rollout.roll_back && !is.rollout.roll_back {
        add("a failed rollout no longer returns to the image before".to_owned(), &format!("{rollout}.roll_back"));
    }
    if was.rollout.canary.is_some() && is.rollout.canary.is_none() {
        add("it is updated without a canary".to_owned(), &rollout);
    }
    for name in was.rollout.gates.keys().filter(|name| !is.rollout.gates.contains_key(*name)) {
        add(format!("the gate `{name}` is removed"), &rollout);
    }
}

fn target(finder: &mut Finder<'_>, about: &str, path: &str, was: &Group, is: &Group) {
    match (&was.target, &is.target) {
        (Target::Aws(old), Target::Aws(new)) => {
            let at = |key: &str| format!("{path}.aws.{key}");
            for policy in added(&old.policies, &new.policies) {
                let what = format!("its machines get the policy {policy}");
                finder.add(RiskKind::Exposure, about, what, &at("policies"), Some(policy.as_str()));
            }
            if new.metadata_hops > old.metadata_hops {
                let what = "containers can reach the metadata service, and with it the machine's role";
                finder.add(RiskKind::Exposure, about, what, &at("metadata_hops"), None);
            }
            if old.spot.is_none() && new.spot.is_some() {
                finder.add(
                    RiskKind::Capacity,
                    about,
                    "machines become Spot: AWS may take them back",
                    &at("spot"),
                    None,
                );
            }
        }
        (Target::Gcp(old), Target::Gcp(new)) => {
            let at = |key: &str| format!("{path}.gcp.{key}");
            for role in added(&old.roles, &new.roles) {
                let what = format!("its machines get the role {role}");
                finder.add(RiskKind::Exposure, about, what, &at("roles"), Some(role.as_str()));
            }
            if old.secure_boot && !new.secure_boot {
                let what = "unsigned software may boot";
                finder.add(RiskKind::Protection, about, what, &at("secure_boot"), None);
            }
            if !old.spot && new.spot {
                let what = "machines become Spot: Google may stop them";
                finder.add(RiskKind::Capacity, about, what, &at("spot"), None);
            }
        }
        // Another cloud is another network, which is reported.
        (Target::Aws(_), Target::Gcp(_)) | (Target::Gcp(_), Target::Aws(_)) => {}
    }
}
