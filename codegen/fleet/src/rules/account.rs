//! Accounts, projects, keys and environments.

use super::Found;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule};
use crate::field::Field;
use crate::resolve::Draft;

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
