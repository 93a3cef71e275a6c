//! Reads what `terraform show -json` prints.

use fleetgen_state::{StateError, managed, text};
use ipnet::Ipv4Net;
use serde_json::Value;

use super::{GcpWorld, Route, Rule, Subnetwork, Template};

/// Types that could change the answer, and that fleetgen does not emit.
const UNKNOWN: &[&str] = &[
    "google_compute_firewall_policy",
    "google_compute_instance_template",
    "google_compute_network_firewall_policy",
    "google_compute_region_network_firewall_policy",
];

type Read<T> = Result<T, StateError>;

impl GcpWorld {
    /// Reads the states of a network: of its root, and of stacks.
    ///
    /// # Errors
    /// The text is something else, or a rule is not understood: leaving it out could make the answer wrong.
    pub fn read<'a>(states: impl IntoIterator<Item = &'a Value>) -> Read<Self> {
        let mut world = Self::default();
        for state in states {
            for (kind, values) in managed(state)? {
                world.add(kind, values)?;
            }
        }
        Ok(world)
    }

    fn add(&mut self, kind: &str, values: &Value) -> Read<()> {
        match kind {
            // Google creates a route for everything unless it is told not to.
            "google_compute_network" if values["delete_default_routes_on_create"] != true => {
                let to = Ipv4Net::default();
                self.routes.push(Route { name: "default".to_owned(), to, tags: Vec::new() });
            }
            "google_compute_subnetwork" => self.subnetworks.push(Subnetwork {
                id: text(values, "id")?,
                name: text(values, "name")?,
                cidr: cidr(&values["ip_cidr_range"])?,
                reaches_google: values["private_ip_google_access"] == true,
            }),
            "google_compute_route" => {
                if text(values, "next_hop_gateway")? != "default-internet-gateway" {
                    return Err(StateError(format!("a route has an unknown target: {values}")));
                }
                if values["priority"].as_u64().is_some_and(|priority| priority != 1_000) {
                    return Err(StateError(format!("a route has a priority: {values}")));
                }
                let (name, to) = (text(values, "name")?, cidr(&values["dest_range"])?);
                self.routes.push(Route { name, to, tags: texts(&values["tags"]) });
            }
            "google_compute_router_nat" => {
                self.nat_serves_all |= values["source_subnetwork_ip_ranges_to_nat"] != "LIST_OF_SUBNETWORKS";
                let listed = values["subnetwork"].as_array().into_iter().flatten();
                self.nat.extend(listed.filter_map(|subnetwork| subnetwork["name"].as_str()).map(str::to_owned));
            }
            // A record needs its zone, so the record is enough.
            "google_dns_record_set" => self.names_google |= values["name"] == "*.googleapis.com.",
            "google_compute_network_peering" => self.has_peers = true,
            "google_compute_firewall" => self.firewall.push(rule(values)?),
            "google_compute_region_instance_template" => self.templates.push(Template {
                account: text(values, "service_account/0/email")?,
                tags: texts(&values["tags"]),
                is_public: values.pointer("/network_interface/0/access_config/0").is_some(),
            }),
            kind if UNKNOWN.iter().any(|unknown| kind.starts_with(unknown)) => {
                return Err(StateError(format!(
                    "a resource of type {kind} could change the answer, and is not known here"
                )));
            }
            _ => {}
        }
        Ok(())
    }
}

fn rule(values: &Value) -> Read<Rule> {
    let unknown = |what: &str| Err(StateError(format!("a firewall rule has {what}: {values}")));
    let is_set = |key: &str| values[key].as_array().is_some_and(|items| !items.is_empty());
    if ["source_tags", "target_tags", "source_service_accounts"].into_iter().any(is_set) || values["disabled"] == true {
        return unknown("tags, sources or a state that are not known here");
    }
    let is_ingress = match text(values, "direction")?.as_str() {
        "INGRESS" => true,
        "EGRESS" => false,
        _ => return unknown("an unknown direction"),
    };
    let (allows, blocks) = match (values["allow"].as_array(), values["deny"].as_array()) {
        (Some(blocks), _) if !blocks.is_empty() => (true, blocks),
        (_, Some(blocks)) if !blocks.is_empty() => (false, blocks),
        _ => return unknown("neither allow nor deny"),
    };
    let [block] = blocks.as_slice() else { return unknown("several protocols") };
    let ports = texts(&block["ports"]);
    let ports = match block["protocol"].as_str() {
        Some("all") => None,
        Some("tcp") if ports.is_empty() => None,
        Some("tcp") => Some(ports),
        // Connections are TCP's.
        _ => Some(Vec::new()),
    };
    let ranges = if is_ingress { "source_ranges" } else { "destination_ranges" };
    let ranges = values[ranges].as_array().into_iter().flatten().map(cidr).collect::<Read<Vec<_>>>()?;
    // For Google, an empty list means every address.
    if ranges.is_empty() {
        return unknown("no ranges");
    }
    if ports.iter().flatten().any(|port| port.parse::<u16>().is_err()) {
        return unknown("a range of ports");
    }
    Ok(Rule {
        name: text(values, "name")?,
        is_ingress,
        priority: values["priority"].as_u64().unwrap_or(1_000),
        allows,
        ranges,
        accounts: texts(&values["target_service_accounts"]),
        ports,
    })
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn cidr(value: &Value) -> Read<Ipv4Net> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| StateError(format!("{value} is not a range of addresses")))
}
