//! Accounts and projects, and what is in them.

use fleetgen_problem::{Code, Problem, Span, suggest};

use super::Problems;
use crate::catalog;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::field::{Entries, Field};
use crate::scalar::{AccountId, Arn, Region};

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
    let state = draft.aws_account().map(|account| &account.state_region);
    let signing = draft.file.signing.get().and_then(|signing| signing.aws_region.as_ref());
    let regions = catalog::zones(Cloud::Aws);
    for field in state.into_iter().chain(signing) {
        let Some(region) = field.get() else { continue };
        if !regions.contains_key(region.as_str()) {
            problems.push(
                Problem::new(Code::Zone, field.span, format!("fleetgen does not know the AWS region `{region}`"))
                    .maybe_hint(suggest(region.as_str(), regions.keys().map(String::as_str))),
            );
        }
    }
}

/// Load balancers are in the region of their network, and in the account.
pub(super) fn load_balancers(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(account) = draft.aws_account().and_then(|aws| aws.account.get()) else { return };
    for (name, network) in draft.written_networks() {
        let Some(region) = network.region.get() else { continue };
        let balancers = network.load_balancers.iter().filter_map(Field::get).flat_map(Entries::iter);
        for field in balancers.filter_map(|(_, balancer)| balancer.arn.as_ref()) {
            let Some(arn) = field.get().and_then(|arn| Arn::parse(arn.as_str())) else { continue };
            let place = format!("{region}, the region of the network `{name}`");
            problems.extend(elsewhere("load balancer", &arn, field.span, account, region, &place));
        }
    }
}

/// The certificate of a listener is in the group's region, and in the account.
pub(super) fn certificate(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Some(account) = draft.aws_account().and_then(|aws| aws.account.get()) else { return };
    let certificate = group.load_balancer.as_ref().and_then(|backend| backend.certificate.as_ref());
    let Some((certificate, network)) = certificate.zip(draft.networks.get(&group.network)) else { return };
    let Some(arn) = Arn::parse(certificate.as_str()) else { return };
    let at = group.origins.span("load_balancer.certificate");
    let place = format!("{}, the region of `{}`", network.region, group.name);
    let problem = elsewhere("certificate", &arn, at, account, &network.region, &place);
    problems.extend(problem.map(|problem| problem.related(group.origins.name, "this group")));
}

/// The problem with a thing that is in another account, or in another region than `place`.
fn elsewhere(
    thing: &str,
    arn: &Arn<'_>,
    at: Span,
    account: &AccountId,
    region: &Region,
    place: &str,
) -> Option<Problem> {
    if arn.account != account.as_str() {
        return Some(other_account(thing, arn, at));
    }
    (arn.region != region.as_str()).then(|| {
        Problem::new(Code::Cloud, at, format!("this {thing} is in {}, not in {place}", arn.region))
            .label("in another region")
            .hint(format!("use a {thing} in {region}"))
    })
}

/// The problem with a thing that is in an account that `clouds` does not name.
pub(super) fn other_account(thing: &str, arn: &Arn<'_>, at: Span) -> Problem {
    Problem::new(
        Code::Cloud,
        at,
        format!("this {thing} is in the account {}, which `clouds` does not name", arn.account),
    )
    .label("in another account")
    .hint(format!("use a {thing} of the account in `clouds.aws`"))
}
