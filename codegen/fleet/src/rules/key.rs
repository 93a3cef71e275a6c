//! Keys: they are where they are needed, in accounts and projects of this fleet.

use fleetgen_problem::{Code, Problem, Span};

use super::Problems;
use super::account::other_account;
use crate::choice::Cloud;
use crate::draft::Draft;
use crate::resource_name;
use crate::scalar::{AccountName, Arn, GcpKmsKey, NetworkName, Region};

/// The keys that encrypt disks are in the account of the machines, and in every region that has some.
pub(super) fn disks(draft: &Draft<'_>, problems: &mut Problems) {
    let regions = |account: &AccountName| {
        let networks = draft.networks.values().filter(|network| network.account == *account);
        networks.map(|network| (&network.region, &network.name)).collect::<Vec<_>>()
    };
    for account in draft.aws_accounts() {
        let Some(field) = account.disk_key else { continue };
        let Some(arn) = field.get().and_then(|key| Arn::parse(key.as_str())) else { continue };
        if account.account.get().is_some_and(|id| id.as_str() != arn.account) {
            problems.push(other_account("key", &arn, &account.name, field.span));
            // In another account, the region does not matter.
            continue;
        }
        for (region, network) in regions(&account.name) {
            if arn.region != region.as_str() {
                let hint = "use an alias that exists in every region, such as `alias/disks`";
                problems.push(other_region(field.span, region, network, hint));
            }
        }
    }
    for account in draft.gcp_accounts() {
        let Some(field) = account.disk_key else { continue };
        let Some(location) = field.get().map(GcpKmsKey::location) else { continue };
        for (region, network) in regions(&account.name) {
            if ![region.as_str(), "global"].contains(&location) {
                let hint = "use a key in the networks' region, or in `global`";
                problems.push(other_region(field.span, region, network, hint));
            }
        }
    }
}

fn other_region(at: Span, region: &Region, network: &NetworkName, hint: &str) -> Problem {
    Problem::new(Code::Cloud, at, format!("this key is not in {region}, the region of the network `{network}`"))
        .label("in another region")
        .hint(hint)
}

/// An image that is shared with another account is encrypted with a key that can be shared.
pub(super) fn shared(draft: &Draft<'_>, problems: &mut Problems) {
    let accounts = draft.aws_accounts();
    let (Some((builder, others)), Some(fleet)) = (accounts.split_first(), draft.fleet_name()) else { return };
    let runs = |name: &AccountName| draft.networks.values().any(|network| network.account == *name);
    // Another account with the builder's name is a problem that `account::unique` reports.
    let other = others.iter().find(|other| other.name != builder.name && runs(&other.name));
    if let Some(other) = other.filter(|_| builder.disk_key.is_none()) {
        problems.push(
            Problem::new(
                Code::MissingKey,
                builder.account.span,
                format!("missing key `clouds.aws.disk_key`: images are shared with `{}`", other.name),
            )
            .label("AWS cannot share images that the default EBS key encrypts")
            .hint(format!(
                "add `disk_key: alias/{}`; the account's root creates this key",
                resource_name::disk_key(fleet)
            )),
        );
    }
}

/// A signing key given by its ARN is in the account, and in the region that `aws_region` names.
pub(super) fn signing(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(signing) = draft.file.signing.get() else { return };
    let Some(field) = &signing.aws_key else { return };
    let Some(arn) = field.get().and_then(|key| Arn::parse(key.as_str())) else { return };
    let account = draft.aws_account().and_then(|account| account.account.get());
    if account.is_some_and(|account| account.as_str() != arn.account) {
        problems.push(other_account("key", &arn, &AccountName::builder(Cloud::Aws), field.span));
    }
    let region = signing.aws_region.as_ref().and_then(|region| Some((region.span, region.get()?)));
    if let Some((at, region)) = region.filter(|(_, region)| region.as_str() != arn.region) {
        problems.push(
            Problem::new(Code::Cloud, field.span, format!("this key is in {}, not in {region}", arn.region))
                .label("in another region")
                .related(at, "the region of the key")
                .hint(format!("set `aws_region: {}`, or use a key in {region}", arn.region)),
        );
    }
}
