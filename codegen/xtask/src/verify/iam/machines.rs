//! `tests/iam/machines.txt`: what the roles of machines may do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use fleetgen_iam::{Identity, Policy, decide};
use fleetgen_state::{managed, text};
use fleetgen_toolbox::calls::{Call, calls, parts};
use serde_json::{Value, json};

use super::{CheckContext, all_asked, judge};

pub(super) fn machines(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let read = |path: &str| fs_err::read_to_string(context.root.join(path));
    let boundary = read("generated/terraform/_accounts/aws/policies/boundary-machines.json")?;
    let boundary = Policy::parse("boundary-machines.json", &boundary)?;
    let known = BTreeMap::from([("arn:aws:iam::123456789012:policy/example-machines".to_owned(), boundary)]);
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let all = Policy::read("a policy that allows everything", &all)?;
    let of_boundary = calls(&read("tests/iam/boundary-machines.txt")?)?;
    let table = parts(&read("tests/iam/machines.txt")?)?;
    let mut asked = BTreeSet::new();
    for folder in ["_accounts/aws", "aws-tokyo/foundation", "aws-tokyo/prod"] {
        let state = context.sandbox.applied(&format!("generated/terraform/{folder}"))?;
        let roles = fleetgen_iam::roles(&state, &known)?;
        for (name, document) in machine_roles(&state)? {
            let boundary = roles[&name].identity.boundary.clone();
            // AWS assumes the role of the flow logs, and no machine.
            ensure!(
                boundary.is_some() != name.ends_with("-flow-logs"),
                "{name}: does it have the boundary of machines?"
            );
            if boundary.is_some() {
                // Whatever policies it is given.
                let identity = Identity { policies: vec![all.clone()], boundary: boundary.clone() };
                for call in &of_boundary {
                    let decision = decide(&call.request, &identity, None);
                    ensure!(decision.is_allowed == call.may, "{name}: {}: {}", call.line, decision.because.join("; "));
                }
            }
            let parts = table.iter().filter(|(what, _)| is_about(what, &name));
            asked.extend(parts.clone().map(|(what, _)| what.as_str()));
            let calls: Vec<&Call> = parts.flat_map(|(_, calls)| calls).collect();
            let wrong = |document: &Value| -> Vec<&Call> {
                let policies = Policy::read(&name, document).into_iter().collect();
                let identity = Identity { policies, boundary: boundary.clone() };
                let is_wrong = |call: &&&Call| decide(&call.request, &identity, None).is_allowed != call.may;
                calls.iter().filter(is_wrong).copied().collect()
            };
            judge(&name, &document, wrong)?;
        }
    }
    all_asked(&table, &asked)
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

/// The roles that AWS's services assume, by name, each with all statements of its policies: of machines, and of flow logs.
fn machine_roles(state: &Value) -> anyhow::Result<BTreeMap<String, Value>> {
    let all = managed(state)?;
    let of = |kind: &'static str| all.iter().filter(move |(found, _)| *found == kind).map(|(_, values)| *values);
    let mut roles = BTreeMap::new();
    for role in of("aws_iam_role") {
        if !text(role, "assume_role_policy")?.contains("\"Service\"") {
            continue;
        }
        let mut statements = Vec::new();
        for policy in of("aws_iam_role_policy").filter(|policy| [&role["id"], &role["name"]].contains(&&policy["role"]))
        {
            let mut document: Value = serde_json::from_str(&text(policy, "policy")?)?;
            statements.append(document["Statement"].as_array_mut().context("a policy has no statements")?);
        }
        roles.insert(text(role, "name")?, json!({ "Version": "2012-10-17", "Statement": statements }));
    }
    Ok(roles)
}
