//! `fleetgen can`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fleetgen_emit::Policies;
use fleetgen_fleet::scalar::AccountName;
use fleetgen_fleet::{AwsAccount, Fleet, Scope, resource_name};
use fleetgen_iam::{Identity, Policy, Principal, Request, Role, decide};
use fleetgen_problem::suggest_or_list;
use serde_json::{Value, json};

use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::state;
use crate::ui::Ui;

/// Show whether an identity on AWS may make a call, and which statement decides
///
/// Identities are the roles of GitHub's jobs and the policies of operators: `apply-prod`, `operators-prod`. If several
/// accounts have the identity, write `ACCOUNT/IDENTITY`. With `--state`, identities are the roles of a root, such as those of
/// a stack's machines. Resource policies, such as key policies, are not evaluated.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Who: `apply-prod`, `operators-prod`, or with `--state` the name of a role
    #[arg(value_name = "IDENTITY")]
    identity: String,
    /// What, such as `ec2:TerminateInstances`
    #[arg(value_name = "ACTION")]
    action: String,
    /// On what: an ARN, or `*` for calls without a resource
    #[arg(value_name = "RESOURCE")]
    resource: String,
    /// A condition key of the request and its value, such as `aws:ResourceTag/environment=prod`. May be repeated. The default
    /// of `aws:RequestedRegion` is the region in the ARN, or else `clouds.aws.state_region`
    #[arg(long, value_name = "KEY=VALUE", value_parser = given)]
    given: Vec<(String, String)>,
    /// What `terraform show -json` printed; `-` for standard input
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

fn given(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| key.contains(':'));
    let (key, value) = pair.ok_or("write a condition key and its value, such as `aws:ResourceTag/environment=prod`")?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let fleet = Project::load(global, ui)?.fleet;
    let identities = match &args.state {
        Some(path) => of_state(&state::read(global, path)?, &fleet)?,
        None => of_fleet(&fleet)?,
    };
    let Some(known) = identities.get(&args.identity) else {
        // Several accounts may have one of this name.
        let end = format!("/{}", args.identity);
        let mut near: Vec<&str> = identities.keys().map(String::as_str).filter(|name| name.ends_with(&end)).collect();
        if near.is_empty() {
            near.extend(identities.keys().map(String::as_str));
        }
        let hint = suggest_or_list(&args.identity, near);
        return Err(Failure::usage(format!("there is no identity `{}`", args.identity), hint));
    };
    let request = request(args, &fleet)?;
    let decision = decide(&request, &known.identity, None);
    match ui.format {
        Format::Json => {
            let answer =
                json!({ "allowed": decision.is_allowed, "because": decision.because, "unknown": known.unknown });
            ui.json(answer)?;
        }
        Format::Human | Format::Github => {
            let answer = if decision.is_allowed { "yes" } else { "no" };
            let limit = if known.unknown.is_empty() { "" } else { ", as far as this state shows" };
            ui.print(&format!("{}, {} on {}: {answer}{limit}\n", args.identity, args.action, args.resource))?;
            for reason in decision.because {
                ui.print(&format!("  {reason}\n"))?;
            }
            for arn in &known.unknown {
                ui.print(&format!("  {arn} also applies, but its document is not in this state\n"))?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// An identity, and the ARNs of its policies whose documents are not available.
struct Known {
    identity: Identity,
    unknown: Vec<String>,
}

/// The roles of a root.
fn of_state(state: &Value, fleet: &Fleet) -> Result<BTreeMap<String, Known>, Failure> {
    let mut boundaries = BTreeMap::new();
    for (account, policies) in policies(fleet)? {
        let arn = resource_name::machines_boundary_arn(&fleet.name, &account.account);
        let boundary = read(account, "boundary-machines", &policies.machines_boundary)?;
        boundaries.insert(arn, boundary);
    }
    let roles = fleetgen_iam::roles(state, &boundaries).map_err(|error| state::unusable(error.to_string()))?;
    let known = |role: Role| Known { identity: role.identity, unknown: role.unknown };
    Ok(roles.into_iter().map(|(name, role)| (name, known(role))).collect())
}

/// The jobs and operators of every account, each by its name, and if several accounts have it, by the account's as well.
fn of_fleet(fleet: &Fleet) -> anyhow::Result<BTreeMap<String, Known>> {
    let mut by_name: BTreeMap<String, Vec<(&AccountName, Identity)>> = BTreeMap::new();
    for (account, policies) in policies(fleet)? {
        for (name, policy, limit) in policies.identities() {
            let boundary = limit.map(|limit| read(account, "boundary-jobs", limit)).transpose()?;
            let policies = vec![read(account, &name, policy)?];
            by_name.entry(name).or_default().push((&account.name, Identity { policies, boundary }));
        }
    }
    let mut all = BTreeMap::new();
    for (name, accounts) in by_name {
        let is_unique = accounts.len() == 1;
        for (account, identity) in accounts {
            let shown = if is_unique { name.clone() } else { format!("{account}/{name}") };
            all.insert(shown, Known { identity, unknown: Vec::new() });
        }
    }
    Ok(all)
}

fn policies(fleet: &Fleet) -> anyhow::Result<Vec<(&AwsAccount, Policies)>> {
    let accounts = fleet.aws.iter().flat_map(|aws| aws.accounts().map(move |account| (aws, account)));
    let of = |(aws, account)| Ok((account, fleetgen_emit::policies(fleet, aws, account).map_err(anyhow::Error::msg)?));
    accounts.map(of).collect()
}

/// Reads a policy, under the name of its file.
fn read(account: &AwsAccount, name: &str, policy: &Value) -> anyhow::Result<Policy> {
    let directory = Scope::Account(account.name.clone()).directory();
    Ok(Policy::read(&format!("{directory}/policies/{name}.json"), policy)?)
}

fn request(args: &Args, fleet: &Fleet) -> Result<Request, Failure> {
    let usage = |message: String, hint: &str| Failure::usage(message, Some(hint.to_owned()));
    if !args.action.contains(':') {
        return Err(usage(
            format!("`{}` is not an action", args.action),
            "write a service and a call, such as `ec2:RunInstances`",
        ));
    }
    if args.resource != "*" && args.resource.splitn(6, ':').count() < 6 {
        return Err(usage(
            format!("`{}` is not an ARN", args.resource),
            "write an ARN, or `*` for calls without a resource",
        ));
    }
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &args.given {
        context.entry(key.clone()).or_default().push(value.clone());
    }
    // AWS sets this key in every request, and the policies of jobs depend on it.
    let region = args.resource.split(':').nth(3).filter(|region| !region.is_empty());
    let own = fleet.aws.as_ref().map(|aws| aws.builder.state_region.as_str());
    if let Some(region) = region.or(own)
        && !context.keys().any(|key| key.eq_ignore_ascii_case("aws:RequestedRegion"))
    {
        context.insert("aws:RequestedRegion".to_owned(), vec![region.to_owned()]);
    }
    // Nothing here depends on who it is: the identity's own policies name no principal.
    let principal = Principal::Role(args.identity.clone());
    Ok(Request { principal, action: args.action.clone(), resource: args.resource.clone(), context })
}
