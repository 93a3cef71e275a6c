//! The roots of AWS accounts: identities, keys, sessions, buckets, and what the job that builds images may do.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{AccountResource, Cloud};
use fleetgen_fleet::scalar::AwsKmsKey;
use fleetgen_fleet::{AwsAccount, Fleet, JournalPlace, Scope, resource_name};
use fleetgen_tree::{File, Origin, Subject};
use serde::Serialize;
use serde_json::Value;

use crate::EmitError;

/// The build's calls, by statement. `${…}` are this fleet's values. The rehearsal enforces it, and reports what no call uses.
const BUILD_POLICY: &str = include_str!("../../data/build-policy.json");

/// The root of the AWS account, if the fleet uses AWS.
pub(super) fn emit(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let Some(account) = &fleet.aws else { return Ok(Vec::new()) };
    let scope = Scope::Account(account.name.clone());
    let subject = Subject::Root(scope.directory());
    let path = format!("{}/main.tf", scope.directory());
    let root = super::render(path, subject.clone(), "aws/account.tf", values(fleet, account))?;
    let path = format!("{}/build-policy.json", scope.directory());
    let policy = build_policy(fleet).map_err(|message| EmitError::fault(&path, message))?;
    let content = format!("{policy:#}\n");
    Ok(vec![root, File { path, content, subject, origin: Origin::Rendered }])
}

/// What the job that builds images may do on AWS, as a policy document.
///
/// # Errors
/// A bug in fleetgen, or a fleet without an AWS account.
pub fn build_policy(fleet: &Fleet) -> Result<Value, String> {
    let account = fleet.aws.as_ref().ok_or("the fleet has no AWS account")?;
    let network = fleet.build_network(Cloud::Aws).ok_or("no network on AWS builds images")?;
    let identity = resource_name::build_identity(&fleet.name);
    let build_network = resource_name::build_network(&fleet.name, &network.name);
    let disk_key = account.disk_key.as_ref().map(AsRef::as_ref);
    let signing = fleet.signing.aws.as_ref().map(|(key, _)| key.as_str());
    let values = [
        ("account", Some(account.account.as_str())),
        ("region", Some(network.region.as_str())),
        ("fleet", Some(fleet.name.as_str())),
        ("identity", Some(identity.as_str())),
        ("build_network", Some(build_network.as_str())),
        ("disk_alias", disk_key),
        ("signing_alias", signing),
        ("artifact_bucket", account.artifact_bucket.as_ref().map(AsRef::as_ref)),
    ]
    .map(|(name, value)| (format!("${{{name}}}"), value));
    let mut policy: Value = serde_json::from_str(BUILD_POLICY).map_err(|error| error.to_string())?;
    // What the fleet does not have, such as an artifact bucket, the build does not need.
    let is_needed = |statement: &Value| {
        let text = statement.to_string();
        values.iter().all(|(name, value)| value.is_some() || !text.contains(name.as_str()))
    };
    let statements = policy["Statement"].as_array_mut().ok_or("the policy has no statements")?;
    statements.retain(is_needed);
    // A key that is given by its ARN needs no alias.
    if let Some(key) = disk_key.filter(|key| key.starts_with("arn:")) {
        for statement in statements.iter_mut().filter(|statement| statement["Sid"] == "EncryptDisks") {
            statement["Resource"] = Value::String(key.to_owned());
            if let Some(condition) = statement["Condition"].as_object_mut() {
                condition.remove("ForAnyValue:StringEquals");
            }
        }
    }
    fill(&mut policy, &values);
    Ok(policy)
}

fn fill(value: &mut Value, values: &[(String, Option<&str>)]) {
    match value {
        Value::String(text) => {
            for (name, value) in values {
                *text = text.replace(name.as_str(), value.unwrap_or_default());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| fill(entry, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Serialize)]
pub(super) struct AccountValues<'a> {
    bucket: &'a str,
    key: String,
    region: &'a str,
    account: &'a str,
    fleet: &'a str,
    github: GithubValues<'a>,
    has_oidc_provider: bool,
    has_service_linked_roles: bool,
    regions: Vec<RegionValues<'a>>,
    buckets: Vec<BucketValues<'a>>,
    disk_key: Option<&'a str>,
    run_as: &'a str,
    idle_minutes: u32,
    max_minutes: u32,
    log_retention_days: u32,
    tags: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct GithubValues<'a> {
    owner: &'a str,
    name: &'a str,
    owner_id: Option<&'a str>,
    repository_id: Option<&'a str>,
}

#[derive(Serialize)]
struct RegionValues<'a> {
    region: &'a str,
    /// The alias, without `alias/`, of the signing key that is in this region.
    signing_key: Option<&'a str>,
}

#[derive(Serialize)]
struct BucketValues<'a> {
    label: &'static str,
    what: &'static str,
    name: &'a str,
    region: &'a str,
}

/// The values of the account's root; nothing if it refers to something that does not exist.
pub(super) fn values<'a>(fleet: &'a Fleet, account: &'a AwsAccount) -> Option<AccountValues<'a>> {
    let (owner, name) = fleet.repository.as_str().split_once('/')?;
    let seconds_in_a_minute = 60;
    Some(AccountValues {
        bucket: account.state_bucket.as_str(),
        key: Scope::Account(account.name.clone()).state_key(&fleet.name),
        region: account.state_region.as_str(),
        account: account.account.as_str(),
        fleet: fleet.name.as_str(),
        github: GithubValues {
            owner,
            name,
            owner_id: fleet.owner_id.as_ref().map(AsRef::as_ref),
            repository_id: fleet.repository_id.as_ref().map(AsRef::as_ref),
        },
        has_oidc_provider: account.existing.contains(&AccountResource::OidcProvider),
        has_service_linked_roles: account.existing.contains(&AccountResource::ServiceLinkedRoles),
        regions: regions(fleet),
        buckets: buckets(fleet, account),
        disk_key: own(account.disk_key.as_ref(), &resource_name::disk_key(&fleet.name)),
        run_as: fleet.access.run_as.as_str(),
        idle_minutes: fleet.access.idle_timeout.seconds.div_ceil(seconds_in_a_minute),
        max_minutes: fleet.access.max_duration.seconds.div_ceil(seconds_in_a_minute),
        log_retention_days: super::log_retention_days(fleet),
        tags: super::fleet_tags(fleet),
    })
}

/// The regions of networks, and the signing key's.
fn regions(fleet: &Fleet) -> Vec<RegionValues<'_>> {
    let signing =
        fleet.signing.aws.as_ref().and_then(|(key, region)| {
            Some((region.as_str(), own(Some(key), &resource_name::signing_key(&fleet.name))?))
        });
    let networks = fleet.foundations().map(|(_, network)| network.region.as_str());
    let regions: BTreeSet<&str> = networks.chain(signing.map(|(region, _)| region)).collect();
    let signing_key = |region| signing.filter(|(own, _)| *own == region).map(|(_, key)| key);
    regions.into_iter().map(|region| RegionValues { region, signing_key: signing_key(region) }).collect()
}

/// A key's alias without `alias/`, if it is the name that fleetgen gives: such a key is the account's root to create.
fn own<'a>(key: Option<&'a AwsKmsKey>, name: &str) -> Option<&'a str> {
    key?.as_str().strip_prefix("alias/").filter(|alias| *alias == name)
}

fn buckets<'a>(fleet: &'a Fleet, account: &'a AwsAccount) -> Vec<BucketValues<'a>> {
    let mut buckets = Vec::new();
    if let (Some(name), Some(network)) = (&account.artifact_bucket, fleet.build_network(Cloud::Aws)) {
        buckets.push(BucketValues {
            label: "artifacts",
            what: "Programs that go into images: artifacts:// URLs.",
            name: name.as_str(),
            region: network.region.as_str(),
        });
    }
    if let JournalPlace::Bucket { cloud: Cloud::Aws, bucket, region: Some(region), .. } = &fleet.rollout.journal {
        buckets.push(BucketValues {
            label: "journals",
            what: "Journals of rollouts.",
            name: bucket.as_str(),
            region: region.as_str(),
        });
    }
    // The state bucket comes from terraform/bootstrap, and one bucket may serve two purposes.
    let mut seen = BTreeSet::from([account.state_bucket.as_str()]);
    buckets.retain(|bucket| seen.insert(bucket.name));
    buckets
}

#[cfg(test)]
mod tests {
    use super::BUILD_POLICY;

    #[test]
    fn every_placeholder_is_a_value() {
        let names = [
            "account",
            "region",
            "fleet",
            "identity",
            "build_network",
            "disk_alias",
            "signing_alias",
            "artifact_bucket",
        ];
        let mut text = BUILD_POLICY.to_owned();
        for name in names {
            let placeholder = format!("${{{name}}}");
            assert!(text.contains(&placeholder), "{name} is not in the policy");
            text = text.replace(&placeholder, "");
        }
        assert!(!text.contains("${"), "{text}");
    }
}
