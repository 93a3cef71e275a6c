//! Accounts and projects, and what is in them.

use std::collections::BTreeMap;
use std::fmt::Display;

use fleetgen_problem::{Code, Problem, Span, suggest, suggest_or_list};

use super::Problems;
use crate::catalog;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft, WrittenAwsAccount};
use crate::field::{Entries, Field};
use crate::group::Target;
use crate::scalar::{AccountName, Arn, Region};

/// Every cloud that a network uses has an account and a signing key.
pub(super) fn accounts(draft: &Draft<'_>, problems: &mut Problems) {
    let (clouds, signing) = (&draft.file.clouds, &draft.file.signing);
    let Some((accounts, keys)) = clouds.get().zip(signing.get()) else { return };
    for (cloud, has_account, has_key, key) in [
        (Cloud::Aws, accounts.aws.is_some(), keys.aws_key.is_some(), "aws_key"),
        (Cloud::Gcp, accounts.gcp.is_some(), keys.gcp_key.is_some(), "gcp_key"),
    ] {
        if !draft.networks.values().any(|network| network.cloud == cloud) {
            continue;
        }
        if !has_account {
            let message = format!("missing key `clouds.{cloud}`: a network is on {}", cloud.title());
            problems.push(
                Problem::new(Code::MissingKey, clouds.span, message).label(format!("`{cloud}` is required here")),
            );
        }
        if !has_key {
            let message = format!("missing key `signing.{key}`: images are built on {}", cloud.title());
            problems
                .push(Problem::new(Code::MissingKey, signing.span, message).label(format!("`{key}` is required here")));
        }
    }
    if let Some(key) = &keys.aws_key
        && keys.aws_region.is_none()
    {
        problems.push(
            Problem::new(Code::MissingKey, key.span, "missing key `signing.aws_region`")
                .label("this key is in a region")
                .hint("add `aws_region`, such as `ap-northeast-1`"),
        );
    }
}

/// The account that a network names exists on its cloud, and the one in which images are built has a network.
pub(super) fn networks(draft: &Draft<'_>, problems: &mut Problems) {
    for (cloud, names) in known(draft) {
        let Some(builder) = names.first() else { continue };
        let written = draft.written_networks().filter(|(_, network)| network.cloud.get() == Some(&cloud));
        for field in written.filter_map(|(_, network)| network.account.as_ref()) {
            let Some(name) = field.get().filter(|name| !names.contains(name)) else { continue };
            let list = match cloud {
                Cloud::Aws => "clouds.aws.accounts",
                Cloud::Gcp => "clouds.gcp.projects",
            };
            problems.push(
                Problem::new(Code::UnknownReference, field.span, format!("there is no account `{name}`"))
                    .label(format!("not `{builder}`, and not a key of `{list}`"))
                    .maybe_hint(suggest_or_list(name.as_str(), names.iter().map(AsRef::as_ref))),
            );
        }
        if draft.networks.values().any(|network| network.cloud == cloud)
            && draft.builder_networks(cloud).next().is_none()
            && let Some(clouds) = draft.file.clouds.get()
        {
            let at = match cloud {
                Cloud::Aws => clouds.aws.as_ref().map(|field| field.span),
                Cloud::Gcp => clouds.gcp.as_ref().map(|field| field.span),
            };
            problems.extend(at.map(|at| {
                Problem::new(Code::UnknownReference, at, format!("no network is in the account `{builder}`"))
                    .label("images are built here, and have no network to be built in")
                    .hint("add a network without `account`")
            }));
        }
    }
}

/// The names of each cloud's accounts: first the one in which images are built.
fn known(draft: &Draft<'_>) -> [(Cloud, Vec<AccountName>); 2] {
    [
        (Cloud::Aws, draft.aws_accounts().into_iter().map(|account| account.name).collect()),
        (Cloud::Gcp, draft.gcp_accounts().into_iter().map(|account| account.name).collect()),
    ]
}

/// Accounts have different names, ids and state buckets.
pub(super) fn unique(draft: &Draft<'_>, problems: &mut Problems) {
    let (aws, gcp) = (draft.aws_accounts(), draft.gcp_accounts());
    let builders = [Cloud::Aws, Cloud::Gcp].map(AccountName::builder);
    let names = aws.iter().map(|account| (&account.name, account.at));
    let names = names.chain(gcp.iter().map(|account| (&account.name, account.at)));
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for (name, at) in names.filter_map(|(name, at)| Some((name, at?))) {
        if builders.contains(name) {
            problems.push(
                Problem::new(Code::ResourceName, at, format!("`{name}` is the account in which images are built"))
                    .label("taken")
                    .hint("choose another name"),
            );
        } else if let Some(first) = seen.insert(name.as_str(), at) {
            problems.push(second("name", name.as_str(), at, first));
        }
    }
    for (what, values) in [
        ("id", aws.iter().map(|account| written(account.account)).collect::<Vec<_>>()),
        ("id", gcp.iter().map(|account| written(account.project)).collect()),
        ("state bucket", aws.iter().map(|account| written(account.state_bucket)).collect()),
        ("state bucket", gcp.iter().map(|account| written(account.state_bucket)).collect()),
    ] {
        let mut seen = BTreeMap::new();
        for (value, at) in values.into_iter().flatten() {
            if let Some(first) = seen.insert(value.clone(), at) {
                problems.push(second(what, &value, at, first));
            }
        }
    }
}

fn written<T: Display>(field: &Field<T>) -> Option<(String, Span)> {
    Some((field.get()?.to_string(), field.span))
}

fn second(what: &str, value: &str, at: Span, first: Span) -> Problem {
    Problem::new(Code::ResourceName, at, format!("two accounts have the {what} `{value}`"))
        .label("the second one")
        .related(first, "the first one")
}

/// The repository has both ids, or none.
pub(super) fn repository(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(fleet) = draft.file.fleet.get() else { return };
    let (field, missing) = match (&fleet.owner_id, &fleet.repository_id) {
        (Some(owner), None) => (owner, "repository_id"),
        (None, Some(repository)) => (repository, "owner_id"),
        (Some(_), Some(_)) | (None, None) => return,
    };
    problems.push(
        Problem::new(Code::MissingKey, field.span, format!("missing key `fleet.{missing}`"))
            .label(format!("GitHub names a job by both ids, so `{missing}` is required here"))
            .hint("`gh api repos/OWNER/NAME --jq '.id, .owner.id'` prints the repository's id and its owner's"),
    );
}

/// The regions of the state bucket and of the signing key exist.
pub(super) fn regions(draft: &Draft<'_>, problems: &mut Problems) {
    let state = draft.aws_accounts().into_iter().map(|account| account.state_region);
    let signing = draft.file.signing.get().and_then(|signing| signing.aws_region.as_ref());
    let regions = catalog::zones(Cloud::Aws);
    for field in state.chain(signing) {
        let Some(region) = field.get() else { continue };
        if !regions.contains_key(region.as_str()) {
            problems.push(
                Problem::new(Code::Zone, field.span, format!("fleetgen does not know the AWS region `{region}`"))
                    .maybe_hint(suggest(region.as_str(), regions.keys().map(String::as_str))),
            );
        }
    }
}

/// Load balancers are in the region of their network, and in its account.
pub(super) fn load_balancers(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, network) in draft.written_networks() {
        let Some(account) = draft.account_of(network) else { continue };
        let Some(region) = network.region.get() else { continue };
        let balancers = network.load_balancers.iter().filter_map(Field::get).flat_map(Entries::iter);
        for field in balancers.filter_map(|(_, balancer)| balancer.arn.as_ref()) {
            let Some(arn) = field.get().and_then(|arn| Arn::parse(arn.as_str())) else { continue };
            let place = format!("{region}, the region of the network `{name}`");
            problems.extend(elsewhere("load balancer", &arn, field.span, &account, region, &place));
        }
    }
}

/// The certificates of listeners are in the group's region, and in its account.
pub(super) fn certificate(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(network) = draft.networks.get(&group.network) else { return };
    for (path, backend) in group.all_backends() {
        let Some(arn) = backend.certificate.as_ref().and_then(|it| Arn::parse(it.as_str())) else { continue };
        let at = group.origins.span(&format!("{path}.certificate"));
        let accounts = draft.aws_accounts();
        let Some(account) = accounts.iter().find(|account| account.name == network.account) else { continue };
        let place = format!("{}, the region of `{}`", network.region, group.name);
        let problem = elsewhere("certificate", &arn, at, account, &network.region, &place);
        problems.extend(problem.map(|problem| problem.related(group.origins.name, "this group")));
    }
}

/// The policies of a group's machines are AWS's own, or of the account that they are in.
pub(super) fn policies(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Target::Aws(aws) = &group.target else { return };
    if aws.policies.is_empty() {
        return;
    }
    let Some(network) = draft.networks.get(&group.network) else { return };
    let accounts = draft.aws_accounts();
    let Some(account) = accounts.iter().find(|account| account.name == network.account) else { return };
    let Some(id) = account.account.get() else { return };
    for (index, policy) in aws.policies.iter().enumerate() {
        let Some(arn) = Arn::parse(policy.as_str()) else { continue };
        if arn.account != "aws" && arn.account != id.as_str() {
            let at = group.origins.span(&format!("aws.policies[{index}]"));
            let problem = other_account("policy", &arn, &account.name, at);
            problems.push(problem.related(group.origins.name, "this group"));
        }
    }
}

/// The problem with a thing that is in another account, or in another region than `place`.
fn elsewhere(
    thing: &str,
    arn: &Arn<'_>,
    at: Span,
    account: &WrittenAwsAccount<'_>,
    region: &Region,
    place: &str,
) -> Option<Problem> {
    if account.account.get().is_some_and(|id| id.as_str() != arn.account) {
        return Some(other_account(thing, arn, &account.name, at));
    }
    (arn.region != region.as_str()).then(|| {
        Problem::new(Code::Cloud, at, format!("this {thing} is in {}, not in {place}", arn.region))
            .label("in another region")
            .hint(format!("use a {thing} in {region}"))
    })
}

/// The problem with a thing that is in another account than `account`.
pub(super) fn other_account(thing: &str, arn: &Arn<'_>, account: &AccountName, at: Span) -> Problem {
    let message = format!("this {thing} is in the AWS account {}, not in the fleet's account `{account}`", arn.account);
    let hint = format!("use a {thing} of the account `{account}`");
    Problem::new(Code::Cloud, at, message).label("in another account").hint(hint)
}
