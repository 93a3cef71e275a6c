//! The clouds' clients, against the simulated clouds on this machine: rollouts in the program that operators run, the vendors'
//! descriptions of what was said, and the permissions of the role that says it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_cloud::WRITES;
use fleetgen_toolbox::calls::needs;
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository::cargo_with_clouds;
use serde_json::Value;

use super::moto::{CREDENTIALS, Moto};
use super::{Check, CheckContext};

const BUCKET: &str = "example-rollouts";
/// What AWS asks for besides a call: to start machines.
const IMPLIED: &[&str] = &["ec2:CreateTags", "iam:PassRole"];
/// What everybody may call.
const FREE: &[&str] = &["sts:GetCallerIdentity"];

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("clouds: rollouts on the loopback, by the vendors' descriptions", rollouts),
        Check::new("clouds: modules ignore what rollouts write, and no more", ignored),
    ]
}

fn rollouts(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut clippy = cargo_with_clouds(context.root, "clippy");
    run(clippy.args(["--all-targets", "--", "--deny", "warnings"]))?;
    let moto = Moto::start(context, BUCKET)?;
    let exchanges = tempfile::tempdir()?;
    let mut test = cargo_with_clouds(context.root, "test");
    test.args(["--test", "clouds", "--test", "loopback"]);
    test.envs(CREDENTIALS).env("AWS_ENDPOINT", &moto.url).env("AWS_ALLOW_HTTP", "true");
    test.env("FLEETGEN_PYTHON", context.tools.clouds.join("python"));
    test.env("FLEETGEN_TEST_BUCKET", BUCKET).env("FLEETGEN_EXCHANGES", exchanges.path());
    run(&mut test)?;
    let mut files: Vec<_> =
        fs_err::read_dir(exchanges.path())?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    ensure!(files.len() == 8, "the tests kept {} files of exchanges", files.len());
    let calls = |files: &[PathBuf]| {
        let mut check = Command::new(context.tools.clouds.join("python"));
        run(check.arg(context.root.join("tests/loopback/exchanges.py")).args(files))
    };
    let is = |file: &PathBuf, name: &str| file.file_stem().is_some_and(|stem| stem == name);
    let (sweeps, files): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|file| is(file, "sweep"));
    let (statuses, rollouts): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(|file| is(file, "status"));
    permissions(context.root, "rollout", "rollout-prod", &calls(&rollouts)?)?;
    permissions(context.root, "sweep", "sweep", &calls(&sweeps)?)?;
    may_look(context.root, &calls(&statuses)?)
}

/// The job `plan`, which may look at more, may do what `fleetgen status` calls.
fn may_look(root: &Path, calls: &str) -> anyhow::Result<()> {
    let read = |path: &str| -> anyhow::Result<Value> {
        let text = fs_err::read_to_string(root.join("generated/terraform/_accounts").join(path))?;
        Ok(serde_json::from_str(&text)?)
    };
    let (policy, role) = (read("aws/policies/plan.json")?, read("gcp/roles/plan.json")?);
    let statements = policy["Statement"].as_array().context("a policy has statements")?;
    let actions: Vec<&str> = statements
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
            action => action.as_str().into_iter().collect::<Vec<_>>(),
        })
        .collect();
    let granted: Vec<&str> = role["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let needs = needs(&fs_err::read_to_string(root.join("tests/iam/google.txt"))?)?;
    ensure!(calls.lines().count() > 6, "too few calls were recorded: {calls}");
    for line in calls.lines() {
        let (service, operation) = line.split_once(' ').context("a call has a service and an operation")?;
        let action = format!("{service}:{operation}");
        let is_allowed = if service == "compute" {
            let needed = needs.methods.get(operation).with_context(|| format!("what does {operation} need?"))?;
            needed.iter().all(|permission| granted.contains(&permission.as_str()))
        } else {
            let covers =
                |allowed: &&str| allowed.strip_suffix('*').map_or(**allowed == action, |it| action.starts_with(it));
            FREE.contains(&action.as_str()) || actions.iter().any(covers)
        };
        ensure!(is_allowed, "the job plan may not call {action}");
    }
    Ok(())
}

/// Besides what rollouts write, the modules of groups ignore what autoscaling writes, and the image that Terraform's template on
/// Google Cloud had first.
fn ignored(context: &CheckContext<'_>) -> anyhow::Result<()> {
    const OTHERS: &[(&str, &str)] = &[
        ("aws_autoscaling_group", "desired_capacity"),
        ("google_compute_region_instance_group_manager", "target_size"),
        ("google_compute_region_instance_template", "disk[0].source_image"),
    ];
    let mut found = BTreeSet::new();
    for module in ["aws-compute-group", "gcp-compute-group"] {
        let text = fs_err::read_to_string(context.root.join("terraform/modules").join(module).join("main.tf"))?;
        for resource in text.split("\nresource \"").skip(1) {
            let kind = resource.split('"').next().unwrap_or_default();
            let list = resource.split_once("ignore_changes = [").and_then(|(_, rest)| rest.split_once("]\n"));
            let names = list.map(|(list, _)| list).unwrap_or_default().split(',').map(str::trim);
            found.extend(names.filter(|name| !name.is_empty()).map(|name| (kind.to_owned(), name.to_owned())));
        }
    }
    let expected = WRITES.iter().chain(OTHERS).map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()));
    let expected: BTreeSet<(String, String)> = expected.collect();
    let differ: Vec<_> = found.symmetric_difference(&expected).collect();
    ensure!(differ.is_empty(), "what the modules ignore and what rollouts write differ in {differ:?}");
    Ok(())
}

/// The roles of a job may do what was called, and nothing else.
fn permissions(root: &Path, job: &str, role: &str, calls: &str) -> anyhow::Result<()> {
    let (mut on_aws, mut on_gcp) = (BTreeSet::new(), BTreeSet::new());
    for line in calls.lines() {
        let (service, operation) = line.split_once(' ').context("a call has a service and an operation")?;
        if service == "compute" {
            on_gcp.insert(operation.to_owned());
        } else {
            on_aws.insert(format!("{service}:{operation}"));
        }
    }
    let path = root.join(format!("generated/terraform/_accounts/aws/policies/{role}.json"));
    let policy: Value = serde_json::from_str(&fs_err::read_to_string(path)?)?;
    let mut allowed = BTreeSet::new();
    for statement in policy["Statement"].as_array().context("a policy has statements")? {
        let actions = match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        };
        allowed.extend(actions.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    // The journal's bucket has its own statements.
    allowed.retain(|action| !action.starts_with("s3:") && !action.starts_with("kms:"));
    allowed.retain(|action| !IMPLIED.contains(&action.as_str()));
    on_aws.retain(|action| !FREE.contains(&action.as_str()));
    let differ: Vec<&String> = allowed.symmetric_difference(&on_aws).collect();
    ensure!(differ.is_empty(), "the role {role} on AWS and what it calls differ in {differ:?}");

    let needs = needs(&fs_err::read_to_string(root.join("tests/iam/google.txt"))?)?;
    let listed: BTreeSet<String> = needs.jobs.get(job).context("a job has calls")?.iter().cloned().collect();
    let differ: Vec<&String> = listed.symmetric_difference(&on_gcp).collect();
    ensure!(differ.is_empty(), "tests/iam/google.txt and what {job} calls on Google Cloud differ in {differ:?}");
    Ok(())
}
