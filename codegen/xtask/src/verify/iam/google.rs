//! The jobs on Google Cloud: `tests/iam/google.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, ensure};
use fleetgen_state::resources;
use fleetgen_toolbox::calls::{Needs, needs};
use serde_json::Value;

use super::CheckContext;

/// What a job may do: its own role, and what the predefined ones add.
fn permissions(root: &Path, needs: &Needs, job: &str) -> anyhow::Result<BTreeSet<String>> {
    let path = root.join(format!("generated/terraform/_accounts/gcp/roles/{job}.json"));
    let roles: Value = serde_json::from_str(&fs_err::read_to_string(path)?)?;
    let own = roles["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut permissions: BTreeSet<String> = own.map(str::to_owned).collect();
    for role in roles["roles"].as_array().into_iter().flatten() {
        let role = role["role"].as_str().context("a role has no name")?;
        permissions.extend(needs.grants.get(role).with_context(|| format!("what does {role} grant?"))?.iter().cloned());
    }
    Ok(permissions)
}

/// Every type of resource in the roots of the project, of a network and of a stack can be read by the job that plans, and those of
/// the stack can be written by the job that applies. Neither job may do more, except for [`ALWAYS`] and states.
pub(super) fn terraform(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let needs = needs(&fs_err::read_to_string(context.root.join("tests/iam/google.txt"))?)?;
    let (plan, apply) = (permissions(context.root, &needs, "plan")?, permissions(context.root, &needs, "apply-prod")?);
    let mut missing = BTreeSet::new();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (root, is_stack) in [("_accounts/gcp", false), ("gcp-tokyo/foundation", false), ("gcp-tokyo/prod", true)] {
        let state = context.sandbox.applied(&format!("generated/terraform/{root}"))?;
        for resource in resources(&state)? {
            let kind = resource["type"].as_str().unwrap_or_default();
            let Some((read, write)) = needs.types.get(kind) else {
                missing.insert(format!("{kind} is not in tests/iam/google.txt"));
                continue;
            };
            ensure!(!(is_stack && write.is_empty() && resource["mode"] == "managed"), "{kind}: what writes it?");
            let calls = read.iter().map(|permission| ("plan", &plan, permission));
            let apply = read.iter().chain(write).filter(|_| is_stack).map(|permission| ("apply", &apply, permission));
            for (job, may, permission) in calls.chain(apply) {
                used.entry(job).or_default().insert(permission.clone());
                if !may.contains(permission) {
                    missing.insert(format!("{job} needs {permission} for {kind}"));
                }
            }
        }
    }
    for (job, may) in [("plan", &plan), ("apply", &apply)] {
        let known = |permission: &&String| {
            let permission = permission.as_str();
            permission.starts_with("storage.objects.") || ALWAYS.contains(&permission)
        };
        let unused: Vec<&String> = may.difference(&used[job]).filter(|permission| !known(permission)).collect();
        if !unused.is_empty() {
            missing.insert(format!("{job} does not need {unused:?}"));
        }
    }
    for (job, methods) in &needs.jobs {
        // Rollouts have a role in each environment.
        let role = if job == "rollout" { "rollout-prod" } else { job.as_str() };
        let needed = methods.iter().map(|method| needs.methods.get(method).with_context(|| method.clone()));
        let needed: BTreeSet<String> =
            needed.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().cloned().collect();
        let may = permissions(context.root, &needs, role)?;
        if may != needed {
            let differ: Vec<&String> = may.symmetric_difference(&needed).collect();
            missing.insert(format!("{job}: its role and its calls differ in {differ:?}"));
        }
    }
    ensure!(missing.is_empty(), "{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// What the provider needs for every call. Backends read and write states besides.
const ALWAYS: &[&str] = &[
    "compute.projects.get",
    "compute.regions.get",
    "compute.zones.get",
    "resourcemanager.projects.get",
    "serviceusage.services.use",
];
