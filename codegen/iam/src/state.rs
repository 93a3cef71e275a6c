//! Reads what `terraform show -json` prints: the roles of a root, with their policies and their trust.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Identity, Policy, PolicyError};

/// The identities of a root.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// By name.
    pub roles: BTreeMap<String, Role>,
}

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

/// The state is not what `terraform show -json` prints, or has a policy that this crate does not understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateError(String);

impl std::fmt::Display for StateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StateError {}

impl From<PolicyError> for StateError {
    fn from(error: PolicyError) -> Self {
        Self(error.to_string())
    }
}

type Read<T> = Result<T, StateError>;

impl State {
    /// Reads a state. `known` has policies of other roots by ARN, such as the boundaries of an account.
    ///
    /// # Errors
    /// The text is something else, or a policy is not understood.
    pub fn read(state: &Value, known: &BTreeMap<String, Policy>) -> Read<Self> {
        let module = state.pointer("/values/root_module");
        let module = module.ok_or_else(|| StateError("not the output of `terraform show -json`".to_owned()))?;
        let mut resources = Vec::new();
        collect(module, &mut resources);
        let of =
            |kind: &'static str| resources.iter().filter(move |(found, _)| *found == kind).map(|(_, values)| *values);
        let mut read = Self::default();
        let mut managed = known.clone();
        for values in of("aws_iam_policy") {
            let name = text(values, "name")?;
            let policy = Policy::parse(&format!("policy {name}"), &text(values, "policy")?)?;
            managed.insert(text(values, "arn")?, policy);
        }
        let mut names = BTreeMap::new();
        for values in of("aws_iam_role") {
            let name = text(values, "name")?;
            names.insert(text(values, "id")?, name.clone());
            names.insert(name.clone(), name.clone());
            let boundary = values["permissions_boundary"].as_str().filter(|arn| !arn.is_empty());
            let mut role = Role {
                arn: text(values, "arn")?,
                trust: Policy::parse(&format!("the trust of {name}"), &text(values, "assume_role_policy")?)?,
                identity: Identity::default(),
                unknown: Vec::new(),
            };
            match boundary.map(|arn| (arn, managed.get(arn))) {
                Some((_, Some(policy))) => role.identity.boundary = Some(policy.clone()),
                Some((arn, None)) => role.unknown.push(arn.to_owned()),
                None => {}
            }
            read.roles.insert(name, role);
        }
        for values in of("aws_iam_role_policy") {
            let role = read.role_of(values, &names)?;
            let policy = format!("policy {}", text(values, "name")?);
            role.identity.policies.push(Policy::parse(&policy, &text(values, "policy")?)?);
        }
        for values in of("aws_iam_role_policy_attachment") {
            let arn = text(values, "policy_arn")?;
            let role = read.role_of(values, &names)?;
            match managed.get(&arn) {
                Some(policy) => role.identity.policies.push(policy.clone()),
                None => role.unknown.push(arn),
            }
        }
        Ok(read)
    }

    fn role_of(&mut self, values: &Value, names: &BTreeMap<String, String>) -> Read<&mut Role> {
        let id = text(values, "role")?;
        let role = names.get(&id).and_then(|name| self.roles.get_mut(name));
        role.ok_or_else(|| StateError(format!("a policy belongs to no role: {id}")))
    }
}

/// All resources of a module and of the modules in it: type and values.
fn collect<'a>(module: &'a Value, into: &mut Vec<(&'a str, &'a Value)>) {
    for resource in module["resources"].as_array().into_iter().flatten() {
        if let (Some(kind), "managed") = (resource["type"].as_str(), resource["mode"].as_str().unwrap_or_default()) {
            into.push((kind, &resource["values"]));
        }
    }
    module["child_modules"].as_array().into_iter().flatten().for_each(|child| collect(child, into));
}

fn text(values: &Value, path: &str) -> Read<String> {
    let found = values.pointer(&format!("/{path}")).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| StateError(format!("a resource has no {path}: {values}")))
}
