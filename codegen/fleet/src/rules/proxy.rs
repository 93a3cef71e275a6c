//! The proxy and sessions.

use std::collections::BTreeMap;

use super::Found;
use crate::catalog;
use crate::choice::Cloud;
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::Field;
use crate::resolve::Draft;
use crate::scalar::Duration;

/// Domains stand once, in networks that exist; the proxy's machines are known.
pub(super) fn proxy(draft: &Draft<'_>, found: &mut Found) {
    let Some(proxy) = draft.file.proxy.get() else { return };
    let mut seen = BTreeMap::new();
    for domain in proxy.domains.get().into_iter().flatten().filter_map(Field::get) {
        if let Some(name) = domain.domain.get()
            && let Some(first) = seen.insert(name, domain.domain.span)
        {
            found.push(
                Diagnostic::new(
                    Rule::DuplicateKey,
                    domain.domain.span,
                    format!("the domain `{name}` stands here a second time"),
                )
                .related(first, "the first one"),
            );
        }
        for network in domain.networks.iter().filter_map(Field::get).flatten() {
            let Some(name) = network.get() else { continue };
            if !draft.file.network_names().any(|known| known == name) {
                found.push(
                    Diagnostic::new(Rule::UnknownReference, network.span, format!("there is no network `{name}`"))
                        .label("not a key of `networks`")
                        .maybe_hint(suggest_or_list(name.as_str(), draft.file.network_names().map(AsRef::as_ref))),
                );
            }
        }
    }
    for (cloud, machine) in [(Cloud::Aws, &proxy.aws_machine), (Cloud::Gcp, &proxy.gcp_machine)] {
        let Some(field) = machine else { continue };
        if let Some(name) = field.get()
            && let Err(unknown) = catalog::find(cloud, name.as_str())
        {
            found.push(
                Diagnostic::new(
                    Rule::Machine,
                    field.span,
                    format!("{cloud} has no machine type `{name}` that fleetgen knows"),
                )
                .maybe_hint(unknown.hint),
            );
        }
    }
    if let Some(machines) = &proxy.machines
        && machines.get().is_some_and(|machines| !(1..=4).contains(machines))
    {
        found.push(
            Diagnostic::new(Rule::InvalidValue, machines.span, "a network has 1 to 4 proxies")
                .label("must be from 1 to 4"),
        );
    }
}

/// Sessions last as long as Session Manager lets them.
pub(super) fn access(draft: &Draft<'_>, found: &mut Found) {
    let Some(access) = draft.file.access.get() else { return };
    for (key, field, low, high) in [
        ("idle_timeout", &access.idle_timeout, 60, 3_600),
        ("max_duration", &access.max_duration, 60, 86_400),
        ("log_retention", &access.log_retention, 86_400, 3_653 * 86_400),
    ] {
        let Some((field, value)) = field.as_ref().and_then(|field| Some((field, *field.get()?))) else { continue };
        if !(low..=high).contains(&value.seconds) {
            let (low, high) = (Duration::from_seconds(low), Duration::from_seconds(high));
            found.push(
                Diagnostic::new(Rule::InvalidValue, field.span, format!("`{key}` is {value}"))
                    .label(format!("must be from {low} to {high}")),
            );
        }
    }
}
