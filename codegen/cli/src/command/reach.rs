//! `fleetgen reach`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use fleetgen_problem::suggest_or_list;
use fleetgen_reach::{End, GcpEnd, GcpWorld, INTERNET, World};
use fleetgen_state::resources;
use serde_json::{Value, json};

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::state;
use crate::ui::Ui;

/// Show whether one end of a network can connect to another, and which rule decides
///
/// It reads the state of the network's root: `terraform -chdir=generated/terraform/aws-tokyo/foundation show -json | fleetgen
/// reach machines internet`. An end is a tier of subnets (machines, build, proxy; on AWS also runner and edge, on GCP proxy-only), an
/// IPv4 address, `internet`, or the cloud's own services: `s3` on AWS, `google-apis` on GCP. What a machine is decides as well: add its
/// security group (proxy/example-aws-tokyo-proxy), on GCP the e-mail address of its service account. For compute groups, also give the
/// state of their stack: `--state - --state stack.json`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the connection starts
    #[arg(value_name = "FROM")]
    from: String,
    /// Where it leads
    #[arg(value_name = "TO")]
    to: String,
    /// The port
    #[arg(long, value_name = "PORT", default_value_t = 443)]
    port: u16,
    /// What `terraform show -json` printed; `-` for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    state: Vec<PathBuf>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let states = args.state.iter().map(|path| state::read(global, path)).collect::<Result<Vec<_>, _>>()?;
    let answer = if is_google(&states) {
        let world = GcpWorld::read(&states).map_err(|error| state::unusable(error.to_string()))?;
        world.reach(gcp_end(&world, &args.from)?, gcp_end(&world, &args.to)?, args.port)
    } else {
        let world = World::read(&states).map_err(|error| state::unusable(error.to_string()))?;
        world.reach(end(&world, &args.from)?, end(&world, &args.to)?, args.port)
    };
    match ui.format {
        Format::Json => {
            ui.json(json!({ "reached": answer.is_reached, "because": answer.because }))?;
        }
        Format::Human | Format::Github => {
            let says = if answer.is_reached { "yes" } else { "no" };
            ui.print(&format!("{} → {}, port {}: {says}\n", args.from, args.to, args.port))?;
            for reason in answer.because {
                ui.print(&format!("  {reason}\n"))?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn is_google(states: &[Value]) -> bool {
    let resources = states.iter().filter_map(|state| resources(state).ok()).flatten();
    resources.filter_map(|resource| resource["type"].as_str()).any(|kind| kind.starts_with("google_"))
}

fn gcp_end<'a>(world: &GcpWorld, text: &'a str) -> Result<GcpEnd<'a>, Failure> {
    if let Some(address) = address(text) {
        return Ok(GcpEnd::Outside(address));
    }
    if text == "google-apis" {
        return Ok(GcpEnd::GoogleApis);
    }
    let (tier, account) = parts(text);
    check(TIER, tier, world.tiers())?;
    if let Some(account) = account {
        check("service account", account, world.accounts())?;
    }
    Ok(GcpEnd::Machine { tier, account })
}

const TIER: &str = "tier";

/// An end that is an address.
fn address(text: &str) -> Option<Ipv4Addr> {
    if text == "internet" { Some(INTERNET) } else { text.parse().ok() }
}

/// The tier, and what the machine is.
fn parts(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(tier, rest)| (tier, Some(rest)))
}

fn check(what: &str, name: &str, known: Vec<&str>) -> Result<(), Failure> {
    if known.contains(&name) {
        return Ok(());
    }
    Err(Failure::usage(format!("the state has no {what} `{name}`"), suggest_or_list(name, known)))
}

fn end<'a>(world: &World, text: &'a str) -> Result<End<'a>, Failure> {
    if let Some(address) = address(text) {
        return Ok(End::Outside(address));
    }
    if text == "s3" {
        return Ok(End::S3);
    }
    let (tier, group) = parts(text);
    check(TIER, tier, world.tiers())?;
    if let Some(group) = group {
        check("security group", group, world.groups())?;
    }
    // Public load balancers have addresses of their own; no machine has.
    Ok(End::Inside { tier, group, is_public: tier == "edge" })
}
