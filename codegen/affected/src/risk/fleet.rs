//! Risks outside of groups.

use fleetgen_fleet::choice::{Approval, Cloud, Hardening, ProxyClient};
use fleetgen_fleet::scalar::NetworkName;
use fleetgen_fleet::{AllowedDomain, Fleet, Layer, Network};

use super::{Finder, RiskKind, added};

pub(super) fn find(finder: &mut Finder<'_>, before: &Fleet, after: &Fleet) {
    accounts(finder, before, after);
    environments(finder, before, after);
    for was in before.networks.values() {
        network(finder, was, after.networks.get(&was.name));
    }
    proxy(finder, before, after);
    access(finder, before, after);
    for was in before.layers.values() {
        if let Some(is) = after.layers.get(&was.name) {
            layer(finder, was, is, after.parent(is));
        }
    }
}

fn accounts(finder: &mut Finder<'_>, before: &Fleet, after: &Fleet) {
    for cloud in Cloud::ALL {
        let builds = |fleet: &Fleet| fleet.build_network(cloud).map(|network| network.name.clone());
        if let (Some(was), Some(is)) = (builds(before), builds(after))
            && was != is
        {
            let what = format!("images are built in the network {is}, not in {was}; its proxy must let builds out");
            finder.add(
                RiskKind::Exposure,
                &format!("builds on {}", cloud.title()),
                what,
                "networks",
                Some(is.as_str()),
            );
        }
    }
    let signs = |fleet: &Fleet| format!("{:?}", fleet.signing);
    if signs(before) != signs(after) {
        let what = "other keys are trusted to sign what goes into images";
        finder.add(RiskKind::Protection, "signing", what, "signing", None);
    }
    let (Some(was), Some(is)) = (&before.aws, &after.aws) else { return };
    for old in was.accounts() {
        let new = is.accounts().find(|account| account.name == old.name);
        if new.is_some_and(|new| old.restrict_images && !new.restrict_images) {
            let about = format!("account {}", old.name);
            finder.add(RiskKind::Protection, &about, "machines may start from any image", "clouds.aws", None);
        }
    }
}

fn environments(finder: &mut Finder<'_>, before: &Fleet, after: &Fleet) {
    for was in &before.environments {
        let Some(is) = after.environments.iter().find(|is| is.name == was.name) else { continue };
        let about = format!("environment {}", was.name);
        let mut add = |what: String| {
            finder.add(RiskKind::Protection, &about, what, "environments", Some(was.name.as_str()));
        };
        if was.approval == Approval::Owners && is.approval == Approval::None {
            add("images need no approval any more".to_owned());
        }
        if is.soak < was.soak {
            add(format!("soak: {} → {}", was.soak, is.soak));
        }
        for name in was.gates.keys().filter(|name| !is.gates.contains_key(*name)) {
            add(format!("the gate `{name}` is removed"));
        }
        if !was.windows.is_empty() && is.windows.is_empty() {
            add("rollouts may start at any time".to_owned());
        }
    }
    for freeze in before.rollout.freezes.iter().filter(|freeze| !after.rollout.freezes.contains(freeze)) {
        let what =
            format!("the freeze from {} until {} is removed or changed: {}", freeze.from, freeze.until, freeze.reason);
        finder.add(RiskKind::Protection, "rollout", what, "rollout.freezes", None);
    }
}

fn network(finder: &mut Finder<'_>, was: &Network, is: Option<&Network>) {
    let about = format!("network {}", was.name);
    let path = format!("networks.{}", was.name);
    let Some(is) = is else {
        return finder.add(RiskKind::Destroyed, &about, "the network is removed", "networks", None);
    };
    if was.cidr.to_string() != is.cidr.to_string() {
        let what = format!("cidr: {} → {}; nothing in it can stay", was.cidr, is.cidr);
        finder.add(RiskKind::Replaced, &about, what, &format!("{path}.cidr"), None);
    }
    let zones = |network: &Network| network.zones.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (old, new) = (zones(was), zones(is));
    if !new.starts_with(&old) {
        let what = format!("zones: {} → {}; subnets follow their order", old.join(", "), new.join(", "));
        finder.add(RiskKind::Replaced, &about, what, &format!("{path}.zones"), None);
    }
    if is.proxies < was.proxies {
        let what = format!("proxies: {} → {}", was.proxies, is.proxies);
        finder.add(RiskKind::Capacity, &about, what, &format!("{path}.proxies"), None);
    }
    if was.existing.is_none() && is.existing.is_some() {
        let what = "fleetgen no longer looks after it, and its groups look for another one";
        finder.add(RiskKind::Replaced, &about, what, &format!("{path}.existing"), None);
    }
    let outside = |network: &Network| network.outside().iter().map(ToString::to_string).collect::<Vec<_>>();
    for cidr in added(&outside(was), &outside(is)) {
        let what = format!("its subnets let {cidr} pass, for groups that name it");
        finder.add(RiskKind::Exposure, &about, what, &format!("{path}.destinations"), Some(cidr));
    }
    for peer in added(&was.peers, &is.peers) {
        let what = format!("it can reach the network {peer}, and is reached from there");
        finder.add(RiskKind::Exposure, &about, what, &format!("{path}.peers"), Some(peer.as_str()));
    }
    for bucket in added(&was.buckets, &is.buckets) {
        let what = format!("its machines reach the bucket {bucket}");
        finder.add(RiskKind::Exposure, &about, what, &format!("{path}.buckets"), Some(bucket.as_str()));
    }
    for service in added(&was.endpoints, &is.endpoints) {
        let what = format!("its machines reach the AWS service {service}");
        finder.add(RiskKind::Exposure, &about, what, &format!("{path}.endpoints"), Some(service.as_str()));
    }
}

/// The networks with machines that may reach a domain. Only the network of builds has machines that build.
fn reaching(fleet: &Fleet, domain: &AllowedDomain) -> Vec<NetworkName> {
    let is_build = |name: &NetworkName| fleet.networks.get(name).is_some_and(|it| fleet.is_build_network(it));
    let reaches = |name: &&NetworkName| domain.clients.contains(&ProxyClient::Groups) || is_build(name);
    domain.networks.iter().filter(reaches).cloned().collect()
}

fn proxy(finder: &mut Finder<'_>, before: &Fleet, after: &Fleet) {
    for is in &after.proxy.domains {
        let domain = is.domain.as_str();
        let was = before.proxy.domains.iter().find(|was| was.domain == is.domain);
        let networks = was.map(|was| reaching(before, was)).unwrap_or_default();
        let reaching = reaching(after, is);
        let clients = was.map(|was| format!("{:?}", was.clients));
        let words = |networks: Vec<String>| networks.join(", ");
        if was.is_none() {
            let networks = words(reaching.iter().map(ToString::to_string).collect());
            let what = format!("machines in {networks} reach {domain}: {}", is.reason);
            finder.add(RiskKind::Exposure, "proxy", what, "proxy.domains", Some(domain));
            continue;
        }
        let more = words(added(&networks, &reaching).map(ToString::to_string).collect());
        if !more.is_empty() {
            let what = format!("machines in {more} reach {domain} too");
            finder.add(RiskKind::Exposure, "proxy", what, "proxy.domains", Some(domain));
        }
        if clients.is_some_and(|clients| clients != format!("{:?}", is.clients)) {
            let what = format!("other machines reach {domain} than before");
            finder.add(RiskKind::Exposure, "proxy", what, "proxy.domains", Some(domain));
        }
    }
}

fn access(finder: &mut Finder<'_>, before: &Fleet, after: &Fleet) {
    let (was, is) = (&before.access, &after.access);
    for member in added(&was.gcp_members, &is.gcp_members) {
        let what = format!("{member} may open sessions on machines");
        finder.add(RiskKind::Exposure, "access", what, "access.gcp_members", Some(member.as_str()));
    }
    if was.run_as != is.run_as {
        let what = format!("sessions run as {}, not as {}", is.run_as, was.run_as);
        finder.add(RiskKind::Exposure, "access", what, "access.run_as", None);
    }
    if is.log_retention < was.log_retention {
        let what = format!("logs of sessions are kept for {}, not for {}", is.log_retention, was.log_retention);
        finder.add(RiskKind::Protection, "access", what, "access.log_retention", None);
    }
}

fn layer(finder: &mut Finder<'_>, was: &Layer, is: &Layer, parent: Option<&Layer>) {
    let about = format!("layer {}", was.name);
    let path = format!("layers.{}", was.name);
    if was.hardening != is.hardening && is.hardening == Hardening::None {
        finder.add(RiskKind::Protection, &about, "it is not hardened", &format!("{path}.hardening"), None);
    }
    for (section, reason) in
        is.hardening_exceptions.iter().filter(|(name, _)| !was.hardening_exceptions.contains_key(*name))
    {
        let what = format!("the hardening leaves out {section}: {reason}");
        finder.add(RiskKind::Ignored, &about, what, &format!("{path}.hardening_exceptions"), Some(section.as_str()));
    }
    if is.scan.fail_on > was.scan.fail_on {
        let what =
            format!("only vulnerabilities from {} on fail the build, not from {}", is.scan.fail_on, was.scan.fail_on);
        finder.add(RiskKind::Protection, &about, what, &format!("{path}.scan.fail_on"), None);
    }
    if was.scan.unfixed && !is.scan.unfixed {
        let what = "vulnerabilities without a fix no longer fail the build";
        finder.add(RiskKind::Protection, &about, what, &format!("{path}.scan.unfixed"), None);
    }
    let name = |ignored: &fleetgen_fleet::ScanIgnore| {
        let id = ignored.id.as_ref().map(ToString::to_string);
        let program = ignored.program.as_ref().map(ToString::to_string);
        (id, program)
    };
    // What an ancestor ignores is reported there.
    let inherited = parent.map(|parent| parent.scan.ignore.as_slice()).unwrap_or_default();
    let known: Vec<_> = was.scan.ignore.iter().chain(inherited).map(name).collect();
    for ignored in is.scan.ignore.iter().filter(|ignored| !known.contains(&name(ignored))) {
        let (id, program) = name(ignored);
        let id_or_program = id.clone().or_else(|| program.clone()).unwrap_or_default();
        let of = id.and(program).map(|program| format!(" in {program}")).unwrap_or_default();
        let what = format!("{id_or_program}{of} is ignored until {}: {}", ignored.until, ignored.reason);
        finder.add(RiskKind::Ignored, &about, what, &format!("{path}.scan.ignore"), Some(&id_or_program));
    }
}
