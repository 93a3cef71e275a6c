//! Where layers are built: the network exists, and its proxy allows what the build needs.

use fleetgen_problem::{Code, Problem, Span, suggest_or_list};

use super::Problems;
use crate::choice::{Cloud, Docker, ProxyClient};
use crate::draft::Draft;
use crate::field::{Entries, Field};
use crate::file;
use crate::model::{Layer, Network};
use crate::placement::place;
use crate::scalar::NetworkName;

/// Images are built in a network of the account that builds them.
pub(super) fn networks(draft: &Draft<'_>, problems: &mut Problems) {
    let aws = draft.aws_account().and_then(|account| account.build_network.as_ref());
    let gcp = draft.gcp_account().and_then(|account| account.build_network.as_ref());
    for (cloud, field) in [(Cloud::Aws, aws), (Cloud::Gcp, gcp)] {
        let Some((field, name)) = field.and_then(|field| Some((field, field.get()?))) else { continue };
        let known = draft.builder_networks(cloud);
        if known.clone().any(|network| network.name == *name) {
            continue;
        }
        let is_elsewhere = draft.networks.get(name).filter(|network| network.cloud == cloud);
        let message = is_elsewhere.map_or_else(
            || format!("there is no network `{name}` on {}", cloud.title()),
            |network| match &network.existing {
                Some(_) => format!("`{name}` exists already, and images are built in networks that fleetgen creates"),
                None => format!("`{name}` is in `{}`, not in the account that builds images", network.account),
            },
        );
        problems.push(
            Problem::new(Code::UnknownReference, field.span, message)
                .maybe_hint(suggest_or_list(name.as_str(), known.map(|network| network.name.as_str()))),
        );
    }
}

/// The proxy of every network that a layer is built in allows the domains that the build needs.
pub(super) fn domains(draft: &Draft<'_>, problems: &mut Problems) {
    for (name, written, layer) in draft.layers() {
        // Walks over all groups, so it is done once per layer.
        let networks = build_networks(draft, layer);
        for need in needs(layer, written, name.span) {
            for network in &networks {
                let is_refused =
                    |domain: &&String| !has_endpoint(network.cloud, domain) && !allows(draft, domain, &network.name);
                let refused: Vec<&str> = need.domains.iter().filter(is_refused).map(String::as_str).collect();
                if !refused.is_empty() {
                    problems.push(self::refused(&need, &refused, layer, &network.name));
                }
            }
        }
    }
}

fn refused(need: &Need, domains: &[&str], layer: &Layer, network: &NetworkName) -> Problem {
    let all = domains.join(", ");
    let entries: Vec<String> =
        domains.iter().map(|domain| format!("`{{ domain: {domain}, reason: {} }}`", need.what)).collect();
    Problem::new(
        Code::Domain,
        need.at,
        format!("the build of `{}` needs {all}, which the proxy of `{network}` does not allow", layer.name),
    )
    .label(need.what)
    .hint(format!("add {} to `proxy.domains`", entries.join(", ")))
}

/// Domains that the build of a layer reaches through the proxy.
struct Need {
    domains: Vec<String>,
    what: &'static str,
    at: Span,
}

/// Google's own registry is reached inside the network.
fn has_endpoint(cloud: Cloud, domain: &str) -> bool {
    cloud == Cloud::Gcp && domain.ends_with(".pkg.dev")
}

/// Other names of Docker Hub.
const HUB: &[&str] = &["index.docker.io", "registry-1.docker.io"];

/// Registries that send clients to other hosts for a login or for what images consist of, and all hosts that a pull reaches.
///
/// Sources: "Allowlist for Docker Desktop" (Docker), "About the Container registry" (GitHub), "Configuring your firewall" (Red Hat).
const REGISTRIES: &[(&str, &[&str])] = &[
    (
        "docker.io",
        &[
            "registry-1.docker.io",
            "auth.docker.io",
            "production.cloudflare.docker.com",
            "production.cloudfront.docker.com",
            "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
        ],
    ),
    ("ghcr.io", &["ghcr.io", "pkg-containers.githubusercontent.com"]),
    ("quay.io", &["quay.io", "cdn.quay.io", "cdn01.quay.io", "cdn02.quay.io", "cdn03.quay.io"]),
];

/// What a layer needs in addition to the layers it is built on, each at the position that causes it. The domains come from
/// the installation guides of Ubuntu's and Debian's snapshot services, Docker and the NVIDIA container toolkit.
fn needs(layer: &Layer, written: &file::Layer, name: Span) -> Vec<Need> {
    let mut needs = Vec::new();
    let mut need = |domain: &str, what, at| {
        // The proxy looks at the host only, not at port or path.
        let host = domain.split('/').next().unwrap_or(domain);
        let host = host.split(':').next().unwrap_or(host);
        let host = if HUB.contains(&host) { "docker.io" } else { host };
        let registry = REGISTRIES.iter().find(|(registry, _)| *registry == host);
        let hosts = registry.map_or(std::slice::from_ref(&host), |(_, hosts)| *hosts);
        needs.push(Need { domains: hosts.iter().map(|host| (*host).to_owned()).collect(), what, at });
    };
    let root = written.os.as_ref().map(|os| os.span);
    match (&written.mirror, root) {
        (Some(mirror), _) => {
            let url = mirror.get().map_or("", |mirror| mirror.as_str());
            need(url.split("://").nth(1).unwrap_or_default(), "packages", mirror.span);
        }
        (None, Some(at)) => need(layer.os.snapshot_host, "packages", at),
        (None, None) => {}
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
        // `registry` looks after Amazon's, which is reached through endpoints.
        let Some(image) = container.image.get().filter(|image| image.ecr().is_none() && image.registry().is_some())
        else {
            continue;
        };
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

pub(super) fn build_networks<'a>(draft: &'a Draft<'_>, layer: &Layer) -> Vec<&'a Network> {
    let runs = |name| draft.layers.get(name).is_some_and(|own| own.is_or_descends_from(&layer.name));
    let proxies = draft.proxy_layer().is_some_and(runs);
    let needed = draft.networks.values().filter(|network| {
        proxies && network.cloud == Cloud::Aws
            || draft.groups.values().any(|group| group.network == network.name && runs(&group.layer))
    });
    let placements = place(layer, needed, |cloud| draft.build_network(cloud));
    placements.iter().filter_map(|(_, placement)| draft.networks.get(&placement.network)).collect()
}

fn allows(draft: &Draft<'_>, wanted: &str, network: &NetworkName) -> bool {
    let domains = draft.file.proxy.get().and_then(|proxy| proxy.domains.get());
    // If the proxy's own section is wrong, that is the problem to report.
    let Some(domains) = domains else { return true };
    domains.iter().filter_map(Field::get).any(|entry| {
        let everywhere = entry.networks.is_none();
        let here = entry.networks.iter().filter_map(Field::get).flatten().any(|name| name.get() == Some(network));
        let clients = entry.clients.as_ref().and_then(Field::get);
        let for_builds =
            clients.is_none_or(|clients| clients.iter().any(|client| client.get() == Some(&ProxyClient::Builds)));
        (everywhere || here)
            && for_builds
            && entry.domain.get().is_some_and(|domain| match domain.as_str().strip_prefix('.') {
                Some(parent) => wanted == parent || wanted.ends_with(domain.as_str()),
                None => wanted == domain.as_str(),
            })
    })
}

/// An `artifacts://` URL needs the artifact bucket of each cloud that the layer is built on.
pub(super) fn artifacts(draft: &Draft<'_>, problems: &mut Problems) {
    let aws = draft.aws_account().is_some_and(|account| account.artifact_bucket.is_some());
    let gcp = draft.gcp_account().is_some_and(|account| account.artifact_bucket.is_some());
    for (_, written, layer) in draft.layers() {
        let binaries = written.binaries.iter().filter_map(Field::get).flat_map(Entries::iter);
        let urls = binaries.flat_map(|(_, binary)| [&binary.url, &binary.signature]).filter_map(Field::get);
        let urls: Vec<_> = urls.flat_map(|urls| [urls.amd64.as_ref(), urls.arm64.as_ref()]).flatten().collect();
        let Some(first) = urls.iter().find(|url| url.get().is_some_and(|url| url.artifact().is_some())) else {
            continue;
        };
        for network in build_networks(draft, layer) {
            let has_bucket = match network.cloud {
                Cloud::Aws => aws,
                Cloud::Gcp => gcp,
            };
            if !has_bucket {
                let (cloud, account) = (network.cloud.title(), network.cloud.as_str());
                problems.push(
                    Problem::new(
                        Code::MissingKey,
                        first.span,
                        format!("`{}` is built on {cloud}, which has no artifact bucket", layer.name),
                    )
                    .hint(format!("set `artifact_bucket` in `clouds.{account}`")),
                );
            }
        }
    }
}

/// The zones in which a layer is built are zones of the build network.
pub(super) fn zones(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, _) in draft.layers() {
        let aws = written.aws_builder_zones.iter().filter_map(Field::get).flatten();
        let zones =
            aws.map(|zone| (Cloud::Aws, zone)).chain(written.gcp_builder_zone.iter().map(|zone| (Cloud::Gcp, zone)));
        for (cloud, field) in zones {
            let (Some(zone), Some(network)) = (field.get(), draft.build_network(cloud)) else { continue };
            if !network.zones.contains(zone) {
                let known: Vec<&str> = network.zones.iter().map(AsRef::as_ref).collect();
                problems.push(
                    Problem::new(
                        Code::Zone,
                        field.span,
                        format!("`{zone}` is not a zone of `{}`, in which images are built", network.name),
                    )
                    .label(format!("`{}` has {}", network.name, known.join(", "))),
                );
            }
        }
    }
}
