//! Roots, with who works on them, and in portions for the jobs of a workflow.

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::AccountName;
use fleetgen_fleet::{Fleet, Scope, resource_name};
use serde::Serialize;

use crate::root::{environments, place};

/// GitHub runs at most 256 jobs of a matrix. Below that, other jobs have room.
const MOST: usize = 200;
/// Starting a job takes longer than planning a root, so each gets several.
const AT_LEAST: usize = 8;

/// A root that Terraform manages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Root {
    /// The root, such as `aws-tokyo/prod`. Its directory is below generated/terraform.
    pub root: String,
    /// What it holds.
    pub kind: RootKind,
    /// The cloud.
    pub cloud: Cloud,
    /// The account or project.
    pub account: AccountName,
    /// The environments of its groups.
    pub environments: Vec<String>,
}

/// What a root holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RootKind {
    /// An account or a project.
    Account,
    /// A network.
    Network,
    /// Compute groups.
    Stack,
}

/// Roots that one job works on, all in one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shard {
    /// A name for people, such as `aws 1`.
    pub name: String,
    /// The cloud.
    pub cloud: Cloud,
    /// The account or project, by its name in this fleet.
    pub account: AccountName,
    /// AWS: the role of the job. GCP: its service account.
    pub identity: String,
    /// AWS: the region whose STS is asked. GCP: the project.
    pub place: String,
    /// GCP: GitHub's variable with the identity provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The roots, with spaces between them, in the order in which they are applied.
    pub roots: String,
}

/// All roots, in the order in which they are applied.
pub fn roots(fleet: &Fleet) -> Vec<Root> {
    let root = |scope: &Scope| {
        let (cloud, account) = place(fleet, scope)?;
        let kind = match scope {
            Scope::Account(_) => RootKind::Account,
            Scope::Network(_) => RootKind::Network,
            Scope::Stack(..) => RootKind::Stack,
        };
        let environments = environments(fleet, scope).iter().map(ToString::to_string).collect();
        Some(Root { root: scope.to_string(), kind, cloud, account, environments })
    };
    fleet.scopes().iter().filter_map(root).collect()
}

/// Roots in portions for a job such as `plan` or `apply-prod`.
pub fn shards(fleet: &Fleet, roots: &[&Root], job: &str) -> Vec<Shard> {
    let portion = roots.len().div_ceil(MOST).max(AT_LEAST);
    let mut accounts: Vec<(Cloud, &AccountName)> = Vec::new();
    for root in roots {
        if !accounts.contains(&(root.cloud, &root.account)) {
            accounts.push((root.cloud, &root.account));
        }
    }
    let mut shards = Vec::new();
    for (cloud, account) in accounts {
        let own: Vec<&str> = roots
            .iter()
            .filter(|root| (root.cloud, &root.account) == (cloud, account))
            .map(|root| root.root.as_str())
            .collect();
        let Some((identity, place)) = identity(fleet, cloud, account, job) else { continue };
        let provider = (cloud == Cloud::Gcp).then(|| fleet.provider_variable(account));
        for (number, roots) in (1..).zip(own.chunks(portion)) {
            shards.push(Shard {
                name: format!("{account} {number}"),
                cloud,
                account: account.clone(),
                identity: identity.clone(),
                place: place.clone(),
                provider: provider.clone(),
                roots: roots.join(" "),
            });
        }
    }
    shards
}

/// Who a job is in an account, and where that is.
fn identity(fleet: &Fleet, cloud: Cloud, account: &AccountName, job: &str) -> Option<(String, String)> {
    match cloud {
        Cloud::Aws => {
            let account = fleet.aws.as_ref()?.accounts().find(|it| it.name == *account)?;
            let role = resource_name::job_role(&fleet.name, &account.account, job);
            Some((role, account.state_region.to_string()))
        }
        Cloud::Gcp => {
            let project = &fleet.gcp.as_ref()?.accounts().find(|it| it.name == *account)?.project;
            Some((resource_name::job_account(&fleet.name, project, job), project.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use fleetgen_fleet::CheckContext;
    use fleetgen_problem::{Severity, SourceFile};

    use super::*;

    /// However many roots there are, GitHub can run a matrix of their portions, and each root is in one of them.
    #[test]
    fn portions_are_fewer_than_github_allows() {
        let text = include_str!("../../../tests/base.yaml");
        let source = SourceFile::from_bytes("fleet.yaml", text.into()).unwrap();
        let fleet =
            fleetgen_fleet::load(&source, CheckContext { today: None, expired: Severity::Warning }).unwrap().fleet;
        for number in [1, 8, 9, 3_000] {
            let root = |index: usize| {
                let (cloud, account) = if index.is_multiple_of(2) { (Cloud::Aws, "aws") } else { (Cloud::Gcp, "gcp") };
                let account = account.parse().unwrap();
                Root { root: format!("n/s{index}"), kind: RootKind::Stack, cloud, account, environments: Vec::new() }
            };
            let all: Vec<Root> = (0..number).map(root).collect();
            let shards = shards(&fleet, &all.iter().collect::<Vec<_>>(), "plan");
            assert!(shards.len() <= 256, "{number} roots are {} jobs", shards.len());
            let mut named: Vec<&str> = shards.iter().flat_map(|shard| shard.roots.split(' ')).collect();
            named.sort_unstable();
            let mut wanted: Vec<&str> = all.iter().map(|root| root.root.as_str()).collect();
            wanted.sort_unstable();
            assert_eq!(named, wanted);
        }
    }
}
