//! The networks on AWS, once applied.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use fleetgen_fleet::choice::{BackendProtocol, Cloud, Transport};
use fleetgen_fleet::{Fleet, LoadBalancerTarget, Network};
use fleetgen_reach::{End, INTERNET, World};
use serde_json::{Value, json};

use super::mutants::{self, MUTANTS, without_a_rule};
use super::{CheckContext, Expected, Ground, every_rule_counts, expected, judge};

pub(super) fn isolated(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let fleet = super::fleet(context.root)?;
    let (mut removed, mut applied) = (0, BTreeSet::new());
    for network in fleet.networks_on(Cloud::Aws) {
        let (ground, mut states) = Ground::of(context, &fleet, network)?;
        add_routes_of_peers(&mut states[0], &fleet, network)?;
        removed += every_rule_counts(&ground.name, states, MUTANTS, without_a_rule, &mut applied, &|states| {
            ground.holds_on_aws(states)
        })?;
    }
    super::all_applied(MUTANTS, &applied)?;
    ensure!(removed > 100, "only {removed} rules were removed");
    Ok(())
}

/// The root of a peer that names this network adds a route here. It looks up the table, so its own state does not say which one that
/// is.
fn add_routes_of_peers(state: &mut Value, fleet: &Fleet, network: &Network) -> anyhow::Result<()> {
    let routes = network.peers.iter().filter(|peer| !network.peerings.contains(*peer));
    let routes = routes.filter_map(|peer| fleet.networks.get(peer));
    let table = mutants::first(state, "aws_route_table", "private")["id"].clone();
    let routes = routes.map(|peer| {
        json!({
            "mode": "managed", "type": "aws_route", "name": "of_peer", "address": "aws_route.of_peer",
            "values": { "route_table_id": table, "destination_cidr_block": peer.cidr, "vpc_peering_connection_id": "pcx" },
        })
    });
    let routes: Vec<Value> = routes.collect();
    let module = &mut state["values"]["root_module"];
    if module["resources"].is_null() {
        module["resources"] = json!([]);
    }
    module["resources"].as_array_mut().context("a module has resources")?.extend(routes);
    Ok(())
}

impl Ground<'_> {
    /// The ports that the internet connects to, on public load balancers.
    fn edge_ports(&self) -> Vec<u16> {
        let backends = self.groups.iter().flat_map(|(_, group)| group.all_backends().map(|(_, backend)| backend));
        let backends = backends.filter(|backend| backend.protocol != BackendProtocol::Udp);
        [80, 443].into_iter().chain(backends.filter_map(|backend| Some(backend.listener_port?.get()))).collect()
    }

    fn holds_on_aws(&self, states: &[Value]) -> anyhow::Result<()> {
        let world = World::read(states)?;
        let (network, port) = (&self.name, self.fleet.proxy.port.get());
        let groups = ["endpoints", "build", "proxy", "proxy-lb", "runner"].map(|group| format!("{network}-{group}"));
        let [endpoints, build, proxy, balancer, runner] = &groups;
        // Groups' own security groups allow the whole network; without one, the subnet's rules alone must hold.
        let machine = End::machine("machines", None);
        let builds = End::machine("build", Some(build));
        let proxies = End::machine("proxy", Some(proxy));
        let balancers = End::machine("proxy", Some(balancer));
        let services = End::machine("machines", Some(endpoints));
        let edge = End::Inside { tier: "edge", group: None, is_public: true };
        let internet = End::Outside(INTERNET);
        let tiers = world.tiers();
        let mut all = vec![
            expected("a machine and the proxy's load balancer", machine, balancers, port, true),
            expected("the load balancer and the proxy", balancers, proxies, port, true),
            expected("a machine and the endpoints", machine, services, 443, true),
            expected("the proxy and the internet", proxies, internet, 443, true),
            expected("the proxy and the endpoints", proxies, services, 443, true),
            expected("the proxy and plain HTTP", proxies, internet, 80, false),
            expected("the proxy and SSH on the internet", proxies, internet, 22, false),
            expected("a machine and the proxy itself", machine, proxies, port, false),
            expected("a machine and SSH on the proxy", machine, proxies, 22, false),
            expected("the proxy and SSH on a machine", proxies, machine, 22, false),
            expected("a machine and another port of the endpoints", machine, services, 22, false),
        ];
        for port in [22, 80, 443, 8080] {
            all.push(expected("a machine and the internet", machine, internet, port, false));
            all.push(expected("the internet and a machine", internet, machine, port, false));
            all.push(expected("the internet and the proxy", internet, proxies, port, false));
        }
        for address in ["10.200.0.1", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1"] {
            all.push(expected("the proxy and a private address", proxies, End::Outside(address.parse()?), 443, false));
        }
        if tiers.contains(&"build") {
            all.push(expected("a build and the proxy's load balancer", builds, balancers, port, true));
            all.push(expected("a build and the endpoints", builds, services, 443, true));
            all.push(expected("a build and S3", builds, End::S3, 443, true));
            all.push(expected("a build and the internet", builds, internet, 443, false));
            all.push(expected("a build and SSH on a machine", builds, machine, 22, false));
            all.push(expected("a machine and SSH on a build", machine, builds, 22, false));
        }
        if tiers.contains(&"runner") {
            let runner = End::machine("runner", Some(runner));
            all.push(expected("the runner and the proxy's load balancer", runner, balancers, port, true));
            all.push(expected("the runner and the endpoints", runner, services, 443, true));
            all.push(expected("the runner and S3", runner, End::S3, 443, true));
            for port in [22, 80, 443] {
                all.push(expected("the runner and the internet", runner, internet, port, false));
                all.push(expected("the internet and the runner", internet, runner, port, false));
            }
            all.push(expected("the runner and SSH on a machine", runner, machine, 22, false));
            all.push(expected("the runner and a machine", runner, machine, 443, false));
            all.push(expected("a machine and the runner", machine, runner, 22, false));
            all.push(expected("the runner and SSH on the proxy", runner, proxies, 22, false));
        }
        if tiers.contains(&"edge") {
            for port in self.edge_ports() {
                all.push(expected("the internet and a public load balancer", internet, edge, port, true));
            }
            for port in [80, 8080] {
                all.push(expected("a public load balancer and a machine", edge, machine, port, true));
            }
            all.push(expected("the internet and SSH on a public load balancer", internet, edge, 22, false));
        }
        all.push(expected("a machine and S3", machine, End::S3, 443, true));
        all.push(expected("the proxy and S3", proxies, End::S3, 443, true));
        for peer in self.network.peers.iter().filter_map(|peer| self.fleet.networks.get(peer)) {
            let host = End::Outside(peer.cidr.address(8));
            all.push(expected("a machine and a peer", machine, host, 443, true));
            all.push(expected("a peer and a machine", host, machine, 443, true));
            all.push(expected("the proxy and a peer", proxies, host, 443, false));
            all.push(expected("a peer and the proxy", host, balancers, port, false));
            if tiers.contains(&"edge") {
                all.push(expected("a public load balancer and a peer", edge, host, 443, false));
            }
        }
        self.groups_on_aws(&mut all, balancers, services);
        let answers = judge(&all, |from, to, port| world.reach(from, to, port))?;
        for (answer, Expected { what, to, is_reached, .. }) in answers.iter().zip(&all) {
            // The proxy reaches S3 through NAT as well, which costs more, and where no policy names buckets.
            let because = answer.because.join("; ");
            let is_right = !is_reached || !matches!(to, End::S3) || because.contains("gateway endpoint");
            ensure!(is_right, "{what}: not through the endpoint: {because}");
        }
        Ok(())
    }

    /// What the security groups of compute groups let pass.
    fn groups_on_aws<'a>(&'a self, all: &mut Vec<Expected<End<'a>>>, proxy: End<'a>, services: End<'a>) {
        let (machine, internet) = (End::machine("machines", None), End::Outside(INTERNET));
        for (name, group) in &self.groups {
            let own = End::machine("machines", Some(name));
            all.push(expected("a group and the proxy", own, proxy, self.fleet.proxy.port.get(), true));
            all.push(expected("a group and the endpoints", own, services, 443, true));
            all.push(expected("a group and S3", own, End::S3, 443, true));
            for peer in self.network.peers.iter().filter_map(|peer| self.fleet.networks.get(peer)) {
                all.push(expected("a group and a peer", own, End::Outside(peer.cidr.address(8)), 443, true));
            }
            all.push(expected("a group and S3 without TLS", own, End::S3, 80, false));
            all.push(expected("a group and the internet", own, internet, 443, false));
            all.push(expected("the internet and a group", internet, own, 443, false));
            all.push(expected("a machine and SSH on a group", machine, own, 22, false));
            for open in group.ports.iter().filter(|open| open.protocol == Transport::Tcp) {
                for cidr in &open.from {
                    let from = if *cidr == self.network.cidr { machine } else { End::Outside(cidr.address(8)) };
                    all.push(expected("a group's port", from, own, open.port.last.get(), true));
                }
            }
            for egress in group.egress.iter().filter(|egress| egress.protocol == Transport::Tcp) {
                for cidr in &egress.cidrs {
                    let there = End::Outside(cidr.address(8));
                    all.push(expected("a group and a destination", own, there, egress.port.last.get(), true));
                    all.push(expected("a group and SSH on a destination", own, there, 22, false));
                }
            }
            let backends = group.all_backends().map(|(_, backend)| backend);
            for backend in backends.filter(|backend| backend.protocol != BackendProtocol::Udp) {
                let target = self.network.load_balancers.get(&backend.name).map(|balancer| &balancer.target);
                let Some(LoadBalancerTarget::Aws { security_group, .. }) = target else { continue };
                let balancer = End::machine("machines", Some(security_group.as_str()));
                all.push(expected("a load balancer and its group", balancer, own, backend.port.get(), true));
                all.push(expected("a load balancer and SSH on its group", balancer, own, 22, false));
            }
        }
    }
}
