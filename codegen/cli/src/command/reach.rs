//! `fleetgen reach`.

use std::path::PathBuf;

use fleetgen_problem::suggest_or_list;
use fleetgen_reach::{End, INTERNET, World};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::state;
use crate::ui::Ui;

/// Show whether one end of a network on AWS can connect to another, and which rule decides
///
/// It reads the state of the network's root: `terraform -chdir=generated/terraform/aws-tokyo/foundation show -json | fleetgen
/// reach machines internet`. An end is a tier of subnets (machines, build, proxy, runner, edge), also with a security group
/// (proxy/example-aws-tokyo-proxy), an IPv4 address, or `internet`.
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
    state: PathBuf,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let state = state::read(global, &args.state)?;
    let world = World::read(&state).map_err(|error| state::unusable(error.to_string()))?;
    let answer = world.reach(end(&world, &args.from)?, end(&world, &args.to)?, args.port);
    match ui.format {
        Format::Json => {
            ui.print(&format!("{:#}\n", json!({ "reached": answer.is_reached, "because": answer.because })))?;
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

fn end<'a>(world: &World, text: &'a str) -> Result<End<'a>, Failure> {
    if text == "internet" {
        return Ok(End::Outside(INTERNET));
    }
    if let Ok(address) = text.parse() {
        return Ok(End::Outside(address));
    }
    let (tier, group) = text.split_once('/').map_or((text, None), |(tier, group)| (tier, Some(group)));
    let unknown = |what: &str, name: &str, known: Vec<&str>| {
        Failure::usage(format!("the state has no {what} `{name}`"), suggest_or_list(name, known))
    };
    if !world.tiers().contains(&tier) {
        return Err(unknown("tier", tier, world.tiers()));
    }
    if let Some(group) = group.filter(|group| !world.groups().contains(group)) {
        return Err(unknown("security group", group, world.groups()));
    }
    // Public load balancers have addresses of their own; no machine has.
    Ok(End::Inside { tier, group, is_public: tier == "edge" })
}
