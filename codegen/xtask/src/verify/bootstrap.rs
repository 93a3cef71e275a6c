//! docs/bootstrap.md, as far as it goes without an account: the state bucket's own root, and Terraform's real S3 backend.

use std::path::Path;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::process::{both, output, run};

use super::modules::lint;
use super::moto::{CREDENTIALS, Moto};
use super::roots::fleet;
use super::{Check, CheckContext};

const ROOT: &str = "terraform/bootstrap/aws";
const GCP_ROOT: &str = "terraform/bootstrap/gcp";

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new(format!("{ROOT}: lint"), |context| lint(context, ROOT)),
        Check::new(format!("{GCP_ROOT}: lint"), |context| lint(context, GCP_ROOT)),
        Check::new(format!("{GCP_ROOT}: apply"), on_gcp),
        Check::new(format!("{ROOT}: apply, and move the state into S3"), bootstrap),
    ]
}

fn bootstrap(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let fleet = fleet(context.root)?;
    let Some(account) = fleet.aws.as_ref().map(|aws| &aws.builder) else { return Ok(()) };
    let (bucket, region) = (account.state_bucket.as_str(), account.state_region.as_str());
    let directory = context.sandbox.path("terraform/bootstrap-check/aws");
    copy(&context.sandbox.path(ROOT), &directory)?;
    let moto = Moto::start(context, bucket)?;
    let terraform = |directory: &Path, words: &[&str]| {
        let mut command = context.sandbox.terraform(directory, words);
        // The only difference from production: where S3 is.
        command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL_S3", &moto.url).env("AWS_S3_USE_PATH_STYLE", "true");
        command
    };
    let backend = ["-backend-config=skip_credentials_validation=true", "-backend-config=use_path_style=true"];
    let backend = [&backend[..], &["-backend-config=skip_requesting_account_id=true"]].concat();

    // The state starts on the disk, and moves.
    let variables = format!("account = {:?}\nregion  = {region:?}\nbucket  = {bucket:?}\n", account.account.as_str());
    write(&directory.join("terraform.tfvars"), &variables)?;
    run(&mut terraform(&directory, &["init", "-input=false"]))?;
    run(&mut terraform(&directory, &["apply", "-input=false", "-auto-approve"]))?;
    let key = format!("{}/bootstrap.tfstate", fleet.name);
    let settings = format!(
        "terraform {{\n  backend \"s3\" {{\n    bucket       = {bucket:?}\n    key          = {key:?}\n    region       = {region:?}\n    use_lockfile = true\n  }}\n}}\n"
    );
    write(&directory.join("backend.tf"), &settings)?;
    let moves = [&["init", "-input=false", "-migrate-state", "-force-copy"][..], &backend].concat();
    run(&mut terraform(&directory, &moves))?;
    let unchanged = output(&mut terraform(&directory, &["plan", "-input=false", "-detailed-exitcode"]))?;
    ensure!(unchanged.status.success(), "after the move, the plan is not empty:\n{}", both(&unchanged));

    // A generated root keeps its state in the same bucket, and a lock there holds others off.
    let accounts = context.sandbox.path("generated-bootstrap/terraform/_accounts/aws");
    copy(&context.sandbox.path("generated/terraform/_accounts/aws"), &accounts)?;
    run(&mut terraform(&accounts, &[&["init", "-input=false"][..], &backend].concat()))?;
    run(&mut terraform(&accounts, &["apply", "-input=false", "-auto-approve"]))?;
    let listed = moto.s3(context, &["ls", "--recursive", &format!("s3://{bucket}")])?;
    let account_key = format!("{}/_accounts/aws.tfstate", fleet.name);
    for wanted in [&key, &account_key] {
        ensure!(listed.contains(wanted.as_str()), "there is no state {wanted}:\n{listed}");
    }
    let lock = context.sandbox.path("someone-elses.tflock");
    write(&lock, r#"{"ID":"1","Operation":"apply","Who":"ops@example.com","Created":"2026-11-01T00:00:00Z"}"#)?;
    moto.s3(context, &["cp", &lock.display().to_string(), &format!("s3://{bucket}/{account_key}.tflock")])?;
    let locked = output(&mut terraform(&accounts, &["plan", "-input=false"]))?;
    ensure!(!locked.status.success(), "a locked state was planned");
    ensure!(both(&locked).contains("Error acquiring the state lock"), "{}", both(&locked));
    Ok(())
}

/// There is no stand-in for Google's storage that Terraform's backend could be pointed at.
fn on_gcp(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let fleet = fleet(context.root)?;
    let project = &fleet.gcp.as_ref().context("the fleet is on GCP")?.builder;
    let directory = context.sandbox.path("terraform/bootstrap-check/gcp");
    copy(&context.sandbox.path(GCP_ROOT), &directory)?;
    let variables = format!(
        "project = {:?}\nlocation = \"asia-northeast1\"\nbucket = {:?}\n",
        project.project.as_str(),
        project.state_bucket.as_str()
    );
    write(&directory.join("terraform.tfvars"), &variables)?;
    super::roots::apply(context, &directory)
}
