//! What can connect to what in the networks, once applied, and that a check fails when one of the rules changes.

use anyhow::{Context, ensure};
use fleetgen_fleet::resource_name;
use fleetgen_reach::{End, INTERNET, World};
use serde_json::{Value, json};

use super::roots::fleet;
use super::{Check, CheckContext};

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("reach: the networks are isolated, and every rule counts", isolated)]
}

/// A connection, and whether it must be possible.
struct Expected<'a> {
    what: &'static str,
    from: End<'a>,
    to: End<'a>,
    port: u16,
    is_reached: bool,
}

fn isolated(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let fleet = fleet(context.root)?;
    for (scope, network) in fleet.foundations() {
        let state = context.sandbox.applied(&scope.directory())?;
        let name = resource_name::network(&fleet.name, &network.name);
        holds(&state, &name, fleet.proxy.port.get()).with_context(|| name.clone())?;
        for (what, change) in MUTANTS {
            let mut mutant = Value::clone(&state);
            let changed = change(&mut mutant);
            // Only one of the networks builds images and has public load balancers.
            if changed == 0 {
                continue;
            }
            let noticed = holds(&mutant, &name, fleet.proxy.port.get()).is_err();
            ensure!(noticed, "{name}: {what}, and no check fails");
        }
    }
    Ok(())
}

fn holds(state: &Value, network: &str, port: u16) -> anyhow::Result<()> {
    let world = World::read(state)?;
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
    let expected = |what, from, to, port, is_reached| Expected { what, from, to, port, is_reached };
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
    for address in ["10.200.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"] {
        all.push(expected("the proxy and a private address", proxies, End::Outside(address.parse()?), 443, false));
    }
    if tiers.contains(&"build") {
        all.push(expected("a build and the proxy's load balancer", builds, balancers, port, true));
        all.push(expected("a build and the endpoints", builds, services, 443, true));
        all.push(expected("a build and the internet", builds, internet, 443, false));
        all.push(expected("a build and SSH on a machine", builds, machine, 22, false));
        all.push(expected("a machine and SSH on a build", machine, builds, 22, false));
    }
    if tiers.contains(&"runner") {
        let runner = End::machine("runner", Some(runner));
        all.push(expected("the runner and the proxy's load balancer", runner, balancers, port, true));
        all.push(expected("the runner and the endpoints", runner, services, 443, true));
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
        all.push(expected("the internet and a public load balancer", internet, edge, 443, true));
        all.push(expected("a public load balancer and a machine", edge, machine, 8080, true));
        all.push(expected("the internet and SSH on a public load balancer", internet, edge, 22, false));
    }
    for Expected { what, from, to, port, is_reached } in all {
        let answer = world.reach(from, to, port);
        let because = answer.because.join("; ");
        ensure!(answer.is_reached == is_reached, "{what}, port {port}: {because}");
    }
    Ok(())
}

/// A change of the state, and how many places it found.
type Change = fn(&mut Value) -> usize;

/// What must not go unnoticed.
const MUTANTS: &[(&str, Change)] = &[
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
fn each(state: &mut Value, kind: &str, name: &str, change: impl Fn(&mut Value)) -> usize {
    let mut found = 0;
    visit(&mut state["values"]["root_module"], &mut |resource| {
        if resource["type"] == kind && resource["name"] == name {
            change(&mut resource["values"]);
            found += 1;
        }
    });
    found
}

/// The values of a resource.
fn first(state: &mut Value, kind: &str, name: &str) -> Value {
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
