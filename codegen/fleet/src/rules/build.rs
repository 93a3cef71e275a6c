//! Where layers are built: the network is there, and its proxy lets through what the build needs.

use super::Found;
use crate::choice::{Cloud, Docker, Os};
use crate::diagnostic::{Diagnostic, Rule, suggest_or_list};
use crate::field::{Entries, Field};
use crate::file;
use crate::model::{Layer, Network};
use crate::placement::{place, runs};
use crate::resolve::{Draft, parts};
use crate::scalar::NetworkName;
use crate::source::Span;

/// Images are built in a network of the account's own cloud.
pub(super) fn networks(draft: &Draft<'_>, found: &mut Found) {
    let Some(clouds) = draft.file.clouds.get() else { return };
    let aws = clouds.aws.as_ref().and_then(Field::get).and_then(|account| account.build_network.as_ref());
    let gcp = clouds.gcp.as_ref().and_then(Field::get).and_then(|account| account.build_network.as_ref());
    for (cloud, field) in [(Cloud::Aws, aws), (Cloud::Gcp, gcp)] {
        let Some((field, name)) = field.and_then(|field| Some((field, field.get()?))) else { continue };
        if draft.networks.get(name).is_some_and(|network| network.cloud == cloud) {
            continue;
        }
        let known = draft.networks.values().filter(|network| network.cloud == cloud);
        found.push(
            Diagnostic::new(Rule::UnknownReference, field.span, format!("there is no network `{name}` on {cloud}"))
                .maybe_hint(suggest_or_list(name.as_str(), known.map(|network| network.name.as_str()))),
        );
    }
}

/// The proxy of every network that a layer is built in lets through the domains that the build needs.
pub(super) fn domains(draft: &Draft<'_>, found: &mut Found) {
    for (name, field) in draft.file.layers.get().into_iter().flat_map(|layers| &layers.0) {
        let Some((layer, written)) = name.get().and_then(|name| draft.layers.get(name)).zip(field.get()) else {
            continue;
        };
        // Every group is looked at for this, so once a layer.
        let networks = build_networks(draft, layer);
        for need in needs(layer, written, name.span) {
            for network in &networks {
                if !need.has_endpoint(network.cloud) && !lets_through(draft, &need.domain, &network.name) {
                    found.push(refused(&need, layer, &network.name));
                }
            }
        }
    }
}

fn refused(need: &Need, layer: &Layer, network: &NetworkName) -> Diagnostic {
    let domain = &need.domain;
    Diagnostic::new(
        Rule::Domain,
        need.at,
        format!("`{}` needs {domain} while it is built, which the proxy of `{network}` refuses", layer.name),
    )
    .label(need.what)
    .hint(format!("add `{domain}` to `proxy.domains`, with the reason: {}", need.what))
}

/// A domain that the build of a layer reaches through the proxy.
struct Need {
    domain: String,
    what: &'static str,
    at: Span,
}

impl Need {
    /// The clouds' own registries are reached inside the network.
    fn has_endpoint(&self, cloud: Cloud) -> bool {
        match cloud {
            Cloud::Aws => self.domain.contains(".dkr.ecr.") && self.domain.ends_with(".amazonaws.com"),
            Cloud::Gcp => self.domain.ends_with(".pkg.dev"),
        }
    }
}

/// What a layer adds to the needs of the layers it is built on, each at the place that causes it. The domains are those of
/// the installation guides of Ubuntu's and Debian's snapshot services, Docker and the NVIDIA container toolkit.
fn needs(layer: &Layer, written: &file::Layer, name: Span) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut need = |domain: &str, what, at| {
        // A port and a path are not the proxy's matter.
        let host = domain.split('/').next().unwrap_or(domain);
        let host = host.split(':').next().unwrap_or(host);
        needs.push(Need { domain: host.to_owned(), what, at });
    };
    let root = written.os.as_ref().map(|os| os.span);
    match (&written.mirror, root, layer.os) {
        (Some(mirror), _, _) => {
            let url = mirror.get().map_or("", |mirror| mirror.as_str());
            need(url.split("://").nth(1).unwrap_or_default(), "packages", mirror.span);
        }
        (None, Some(at), Os::Ubuntu2404 | Os::Ubuntu2204) => need("snapshot.ubuntu.com", "packages", at),
        (None, Some(at), Os::Debian12) => need("snapshot.debian.org", "packages", at),
        (None, None, _) => {}
    }
    if let Some(docker) = written.docker.as_ref().filter(|docker| docker.get() == Some(&Docker::DockerCe)) {
        need("download.docker.com", "Docker's packages", docker.span);
    }
    if let Some(nvidia) = written.nvidia.as_ref()
        && layer.nvidia.as_ref().is_some_and(|nvidia| nvidia.container_toolkit)
    {
        need("nvidia.github.io", "the NVIDIA container toolkit", nvidia.span);
    }
    for container in written.containers.iter().filter_map(Field::get).flat_map(Entries::iter).map(|(_, value)| value) {
        let Some(image) = container.image.get() else { continue };
        need(image.as_str(), "a container image", container.image.span);
    }
    let database = written.scan.as_ref().and_then(Field::get).and_then(|scan| scan.database.as_ref());
    match (database, root) {
        (Some(field), _) => need(layer.scan.database.as_str(), "the scanner's database", field.span),
        (None, Some(_)) => need(layer.scan.database.as_str(), "the scanner's database", name),
        (None, None) => {}
    }
    needs
}

fn build_networks<'a>(draft: &'a Draft<'_>, layer: &Layer) -> Vec<&'a Network> {
    let needed = draft.networks.values().filter(|network| {
        let mut groups = draft.groups.values().filter(|group| group.network == network.name);
        groups.any(|group| runs(draft.layers.get(&group.layer), layer))
    });
    let build = |cloud| {
        let network = draft.networks.get(&parts::build_network(cloud, draft)?);
        network.filter(|network| network.cloud == cloud)
    };
    let placements = place(layer, needed, build);
    placements.iter().filter_map(|(_, placement)| draft.networks.get(&placement.network)).collect()
}

fn lets_through(draft: &Draft<'_>, wanted: &str, network: &NetworkName) -> bool {
    let domains = draft.file.proxy.get().and_then(|proxy| proxy.domains.get());
    // Where the proxy's own section is wrong, that is the thing to say.
    let Some(domains) = domains else { return true };
    domains.iter().filter_map(Field::get).any(|entry| {
        let everywhere = entry.networks.is_none();
        let here = entry.networks.iter().filter_map(Field::get).flatten().any(|name| name.get() == Some(network));
        (everywhere || here)
            && entry.domain.get().is_some_and(|domain| match domain.as_str().strip_prefix('.') {
                Some(parent) => wanted == parent || wanted.ends_with(domain.as_str()),
                None => wanted == domain.as_str(),
            })
    })
}
