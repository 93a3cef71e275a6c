//! `tests/iam/machines.txt`: what the roles of machines may do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use fleetgen_iam::{Identity, Policy, decide};
use fleetgen_state::resources;
use fleetgen_toolbox::calls::{Call, parts, unneeded};
use serde_json::{Value, json};

use super::CheckContext;

pub(super) fn machines(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let path = context.root.join("generated/terraform/_accounts/aws/policies/boundary-machines.json");
    let boundary = Policy::parse("boundary-machines.json", &fs_err::read_to_string(path)?)?;
    let table = parts(&fs_err::read_to_string(context.root.join("tests/iam/machines.txt"))?)?;
    let mut asked = BTreeSet::new();
    for folder in ["_accounts/aws", "aws-tokyo/foundation", "aws-tokyo/prod"] {
        let state = context.sandbox.applied(&format!("generated/terraform/{folder}"))?;
        for (name, role) in machine_roles(&state)? {
            let statements: Vec<Value> = of(&state, "aws_iam_role_policy")?
                .filter(|policy| policy["role"] == role["id"] || policy["role"] == role["name"])
                .map(|policy| Ok(serde_json::from_str::<Value>(policy["policy"].as_str().context("no document")?)?))
                .collect::<anyhow::Result<Vec<_>>>()?
                .iter()
                .flat_map(|document| document["Statement"].as_array().cloned().unwrap_or_default())
                .collect();
            let document = json!({ "Version": "2012-10-17", "Statement": statements });
            // AWS assumes the role of the flow logs, and no machine.
            let is_machine = !name.ends_with("-flow-logs");
            ensure!(
                role["permissions_boundary"].as_str().is_some_and(|arn| !arn.is_empty()) == is_machine,
                "{name}: is its boundary right?"
            );
            let calls: Vec<&Call> = table
                .iter()
                .filter(|(what, _)| is_about(what, &name))
                .flat_map(|(what, calls)| {
                    asked.insert(what.clone());
                    calls
                })
                .collect();
            let wrong = |document: &Value| -> Vec<&Call> {
                let identity = Identity {
                    policies: Policy::read(&name, document).into_iter().collect(),
                    boundary: is_machine.then(|| boundary.clone()),
                };
                let is_wrong = |call: &&&Call| decide(&call.request, &identity, None).is_allowed != call.may;
                calls.iter().filter(is_wrong).copied().collect()
            };
            let found: Vec<&str> = wrong(&document).into_iter().map(|call| call.line.as_str()).collect();
            ensure!(found.is_empty(), "{name}: {}", found.join("\n"));
            let found = unneeded(&document, wrong);
            ensure!(found.is_empty(), "{name}: {}", found.join("\n"));
        }
    }
    let unused: Vec<&String> = table.iter().map(|(what, _)| what).filter(|what| !asked.contains(*what)).collect();
    ensure!(unused.is_empty(), "these parts of machines.txt are about no role: {unused:?}");
    Ok(())
}

/// Whether a part of the table is about a role.
fn is_about(what: &str, name: &str) -> bool {
    let is_machine = !name.ends_with("-flow-logs");
    match what {
        "every machine" => is_machine,
        "every machine but builders" => is_machine && !name.ends_with("-build"),
        _ => what.strip_prefix("role *").is_some_and(|end| name.ends_with(end)),
    }
}

/// The roles that AWS's services assume, by name: of machines, and of flow logs.
fn machine_roles(state: &Value) -> anyhow::Result<BTreeMap<String, &Value>> {
    let mut roles = BTreeMap::new();
    for role in of(state, "aws_iam_role")? {
        let trust = role["assume_role_policy"].as_str().context("a role has no trust")?;
        if trust.contains("\"Service\"") {
            roles.insert(role["name"].as_str().context("a role has no name")?.to_owned(), role);
        }
    }
    Ok(roles)
}

/// The values of the resources of a type.
fn of<'a>(state: &'a Value, kind: &'a str) -> anyhow::Result<impl Iterator<Item = &'a Value>> {
    let found = resources(state)?.into_iter().filter(move |resource| resource["type"] == kind);
    Ok(found.map(|resource| &resource["values"]))
}
