//! Policy documents.

use crate::condition::{Condition, Miss};
use crate::pattern::{self, matches_resource};
use crate::{Principal, Request};

/// A policy document.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name, for messages.
    pub name: String,
    /// Its statements, in order.
    pub(crate) statements: Vec<Statement>,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(pub(crate) String);

impl std::fmt::Display for PolicyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It allows calls.
    Allow,
    /// It denies calls, whatever else allows them.
    Deny,
}

/// A statement.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Its name; without one, its number, such as `2`.
    pub(crate) sid: String,
    /// What it does.
    pub(crate) effect: Effect,
    /// Whom it is about; nothing in the policy of an identity.
    pub(crate) principals: Option<Vec<Named>>,
    pub(crate) actions: Patterns,
    /// Nothing in the trust policy of a role.
    pub(crate) resources: Option<Patterns>,
    pub(crate) conditions: Vec<Condition>,
}

/// A list of patterns, or everything but those: `Action` and `NotAction`.
#[derive(Debug, Clone)]
pub(crate) struct Patterns {
    pub(crate) patterns: Vec<String>,
    pub(crate) is_negated: bool,
}

/// A principal as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Everybody,
    /// `arn:aws:iam::ACCOUNT:root`: every principal of the account whose own policies allow the call.
    Account(String),
    Role(String),
    Federated(String),
    Service(String),
}

/// How a statement names a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    Directly,
    /// It leaves the decision to the account's identity policies.
    ByAccount,
}

impl Statement {
    /// Whether it is about the call, and if not, what it misses.
    pub(crate) fn applies(&self, request: &Request) -> Result<Match, Miss> {
        let action = |pattern: &String| pattern::matches(&pattern.to_lowercase(), &request.action.to_lowercase());
        if self.actions.patterns.iter().any(action) == self.actions.is_negated {
            return Err(Miss::Action);
        }
        let how = match &self.principals {
            None => Match::Directly,
            Some(named) => {
                let how = named.iter().filter_map(|named| named.matches(&request.principal)).min();
                how.ok_or_else(|| Miss::Principal(request.principal.to_string()))?
            }
        };
        if let Some(resources) = &self.resources {
            let found = resources.patterns.iter().any(|pattern| matches_resource(pattern, request));
            if found == resources.is_negated {
                return Err(Miss::Resource(request.resource.clone()));
            }
        }
        for condition in &self.conditions {
            condition.holds(request)?;
        }
        Ok(how)
    }
}

impl Named {
    fn matches(&self, principal: &Principal) -> Option<Match> {
        let directly = |is_named: bool| is_named.then_some(Match::Directly);
        match self {
            Self::Everybody => Some(Match::Directly),
            Self::Account(account) => {
                let own = match principal {
                    Principal::Role(arn) => arn.split(':').nth(4),
                    Principal::Federated(_) | Principal::Service(_) => None,
                };
                (own == Some(account.as_str())).then_some(Match::ByAccount)
            }
            Self::Role(arn) => directly(*principal == Principal::Role(arn.clone())),
            Self::Federated(arn) => directly(*principal == Principal::Federated(arn.clone())),
            Self::Service(name) => directly(*principal == Principal::Service(name.clone())),
        }
    }
}
