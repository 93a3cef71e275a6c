//! The networks on Google Cloud, once applied.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use fleetgen_fleet::choice::{Cloud, Transport};
use fleetgen_fleet::scalar::GcpProject;
use fleetgen_fleet::{LoadBalancerTarget, resource_name};
use fleetgen_reach::{GcpEnd, GcpWorld, INTERNET};
use fleetgen_state::resources;
use serde_json::{Value, json};

use super::mutants::{Change, each, without};
use super::{CheckContext, Ground, expected, judge};

/// Identity-Aware Proxy, and Google's health checks.
const IAP: &str = "35.235.240.1";
const HEALTH: &str = "35.191.0.1";

pub(super) fn isolated(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let fleet = super::fleet(context.root)?;
    let (mut removed, mut applied) = (0, BTreeSet::new());
    for network in fleet.networks_on(Cloud::Gcp) {
        let (ground, states) = Ground::of(context, &fleet, network)?;
        as_documented(context, &states)?;
        removed += super::every_rule_counts(&ground.name, states, MUTANTS, without_a_rule, &mut applied, &|states| {
            ground.holds_on_gcp(states)
        })?;
    }
    super::all_applied(MUTANTS, &applied)?;
    ensure!(removed > 20, "only {removed} rules were removed");
    Ok(())
}

/// docs/networks.md shows an answer.
fn as_documented(context: &CheckContext<'_>, states: &[Value]) -> anyhow::Result<()> {
    let machine = GcpEnd::Machine { tier: "machines", account: None };
    let answer = GcpWorld::read(states)?.reach(machine, GcpEnd::Outside(INTERNET), 443);
    let shown = format!("machines → internet, port 443: no\n  {}\n", answer.because.join("\n  "));
    let document = fs_err::read_to_string(context.root.join("docs/networks.md"))?;
    ensure!(document.contains(&shown), "docs/networks.md does not show\n{shown}");
    Ok(())
}

/// The e-mail address of a service account in the states, by its id.
fn email(states: &[Value], id: &str) -> anyhow::Result<String> {
    for state in states {
        for resource in resources(state)? {
            if resource["type"] == "google_service_account" && resource["values"]["account_id"] == id {
                return Ok(resource["values"]["email"].as_str().context("an account has no address")?.to_owned());
            }
        }
    }
    anyhow::bail!("there is no service account {id}")
}

impl Ground<'_> {
    fn holds_on_gcp(&self, states: &[Value]) -> anyhow::Result<()> {
        let world = GcpWorld::read(states)?;
        let port = self.fleet.proxy.port.get();
        let outside = |address: &str| -> anyhow::Result<GcpEnd<'_>> { Ok(GcpEnd::Outside(address.parse()?)) };
        let (proxy_account, project) = (email(states, &format!("{}-proxy", self.name))?, self.project()?);
        let builder = resource_name::service_account(project, &resource_name::build_identity(&self.fleet.name));
        let machine = GcpEnd::Machine { tier: "machines", account: None };
        let proxy = GcpEnd::Machine { tier: "proxy", account: Some(&proxy_account) };
        let build = GcpEnd::Machine { tier: "build", account: Some(&builder) };
        let (internet, apis, iap, health) =
            (GcpEnd::Outside(INTERNET), GcpEnd::GoogleApis, outside(IAP)?, outside(HEALTH)?);
        let mut all = vec![
            expected("a machine and the proxy", machine, proxy, port, true),
            expected("a machine and SSH on the proxy", machine, proxy, 22, false),
            expected("a machine and Google's APIs", machine, apis, 443, true),
            expected("a machine and Google's APIs without TLS", machine, apis, 80, false),
            expected("the proxy and the internet", proxy, internet, 443, true),
            expected("the proxy and plain HTTP", proxy, internet, 80, false),
            expected("the proxy and SSH on the internet", proxy, internet, 22, false),
            expected("the proxy and SSH on a machine", proxy, machine, 22, false),
            expected("a health check and the proxy", health, proxy, port, true),
            expected("a health check and SSH on the proxy", health, proxy, 22, false),
            expected("a session and a machine", iap, machine, 22, true),
            expected("a session and another port", iap, machine, 443, false),
        ];
        for port in [22, 80, 443, 8080] {
            all.push(expected("a machine and the internet", machine, internet, port, false));
            all.push(expected("the internet and a machine", internet, machine, port, false));
            all.push(expected("the internet and the proxy", internet, proxy, port, false));
        }
        for address in ["10.200.0.1", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1"] {
            all.push(expected("the proxy and a private address", proxy, outside(address)?, 443, false));
        }
        if self.fleet.is_build_network(self.network) {
            all.push(expected("a build and the proxy", build, proxy, port, true));
            all.push(expected("a build and Google's APIs", build, apis, 443, true));
            all.push(expected("a build and the internet", build, internet, 443, false));
            all.push(expected("a build and a machine", build, machine, 443, false));
            all.push(expected("a build and SSH on the proxy", build, proxy, 22, false));
            all.push(expected("a machine and SSH on a build", machine, build, 22, false));
            all.push(expected("Packer and a build", iap, build, 22, true));
        }
        let accounts: Vec<String> =
            self.groups.iter().map(|(name, _)| resource_name::service_account(project, name)).collect();
        for ((_, group), account) in self.groups.iter().zip(&accounts) {
            let own = GcpEnd::Machine { tier: "machines", account: Some(account) };
            all.push(expected("a group and the proxy", own, proxy, port, true));
            all.push(expected("a group and Google's APIs", own, apis, 443, true));
            all.push(expected("a session and a group", iap, own, 22, true));
            all.push(expected("a group and the internet", own, internet, 443, false));
            all.push(expected("the internet and a group", internet, own, 443, false));
            all.push(expected("a machine and SSH on a group", machine, own, 22, false));
            for open in group.ports.iter().filter(|open| open.protocol == Transport::Tcp) {
                let (port, is_open) = (open.port.last.get(), open.from.contains(&self.network.cidr));
                all.push(expected("a group's port", machine, own, port, is_open));
                all.push(expected("a build and a group's port", build, own, port, false));
            }
            if let Some(check) = &group.health {
                all.push(expected("a health check and a group", health, own, check.port.get(), true));
            }
            for egress in group.egress.iter().filter(|egress| egress.protocol == Transport::Tcp) {
                for cidr in &egress.cidrs {
                    let there = GcpEnd::Outside(cidr.address(8));
                    all.push(expected("a group and a destination", own, there, egress.port.last.get(), true));
                    all.push(expected("a group and SSH on a destination", own, there, 22, false));
                }
            }
            let backends = group.all_backends().map(|(_, backend)| backend);
            for backend in backends.filter(|backend| !backend.protocol.has_udp()) {
                let target = self.network.load_balancers.get(&backend.name).map(|balancer| &balancer.target);
                let Some(LoadBalancerTarget::Gcp { source_ranges }) = target else { continue };
                // Google's front ends, or its proxies in the network.
                let front = source_ranges.first().context("a load balancer has no addresses")?;
                let from = if front.overlaps(self.network.cidr) {
                    GcpEnd::Machine { tier: "proxy-only", account: None }
                } else {
                    GcpEnd::Outside(front.address(8))
                };
                all.push(expected("a load balancer and its group", from, own, backend.port.get(), true));
            }
        }
        judge(&all, |from, to, port| world.reach(from, to, port)).map(|_| ())
    }

    fn project(&self) -> anyhow::Result<&GcpProject> {
        Ok(&self.fleet.gcp_account(self.network).context("the network has no project")?.project)
    }
}

/// What must not go unnoticed.
const MUTANTS: &[(&str, Change)] = &[
    ("machines have a way out", |state| {
        each(state, "google_compute_network", "this", |values| values["delete_default_routes_on_create"] = json!(false))
            + each(state, "google_compute_router_nat", "this", |values| {
                values["source_subnetwork_ip_ranges_to_nat"] = json!("ALL_SUBNETWORKS_ALL_IP_RANGES");
            })
            + each(state, "google_compute_firewall", "egress", |values| {
                if values["priority"] == 65_000 {
                    values["destination_ranges"] = json!(["192.0.2.0/24"]);
                }
            })
    }),
    ("NAT serves nothing", |state| {
        each(state, "google_compute_router_nat", "this", |values| values["subnetwork"] = json!([]))
    }),
    ("machines do not reach Google's APIs", |state| {
        each(state, "google_compute_subnetwork", "this", |values| values["private_ip_google_access"] = json!(false))
    }),
    ("the route to the internet has another tag", |state| {
        each(state, "google_compute_route", "proxy_to_internet", |values| values["tags"] = json!(["other"]))
    }),
    ("the proxy reaches every port", |state| {
        each(state, "google_compute_firewall", "egress", |values| all_ports(values, "allow"))
    }),
    ("everything listens on every port", |state| {
        each(state, "google_compute_firewall", "ingress", |values| all_ports(values, "allow"))
    }),
    ("machines have public addresses", |state| {
        each(state, "google_compute_region_instance_template", "this", |values| {
            values["network_interface"][0]["access_config"] = json!([{}]);
        }) * usize::from(state.to_string().contains("-in-iap"))
            + each(state, "google_compute_firewall", "ingress", |values| values["source_ranges"] = json!(["0.0.0.0/0"]))
    }),
    ("rules forget whom they are about", |state| {
        each(state, "google_compute_firewall", "egress", |values| values["target_service_accounts"] = json!([]))
    }),
];

fn all_ports(values: &mut Value, block: &str) {
    for block in values[block].as_array_mut().into_iter().flatten() {
        block["ports"] = json!([]);
    }
}

/// The state without one of its rules, for each of them: routes, and firewall rules. A rule for health checks and one for Google's front
/// ends may say the same.
fn without_a_rule(state: &Value) -> Vec<(String, Value)> {
    let says = |resource: &Value| {
        let values = &resource["values"];
        let ranges = if values["direction"] == "EGRESS" { "destination_ranges" } else { "source_ranges" };
        let parts = ["direction", "priority", ranges, "target_service_accounts", "allow", "deny"];
        let is_rule = resource["type"] == "google_compute_firewall";
        is_rule.then(|| parts.map(|part| values[part].to_string()))
    };
    let all: Vec<_> = resources(state).into_iter().flatten().filter_map(says).collect();
    let is_twin =
        |resource: &Value| says(resource).is_some_and(|own| all.iter().filter(|other| **other == own).count() > 1);
    without(state, |resource| {
        let is_rule = ["google_compute_route", "google_compute_firewall"].iter().any(|kind| resource["type"] == *kind);
        let is_rule = is_rule || resource["values"]["name"] == "*.googleapis.com.";
        is_rule && !is_twin(resource)
    })
}
