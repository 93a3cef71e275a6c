//! Reads what `terraform show -json` prints.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use fleetgen_state::{StateError, managed, text};
use ipnet::Ipv4Net;
use serde_json::Value;

/// The part of a state that decides what can connect to what.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) acls: Vec<Acl>,
    pub(crate) routes: Vec<Route>,
    /// The ids of the route tables that lead to S3's gateway endpoint.
    pub(crate) s3_tables: Vec<String>,
    /// By name.
    pub(crate) groups: BTreeMap<String, Group>,
}

#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tier: String,
    pub(crate) cidr: Ipv4Net,
    /// The id of its route table; empty for the VPC's own, which leads nowhere.
    pub(crate) table: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Acl {
    pub(crate) name: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) ingress: Vec<AclRule>,
    pub(crate) egress: Vec<AclRule>,
}

#[derive(Debug, Clone)]
pub(crate) struct AclRule {
    pub(crate) number: u64,
    pub(crate) allows: bool,
    pub(crate) cidr: Ipv4Net,
    /// Nothing for all.
    pub(crate) ports: Option<RangeInclusive<u16>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) table: String,
    pub(crate) to: Ipv4Net,
    pub(crate) gateway: Gateway,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gateway {
    Nat,
    Internet,
    Peering,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) rules: Vec<GroupRule>,
}

#[derive(Debug, Clone)]
pub(crate) struct GroupRule {
    pub(crate) direction: &'static str,
    pub(crate) description: String,
    /// Nothing for all.
    pub(crate) ports: Option<RangeInclusive<u16>>,
    pub(crate) peer: Peer,
}

#[derive(Debug, Clone)]
pub(crate) enum Peer {
    Cidr(Ipv4Net),
    /// The id of a security group.
    Group(String),
    PrefixList,
}

type Read<T> = Result<T, StateError>;

impl World {
    /// Reads the states of a network: of its root and, if the security groups of compute groups count, of stacks.
    ///
    /// # Errors
    /// The text is something else, or a rule is not understood: leaving it out could make the answer wrong.
    pub fn read<'a>(states: impl IntoIterator<Item = &'a Value>) -> Read<Self> {
        let mut resources = Vec::new();
        for state in states {
            resources.extend(managed(state)?);
        }
        let of =
            |kind: &'static str| resources.iter().filter(move |(found, _)| *found == kind).map(|(_, values)| *values);
        let tables: BTreeMap<String, String> = of("aws_route_table_association")
            .map(|values| Ok((text(values, "subnet_id")?, text(values, "route_table_id")?)))
            .collect::<Read<_>>()?;
        let mut world = Self::default();
        for values in of("aws_subnet") {
            let id = text(values, "id")?;
            world.subnets.push(Subnet {
                name: text(values, "tags/Name")?,
                tier: text(values, "tags/tier")?,
                cidr: cidr(&text(values, "cidr_block")?)?,
                table: tables.get(&id).cloned().unwrap_or_default(),
                id,
            });
        }
        for values in of("aws_vpc_endpoint").filter(|values| values["vpc_endpoint_type"] == "Gateway") {
            world.s3_tables.extend(texts(values, "route_table_ids"));
        }
        for values in of("aws_network_acl") {
            let rules = |direction: &str| {
                values[direction].as_array().into_iter().flatten().map(acl_rule).collect::<Read<Vec<_>>>()
            };
            world.acls.push(Acl {
                name: text(values, "tags/Name")?,
                subnets: texts(values, "subnet_ids").collect(),
                ingress: rules("ingress")?,
                egress: rules("egress")?,
            });
        }
        for values in of("aws_route") {
            let has = |key: &str| values[key].as_str().is_some_and(|id| !id.is_empty());
            let gateways = [
                ("nat_gateway_id", Gateway::Nat),
                ("gateway_id", Gateway::Internet),
                ("vpc_peering_connection_id", Gateway::Peering),
            ];
            let gateway = gateways.into_iter().find(|(key, _)| has(key)).map(|(_, gateway)| gateway);
            world.routes.push(Route {
                table: text(values, "route_table_id")?,
                to: cidr(&text(values, "destination_cidr_block")?)?,
                gateway: gateway.ok_or_else(|| StateError(format!("a route has an unknown target: {values}")))?,
            });
        }
        // Routes inside a table would go unseen.
        if let Some(values) = of("aws_route_table").find(|values| {
            values["route"].as_array().is_some_and(|routes| routes.iter().any(|route| route["cidr_block"].is_string()))
        }) {
            return Err(StateError(format!("routes must be resources of type aws_route: {values}")));
        }
        world.read_groups(&resources)?;
        Ok(world)
    }

    fn read_groups(&mut self, resources: &[(&str, &Value)]) -> Read<()> {
        let mut names = BTreeMap::new();
        for (_, values) in resources.iter().filter(|(kind, _)| *kind == "aws_security_group") {
            let (id, name) = (text(values, "id")?, text(values, "name")?);
            names.insert(id.clone(), name.clone());
            self.groups.insert(name, Group { id, rules: Vec::new() });
        }
        for (kind, values) in resources {
            let direction = match *kind {
                "aws_vpc_security_group_ingress_rule" => "ingress",
                "aws_vpc_security_group_egress_rule" => "egress",
                _ => continue,
            };
            let is_set = |key: &str| values[key].as_str().filter(|value| !value.is_empty());
            let peer = if let Some(range) = is_set("cidr_ipv4") {
                Peer::Cidr(cidr(range)?)
            } else if let Some(id) = is_set("referenced_security_group_id") {
                Peer::Group(id.to_owned())
            } else if is_set("prefix_list_id").is_some() {
                Peer::PrefixList
            } else {
                return Err(StateError(format!("a rule of a security group has an unknown peer: {values}")));
            };
            let protocol = text(values, "ip_protocol")?;
            // Connections are TCP's.
            if !["-1", "tcp"].contains(&protocol.as_str()) {
                continue;
            }
            let all = protocol == "-1";
            let ports = if all { None } else { Some(ports(values)?) };
            let description = values["description"].as_str().unwrap_or_default().to_owned();
            let group = names.get(&text(values, "security_group_id")?).and_then(|name| self.groups.get_mut(name));
            let group = group.ok_or_else(|| StateError(format!("a rule belongs to no security group: {values}")))?;
            group.rules.push(GroupRule { direction, description, ports, peer });
        }
        Ok(())
    }
}

fn texts<'a>(values: &'a Value, key: &str) -> impl Iterator<Item = String> + use<'a> {
    values[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

fn acl_rule(values: &Value) -> Read<AclRule> {
    let all = values["protocol"] == "-1";
    Ok(AclRule {
        number: values["rule_no"].as_u64().ok_or_else(|| StateError(format!("a rule has no number: {values}")))?,
        allows: values["action"] == "allow",
        cidr: cidr(&text(values, "cidr_block")?)?,
        ports: if all { None } else { Some(ports(values)?) },
    })
}

fn ports(values: &Value) -> Read<RangeInclusive<u16>> {
    let port = |key: &str| {
        let port = values[key].as_u64().and_then(|port| u16::try_from(port).ok());
        port.ok_or_else(|| StateError(format!("a rule has no {key}: {values}")))
    };
    Ok(port("from_port")?..=port("to_port")?)
}

fn cidr(text: &str) -> Read<Ipv4Net> {
    text.parse().map_err(|_| StateError(format!("`{text}` is not a range of addresses")))
}
