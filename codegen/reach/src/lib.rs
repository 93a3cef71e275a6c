//! What can connect to what in a network. On AWS, routes, network ACLs and security groups decide, as Terraform's state has them; for Google Cloud
//! see [`GcpWorld`].
//!
//! The answer names the rule that decides. It reads what `terraform show -json` prints, and nothing else: whatever is not in
//! the state, such as a load balancer of the user's own, it does not know.

mod gcp;
mod state;

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

pub use gcp::{GcpEnd, GcpWorld};
pub use state::World;

use state::{AclRule, Gateway, Peer, Subnet};

/// The ports that Linux connects from, to which answers come back.
const ANSWERS: [u16; 2] = [32_768, 60_999];
/// An address of the internet, reserved for documentation (RFC 5737).
pub const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);
/// The metadata service of both clouds.
const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// An address of S3 (in Tokyo, from ip-ranges.json): network ACLs see addresses, not names.
const S3: Ipv4Addr = Ipv4Addr::new(52, 219, 0, 10);

/// One end of a connection.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// Something in the subnets of a tier, with the security group of this name; without one, no group restricts it. Of a
    /// group by its id (`sg-…`) that is not in the states, such as a load balancer's, the own rules are unknown, and let all pass.
    Inside {
        /// The tier, as in the subnets' tag.
        tier: &'a str,
        /// The name of its security group.
        group: Option<&'a str>,
        /// Whether it has a public address, as public load balancers do. No machine of a fleet has one.
        is_public: bool,
    },
    /// An address, usually outside of the network.
    Outside(Ipv4Addr),
    /// Amazon S3 in the network's region.
    S3,
}

impl<'a> End<'a> {
    /// A machine without a public address.
    pub fn machine(tier: &'a str, group: Option<&'a str>) -> Self {
        Self::Inside { tier, group, is_public: false }
    }
}

/// Whether a connection is possible, and what decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is possible.
    pub is_reached: bool,
    /// What lets it pass, step by step, or what stops it.
    pub because: Vec<String>,
}

impl Answer {
    /// Neither cloud filters what machines ask its metadata service.
    fn of_metadata() -> Self {
        Self { is_reached: true, because: vec!["no rule of a network filters the metadata service".to_owned()] }
    }
}

/// Where a step ends: with the rule that lets the connection pass, if it takes one, or with what stops it.
type Step = Result<Option<String>, String>;

impl World {
    /// Whether one end can open a TCP connection to a port of the other one. If an end has several subnets, one pair that can
    /// is enough.
    pub fn reach(&self, from: End<'_>, to: End<'_>, port: u16) -> Answer {
        if matches!((from, to), (End::Inside { .. }, End::Outside(METADATA))) {
            return Answer::of_metadata();
        }
        let mut stopped = Vec::new();
        for source in self.places(from) {
            for target in self.places(to) {
                let mut because = Vec::new();
                match self.steps(source, target, port, &mut because) {
                    Ok(()) => return Answer { is_reached: true, because },
                    Err(reason) if !stopped.contains(&reason) => stopped.push(reason),
                    Err(_) => {}
                }
            }
        }
        if stopped.is_empty() {
            stopped.push("one of the ends is not in the state".to_owned());
        }
        Answer { is_reached: false, because: stopped }
    }

    /// The tiers of its subnets; sorted.
    pub fn tiers(&self) -> Vec<&str> {
        let tiers: BTreeSet<&str> = self.subnets.iter().map(|subnet| subnet.tier.as_str()).collect();
        tiers.into_iter().collect()
    }

    /// The names of its security groups; sorted.
    pub fn groups(&self) -> Vec<&str> {
        self.groups.keys().map(String::as_str).collect()
    }

    fn places<'a>(&'a self, end: End<'a>) -> Vec<Place<'a>> {
        match end {
            End::Outside(address) => {
                let subnet = self.subnets.iter().find(|subnet| subnet.cidr.contains(&address));
                vec![Place { address, subnet, group: None, is_public: subnet.is_none() }]
            }
            End::S3 => vec![Place { address: S3, subnet: None, group: None, is_public: true }],
            End::Inside { tier, group, is_public } => {
                let subnets = self.subnets.iter().filter(|subnet| subnet.tier == tier);
                // AWS keeps the first four addresses of a subnet.
                let place = |subnet: &'a Subnet| Place {
                    address: subnet.cidr.hosts().nth(8).unwrap_or(subnet.cidr.network()),
                    subnet: Some(subnet),
                    group,
                    is_public,
                };
                subnets.map(place).collect()
            }
        }
    }

    fn steps(&self, from: Place<'_>, to: Place<'_>, port: u16, because: &mut Vec<String>) -> Result<(), String> {
        let same = from.subnet.map(|subnet| &subnet.id) == to.subnet.map(|subnet| &subnet.id);
        because.extend(self.group_allows("egress", from, to, port)?);
        if !same {
            because.extend(self.acl_allows("egress", from, to.address, port)?);
            because.extend(self.route(from, to)?);
            because.extend(self.acl_allows("ingress", to, from.address, port)?);
        }
        because.extend(self.group_allows("ingress", to, from, port)?);
        // Security groups remember connections; network ACLs do not.
        for port in ANSWERS.into_iter().filter(|_| !same) {
            self.acl_allows("egress", to, from.address, port).map_err(|reason| format!("the answer: {reason}"))?;
            self.acl_allows("ingress", from, to.address, port).map_err(|reason| format!("the answer: {reason}"))?;
        }
        Ok(())
    }

    fn group_allows(&self, direction: &str, own: Place<'_>, other: Place<'_>, port: u16) -> Step {
        let Some(name) = own.group.filter(|name| !name.starts_with("sg-")) else { return Ok(None) };
        let group = self.groups.get(name).ok_or_else(|| format!("there is no security group {name}"))?;
        let other_group = other.group.map(|name| self.groups.get(name).map_or(name, |group| group.id.as_str()));
        let found = group.rules.iter().find(|rule| {
            rule.direction == direction
                && rule.ports.as_ref().is_none_or(|ports| ports.contains(&port))
                && match &rule.peer {
                    Peer::Cidr(cidr) => cidr.contains(&other.address),
                    Peer::Group(id) => other_group == Some(id.as_str()),
                    // The only list in use is S3's.
                    Peer::PrefixList => other.address == S3,
                }
        });
        let shown = format!("security group {name}");
        match found {
            Some(rule) => Ok(Some(format!("{shown}: {direction} rule \"{}\"", rule.description))),
            None => Err(format!("{shown} has no {direction} rule for port {port} and {}", other.address)),
        }
    }

    fn acl_allows(&self, direction: &str, own: Place<'_>, other: Ipv4Addr, port: u16) -> Step {
        let Some(subnet) = own.subnet else { return Ok(None) };
        let acl = self.acls.iter().find(|acl| acl.subnets.contains(&subnet.id));
        let acl =
            acl.ok_or_else(|| format!("subnet {} has only the default network ACL, which is empty", subnet.name))?;
        let rules = if direction == "egress" { &acl.egress } else { &acl.ingress };
        let matches = |rule: &&AclRule| {
            rule.cidr.contains(&other) && rule.ports.as_ref().is_none_or(|ports| ports.contains(&port))
        };
        // The first rule that matches decides.
        match rules.iter().filter(matches).min_by_key(|rule| rule.number) {
            Some(rule) if rule.allows => {
                Ok(Some(format!("network ACL {}: {direction} rule {}", acl.name, rule.number)))
            }
            Some(rule) => Err(format!("network ACL {}: {direction} rule {} denies {other}", acl.name, rule.number)),
            None => Err(format!("network ACL {} has no {direction} rule for port {port} and {other}", acl.name)),
        }
    }

    /// The route from one end to the other, and for connections from the internet the one that leads there.
    fn route(&self, from: Place<'_>, to: Place<'_>) -> Step {
        let (subnet, address, is_public) = match (from.subnet, to.subnet) {
            (Some(_), Some(_)) => return Ok(Some("both are in the VPC".to_owned())),
            (Some(subnet), None) => (subnet, to.address, from.is_public),
            (None, Some(subnet)) => (subnet, from.address, to.is_public),
            (None, None) => return Err("neither end is in the network".to_owned()),
        };
        // The addresses of S3 are more specific than any range in a table.
        if address == S3 && from.subnet.is_some() && self.s3_tables.contains(&subnet.table) {
            return Ok(Some(format!("subnet {}: S3 through its gateway endpoint", subnet.name)));
        }
        let routes = self.routes.iter().filter(|route| route.table == subnet.table && route.to.contains(&address));
        let route = routes.max_by_key(|route| route.to.prefix_len());
        let route = route.ok_or_else(|| format!("subnet {} has no route to {address}", subnet.name))?;
        match route.gateway {
            Gateway::Nat if from.subnet.is_some() => {
                Ok(Some(format!("subnet {}: {} through NAT", subnet.name, route.to)))
            }
            Gateway::Nat => Err(format!("subnet {}: nothing comes in through NAT", subnet.name)),
            Gateway::Internet if is_public => {
                Ok(Some(format!("subnet {}: {} through the internet gateway", subnet.name, route.to)))
            }
            Gateway::Internet => Err(format!(
                "subnet {} leads to the internet gateway, but the machine has no public address",
                subnet.name
            )),
            Gateway::Peering => Ok(Some(format!("subnet {}: {} through a peering", subnet.name, route.to))),
        }
    }
}

/// One address with what surrounds it.
#[derive(Clone, Copy)]
struct Place<'a> {
    address: Ipv4Addr,
    subnet: Option<&'a Subnet>,
    group: Option<&'a str>,
    is_public: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn resource(kind: &str, values: &Value) -> Value {
        json!({ "mode": "managed", "type": kind, "name": "this", "values": values })
    }

    fn state(resources: &[Value]) -> Value {
        json!({ "values": { "root_module": { "child_modules": [{ "resources": resources }] } } })
    }

    fn rule(number: u64, action: &str, cidr: &str, ports: (u16, u16)) -> Value {
        json!({ "rule_no": number, "action": action, "protocol": "tcp", "cidr_block": cidr, "from_port": ports.0, "to_port": ports.1 })
    }

    /// Two subnets; the list of the first lets HTTPS out and answers in, but nothing to one address.
    fn world(routes: &[Value]) -> World {
        let subnet = |id: &str, cidr: &str| {
            resource("aws_subnet", &json!({ "id": id, "cidr_block": cidr, "tags": { "Name": id, "tier": id } }))
        };
        let association =
            resource("aws_route_table_association", &json!({ "subnet_id": "machines", "route_table_id": "rtb" }));
        let acl = resource(
            "aws_network_acl",
            &json!({
                "tags": { "Name": "list" },
                "subnet_ids": ["machines"],
                "egress": [
                    rule(100, "deny", "203.0.113.11/32", (443, 443)),
                    rule(200, "allow", "0.0.0.0/0", (443, 443)),
                    rule(300, "allow", "203.0.113.11/32", (443, 443)),
                ],
                "ingress": [rule(100, "allow", "0.0.0.0/0", (32_768, 60_999))],
            }),
        );
        let all =
            [&[subnet("machines", "10.0.0.0/24"), subnet("other", "10.0.1.0/24"), association, acl], routes].concat();
        World::read([&state(&all)]).unwrap()
    }

    fn route(key: &str, to: &str) -> Value {
        resource("aws_route", &json!({ "route_table_id": "rtb", "destination_cidr_block": to, key: "target" }))
    }

    #[test]
    fn a_way_out_needs_a_route_and_a_rule() {
        let machine = End::machine("machines", None);
        let closed = world(&[]).reach(machine, End::Outside(INTERNET), 443);
        assert_eq!(closed.because, ["subnet machines has no route to 203.0.113.10"]);
        let open = world(&[route("nat_gateway_id", "0.0.0.0/0")]);
        assert!(open.reach(machine, End::Outside(INTERNET), 443).is_reached);
        let http = open.reach(machine, End::Outside(INTERNET), 80);
        assert_eq!(http.because, ["network ACL list has no egress rule for port 80 and 203.0.113.10"]);
        // The first rule decides.
        let denied = open.reach(machine, End::Outside(Ipv4Addr::new(203, 0, 113, 11)), 443);
        assert_eq!(denied.because, ["network ACL list: egress rule 100 denies 203.0.113.11"]);
    }

    #[test]
    fn the_most_specific_route_decides() {
        let routes = [route("nat_gateway_id", "0.0.0.0/0"), route("gateway_id", "203.0.113.0/24")];
        let answer = world(&routes).reach(End::machine("machines", None), End::Outside(INTERNET), 443);
        assert_eq!(
            answer.because,
            ["subnet machines leads to the internet gateway, but the machine has no public address"]
        );
    }

    #[test]
    fn s3_needs_its_endpoint_in_the_table_of_the_subnet() {
        let endpoint = |table: &str| {
            resource("aws_vpc_endpoint", &json!({ "vpc_endpoint_type": "Gateway", "route_table_ids": [table] }))
        };
        let machine = End::machine("machines", None);
        assert!(world(&[endpoint("rtb")]).reach(machine, End::S3, 443).is_reached);
        assert_eq!(
            world(&[endpoint("rtb-other")]).reach(machine, End::S3, 443).because,
            ["subnet machines has no route to 52.219.0.10"]
        );
    }

    #[test]
    fn an_address_of_a_subnet_is_in_it_and_the_metadata_service_is_everywhere() {
        let (world, machine) = (world(&[]), End::machine("machines", None));
        let own = world.reach(machine, End::Outside(Ipv4Addr::new(10, 0, 0, 9)), 80);
        assert!(own.is_reached, "nothing filters inside a subnet: {own:?}");
        assert!(world.reach(machine, End::Outside(METADATA), 80).is_reached);
        assert!(!world.reach(machine, End::Outside(Ipv4Addr::new(169, 254, 169, 1)), 80).is_reached);
    }

    #[test]
    fn nothing_comes_in_through_nat() {
        let answer = world(&[route("nat_gateway_id", "0.0.0.0/0")]).reach(
            End::Outside(INTERNET),
            End::machine("machines", None),
            443,
        );
        assert_eq!(answer.because, ["subnet machines: nothing comes in through NAT"]);
    }

    #[test]
    fn a_subnet_without_a_list_is_closed() {
        let answer = world(&[]).reach(End::machine("other", None), End::machine("machines", None), 443);
        assert_eq!(answer.because, ["subnet other has only the default network ACL, which is empty"]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(World::read([&json!({})]).is_err(), "not a state");
        let strange = resource(
            "aws_route",
            &json!({ "route_table_id": "rtb", "destination_cidr_block": "0.0.0.0/0", "transit_gateway_id": "tgw" }),
        );
        assert!(World::read([&state(&[strange])]).is_err(), "a route that could lead anywhere");
        let table = resource("aws_route_table", &json!({ "route": [{ "cidr_block": "0.0.0.0/0" }] }));
        assert!(World::read([&state(&[table])]).is_err(), "routes inside a table");
    }
}
