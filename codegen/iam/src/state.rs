//! Reads what `terraform show -json` prints: the roles of a root, with their policies and their trust.

use std::collections::BTreeMap;

use fleetgen_state::{StateError, managed, text};
use serde_json::Value;

use crate::{Identity, Policy};

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Policy,
    /// What it may do.
    pub identity: Identity,
    /// The ARNs of attached policies, and of the boundary, whose documents are not in the state, such as AWS's own. Each could
    /// change the answer.
    pub unknown: Vec<String>,
}

type Read<T> = Result<T, StateError>;

/// Reads the roles of a state, by name. `known` has policies of other roots by ARN, such as the boundaries of an account.
///
/// # Errors
/// The text is something else, or a policy is not understood.
pub fn roles(state: &Value, known: &BTreeMap<String, Policy>) -> Read<BTreeMap<String, Role>> {
    let resources = managed(state)?;
    let of = |kind: &'static str| resources.iter().filter(move |(found, _)| *found == kind).map(|(_, values)| *values);
    let parse = |name: &str, text: &str| Policy::parse(name, text).map_err(|error| StateError(error.to_string()));
    let mut policies = known.clone();
    for values in of("aws_iam_policy") {
        let policy = parse(&format!("policy {}", text(values, "name")?), &text(values, "policy")?)?;
        policies.insert(text(values, "arn")?, policy);
    }
    // A policy names its role by the name or by the id.
    let mut names = BTreeMap::new();
    let mut roles = BTreeMap::new();
    for values in of("aws_iam_role") {
        let name = text(values, "name")?;
        let mut role = Role {
            arn: text(values, "arn")?,
            trust: parse(&format!("the trust of {name}"), &text(values, "assume_role_policy")?)?,
            identity: Identity::default(),
            unknown: Vec::new(),
        };
        if let Some(arn) = values["permissions_boundary"].as_str().filter(|arn| !arn.is_empty()) {
            role.identity.boundary = policies.get(arn).cloned();
            role.unknown.extend(role.identity.boundary.is_none().then(|| arn.to_owned()));
        }
        names.insert(text(values, "id")?, name.clone());
        names.insert(name.clone(), name.clone());
        roles.insert(name, role);
    }
    for values in of("aws_iam_role_policy") {
        let policy = parse(&format!("policy {}", text(values, "name")?), &text(values, "policy")?)?;
        role_of(values, &names, &mut roles)?.identity.policies.push(policy);
    }
    for values in of("aws_iam_role_policy_attachment") {
        let role = role_of(values, &names, &mut roles)?;
        let arn = text(values, "policy_arn")?;
        match policies.get(&arn) {
            Some(policy) => role.identity.policies.push(policy.clone()),
            None => role.unknown.push(arn),
        }
    }
    Ok(roles)
}

fn role_of<'a>(
    values: &Value,
    names: &BTreeMap<String, String>,
    roles: &'a mut BTreeMap<String, Role>,
) -> Read<&'a mut Role> {
    let id = text(values, "role")?;
    let role = names.get(&id).and_then(|name| roles.get_mut(name));
    role.ok_or_else(|| StateError(format!("a policy belongs to no role: {id}")))
}
