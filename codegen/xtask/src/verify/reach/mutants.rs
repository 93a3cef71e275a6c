//! Changes of a state that must not go unnoticed: each rule removed, and rules that let more pass.

use serde_json::{Value, json};

/// A change of the state, and how many places it found.
pub(super) type Change = fn(&mut Value) -> usize;

/// What must not go unnoticed.
pub(super) const MUTANTS: &[(&str, Change)] = &[
    ("machines have the proxy's routes", |state| {
        let table = first(state, "aws_route_table_association", "proxy")["route_table_id"].clone();
        each(state, "aws_route_table_association", "private", |values| values["route_table_id"] = table.clone())
    }),
    ("the default route of the proxy is gone", |state| {
        each(state, "aws_route", "proxy_to_internet", |values| values["destination_cidr_block"] = json!("192.0.2.0/24"))
    }),
    ("the proxy's list denies nothing", |state| {
        each(state, "aws_network_acl", "this", |values| {
            for rule in values["egress"].as_array_mut().into_iter().flatten().filter(|rule| rule["action"] == "deny") {
                rule["action"] = json!("allow");
            }
        })
    }),
    ("the runner reaches the whole network", |state| {
        each(state, "aws_vpc_security_group_egress_rule", "this", |values| {
            values["referenced_security_group_id"] = Value::Null;
            values["cidr_ipv4"] = json!("10.0.0.0/8");
        })
    }),
    ("the proxy reaches every port", |state| {
        each(state, "aws_network_acl", "this", all_ports)
            + each(state, "aws_vpc_security_group_egress_rule", "machines", all_ports)
    }),
    ("everything in the network reaches the proxy's machines", |state| {
        each(state, "aws_vpc_security_group_ingress_rule", "machines", |values| {
            values["referenced_security_group_id"] = Value::Null;
            values["cidr_ipv4"] = json!("10.0.0.0/8");
        })
    }),
    ("the load balancer lets no machine in", |state| {
        each(state, "aws_vpc_security_group_ingress_rule", "load_balancer", |values| {
            values["cidr_ipv4"] = json!("192.0.2.0/24");
        })
    }),
    ("the load balancer does not reach the proxy", |state| {
        each(state, "aws_vpc_security_group_egress_rule", "load_balancer", |values| {
            values["referenced_security_group_id"] = json!("sg-other");
        })
    }),
    ("the endpoints listen elsewhere", |state| {
        each(state, "aws_vpc_security_group_ingress_rule", "endpoints", |values| {
            values["from_port"] = json!(8443);
            values["to_port"] = json!(8443);
        })
    }),
    ("the endpoints listen on everything", |state| {
        each(state, "aws_vpc_security_group_ingress_rule", "endpoints", all_ports)
    }),
    ("builds do not reach the proxy", |state| {
        each(state, "aws_vpc_security_group_egress_rule", "build", |values| {
            if values["description"] == "The proxy" {
                values["from_port"] = json!(1);
                values["to_port"] = json!(1);
            }
        })
    }),
    ("public load balancers take SSH", |state| {
        each(state, "aws_network_acl", "this", |values| {
            for rule in values["ingress"].as_array_mut().into_iter().flatten().filter(|rule| rule["to_port"] == 80) {
                rule["from_port"] = json!(22);
            }
        }) * usize::from(state.to_string().contains("\"edge\""))
    }),
    ("public load balancers have no way out", |state| {
        each(state, "aws_route", "edge_to_internet", |values| values["destination_cidr_block"] = json!("192.0.2.0/24"))
    }),
    ("no answers come back to machines", |state| {
        each(state, "aws_network_acl", "this", |values| {
            let rules = values["ingress"].as_array_mut();
            if let Some(rules) = rules {
                rules.retain(|rule| rule["from_port"] != 32_768 && rule["protocol"] != "-1");
            }
        })
    }),
];

fn all_ports(values: &mut Value) {
    let widen = |values: &mut Value| {
        values["from_port"] = json!(0);
        values["to_port"] = json!(65_535);
    };
    if values["egress"].is_array() {
        values["egress"].as_array_mut().into_iter().flatten().for_each(widen);
    } else {
        widen(values);
    }
}

/// Changes the values of every resource of a type and a name. Returns how many there are.
pub(super) fn each(state: &mut Value, kind: &str, name: &str, change: impl Fn(&mut Value)) -> usize {
    let mut found = 0;
    visit(&mut state["values"]["root_module"], &mut |resource| {
        if resource["mode"] == "managed" && resource["type"] == kind && resource["name"] == name {
            change(&mut resource["values"]);
            found += 1;
        }
    });
    found
}

/// The values of a resource.
pub(super) fn first(state: &mut Value, kind: &str, name: &str) -> Value {
    let mut found = Value::Null;
    visit(&mut state["values"]["root_module"], &mut |resource| {
        if resource["type"] == kind && resource["name"] == name {
            found = resource["values"].clone();
        }
    });
    found
}

fn visit(module: &mut Value, work: &mut impl FnMut(&mut Value)) {
    module["resources"].as_array_mut().into_iter().flatten().for_each(&mut *work);
    if let Some(children) = module["child_modules"].as_array_mut() {
        for child in children {
            visit(child, work);
        }
    }
}

/// The state without one of its rules, for each of them: routes, rules of security groups, entries of network ACLs, and the
/// route tables of S3's endpoint.
pub(super) fn without_a_rule(state: &Value) -> Vec<(String, Value)> {
    let kinds = ["aws_route", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"];
    // The table of the peer's network is not in this root.
    let is_rule =
        |resource: &Value| kinds.iter().any(|kind| resource["type"] == *kind) && resource["name"] != "from_peer";
    let mut found = without(state, is_rule);
    let mut count = 0;
    visit(&mut state.clone()["values"]["root_module"], &mut |resource| {
        let number = count;
        count += 1;
        let lists: &[&str] = match resource["type"].as_str().unwrap_or_default() {
            "aws_network_acl" => &["ingress", "egress"],
            "aws_vpc_endpoint" if resource["values"]["vpc_endpoint_type"] == "Gateway" => &["route_table_ids"],
            _ => return,
        };
        for list in lists {
            for (index, entry) in resource["values"][list].as_array().into_iter().flatten().enumerate() {
                let gone = changed(state, number, |resource| {
                    if let Some(entries) = resource["values"][list].as_array_mut() {
                        entries.remove(index);
                    }
                });
                found.push((format!("{} {list} {entry}", resource["address"]), gone));
            }
        }
    });
    found
}

/// The state without one of some resources, for each of them.
pub(super) fn without(state: &Value, is_rule: impl Fn(&Value) -> bool) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut count = 0;
    visit(&mut state.clone()["values"]["root_module"], &mut |resource| {
        let number = count;
        count += 1;
        if !is_rule(resource) {
            return;
        }
        let gone = changed(state, number, |resource| *resource = json!({ "mode": "data", "values": {} }));
        found.push((format!("{} {}", resource["address"], resource["values"]["description"]), gone));
    });
    found
}

/// The state with a change of its resource of this number.
fn changed(state: &Value, number: usize, change: impl Fn(&mut Value)) -> Value {
    let (mut state, mut count) = (state.clone(), 0);
    visit(&mut state["values"]["root_module"], &mut |resource| {
        if count == number {
            change(resource);
        }
        count += 1;
    });
    state
}
