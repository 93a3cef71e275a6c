//! The networks of a fleet as a picture, in Mermaid's language, which GitHub draws: <https://mermaid.js.org/syntax/flowchart.html>.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleetgen_fleet::choice::{Cloud, ProxyClient, Scheme};
use fleetgen_fleet::{Fleet, Group, Network, Scope, Tier};

/// Names per line.
const NAMES_PER_LINE: usize = 4;
/// Two internets, so that every arrow leads to the right.
const HEAD: &str = r#"%%{init: {"flowchart": {"wrappingWidth": 600}}}%%
flowchart LR
  people(["operators"])
  internet(["the internet"])
"#;

/// Draws the networks, or one of them with its peers: their subnets, groups, proxies and endpoints, and what reaches what.
pub fn draw(fleet: &Fleet, only: Option<&Network>) -> String {
    let is_drawn =
        |network: &&Network| only.is_none_or(|only| only.name == network.name || only.peers.contains(&network.name));
    let networks: Vec<&Network> = fleet.networks.values().filter(is_drawn).collect();
    let mut text = HEAD.to_owned();
    if networks.iter().any(|network| load_balancers(network, Scheme::Public).is_some()) {
        text += "  clients([\"the internet\"])\n";
    }
    let stacks = fleet.stacks();
    for network in &networks {
        text += &boxes(fleet, network, &stacks);
    }
    for network in &networks {
        text += &arrows(fleet, network);
    }
    for (index, network) in networks.iter().enumerate() {
        for peer in networks[..index].iter().filter(|peer| network.peers.contains(&peer.name)) {
            let _ = writeln!(text, "  {} <-->|peering| {}", id(peer, "machines"), id(network, "machines"));
        }
    }
    text
}

/// Mermaid's keywords, such as `end`, cannot be ids, so every id has a suffix. Nor can an id have two hyphens in a row.
fn id(network: &Network, part: &str) -> String {
    format!("{}_{part}", network.name.as_str().replace('-', "_"))
}

fn boxes(fleet: &Fleet, network: &Network, stacks: &BTreeMap<Scope, Vec<&Group>>) -> String {
    let account = match network.cloud {
        Cloud::Aws => fleet.aws_account(network).map(|account| account.account.to_string()),
        Cloud::Gcp => fleet.gcp_account(network).map(|account| account.project.to_string()),
    };
    let title = format!(
        "{}: {} {}, {}, {}",
        network.name,
        network.cloud.title(),
        account.unwrap_or_default(),
        network.region,
        network.cidr
    );
    let mut text = String::new();
    let _ = writeln!(text, "  subgraph {}[\"{title}\"]", id(network, "network"));
    for (scheme, part) in [(Scheme::Public, "edge"), (Scheme::Internal, "internal")] {
        if let Some(names) = load_balancers(network, scheme) {
            let name = lines(&format!("{scheme} load balancers"), &names);
            let _ = writeln!(text, "    {}[\"{name}\"]", id(network, part));
        }
    }
    let machines = match &network.existing {
        Some(_) => "machines, in a network that exists already".to_owned(),
        None => format!("machines: {}", subnets(network, Tier::Machines).join(", ")),
    };
    let _ = writeln!(text, "    subgraph {}[\"{machines}\"]", id(network, "machines"));
    let here = stacks.iter().filter(|(scope, _)| scope.network() == Some(&network.name));
    let mut is_empty = true;
    for (scope, groups) in here {
        let Scope::Stack(_, stack) = scope else { continue };
        let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
        let _ =
            writeln!(text, "      {}[\"{}\"]", id(network, &format!("stack_{stack}")), lines(stack.as_str(), &names));
        is_empty = false;
    }
    if is_empty {
        let _ = writeln!(text, "      {}[\"no groups\"]", id(network, "none"));
    }
    text += "    end\n";
    if fleet.is_build_network(network) {
        let name = lines("image builds", &subnets(network, Tier::Build));
        let _ = writeln!(text, "    {}[\"{name}\"]", id(network, "build"));
    }
    if fleet.runner_of(network).is_some() {
        let name = lines("GitHub runner", &subnets(network, Tier::Runner));
        let _ = writeln!(text, "    {}[\"{name}\"]", id(network, "runner"));
    }
    let services = match network.cloud {
        Cloud::Aws => lines("endpoints of AWS", &network.services().into_iter().chain(["s3"]).collect::<Vec<_>>()),
        Cloud::Gcp => lines("Google's APIs", &["googleapis.com", "pkg.dev"]),
    };
    let _ = writeln!(text, "    {}[[\"{services}\"]]", id(network, "services"));
    if let Some(proxy) = proxy(fleet, network) {
        let _ = writeln!(text, "    {}{{{{\"{proxy}\"}}}}", id(network, "proxy"));
    }
    text += "  end\n";
    if !network.destinations.is_empty() {
        let names: Vec<&str> = network.destinations.keys().map(AsRef::as_ref).collect();
        let _ = writeln!(text, "  {}([\"{}\"])", id(network, "outside"), lines("outside the fleet", &names));
    }
    text
}

/// The proxy of a network, if machines in it have one.
fn proxy(fleet: &Fleet, network: &Network) -> Option<String> {
    if let Some(existing) = &network.existing {
        return existing.proxy.as_ref().map(|url| lines("proxy", &[url.as_str()]));
    }
    let title = format!("egress proxy: {} × {}", network.proxies, fleet.proxy.machine(network.cloud));
    Some(lines(&title, &subnets(network, Tier::Proxy)))
}

fn arrows(fleet: &Fleet, network: &Network) -> String {
    let mut text = String::new();
    let (proxy, services) = (id(network, "proxy"), id(network, "services"));
    let mut clients = vec![("machines", domains(fleet, network, ProxyClient::Groups))];
    if fleet.is_build_network(network) {
        clients.push(("build", domains(fleet, network, ProxyClient::Builds)));
    }
    if fleet.runner_of(network).is_some() {
        clients.push(("runner", fleet.runner_domains(network).len()));
    }
    for (client, domains) in clients {
        let client = id(network, client);
        let noun = if domains == 1 { "domain" } else { "domains" };
        let _ = match &network.existing {
            None => writeln!(text, "  {client} -->|\"{domains} {noun}\"| {proxy}"),
            Some(existing) if existing.proxy.is_some() => writeln!(text, "  {client} --> {proxy}"),
            Some(_) => Ok(()),
        };
        let _ = writeln!(text, "  {client} --> {services}");
    }
    if self::proxy(fleet, network).is_some() {
        let _ = writeln!(text, "  {proxy} --> internet");
    }
    if network.existing.is_none() {
        let _ = writeln!(text, "  {proxy} --> {services}");
    }
    let (edge, machines) = (id(network, "edge"), id(network, "machines"));
    if !network.destinations.is_empty() {
        let _ = writeln!(text, "  {machines} <--> {}", id(network, "outside"));
    }
    if load_balancers(network, Scheme::Public).is_some() {
        let _ = writeln!(text, "  clients --> {edge} --> {machines}");
    }
    if load_balancers(network, Scheme::Internal).is_some() {
        let _ = writeln!(text, "  {} --> {machines}", id(network, "internal"));
    }
    let sessions = match network.cloud {
        Cloud::Aws => "Session Manager",
        Cloud::Gcp => "Identity-Aware Proxy",
    };
    let _ = writeln!(text, "  people -->|\"{sessions}\"| {machines}");
    text
}

/// How many domains the proxy lets a kind of machine connect to.
fn domains(fleet: &Fleet, network: &Network, client: ProxyClient) -> usize {
    fleet.proxy.domains_in(network).filter(|domain| domain.clients.contains(&client)).count()
}

/// The names of the load balancers of a scheme, if there are any.
fn load_balancers(network: &Network, scheme: Scheme) -> Option<Vec<&str>> {
    let balancers = network.load_balancers.iter().filter(|(_, balancer)| balancer.scheme == scheme);
    let names: Vec<&str> = balancers.map(|(name, _)| name.as_str()).collect();
    (!names.is_empty()).then_some(names)
}

fn subnets(network: &Network, tier: Tier) -> Vec<String> {
    let subnets = network.subnets().into_iter().filter(|subnet| subnet.tier == tier);
    subnets.map(|subnet| subnet.cidr.to_string()).collect()
}

/// A title, and names below it.
fn lines(title: &str, names: &[impl AsRef<str>]) -> String {
    let lines =
        names.chunks(NAMES_PER_LINE).map(|names| names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "));
    std::iter::once(format!("<b>{title}</b>")).chain(lines).collect::<Vec<_>>().join("<br>")
}
