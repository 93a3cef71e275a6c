//! The clouds' clients, against the simulated clouds on this machine: rollouts in the program that operators run, the vendors'
//! descriptions of what was said, and the permissions of the role that says it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::calls::needs;
use fleetgen_toolbox::process::run;
use serde_json::Value;

use super::moto::{CREDENTIALS, Moto};
use super::{Check, CheckContext};

const BUCKET: &str = "example-rollouts";
/// One selection of packages and features for everything: each other one would compile the clients again.
const SELECTION: &[&str] = &[
    "--package",
    "fleetgen",
    "--package",
    "fleetgen-cloud",
    "--package",
    "fleetgen-loopback",
    "--features",
    "fleetgen/aws,fleetgen/gcp,fleetgen/loopback",
    "--locked",
    "--quiet",
];
/// What the clients need besides what they call: to start machines, AWS asks for these, too.
const IMPLIED: &[&str] = &["ec2:CreateTags", "iam:PassRole"];
/// What everybody may call.
const FREE: &[&str] = &["sts:GetCallerIdentity"];

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("clouds: rollouts on the loopback, by the vendors' descriptions", rollouts)]
}

fn rollouts(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut clippy = Command::new("cargo");
    clippy.current_dir(context.root).arg("clippy").args(SELECTION).args(["--all-targets", "--", "--deny", "warnings"]);
    run(&mut clippy)?;
    let moto = Moto::start(context, BUCKET)?;
    let exchanges = tempfile::tempdir()?;
    let mut test = Command::new("cargo");
    test.current_dir(context.root).arg("test").args(SELECTION).args(["--test", "clouds", "--test", "loopback"]);
    test.envs(CREDENTIALS).env("AWS_ENDPOINT", &moto.url).env("AWS_ALLOW_HTTP", "true");
    test.env("FLEETGEN_TEST_BUCKET", BUCKET).env("FLEETGEN_EXCHANGES", exchanges.path());
    run(&mut test)?;
    let mut files: Vec<_> =
        fs_err::read_dir(exchanges.path())?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    ensure!(files.len() == 5, "the tests kept {} files of exchanges", files.len());
    let mut check = Command::new(context.tools.clouds.join("python"));
    let calls = run(check.arg(context.root.join("tests/loopback/exchanges.py")).args(&files))?;
    permissions(context.root, &calls)
}

/// The roles of rollouts may do what was called, and nothing else.
fn permissions(root: &Path, calls: &str) -> anyhow::Result<()> {
    let (mut on_aws, mut on_gcp) = (BTreeSet::new(), BTreeSet::new());
    for line in calls.lines() {
        let (service, operation) = line.split_once(' ').context("a call has a service and an operation")?;
        if service == "compute" {
            on_gcp.insert(operation.to_owned());
        } else {
            on_aws.insert(format!("{service}:{operation}"));
        }
    }
    let path = root.join("generated/terraform/_accounts/aws/policies/rollout-prod.json");
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
    ensure!(differ.is_empty(), "the role of rollouts on AWS and what rollouts call differ in {differ:?}");

    let needs = needs(&fs_err::read_to_string(root.join("tests/iam/google.txt"))?)?;
    let listed: BTreeSet<String> = needs.jobs.get("rollout").context("rollouts have calls")?.iter().cloned().collect();
    let differ: Vec<&String> = listed.symmetric_difference(&on_gcp).collect();
    ensure!(differ.is_empty(), "tests/iam/google.txt and what rollouts call on Google Cloud differ in {differ:?}");
    Ok(())
}
