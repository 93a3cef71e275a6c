//! What can connect to what in a network on Google Cloud: firewall rules, routes, NAT and private Google access.
//!
//! Sources: the pages "VPC firewall rules", "Routes" and "Options for private access" of Google's VPC documentation.

mod read;

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::{Answer, METADATA, Step};

/// An address of Google's APIs (`private.googleapis.com`).
const GOOGLE_APIS: Ipv4Addr = Ipv4Addr::new(199, 36, 153, 8);
/// From where Google connects to machines without public addresses: Identity-Aware Proxy, and health checks and front ends.
const FROM_GOOGLE: &[&str] = &["35.235.240.0/20", "35.191.0.0/16", "130.211.0.0/22"];

/// The part of a state that decides what can connect to what.
#[derive(Debug, Clone, Default)]
pub struct GcpWorld {
    subnetworks: Vec<Subnetwork>,
    routes: Vec<Route>,
    /// The ids of the subnetworks that NAT serves.
    nat: Vec<String>,
    nat_serves_all: bool,
    firewall: Vec<Rule>,
    templates: Vec<Template>,
    has_peers: bool,
    /// A private zone answers the names of Google's APIs with their private addresses.
    names_google: bool,
}

#[derive(Debug, Clone)]
struct Subnetwork {
    id: String,
    name: String,
    cidr: Ipv4Net,
    reaches_google: bool,
}

#[derive(Debug, Clone)]
struct Route {
    name: String,
    to: Ipv4Net,
    tags: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    name: String,
    is_ingress: bool,
    priority: u64,
    allows: bool,
    ranges: Vec<Ipv4Net>,
    /// The service accounts of the machines that it is about; empty for all.
    accounts: Vec<String>,
    /// Nothing for all.
    ports: Option<Vec<String>>,
}

/// What machines with a service account are like.
#[derive(Debug, Clone)]
struct Template {
    account: String,
    tags: Vec<String>,
    is_public: bool,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub enum GcpEnd<'a> {
    /// A machine in the subnetwork whose name ends so, with this service account; without one, only rules for all machines apply.
    Machine {
        /// The tier, such as `machines`.
        tier: &'a str,
        /// The e-mail address of its service account.
        account: Option<&'a str>,
    },
    /// An address, usually outside of the network.
    Outside(Ipv4Addr),
    /// Google's APIs.
    GoogleApis,
}

#[derive(Clone, Copy)]
struct Place<'a> {
    address: Ipv4Addr,
    subnetwork: Option<&'a Subnetwork>,
    account: Option<&'a str>,
    template: Option<&'a Template>,
}

impl GcpWorld {
    /// The ends of its subnetworks' names, after the network's name; sorted.
    pub fn tiers(&self) -> Vec<&str> {
        let known = ["build", "machines", "proxy", "proxy-only"];
        known.into_iter().filter(|tier| self.subnetwork(tier).is_some()).collect()
    }

    /// The service accounts of its machines; sorted.
    pub fn accounts(&self) -> Vec<&str> {
        let mut accounts: Vec<&str> = self.templates.iter().map(|template| template.account.as_str()).collect();
        accounts.extend(self.firewall.iter().flat_map(|rule| rule.accounts.iter().map(String::as_str)));
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }

    /// Whether one end can open a TCP connection to a port of the other one.
    pub fn reach(&self, from: GcpEnd<'_>, to: GcpEnd<'_>, port: u16) -> Answer {
        if matches!((from, to), (GcpEnd::Machine { .. }, GcpEnd::Outside(METADATA))) {
            return Answer::of_metadata();
        }
        let (Some(from), Some(to)) = (self.place(from), self.place(to)) else {
            return Answer { is_reached: false, because: vec!["one of the ends is not in the state".to_owned()] };
        };
        // The firewall remembers connections, so answers pass.
        let steps = [
            self.firewall_allows(false, from, to.address, port),
            self.route(from, to),
            self.firewall_allows(true, to, from.address, port),
        ];
        match steps.into_iter().collect::<Result<Vec<_>, _>>() {
            Ok(because) => Answer { is_reached: true, because: because.into_iter().flatten().collect() },
            Err(reason) => Answer { is_reached: false, because: vec![reason] },
        }
    }

    /// `proxy` is also the beginning of `proxy-only`, so the whole end must match.
    fn subnetwork(&self, tier: &str) -> Option<&Subnetwork> {
        self.subnetworks.iter().find(|subnetwork| subnetwork.name.ends_with(&format!("-{tier}")))
    }

    fn place<'a>(&'a self, end: GcpEnd<'a>) -> Option<Place<'a>> {
        let outside = |address| Place { address, subnetwork: None, account: None, template: None };
        match end {
            GcpEnd::Outside(address) => {
                let subnetwork = self.subnetworks.iter().find(|subnetwork| subnetwork.cidr.contains(&address));
                Some(Place { subnetwork, ..outside(address) })
            }
            GcpEnd::GoogleApis => Some(outside(GOOGLE_APIS)),
            GcpEnd::Machine { tier, account } => {
                let subnetwork = self.subnetwork(tier)?;
                Some(Place {
                    address: subnetwork.cidr.hosts().nth(8)?,
                    subnetwork: Some(subnetwork),
                    account,
                    template: account.and_then(|own| self.templates.iter().find(|template| template.account == own)),
                })
            }
        }
    }

    fn firewall_allows(&self, is_ingress: bool, own: Place<'_>, other: Ipv4Addr, port: u16) -> Step {
        if own.subnetwork.is_none() {
            return Ok(None);
        }
        let matches = |rule: &&Rule| {
            rule.is_ingress == is_ingress
                && (rule.accounts.is_empty()
                    || own.account.is_some_and(|account| rule.accounts.iter().any(|it| it == account)))
                && rule.ranges.iter().any(|range| range.contains(&other))
                && rule.ports.as_ref().is_none_or(|ports| ports.contains(&port.to_string()))
        };
        // The lowest number decides, and between equal ones the rule that denies.
        match self.firewall.iter().filter(matches).min_by_key(|rule| (rule.priority, rule.allows)) {
            Some(rule) if rule.allows => Ok(Some(format!("firewall rule {} (priority {})", rule.name, rule.priority))),
            Some(rule) => {
                Err(format!("firewall rule {} (priority {}) denies {other}, port {port}", rule.name, rule.priority))
            }
            None if is_ingress => Err(format!("no firewall rule lets {other} in on port {port}")),
            None => Ok(Some(format!("no firewall rule denies {other}, and Google lets everything out"))),
        }
    }

    fn route(&self, from: Place<'_>, to: Place<'_>) -> Step {
        let source = match (from.subnetwork, to.subnetwork) {
            (Some(_), Some(_)) => return Ok(Some("both are in the network".to_owned())),
            (Some(source), None) => source,
            (None, Some(target)) => return self.way_in(from.address, to, target),
            (None, None) => return Err("neither end is in the network".to_owned()),
        };
        if to.address.is_private() && self.has_peers {
            return Ok(Some("a peering, if the peer has this address".to_owned()));
        }
        let tags = from.template.map(|template| template.tags.as_slice()).unwrap_or_default();
        let applies = |route: &&Route| {
            route.to.contains(&to.address) && (route.tags.is_empty() || route.tags.iter().any(|tag| tags.contains(tag)))
        };
        let route = self.routes.iter().filter(applies).max_by_key(|route| route.to.prefix_len());
        let route = route.ok_or_else(|| format!("machines in {} have no route to {}", source.name, to.address))?;
        let is_google = to.address == GOOGLE_APIS;
        if is_google && !self.names_google {
            return Err("no private zone has Google's APIs at these addresses".to_owned());
        }
        if is_google && source.reaches_google {
            return Ok(Some(format!("route {}: private Google access of {}", route.name, source.name)));
        }
        // No NAT serves the addresses of Google's private names.
        if !is_google && from.template.is_some_and(|template| template.is_public) {
            return Ok(Some(format!("route {}, with a public address", route.name)));
        }
        if !is_google && (self.nat_serves_all || self.nat.contains(&source.id)) {
            return Ok(Some(format!("route {}, through NAT", route.name)));
        }
        Err(format!("route {} leads there, but {} has neither NAT nor private Google access", route.name, source.name))
    }

    fn way_in(&self, from: Ipv4Addr, to: Place<'_>, target: &Subnetwork) -> Step {
        let is_google =
            FROM_GOOGLE.iter().filter_map(|range| range.parse::<Ipv4Net>().ok()).any(|range| range.contains(&from));
        if is_google {
            return Ok(Some("Google's own network".to_owned()));
        }
        if from.is_private() && self.has_peers {
            return Ok(Some("a peering, if the peer has this address".to_owned()));
        }
        if to.template.is_some_and(|template| template.is_public) {
            return Ok(Some("a public address".to_owned()));
        }
        Err(format!("machines in {} have no public address", target.name))
    }
}

#[cfg(test)]
mod tests {
    use fleetgen_state::StateError;
    use serde_json::{Value, json};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
    fn resource(kind: &str, values: Value) -> Value {
        json!({ "mode": "managed", "type": kind, "name": "this", "values": values })
    }

    fn rule(name: &str, values: Value) -> Value {
        let mut all =
            json!({ "name": name, "direction": "EGRESS", "priority": 1000, "destination_ranges": ["0.0.0.0/0"] });
        if let (Some(all), Value::Object(values)) = (all.as_object_mut(), values) {
            all.extend(values);
        }
        resource("google_compute_firewall", all)
    }

    /// A subnetwork with a route to the internet and NAT, and these rules.
    fn world(rules: Vec<Value>) -> Result<GcpWorld, StateError> {
        let mut resources = vec![
            resource("google_compute_network", json!({ "delete_default_routes_on_create": false })),
            resource(
                "google_compute_router_nat",
                json!({ "source_subnetwork_ip_ranges_to_nat": "LIST_OF_SUBNETWORKS", "subnetwork": [{ "name": "s" }] }),
            ),
            resource(
                "google_compute_subnetwork",
                json!({ "id": "s", "name": "n-machines", "ip_cidr_range": "10.0.0.0/24", "private_ip_google_access": true }),
            ),
        ];
        resources.extend(rules);
        GcpWorld::read([&json!({ "values": { "root_module": { "resources": resources } } })])
    }

    const MACHINE: GcpEnd<'_> = GcpEnd::Machine { tier: "machines", account: Some("a@p") };

    fn reaches(rules: Vec<Value>) -> bool {
        world(rules).unwrap().reach(MACHINE, GcpEnd::Outside(crate::INTERNET), 443).is_reached
    }

    #[test]
    fn without_rules_everything_leaves_and_nothing_comes_in() {
        let world = world(Vec::new()).unwrap();
        assert!(world.reach(MACHINE, GcpEnd::Outside(crate::INTERNET), 443).is_reached);
        let answer = world.reach(GcpEnd::Outside(crate::INTERNET), MACHINE, 22);
        assert_eq!(answer.because, ["machines in n-machines have no public address"]);
        let iap = world.reach(GcpEnd::Outside(Ipv4Addr::new(35, 235, 240, 1)), MACHINE, 22);
        assert_eq!(iap.because, ["no firewall rule lets 35.235.240.1 in on port 22"]);
    }

    #[test]
    fn the_lowest_priority_decides_and_between_equals_the_one_that_denies() {
        let allow = |priority: u64| {
            rule("allow", json!({ "priority": priority, "allow": [{ "protocol": "tcp", "ports": ["443"] }] }))
        };
        let deny = |priority: u64| rule("deny", json!({ "priority": priority, "deny": [{ "protocol": "all" }] }));
        assert!(!reaches(vec![deny(1000)]));
        assert!(reaches(vec![deny(1000), allow(999)]));
        assert!(!reaches(vec![deny(1000), allow(1000)]));
        assert!(!reaches(vec![allow(1000), deny(999)]));
    }

    #[test]
    fn a_rule_is_about_its_accounts() {
        let deny = |accounts: Value| {
            rule("deny", json!({ "deny": [{ "protocol": "all" }], "target_service_accounts": accounts }))
        };
        assert!(!reaches(vec![deny(json!(["a@p"]))]));
        assert!(reaches(vec![deny(json!(["b@p"]))]));
        assert!(!reaches(vec![deny(json!(null))]));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(world(vec![rule("tags", json!({ "deny": [{ "protocol": "all" }], "target_tags": ["x"] }))]).is_err());
        assert!(world(vec![rule("nothing", json!({}))]).is_err());
        let allow = |ports: Value| json!({ "allow": [{ "protocol": "tcp", "ports": ports }] });
        assert!(world(vec![rule("range", allow(json!(["8000-9000"])))]).is_err());
        assert!(
            world(vec![rule("none", json!({ "deny": [{ "protocol": "all" }], "destination_ranges": [] }))]).is_err()
        );
        assert!(world(vec![rule("off", json!({ "deny": [{ "protocol": "all" }], "disabled": true }))]).is_err());
        assert!(world(vec![resource("google_compute_network_firewall_policy_rule", json!({}))]).is_err());
        let next = json!({ "name": "r", "dest_range": "0.0.0.0/0", "next_hop_gateway": "", "next_hop_ip": "10.0.0.5" });
        assert!(world(vec![resource("google_compute_route", next)]).is_err());
    }
}
