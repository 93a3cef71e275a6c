//! The egress proxy.

use std::collections::BTreeMap;

use fleetgen_problem::{Code, Problem, suggest_or_list};

use super::Problems;
use crate::choice::{Architecture, Cloud, ProxyClient};
use crate::draft::Draft;
use crate::field::Field;
use crate::file::AllowedDomain;
use crate::scalar::NetworkName;
use crate::{catalog, file};

/// Domains appear once, in networks that exist.
pub(super) fn domains(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(proxy) = draft.file.proxy.get() else { return };
    let mut seen = BTreeMap::new();
    for domain in proxy.domains.get().into_iter().flatten().filter_map(Field::get) {
        if let Some(name) = domain.domain.get()
            && let Some(first) = seen.insert(name, domain.domain.span)
        {
            problems.push(
                Problem::new(Code::DuplicateKey, domain.domain.span, format!("duplicate domain `{name}`"))
                    .label("the second one")
                    .related(first, "the first one"),
            );
        }
        for network in domain.networks.iter().filter_map(Field::get).flatten() {
            let Some(name) = network.get() else { continue };
            if !draft.file.network_names().any(|known| known == name) {
                problems.push(
                    Problem::new(Code::UnknownReference, network.span, format!("there is no network `{name}`"))
                        .label("not a key of `networks`")
                        .maybe_hint(suggest_or_list(name.as_str(), draft.file.network_names().map(AsRef::as_ref))),
                );
            }
        }
    }
}

/// No domain is listed that another one covers: squid would ignore it, and a reviewer would think that removing one of them
/// closes something.
pub(super) fn shadows(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(proxy) = draft.file.proxy.get() else { return };
    let entries: Vec<_> = proxy.domains.get().into_iter().flatten().filter_map(Field::get).collect();
    for entry in &entries {
        let Some(domain) = entry.domain.get() else { continue };
        let covers = |other: &&&AllowedDomain| {
            let Some(parent) = other.domain.get().filter(|parent| *parent != domain) else { return false };
            let Some(bare) = parent.as_str().strip_prefix('.') else { return false };
            if !domain.as_str().ends_with(parent.as_str()) && domain.as_str() != bare {
                return false;
            }
            let (ours, theirs) = (allowed_for(entry, draft), allowed_for(other, draft));
            ours.0.iter().all(|client| theirs.0.contains(client))
                && ours.1.iter().all(|network| theirs.1.contains(network))
        };
        let Some(other) = entries.iter().find(covers) else { continue };
        problems.push(
            Problem::new(
                Code::DuplicateKey,
                entry.domain.span,
                format!(
                    "`{domain}` is already allowed by `{}`",
                    other.domain.get().map_or("", |parent| parent.as_str())
                ),
            )
            .label("covered")
            .related(other.domain.span, "by this one")
            .hint("remove one of the two"),
        );
    }
}

/// The machines and the networks that a domain is allowed for.
fn allowed_for<'a>(entry: &'a AllowedDomain, draft: &'a Draft<'_>) -> (Vec<ProxyClient>, Vec<&'a NetworkName>) {
    let clients = entry.clients.as_ref().and_then(Field::get);
    let clients = clients
        .map_or_else(|| vec![ProxyClient::Builds], |clients| clients.iter().filter_map(Field::get).copied().collect());
    let networks = entry.networks.as_ref().and_then(Field::get);
    let networks = networks.map_or_else(
        || draft.file.network_names().collect(),
        |networks| networks.iter().filter_map(Field::get).collect(),
    );
    (clients, networks)
}

/// The layer of the proxies has squid, and an image on AWS for their machines.
pub(super) fn layer(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(proxy) = draft.file.proxy.get() else { return };
    let Some((field, name)) = proxy.layer.as_ref().and_then(|field| Some((field, field.get()?))) else { return };
    let known = || draft.file.layers.get().into_iter().flat_map(|layers| &layers.0).filter_map(|(name, _)| name.get());
    if !known().any(|known| known == name) {
        problems.push(
            Problem::new(Code::UnknownReference, field.span, format!("there is no layer `{name}`"))
                .label("not a key of `layers`")
                .maybe_hint(suggest_or_list(name.as_str(), known().map(AsRef::as_ref))),
        );
    }
    // If the layer is wrong, that is the problem to report.
    let Some(layer) = draft.layers.get(name) else { return };
    if !draft.lineage(layer).any(|own| own.packages.iter().any(|package| package.as_str() == "squid")) {
        problems.push(
            Problem::new(Code::Layer, field.span, format!("the layer `{name}` has no squid, which the proxy runs"))
                .label("the package `squid` is missing")
                .hint(format!("add `squid` to `layers.{name}.packages`")),
        );
    }
    let Some(machine) = &proxy.aws_machine else { return };
    let Some(facts) = machine.get().and_then(|machine| catalog::machine(Cloud::Aws, machine).ok()) else { return };
    if !layer.architectures.contains(&facts.architecture) {
        let architecture = facts.architecture;
        problems.push(
            Problem::new(
                Code::Machine,
                field.span,
                format!("the layer `{name}` has no image for {architecture}, which the proxy's machines need"),
            )
            .related(machine.span, "these machines")
            .hint(format!("choose a machine type of another architecture, or add {architecture} to `architectures`")),
        );
    }
}

/// A proxy starts from the vendor's image of a root layer, unless it runs a layer, so there is one for its machines.
pub(super) fn images(draft: &Draft<'_>, problems: &mut Problems) {
    // If a layer is wrong, that is the problem to report.
    let Some(proxy) = draft.file.proxy.get().filter(|_| draft.has_all_layers()) else { return };
    for (cloud, machine) in [(Cloud::Aws, &proxy.aws_machine), (Cloud::Gcp, &proxy.gcp_machine)] {
        let is_here = |(_, network): &(_, &file::Network)| network.cloud.get() == Some(&cloud);
        let Some((name, network)) = draft.written_networks().find(is_here) else { continue };
        let (title, source) = (cloud.title(), cloud.as_str());
        if cloud == Cloud::Aws && proxy.layer.is_some() {
            continue;
        }
        if let Some(field) = machine {
            let Some(facts) = field.get().and_then(|machine| catalog::machine(cloud, machine).ok()) else { continue };
            let architecture = facts.architecture;
            if draft.vendor_image(cloud, architecture).is_none() {
                problems.push(
                    Problem::new(
                        Code::Machine,
                        field.span,
                        format!(
                            "no layer has a vendor's image on {title} for {architecture}, which the proxy starts from"
                        ),
                    )
                    .label(format!("a machine with {architecture}"))
                    .hint(format!(
                        "choose a machine type of another architecture, or add {architecture} to `source.{source}`"
                    )),
                );
            }
        } else if [Architecture::Amd64, Architecture::Arm64].iter().all(|one| draft.vendor_image(cloud, *one).is_none())
        {
            let (owner, images) = match cloud {
                Cloud::Aws => ("aws_owner", "aws"),
                Cloud::Gcp => ("gcp_project", "gcp"),
            };
            problems.push(
                Problem::new(
                    Code::Machine,
                    network.cloud.span,
                    format!("the proxy of `{name}` has no image to start from: no layer has `source.{source}`"),
                )
                .label(format!("needs an image on {title}"))
                .hint(format!("add `{owner}` and `{images}` to the `source` of a layer, or remove the network")),
            );
        }
    }
}

/// The proxy's machine types exist, and a network has at most one proxy per zone.
pub(super) fn machines(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(proxy) = draft.file.proxy.get() else { return };
    for (cloud, machine) in [(Cloud::Aws, &proxy.aws_machine), (Cloud::Gcp, &proxy.gcp_machine)] {
        let Some((field, name)) = machine.as_ref().and_then(|field| Some((field, field.get()?))) else { continue };
        problems.extend(catalog::machine(cloud, name).err().map(|unknown| unknown.at(field.span)));
    }
    let Some((field, count)) = proxy.machines.as_ref().and_then(|field| Some((field, field.get()?.0))) else { return };
    for (_, network) in draft.written_networks().filter(|(_, network)| network.existing.is_none()) {
        let zones = network.zones.get().map_or(4, Vec::len);
        if count as usize > zones {
            let noun = if zones == 1 { "zone" } else { "zones" };
            problems.push(
                Problem::new(
                    Code::InvalidValue,
                    field.span,
                    format!(
                        "{count} proxies do not fit in a network with {zones} {noun}: there is at most one per zone"
                    ),
                )
                .label(format!("must be at most {zones}"))
                .related(network.zones.span, "these zones")
                .hint("lower the number, or add zones to the network"),
            );
        }
    }
}
