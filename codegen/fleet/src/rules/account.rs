//! Accounts, projects, keys and environments.

use super::Found;
use crate::catalog;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule, suggest};
use crate::field::{Entries, Field};
use crate::file;
use crate::model::Group;
use crate::resolve::Draft;
use crate::scalar::{AccountId, Region};

/// A cloud that a network uses has an account, and a key to sign with.
pub(super) fn accounts(draft: &Draft<'_>, found: &mut Found) {
    let clouds = &draft.file.clouds;
    let signing = &draft.file.signing;
    let Some((written, keys)) = clouds.get().zip(signing.get()) else { return };
    for (cloud, account, key, key_name) in [
        (Cloud::Aws, written.aws.is_some(), keys.aws_key.is_some(), "aws_key"),
        (Cloud::Gcp, written.gcp.is_some(), keys.gcp_key.is_some(), "gcp_key"),
    ] {
        if !draft.networks.values().any(|network| network.cloud == cloud) {
            continue;
        }
        if !account {
            found.push(
                Diagnostic::new(
                    Rule::MissingKey,
                    clouds.span,
                    format!("missing key `clouds.{cloud}`: there are networks on it"),
                )
                .label(format!("`{cloud}` is needed here")),
            );
        }
        if !key {
            found.push(
                Diagnostic::new(
                    Rule::MissingKey,
                    signing.span,
                    format!("missing key `signing.{key_name}`: images are built on {cloud}"),
                )
                .label(format!("`{key_name}` is needed here")),
            );
        }
    }
    if let Some(key) = &keys.aws_key
        && keys.aws_region.is_none()
    {
        found.push(
            Diagnostic::new(Rule::MissingKey, key.span, "missing key `signing.aws_region`")
                .label("this key needs its region")
                .hint("add `aws_region`, such as `ap-northeast-1`"),
        );
    }
}

/// The regions of accounts and keys exist.
pub(super) fn regions(draft: &Draft<'_>, found: &mut Found) {
    let state = account(draft).map(|(aws, _)| &aws.state_region);
    let signing = draft.file.signing.get().and_then(|signing| signing.aws_region.as_ref());
    let regions = catalog::zones(Cloud::Aws);
    for field in state.into_iter().chain(signing) {
        let Some(region) = field.get() else { continue };
        if !regions.contains_key(region.as_str()) {
            found.push(
                Diagnostic::new(Rule::Zone, field.span, format!("aws has no region `{region}` that fleetgen knows"))
                    .maybe_hint(suggest(region.as_str(), regions.keys().map(String::as_str))),
            );
        }
    }
}

fn account<'a>(draft: &Draft<'a>) -> Option<(&'a file::AwsAccount, Option<&'a AccountId>)> {
    let aws = draft.file.clouds.get()?.aws.as_ref()?.get()?;
    Some((aws, aws.account.get()))
}

/// The key of disks is in every region that has machines.
pub(super) fn disk_key(draft: &Draft<'_>, found: &mut Found) {
    let Some((aws, Some(account))) = account(draft) else { return };
    let Some((field, key)) = aws.disk_key.as_ref().and_then(|field| Some((field, field.get()?))) else { return };
    for network in draft.networks.values().filter(|network| network.cloud == Cloud::Aws) {
        if !is_in(key.as_str(), &network.region, account) {
            found.push(
                Diagnostic::new(
                    Rule::Cloud,
                    field.span,
                    format!("this key is not in {}, where `{}` is", network.region, network.name),
                )
                .label("a key of another region or account")
                .hint("name an alias that there is in every region, such as `alias/disks`"),
            );
        }
    }
}

/// Load balancers are in the region of their network.
pub(super) fn load_balancers(draft: &Draft<'_>, found: &mut Found) {
    let Some((_, Some(account))) = account(draft) else { return };
    for (name, network) in draft.file.networks.get().into_iter().flat_map(Entries::iter) {
        let Some(region) = network.region.get() else { continue };
        let balancers = network.load_balancers.iter().filter_map(Field::get).flat_map(Entries::iter);
        for field in balancers.filter_map(|(_, balancer)| balancer.arn.as_ref()) {
            if field.get().is_some_and(|arn| !is_in(arn.as_str(), region, account)) {
                found.push(
                    Diagnostic::new(
                        Rule::Cloud,
                        field.span,
                        format!("this load balancer is not in {region}, where `{name}` is"),
                    )
                    .label("of another region or account"),
                );
            }
        }
    }
}

/// The certificate of a listener is in the group's region.
pub(super) fn certificate(draft: &Draft<'_>, group: &Group, found: &mut Found) {
    let Some((_, Some(account))) = account(draft) else { return };
    let certificate = group.load_balancer.as_ref().and_then(|backend| backend.certificate.as_ref());
    let Some((certificate, network)) = certificate.zip(draft.networks.get(&group.network)) else { return };
    if !is_in(certificate.as_str(), &network.region, account) {
        found.push(
            Diagnostic::new(
                Rule::Cloud,
                group.origins.span("load_balancer.certificate"),
                format!("this certificate is not in {}, where `{}` is", network.region, group.name),
            )
            .label("of another region or account")
            .related(group.origins.name, "this group"),
        );
    }
}

/// Whether an ARN names something of an account and region; whatever is no ARN is taken for granted.
fn is_in(arn: &str, region: &Region, account: &AccountId) -> bool {
    let mut parts = arn.split(':').skip(3);
    !arn.starts_with("arn:") || (parts.next() == Some(region.as_str()) && parts.next() == Some(account.as_str()))
}

/// Environments stand once, and their windows have a length.
pub(super) fn environments(draft: &Draft<'_>, found: &mut Found) {
    let mut seen = std::collections::BTreeMap::new();
    let written = draft.file.environments.get().map(Vec::as_slice).unwrap_or_default();
    if written.is_empty() && draft.file.environments.value.is_some() {
        found.push(
            Diagnostic::new(Rule::MissingKey, draft.file.environments.span, "there is no environment")
                .hint("add one, with `name` and `approval`"),
        );
    }
    for environment in written.iter().filter_map(Field::get) {
        let Some(name) = environment.name.get() else { continue };
        if let Some(first) = seen.insert(name, environment.name.span) {
            found.push(
                Diagnostic::new(
                    Rule::DuplicateKey,
                    environment.name.span,
                    format!("the environment `{name}` stands here a second time"),
                )
                .related(first, "the first one")
                .hint("rename or remove one of the two"),
            );
        }
        for window in environment.windows.iter().filter_map(Field::get).flatten().filter_map(Field::get) {
            let (Some(from), Some(to)) = (window.from.get(), window.to.get()) else { continue };
            if from >= to {
                found.push(
                    Diagnostic::new(
                        Rule::InvalidValue,
                        window.to.span,
                        format!("the window ends at {to}, before it starts at {from}"),
                    )
                    .label(format!("must be later than {from}"))
                    .hint("a window over midnight is two windows"),
                );
            }
            if window.days.get().is_some_and(Vec::is_empty) {
                found.push(
                    Diagnostic::new(Rule::InvalidValue, window.days.span, "the window has no day")
                        .hint("add days, such as `[mon, tue]`"),
                );
            }
        }
    }
}
