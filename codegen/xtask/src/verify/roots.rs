//! Generated roots: validate, lint, apply, and, for stacks, a plan that stays empty after a rollout.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use fleetgen_cloud::WRITES;
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::AccountName;
use fleetgen_fleet::{Fleet, GcpAccounts, Group, Scope, resource_name};
use fleetgen_toolbox::files::write;
use serde_json::{Value, json};

use super::modules::lint;
use super::sandbox::{STATE, state};
use super::{Check, CheckContext};
use fleetgen_toolbox::process::{both, output, run};
use fleetgen_toolbox::repository;

/// The checks of every generated root.
pub(super) fn checks(root: &Path, registry: bool) -> anyhow::Result<Vec<Check>> {
    let fleet = Arc::new(fleet(root)?);
    let mut checks = Vec::new();
    for scope in fleet.scopes() {
        let folder = scope.directory();
        let below = folder.clone();
        checks.push(Check::new(format!("{folder}: validate"), move |context| validate(context, &below)));
        let below = folder.clone();
        checks.push(Check::new(format!("{folder}: lint"), move |context| lint(context, &below)));
        if registry {
            continue;
        }
        let fleet = Arc::clone(&fleet);
        checks.push(match scope {
            Scope::Account(_) | Scope::Network(_) => {
                Check::new(format!("{folder}: apply"), move |context| applies(context, &fleet, &scope))
            }
            Scope::Stack(..) => Check::new(format!("{folder}: a rollout leaves the plan empty"), move |context| {
                rollout(context, &fleet, &scope)
            }),
        });
    }
    Ok(checks)
}

/// The repository's fleet.
pub(super) fn fleet(root: &Path) -> anyhow::Result<Fleet> {
    repository::parse("fleet.yaml", &fs_err::read_to_string(root.join("fleet.yaml"))?)
}

fn validate(context: &CheckContext<'_>, folder: &str) -> anyhow::Result<()> {
    let directory = context.sandbox.scratch(folder, "validate")?;
    context.sandbox.init(&directory)?;
    run(&mut context.sandbox.terraform(&directory, &["validate"])).map(|_| ())
}

/// Applies the root of an account or a network. A plan after it is empty, and what others look up has the name that they
/// know.
fn applies(context: &CheckContext<'_>, fleet: &Fleet, scope: &Scope) -> anyhow::Result<()> {
    let directory = context.sandbox.scratch(&scope.directory(), "apply")?;
    apply(context, &directory)?;
    let state = state(&directory)?;
    let has = |kind: &str, is_it: &dyn Fn(&Value) -> bool| {
        let resources = state["resources"].as_array().into_iter().flatten();
        resources
            .filter(|resource| resource["mode"] == "managed" && resource["type"] == kind)
            .flat_map(|resource| resource["instances"].as_array().into_iter().flatten())
            .any(|instance| is_it(&instance["attributes"]))
    };
    for (kind, attribute, name) in contract(fleet, scope) {
        let pointer = format!("/{}", attribute.replace('.', "/"));
        let is_it = |found: &Value| found.pointer(&pointer).and_then(Value::as_str).is_some_and(|it| it == name);
        ensure!(has(kind, &is_it), "no {kind} has {attribute} = {name}, which others look up");
    }
    Ok(())
}

/// What a root creates and others look up: the type, an attribute, and its value.
fn contract(fleet: &Fleet, scope: &Scope) -> Vec<(&'static str, &'static str, String)> {
    let name = &fleet.name;
    let alias = |key: String| ("aws_kms_alias", "name", format!("alias/{key}"));
    let is_on_gcp =
        |account: &AccountName| fleet.gcp.iter().flat_map(GcpAccounts::accounts).any(|it| it.name == *account);
    match scope {
        Scope::Account(account) if is_on_gcp(account) => {
            let here = |group: &&Group| fleet.networks.get(&group.network).is_some_and(|it| it.account == *account);
            let groups = fleet.groups.values().filter(here).map(|group| resource_name::group(name, group));
            let accounts = groups.chain([resource_name::build_identity(name)]);
            let mut known: Vec<_> = accounts.map(|id| ("google_service_account", "account_id", id)).collect();
            known.extend([
                ("google_kms_key_ring", "name", resource_name::GCP_KEY_RING.to_owned()),
                ("google_kms_crypto_key", "name", resource_name::GCP_DISK_KEY.to_owned()),
                ("google_kms_crypto_key", "name", resource_name::GCP_SIGNING_KEY.to_owned()),
            ]);
            known
        }
        Scope::Account(_) => vec![
            ("aws_iam_instance_profile", "name", resource_name::build_identity(name)),
            ("aws_cloudwatch_log_group", "name", resource_name::session_logs(name)),
            alias(resource_name::session_key(name)),
            alias(resource_name::log_key(name)),
            alias(resource_name::disk_key(name)),
            alias(resource_name::signing_key(name)),
        ],
        Scope::Network(network) if fleet.networks.get(network).is_some_and(|it| it.cloud == Cloud::Gcp) => {
            let own = resource_name::network(name, network);
            let builds = fleet.build_network(Cloud::Gcp).filter(|builds| builds.name == *network);
            let build =
                builds.map(|_| ("google_compute_subnetwork", "name", resource_name::build_network(name, network)));
            let known = [
                ("google_compute_network", "name", own.clone()),
                ("google_compute_subnetwork", "name", format!("{own}-machines")),
                ("google_dns_record_set", "name", format!("{}.", resource_name::proxy_host(name, network))),
            ];
            known.into_iter().chain(build).collect()
        }
        Scope::Network(network) => {
            let mut known = vec![
                ("aws_vpc", "tags.Name", resource_name::network(name, network)),
                ("aws_subnet", "tags.tier", "machines".to_owned()),
                ("aws_route53_zone", "name", resource_name::zone(name, network)),
                ("aws_route53_record", "name", resource_name::proxy_host(name, network)),
            ];
            if let Some(builds) = fleet.build_network(Cloud::Aws).filter(|builds| builds.name == *network) {
                let build = resource_name::build_network(name, network);
                known.push(("aws_security_group", "name", build.clone()));
                known.extend(builds.zones.iter().map(|zone| ("aws_subnet", "tags.Name", format!("{build}-{zone}"))));
            }
            known
        }
        Scope::Stack(..) => Vec::new(),
    }
}

/// Applies the root, changes in its state what a rollout and autoscaling change in the cloud, and plans again.
///
/// Then it also changes what Terraform owns: the plan must show that, or the check could not fail.
fn rollout(context: &CheckContext<'_>, fleet: &Fleet, scope: &Scope) -> anyhow::Result<()> {
    let directory = context.sandbox.scratch(&scope.directory(), "rollout")?;
    let stacks = fleet.stacks();
    let groups = stacks.get(scope).context("the stack has no groups")?;
    apply(context, &directory)?;
    names(&directory, fleet, groups)?;
    let touched = change_state(&directory, moved_by_rollout)?;
    let groups = groups.len();
    ensure!(
        touched >= 2 * groups,
        "a rollout changes two resources or more of each group, here {touched} of {groups} groups"
    );
    if let Some(changes) = plan(context, &directory)? {
        bail!("after a rollout the plan would undo it:\n{changes}");
    }
    let owned = change_state(&directory, owned_by_terraform)?;
    ensure!(owned > 0, "no resource that Terraform owns");
    ensure!(plan(context, &directory)?.is_some(), "the plan does not show a change of what Terraform owns");
    Ok(())
}

/// Checks that the modules name resources as fleetgen does, since fleetgen checks those names against the clouds' limits.
fn names(directory: &Path, fleet: &Fleet, groups: &[&Group]) -> anyhow::Result<()> {
    let names =
        groups.iter().flat_map(|group| resource_name::of_group(&resource_name::group(&fleet.name, group), group));
    // The project's root creates service accounts.
    let names = names.filter(|name| name.kind != "service account");
    let expected: BTreeSet<(&str, String)> = names.map(|name| (name.kind, name.name)).collect();
    let state = state(directory)?;
    let mut found = BTreeSet::new();
    for resource in state["resources"].as_array().into_iter().flatten().filter(|resource| resource["mode"] == "managed")
    {
        let (kind, attribute) = match resource["type"].as_str().unwrap_or_default() {
            "aws_autoscaling_group" => ("Auto Scaling group", "name"),
            "aws_iam_role" => ("IAM role", "name"),
            "aws_launch_template" => ("launch template", "name"),
            "aws_lb_target_group" => ("target group", "name"),
            "aws_security_group" => ("security group", "name"),
            "google_compute_firewall" => ("firewall rule", "name"),
            "google_compute_region_instance_group_manager" => ("managed instance group", "name"),
            "google_compute_region_instance_template" => ("instance template prefix", "name_prefix"),
            _ => continue,
        };
        for instance in resource["instances"].as_array().into_iter().flatten() {
            found.insert((kind, instance["attributes"][attribute].as_str().unwrap_or_default().to_owned()));
        }
    }
    ensure!(found == expected, "the modules name resources\n{found:?}\nbut fleetgen expects\n{expected:?}");
    Ok(())
}

/// Applies a root, and checks that a plan after it is empty.
pub(super) fn apply(context: &CheckContext<'_>, directory: &Path) -> anyhow::Result<()> {
    context.sandbox.apply(directory)?;
    if let Some(changes) = plan(context, directory)? {
        bail!("right after an apply the plan is not empty:\n{changes}");
    }
    Ok(())
}

/// What a plan would change, if anything.
fn plan(context: &CheckContext<'_>, directory: &Path) -> anyhow::Result<Option<String>> {
    let output = output(&mut context.sandbox.terraform(directory, &["plan", "-input=false", "-detailed-exitcode"]))?;
    match output.status.code() {
        Some(0) => Ok(None),
        Some(2) => Ok(Some(both(&output))),
        _ => bail!("{}", both(&output)),
    }
}

/// Changes the attributes of resources in the state. Returns how many it changed.
fn change_state(directory: &Path, change: fn(&str, &mut Value) -> bool) -> anyhow::Result<usize> {
    let mut state = state(directory)?;
    let mut touched = 0;
    for resource in state["resources"].as_array_mut().context("a state has resources")? {
        let kind = resource["type"].as_str().unwrap_or_default().to_owned();
        if resource["mode"] != "managed" {
            continue;
        }
        for instance in resource["instances"].as_array_mut().into_iter().flatten() {
            touched += usize::from(change(&kind, &mut instance["attributes"]));
        }
    }
    state["serial"] = json!(state["serial"].as_u64().unwrap_or(0) + 1);
    write(&directory.join(STATE), &serde_json::to_string(&state)?)?;
    Ok(touched)
}

/// What a rollout writes, and what follows from that or from autoscaling.
fn moved_by_rollout(kind: &str, attributes: &mut Value) -> bool {
    let mut touched = false;
    for (_, attribute) in WRITES.iter().filter(|(of, _)| *of == kind) {
        let path = attribute.replace('[', "/").replace(']', "").replace('.', "/");
        let Some(value) = attributes.pointer_mut(&format!("/{path}")) else { continue };
        touched = true;
        *value = match (kind, *attribute) {
            // Not the newest version: that one may still be rolling out.
            ("aws_autoscaling_group", _) => json!("6"),
            ("aws_launch_template", "description") => json!("fleetgen 0123456789ab-web ami-0123456789abcdef0"),
            ("google_compute_region_instance_group_manager", _) => json!([
                { "instance_template": "projects/p/regions/r/instanceTemplates/old", "name": "old", "target_size": [{ "fixed": 1, "percent": null }] },
                { "instance_template": "projects/p/regions/r/instanceTemplates/new", "name": "new", "target_size": [] },
            ]),
            _ => json!("ami-0123456789abcdef0"),
        };
    }
    match kind {
        "aws_autoscaling_group" => attributes["desired_capacity"] = json!(17),
        "aws_launch_template" => attributes["latest_version"] = json!(7),
        "aws_ssm_parameter" => {
            attributes["value"] = json!("ami-0123456789abcdef0");
            attributes["version"] = json!(2);
        }
        "google_compute_region_instance_group_manager" => attributes["target_size"] = json!(17),
        // A rollout copies the template and leaves Terraform's own alone.
        "google_compute_region_instance_template" => touched = true,
        _ => {}
    }
    touched
}

fn owned_by_terraform(kind: &str, attributes: &mut Value) -> bool {
    match kind {
        "aws_launch_template" => {
            attributes["metadata_options"][0]["http_tokens"] = json!("optional");
        }
        "google_compute_region_instance_group_manager" => {
            attributes["update_policy"][0]["replacement_method"] = json!("RECREATE");
        }
        _ => return false,
    }
    true
}
