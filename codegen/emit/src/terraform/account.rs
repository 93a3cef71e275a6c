//! The roots of AWS accounts: identities with their policies, keys, sessions, buckets, and the trail.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::{AccountResource, Cloud};
use fleetgen_fleet::scalar::{AwsKmsKey, Bucket, Region};
use fleetgen_fleet::{AwsAccount, AwsAccounts, Fleet, Scope, resource_name};
use fleetgen_tree::{File, Origin, Subject};
use serde::Serialize;

use super::policy::{Job, Policies, policies};
use crate::EmitError;

/// The roots of all accounts on AWS.
pub(super) fn emit(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let mut files = Vec::new();
    let Some(aws) = &fleet.aws else { return Ok(files) };
    for account in aws.accounts() {
        let scope = Scope::Account(account.name.clone());
        let subject = Subject::Root(scope.directory());
        let path = format!("{}/main.tf", scope.directory());
        let policies = policies(fleet, aws, account).map_err(|message| EmitError::fault(&path, message))?;
        files.push(super::render(path, subject.clone(), "aws/account.tf", values(fleet, aws, account, &policies))?);
        let identities = policies.identities().map(|(name, policy, _)| (name, policy));
        let boundaries =
            [("boundary-jobs", &policies.jobs_boundary), ("boundary-machines", &policies.machines_boundary)];
        let boundaries = boundaries.map(|(name, policy)| (name.to_owned(), policy));
        for (name, policy) in identities.chain(boundaries) {
            let path = format!("{}/policies/{name}.json", scope.directory());
            let (content, subject) = (format!("{policy:#}\n"), subject.clone());
            files.push(File { path, content, subject, origin: Origin::Rendered });
        }
    }
    Ok(files)
}

#[derive(Serialize)]
pub(super) struct AccountValues<'a> {
    bucket: &'a str,
    key: String,
    region: &'a str,
    account: &'a str,
    fleet: &'a str,
    github: GithubValues<'a>,
    /// Images are built here.
    builds: bool,
    jobs: &'a [Job],
    operators: Vec<&'a str>,
    /// The accounts that the key of disks is shared with.
    image_accounts: Vec<&'a str>,
    has_oidc_provider: bool,
    has_service_linked_roles: bool,
    /// The owners of images that machines may start from; nothing for any.
    image_providers: Option<BTreeSet<&'a str>>,
    /// The bucket of the account's trail, if it has none yet.
    trail_bucket: Option<String>,
    regions: Vec<RegionValues<'a>>,
    buckets: Vec<BucketValues<'a>>,
    /// The ARNs of the repositories that builds pull from.
    repositories: Vec<String>,
    registry: Option<RegistryValues<'a>>,
    disk_key: Option<&'a str>,
    run_as: &'a str,
    idle_minutes: u32,
    max_minutes: u32,
    log_retention_days: u32,
    tags: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
pub(super) struct GithubValues<'a> {
    owner: &'a str,
    name: &'a str,
    owner_id: Option<&'a str>,
    repository_id: Option<&'a str>,
}

#[derive(Serialize)]
struct RegionValues<'a> {
    region: &'a str,
    session_bucket: String,
    /// The alias, without `alias/`, of the signing key that is in this region.
    signing_key: Option<&'a str>,
}

/// The repositories that the root creates.
#[derive(Serialize)]
struct RegistryValues<'a> {
    names: Vec<&'a str>,
    region: &'a str,
}

#[derive(Serialize)]
struct BucketValues<'a> {
    label: &'static str,
    what: &'static str,
    name: &'a str,
    region: &'a str,
}

/// The repository whose jobs an account or a project trusts.
pub(super) fn github(fleet: &Fleet) -> Option<GithubValues<'_>> {
    let (owner, name) = fleet.repository.as_str().split_once('/')?;
    Some(GithubValues {
        owner,
        name,
        owner_id: fleet.owner_id.as_ref().map(AsRef::as_ref),
        repository_id: fleet.repository_id.as_ref().map(AsRef::as_ref),
    })
}

/// The values of the account's root; nothing if it refers to something that does not exist.
pub(super) fn values<'a>(
    fleet: &'a Fleet,
    aws: &'a AwsAccounts,
    account: &'a AwsAccount,
    policies: &'a Policies,
) -> Option<AccountValues<'a>> {
    let seconds_in_a_minute = 60;
    let builds = aws.builds_in(account);
    let runs = |other: &&AwsAccount| builds && fleet.networks_of(&other.name).next().is_some();
    Some(AccountValues {
        bucket: account.state_bucket.as_str(),
        key: Scope::Account(account.name.clone()).state_key(&fleet.name),
        region: account.state_region.as_str(),
        account: account.account.as_str(),
        fleet: fleet.name.as_str(),
        github: github(fleet)?,
        builds,
        jobs: &policies.jobs,
        operators: policies.operators.keys().map(String::as_str).collect(),
        image_accounts: aws.others.iter().filter(runs).map(|other| other.account.as_str()).collect(),
        has_oidc_provider: account.existing.contains(&AccountResource::OidcProvider),
        has_service_linked_roles: account.existing.contains(&AccountResource::ServiceLinkedRoles),
        image_providers: account.restrict_images.then(|| image_providers(fleet, aws)),
        trail_bucket: (!account.existing.contains(&AccountResource::CloudTrail))
            .then(|| resource_name::trail_bucket(&fleet.name, &account.account)),
        regions: regions(fleet, account, builds),
        buckets: if builds { buckets(fleet, aws) } else { Vec::new() },
        repositories: if builds { fleet.ecr_repositories() } else { Vec::new() },
        registry: registry(fleet, aws).filter(|_| builds),
        disk_key: own(account.disk_key.as_ref(), &resource_name::disk_key(&fleet.name)),
        run_as: fleet.access.run_as.as_str(),
        idle_minutes: fleet.access.idle_timeout.seconds.div_ceil(seconds_in_a_minute),
        max_minutes: fleet.access.max_duration.seconds.div_ceil(seconds_in_a_minute),
        log_retention_days: super::log_retention_days(fleet),
        tags: super::fleet_tags(fleet),
    })
}

/// The regions of the account's networks. Where images are built, also those that images are copied to, and the signing
/// key's.
fn regions<'a>(fleet: &'a Fleet, account: &'a AwsAccount, builds: bool) -> Vec<RegionValues<'a>> {
    let signing = fleet.signing.aws.as_ref().filter(|_| builds);
    let signing =
        signing.and_then(|(key, region)| Some((region, own(Some(key), &resource_name::signing_key(&fleet.name))?)));
    let networks = fleet.networks_on(Cloud::Aws).filter(|network| builds || network.account == account.name);
    let regions: BTreeSet<&Region> =
        networks.map(|network| &network.region).chain(signing.map(|(region, _)| region)).collect();
    let values = |region: &'a Region| RegionValues {
        region: region.as_str(),
        session_bucket: resource_name::session_bucket(&fleet.name, &account.account, region),
        signing_key: signing.filter(|(own, _)| *own == region).map(|(_, key)| key),
    };
    regions.into_iter().map(values).collect()
}

/// The account that builds images, and the vendors whose images its layers and new groups start from.
fn image_providers<'a>(fleet: &'a Fleet, aws: &'a AwsAccounts) -> BTreeSet<&'a str> {
    let vendors = fleet.root_layers().filter_map(|layer| Some(layer.source.aws.as_ref()?.0.as_str()));
    vendors.chain([aws.builder.account.as_str()]).collect()
}

/// A key's alias without `alias/`, if it is the name that fleetgen gives: such a key is the account's root to create.
fn own<'a>(key: Option<&'a AwsKmsKey>, name: &str) -> Option<&'a str> {
    key?.as_str().strip_prefix("alias/").filter(|alias| *alias == name)
}

fn registry<'a>(fleet: &'a Fleet, aws: &'a AwsAccounts) -> Option<RegistryValues<'a>> {
    let exist = aws.builder.existing.contains(&AccountResource::EcrRepositories);
    (!exist && !aws.ecr_repositories.is_empty()).then_some(RegistryValues {
        names: aws.ecr_repositories.iter().map(AsRef::as_ref).collect(),
        region: fleet.build_network(Cloud::Aws)?.region.as_str(),
    })
}

fn buckets<'a>(fleet: &'a Fleet, aws: &'a AwsAccounts) -> Vec<BucketValues<'a>> {
    let region = fleet.build_network(Cloud::Aws).map(|network| network.region.as_str());
    let of_builds = [
        ("artifacts", "Programs that go into images: artifacts:// URLs.", &aws.artifact_bucket),
        ("reports", "Reports and SBOMs of builds, named by their digests.", &aws.report_bucket),
    ];
    let bucket = |(label, what, name): (_, _, &'a Option<Bucket>)| {
        Some(BucketValues { label, what, name: name.as_ref()?.as_str(), region: region? })
    };
    let mut buckets: Vec<BucketValues<'_>> = of_builds.into_iter().filter_map(bucket).collect();
    if let Some((bucket, region, _)) = fleet.rollout.journal.s3() {
        buckets.push(BucketValues {
            label: "journals",
            what: "Journals of rollouts.",
            name: bucket.as_str(),
            region: region.as_str(),
        });
    }
    // The state bucket comes from terraform/bootstrap, and one bucket may serve two purposes.
    let mut seen = BTreeSet::from([aws.builder.state_bucket.as_str()]);
    buckets.retain(|bucket| seen.insert(bucket.name));
    buckets
}
