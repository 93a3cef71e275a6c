//! The jobs on Google Cloud: `tests/iam/google.txt`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::calls::{Needs, needs};
use serde_json::Value;

use super::{CheckContext, Jobs, types};

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

/// `plan` and `apply` may do what the types in the roots need, and no more, except for [`ALWAYS`] and states. Rollouts and the sweeper
/// may do what their calls need.
pub(super) fn jobs(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let needs = needs(&fs_err::read_to_string(context.root.join("tests/iam/google.txt"))?)?;
    let (plan, apply) = (permissions(context.root, &needs, "plan")?, permissions(context.root, &needs, "apply-prod")?);
    let may = |job: &str, permission: &str| if job == "plan" { &plan } else { &apply }.contains(permission);
    let Jobs { used, mut problems } = types(context, ["gcp", "gcp-tokyo"], &needs, may)?;
    for (job, may) in [("plan", &plan), ("apply", &apply)] {
        let known = |permission: &&String| {
            let permission = permission.as_str();
            permission.starts_with("storage.objects.") || ALWAYS.contains(&permission)
        };
        let unused: Vec<&String> = may.difference(&used[job]).filter(|permission| !known(permission)).collect();
        if !unused.is_empty() {
            problems.insert(format!("{job} does not need {unused:?}"));
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
            problems.insert(format!("{job}: its role and its calls differ in {differ:?}"));
        }
    }
    ensure!(problems.is_empty(), "{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
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
