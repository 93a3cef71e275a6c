//! Keys: they are where they are needed, in accounts and projects of this fleet.

use fleetgen_problem::{Code, Problem};

use super::Problems;
use super::account::other_account;
use crate::choice::Cloud;
use crate::draft::Draft;
use crate::scalar::{Arn, GcpKmsKey};

/// The keys that encrypt disks are in every region that has machines.
pub(super) fn disks(draft: &Draft<'_>, problems: &mut Problems) {
    let aws = draft.aws_account().and_then(|account| {
        let field = account.disk_key.as_ref()?;
        Some((account.account.get()?, field.span, Arn::parse(field.get()?.as_str())?))
    });
    if let Some((account, at, arn)) = &aws
        && arn.account != account.as_str()
    {
        problems.push(other_account("key", arn, *at));
    }
    let gcp = draft.gcp_account().and_then(|account| account.disk_key.as_ref());
    for network in draft.networks.values() {
        let (at, hint) = match network.cloud {
            Cloud::Aws => {
                let Some((account, at, arn)) = &aws else { continue };
                // In another account, the region does not matter.
                if arn.account != account.as_str() || arn.region == network.region.as_str() {
                    continue;
                }
                (*at, "use an alias that exists in every region, such as `alias/disks`")
            }
            Cloud::Gcp => {
                let Some(field) = gcp else { continue };
                let Some(location) = field.get().map(GcpKmsKey::location) else { continue };
                if [network.region.as_str(), "global"].contains(&location) {
                    continue;
                }
                (field.span, "use a key in the networks' region, or in `global`")
            }
        };
        problems.push(
            Problem::new(
                Code::Cloud,
                at,
                format!("this key is not in {}, the region of the network `{}`", network.region, network.name),
            )
            .label("in another region")
            .hint(hint),
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
        problems.push(other_account("key", &arn, field.span));
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
