//! A fleet in three AWS accounts and two GCP projects: every root applies, and the key of images has grants for the other
//! accounts only.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use fleetgen_fleet::Scope;
use fleetgen_reach::{GcpEnd, GcpWorld};
use fleetgen_toolbox::files::copy;
use fleetgen_toolbox::process::run;
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
        if scope.network().is_some_and(|network| network.as_str() == PEERED) && matches!(scope, Scope::Network(_)) {
            let shown = run(&mut context.sandbox.terraform(&root, &["show", "-json"]))?;
            peering(&serde_json::from_str(&shown)?)?;
        }
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

/// The network on GCP that names a peer, and an address of the peer's.
const PEERED: &str = "gcp-osaka";
const PEER: Ipv4Addr = Ipv4Addr::new(10, 48, 0, 8);

/// Machines of two peered networks on GCP reach each other, and the proxy stays apart. Without the peering, they do not.
fn peering(state: &Value) -> anyhow::Result<()> {
    let reaches = |world: &GcpWorld, from, to| world.reach(from, to, 443).is_reached;
    let machine = GcpEnd::Machine { tier: "machines", account: None };
    let peer = GcpEnd::Outside(PEER);
    let world = GcpWorld::read([state])?;
    let accounts = world.accounts();
    let account = accounts.first().context("the network has a proxy")?;
    let proxy = GcpEnd::Machine { tier: "proxy", account: Some(account) };
    ensure!(reaches(&world, machine, peer), "{:?}", world.reach(machine, peer, 443));
    ensure!(!reaches(&world, proxy, peer), "the proxy reaches a peer: {:?}", world.reach(proxy, peer, 443));
    let alone =
        serde_json::from_str(&state.to_string().replace("google_compute_network_peering", "google_project_service"))?;
    ensure!(!reaches(&GcpWorld::read([&alone])?, machine, peer), "without a peering, the peer is reached");
    Ok(())
}

/// Who has grants for a key in a state.
fn grantees(state: &Value) -> Vec<String> {
    let resources = state["resources"].as_array().into_iter().flatten();
    let grants = resources.filter(|resource| resource["type"] == "aws_kms_grant");
    let instances = grants.flat_map(|grant| grant["instances"].as_array().into_iter().flatten());
    instances.filter_map(|grant| Some(grant["attributes"]["grantee_principal"].as_str()?.to_owned())).collect()
}
