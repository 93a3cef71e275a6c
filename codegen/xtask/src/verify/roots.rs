//! Generated roots: validate, lint, apply, and a plan that stays empty after a rollout has changed the cloud.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use fleetgen_fleet::{SourceFile, load, resource_name};
use serde_json::{Value, json};

use super::modules::{directories, lint};
use super::sandbox::{OVERRIDE, STATE, copy, state, write};
use super::{Bench, Check};
use crate::process::{both, output, run};

/// The checks of every generated root.
pub(super) fn checks(root: &Path, registry: bool) -> anyhow::Result<Vec<Check>> {
    let mut checks = Vec::new();
    for network in directories(&root.join("generated/terraform"))? {
        for stack in directories(&root.join("generated/terraform").join(&network))? {
            let folder = format!("generated/terraform/{network}/{stack}");
            let below = folder.clone();
            checks.push(Check::new(format!("{folder}: validate"), move |bench| validate(bench, &below)));
            let below = folder.clone();
            checks.push(Check::new(format!("{folder}: lint"), move |bench| lint(bench, &below)));
            if !registry {
                checks.push(Check::new(format!("{folder}: a rollout leaves the plan empty"), move |bench| {
                    rollout(bench, &folder)
                }));
            }
        }
    }
    Ok(checks)
}

fn validate(bench: &Bench<'_>, folder: &str) -> anyhow::Result<()> {
    let directory = scratch(bench, folder, "validate")?;
    bench.sandbox.init(&directory)?;
    run(&mut bench.sandbox.terraform(&directory, &["validate"])).map(|_| ())
}

/// A copy of a root beside it, as deep in the tree, so that two checks do not meet.
fn scratch(bench: &Bench<'_>, folder: &str, purpose: &str) -> anyhow::Result<PathBuf> {
    let directory = bench.sandbox.path(&folder.replacen("generated/", &format!("generated-{purpose}/"), 1));
    copy(&bench.sandbox.path(folder), &directory)?;
    Ok(directory)
}

/// Applies the root, changes in the state what a rollout and autoscaling change in the cloud, and plans again.
///
/// The last part proves that the check can fail: what Terraform owns is changed as well, and the plan must tell.
fn rollout(bench: &Bench<'_>, folder: &str) -> anyhow::Result<()> {
    let directory = scratch(bench, folder, "rollout")?;
    bench.sandbox.apply(&directory)?;
    if let Some(changes) = plan(bench, &directory)? {
        bail!("right after an apply the plan is not empty:\n{changes}");
    }
    names(bench, &directory, folder)?;
    let touched = change_state(&directory, moved_by_rollout)?;
    let groups = fs_err::read_dir(&directory)?.filter_map(Result::ok).filter(|entry| is_group(&entry.path())).count();
    ensure!(
        touched >= 2 * groups,
        "a rollout changes two resources or more of each group, here {touched} of {groups} groups"
    );
    if let Some(changes) = plan(bench, &directory)? {
        bail!("after a rollout the plan would undo it:\n{changes}");
    }
    let owned = change_state(&directory, owned_by_terraform)?;
    ensure!(owned > 0, "there is nothing that Terraform owns");
    ensure!(plan(bench, &directory)?.is_some(), "a change of what Terraform owns does not show in the plan");
    Ok(())
}

/// The names of what was made are those whose limits fleetgen knows.
fn names(bench: &Bench<'_>, directory: &Path, folder: &str) -> anyhow::Result<()> {
    let bytes = fs_err::read(bench.root.join("fleet.yaml"))?;
    let source = SourceFile::from_bytes("fleet.yaml", bytes).ok().context("fleet.yaml cannot be read")?;
    let fleet = load(&source, None).ok().context("fleet.yaml is invalid")?;
    let groups = fleet.groups.values().filter(|group| folder.ends_with(&format!("/{}/{}", group.network, group.stack)));
    let expected: BTreeSet<(&str, String)> = groups
        .flat_map(|group| resource_name::names(&resource_name::base(&fleet.name, group), group))
        .map(|name| (name.kind, name.name))
        .collect();
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
            "google_service_account" => ("service account", "account_id"),
            _ => continue,
        };
        for instance in resource["instances"].as_array().into_iter().flatten() {
            found.insert((kind, instance["attributes"][attribute].as_str().unwrap_or_default().to_owned()));
        }
    }
    ensure!(
        found == expected,
        "the modules name other resources than fleetgen thinks:\n{found:?}\nand not\n{expected:?}"
    );
    Ok(())
}

fn is_group(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    !["main.tf", OVERRIDE].contains(&name) && path.extension().is_some_and(|extension| extension == "tf")
}

/// What a plan would change, where it would change something.
fn plan(bench: &Bench<'_>, directory: &Path) -> anyhow::Result<Option<String>> {
    let output = output(&mut bench.sandbox.terraform(directory, &["plan", "-input=false", "-detailed-exitcode"]))?;
    match output.status.code() {
        Some(0) => Ok(None),
        Some(2) => Ok(Some(both(&output))),
        _ => bail!("{}", both(&output)),
    }
}

/// Changes the attributes of every resource of the state; tells how many resources were changed.
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

/// On AWS: template versions with new images, described; the group on one of them; another number of machines. On
/// GCP: another template and another number of machines.
fn moved_by_rollout(kind: &str, attributes: &mut Value) -> bool {
    match kind {
        "aws_launch_template" => {
            attributes["image_id"] = json!("ami-0123456789abcdef0");
            attributes["latest_version"] = json!(7);
            attributes["description"] = json!("image 2026-11-22");
        }
        "aws_autoscaling_group" => {
            attributes["desired_capacity"] = json!(17);
            // Not the newest version: one more was made and not rolled out, or is being rolled out.
            let policy = &mut attributes["mixed_instances_policy"][0]["launch_template"][0];
            policy["launch_template_specification"][0]["version"] = json!("6");
        }
        "google_compute_region_instance_group_manager" => {
            attributes["target_size"] = json!(17);
            attributes["version"] = json!([
                { "instance_template": "projects/p/regions/r/instanceTemplates/old", "name": "old", "target_size": [{ "fixed": 1, "percent": null }] },
                { "instance_template": "projects/p/regions/r/instanceTemplates/new", "name": "new", "target_size": [] },
            ]);
        }
        // A rollout copies the template under another name, and leaves Terraform's alone.
        "google_compute_region_instance_template" => {}
        _ => return false,
    }
    true
}

fn owned_by_terraform(kind: &str, attributes: &mut Value) -> bool {
    match kind {
        "aws_launch_template" => {
            attributes["metadata_options"][0]["http_tokens"] = json!("optional");
        }
        "google_compute_region_instance_group_manager" => {
            attributes["update_policy"][0]["type"] = json!("OPPORTUNISTIC");
        }
        _ => return false,
    }
    true
}
