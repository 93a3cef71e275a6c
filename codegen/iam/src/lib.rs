//! Whether the policies of AWS allow a call, and which statement decides.
//!
//! It knows what fleetgen emits: identity policies, permissions boundaries, and the policies of resources (keys, buckets, and
//! the trust of roles), all in one account. A document with anything else is refused, never guessed at. Sources: the pages
//! "Policy evaluation logic" and "IAM JSON policy elements" of the IAM User Guide.

mod condition;
mod parse;
mod pattern;
mod policy;
mod state;

use std::collections::BTreeMap;

pub use policy::{Policy, PolicyError};
pub use state::{Role, roles};

use condition::Miss;
use policy::{Effect, Match, Statement};

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A role, by its ARN.
    Role(String),
    /// A user of an identity provider, by the provider's ARN.
    Federated(String),
    /// A service of AWS, such as `ec2.amazonaws.com`.
    Service(String),
}

/// A call.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who calls.
    pub principal: Principal,
    /// What, such as `ec2:TerminateInstances`.
    pub action: String,
    /// On what: an ARN, or `*` for calls without a resource.
    pub resource: String,
    /// What AWS knows besides: values by condition key, such as `aws:ResourceTag/fleet`. Several values for keys with several.
    pub context: BTreeMap<String, Vec<String>>,
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Role(name) | Self::Federated(name) | Self::Service(name) => f.write_str(name),
        }
    }
}

impl Request {
    /// The values of a condition key, whose name has no case.
    fn values(&self, key: &str) -> Option<&[String]> {
        let found = self.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map(|(_, values)| values.as_slice())
    }
}

/// What an identity may do.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// Any one of them may allow a call.
    pub policies: Vec<Policy>,
    /// The most that it can do.
    pub boundary: Option<Policy>,
}

/// The policy of what is called.
#[derive(Debug, Clone)]
pub struct ResourcePolicy {
    /// The document.
    pub policy: Policy,
    /// Whether this policy must itself allow the call or leave it to the account, as the policies of keys and the trust of
    /// roles must. For other resources, such as buckets, an identity's policy is enough.
    pub must_allow: bool,
}

/// Whether a call is allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed.
    pub is_allowed: bool,
    /// The statements that decide; without one, what the nearest statements miss.
    pub because: Vec<String>,
}

/// Whether an identity may make a call. A statement that denies it decides. Otherwise the identity's policies must allow it, or the
/// resource's policy allows this principal; and its boundary must allow it as well.
pub fn decide(request: &Request, identity: &Identity, resource: Option<&ResourcePolicy>) -> Decision {
    let documents = identity.policies.iter().chain(&identity.boundary).chain(resource.map(|it| &it.policy));
    for policy in documents {
        if let Some(denies) = find(policy, Effect::Deny, request) {
            return Decision { is_allowed: false, because: vec![format!("denied by {}", shown(policy, denies.0))] };
        }
    }
    let (mut because, mut misses) = (Vec::new(), Vec::new());
    let by_resource = resource.and_then(|it| Some((&it.policy, find(&it.policy, Effect::Allow, request)?)));
    if let Some((policy, (statement, Match::Directly))) = by_resource {
        because.push(format!("allowed by {}", shown(policy, statement)));
    } else {
        if let (Some(resource), None) = (resource.filter(|it| it.must_allow), &by_resource) {
            misses.extend(near(&resource.policy, request));
        }
        let policies = &identity.policies;
        match policies.iter().find_map(|policy| Some((policy, find(policy, Effect::Allow, request)?))) {
            Some((policy, (statement, _))) => because.push(format!("allowed by {}", shown(policy, statement))),
            None if policies.is_empty() => misses.push("the identity has no policies".to_owned()),
            None => misses.extend(policies.iter().flat_map(|policy| near(policy, request))),
        }
    }
    // Also for a role that a resource's policy names: only the name of a session would pass by the boundary.
    if let Some(boundary) = &identity.boundary {
        match find(boundary, Effect::Allow, request) {
            Some((statement, _)) => because.push(format!("within {}", shown(boundary, statement))),
            None => misses.extend(near(boundary, request)),
        }
    }
    if misses.is_empty() {
        Decision { is_allowed: true, because }
    } else {
        Decision { is_allowed: false, because: misses }
    }
}

/// The first statement that applies, and how it names the principal.
fn find<'a>(policy: &'a Policy, effect: Effect, request: &Request) -> Option<(&'a Statement, Match)> {
    let applying = policy.statements.iter().filter(|statement| statement.effect == effect);
    let applying = applying.filter_map(|statement| Some((statement, statement.applies(request).ok()?)));
    // A statement about the principal itself says more than one about its account.
    applying.min_by_key(|(_, how)| *how)
}

/// What the statements that name the action miss.
fn near(policy: &Policy, request: &Request) -> Vec<String> {
    let allow = policy.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let misses: Vec<String> = allow
        .filter_map(|statement| match statement.applies(request) {
            Ok(_) | Err(Miss::Action) => None,
            Err(miss) => Some(format!("{}: {miss}", shown(policy, statement))),
        })
        .collect();
    if misses.is_empty() { vec![format!("{}: no statement allows {}", policy.name, request.action)] } else { misses }
}

fn shown(policy: &Policy, statement: &Statement) -> String {
    format!("{}, statement {}", policy.name, statement.sid)
}
