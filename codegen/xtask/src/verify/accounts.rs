//! A fleet in three AWS accounts and two GCP projects: every root applies, and the key of images has grants for the other
//! accounts only.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use fleetgen_fleet::Scope;
use fleetgen_toolbox::files::copy;
use fleetgen_toolbox::repository::{lay_out, parse};
use serde_json::Value;

use super::sandbox::state;
use super::{Check, CheckContext, roots};

/// The fleet, which is also a golden case.
pub(super) const FLEET: &str = "tests/golden/accounts.yaml";

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("accounts: three accounts and two projects apply, and share images", apply)]
}

/// Lays the fleet out in the sandbox.
pub(super) fn repository(context: &CheckContext<'_>, name: &str) -> anyhow::Result<PathBuf> {
    let directory = context.sandbox.path(name);
    lay_out(context.root, &directory, &fs_err::read_to_string(context.root.join(FLEET))?, &[])?;
    copy(&context.root.join("terraform"), &directory.join("terraform"))?;
    Ok(directory)
}

fn apply(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let directory = repository(context, "accounts")?;
    let fleet = parse(FLEET, &fs_err::read_to_string(context.root.join(FLEET))?)?;
    let mut shared = Vec::new();
    for scope in fleet.scopes() {
        let root = directory.join(scope.directory());
        roots::apply(context, &root).with_context(|| scope.to_string())?;
        if matches!(scope, Scope::Account(_)) {
            shared.extend(grantees(&state(&root)?).into_iter().map(|grantee| (scope.to_string(), grantee)));
        }
    }
    let aws = fleet.aws.as_ref().context("the fleet is on AWS")?;
    let mut expected = Vec::new();
    // A grant in each of the two regions, for Auto Scaling and for Spot.
    for other in &aws.others {
        for service in
            ["autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "spot.amazonaws.com/AWSServiceRoleForEC2Spot"]
        {
            let grantee = format!("arn:aws:iam::{}:role/aws-service-role/{service}", other.account);
            expected.extend(vec![(Scope::Account(aws.builder.name.clone()).to_string(), grantee); 2]);
        }
    }
    shared.sort();
    expected.sort();
    ensure!(shared == expected, "the key of images is shared with\n{shared:#?}\nnot with\n{expected:#?}");
    Ok(())
}

/// Who has grants for a key in a state.
fn grantees(state: &Value) -> Vec<String> {
    let resources = state["resources"].as_array().into_iter().flatten();
    let grants = resources.filter(|resource| resource["type"] == "aws_kms_grant");
    let instances = grants.flat_map(|grant| grant["instances"].as_array().into_iter().flatten());
    instances.filter_map(|grant| Some(grant["attributes"]["grantee_principal"].as_str()?.to_owned())).collect()
}
