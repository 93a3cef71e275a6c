//! Risks in a group.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{Cloud, Scheme};
use fleetgen_fleet::scalar::{PortRange, SecretName};
use fleetgen_fleet::{Backend, Egress, Group, OpenPort, Scope, Target, resource_name};

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
        network.map(|network| group.zones_in(network).iter().map(ToString::to_string).collect::<BTreeSet<_>>())
    };
    if was.cloud() == Cloud::Gcp && is.network == was.network && zones(before, was) != zones(after, is) {
        let what = format!("it gets other zones, and Terraform refuses to replace a regional group: {machines}");
        let at = if is.zones == was.zones { format!("networks.{}.zones", is.network) } else { format!("{path}.zones") };
        finder.add(RiskKind::Replaced, &about, what, &at, None);
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
    egress(finder, &about, &path, was, is);
    config(finder, &about, &path, was, is);
    let public = |side: &Side, group: &Group| {
        let network = side.fleet.networks.get(&group.network);
        let is_public = |backend: &Backend| {
            let balancer = network.and_then(|network| network.load_balancers.get(&backend.name));
            balancer.is_some_and(|balancer| balancer.scheme == Scheme::Public)
        };
        let public = group.all_backends().filter(|(_, backend)| is_public(backend));
        public.map(|(path, backend)| (path, backend.port)).collect::<BTreeSet<_>>()
    };
    for (backend, _) in public(after, is).difference(&public(before, was)) {
        let what = "a public load balancer sends it traffic from the internet";
        finder.add(RiskKind::Exposure, &about, what, &format!("{path}.{backend}"), None);
    }
}

/// What machines may connect to, in addition to what they could before.
fn egress(finder: &mut Finder<'_>, about: &str, path: &str, was: &Group, is: &Group) {
    let reached = |group: &Group| -> BTreeSet<(String, String)> {
        let one = |egress: &Egress| {
            let port = format!("{} port {}", egress.protocol, egress.port);
            egress.cidrs.iter().map(|cidr| (cidr.to_string(), port.clone())).collect::<Vec<_>>()
        };
        group.egress.iter().flat_map(one).collect()
    };
    for (cidr, port) in reached(is).difference(&reached(was)) {
        let what = format!("its machines may connect to {port} of {cidr}");
        finder.add(RiskKind::Exposure, about, what, &format!("{path}.egress"), None);
    }
}

/// Secrets that machines may read, in addition to those before.
fn config(finder: &mut Finder<'_>, about: &str, path: &str, was: &Group, is: &Group) {
    let before: BTreeSet<&SecretName> = was.config.secrets.values().map(|secret| &secret.name).collect();
    let secrets: BTreeSet<&SecretName> = is.config.secrets.values().map(|secret| &secret.name).collect();
    for secret in secrets.difference(&before) {
        let what = format!("its machines may read the secret {secret}");
        finder.add(RiskKind::Exposure, about, what, &format!("{path}.config.secrets"), Some(secret.as_str()));
    }
}

/// Ports that are open to more than before.
pub(super) fn opened(finder: &mut Finder<'_>, before: &[OpenPort], group: &Group) {
    let open = |ports: &[OpenPort]| -> BTreeSet<(PortRange, String, String)> {
        let one = |port: &OpenPort| {
            let (number, protocol) = (port.port, port.protocol.to_string());
            let from = port.from.iter().map(ToString::to_string).chain(port.from_machines.iter().cloned());
            from.map(|from| (number, protocol.clone(), from)).collect::<Vec<_>>()
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
    let new: BTreeMap<String, &Backend> = is.all_backends().collect();
    for (key, old) in was.all_backends() {
        let Some(new) = new.get(&key) else {
            let what = if key == "load_balancer" {
                "it no longer receives traffic from its load balancer".to_owned()
            } else {
                format!("it no longer receives traffic from its load balancer on port {}", old.port.get())
            };
            finder.add(RiskKind::Destroyed, about, what, path, None);
            continue;
        };
        if was.cloud() == Cloud::Aws && (old.port != new.port || old.protocol != new.protocol) {
            let what = format!(
                "its target group: {} {} → {} {}; it has no targets until machines register",
                old.protocol,
                old.port.get(),
                new.protocol,
                new.port.get()
            );
            finder.add(RiskKind::Replaced, about, what, &format!("{path}.{key}.port"), None);
        }
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
