//! What Packer builds a layer from: its template, and the script that downloads and verifies the layer's artifacts.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::scalar::{LayerName, Url};
use fleetgen_fleet::{Fleet, Layer, Placement, placements, resource_name};
use fleetgen_tree::File;
use serde::Serialize;

use super::content::Content;
use super::key::LayerKey;
use super::render::{PACKER, SHELL};
use super::{aws, environment, gcp, image, tools};
use crate::EmitError;

#[derive(Serialize)]
struct BuildValues<'a> {
    fleet: &'a str,
    layer: &'a str,
    key: &'a str,
    parent_key: Option<&'a str>,
    tags: Vec<(&'a str, String)>,
    environment: Vec<(&'static str, String)>,
    proxies: Vec<(&'static str, String)>,
    disk: u32,
    aws: Vec<aws::Source<'a>>,
    gcp: Vec<gcp::Source<'a>>,
    /// The name, the architecture, and the account or project.
    sources: Vec<(String, &'static str, &'a str)>,
    scripts: &'a [String],
    reboots: bool,
}

#[derive(Serialize)]
struct SourcesValues<'a> {
    images: Vec<Image<'a>>,
}

/// An image, and where it is: in regions of AWS, or in a project of GCP.
#[derive(Serialize)]
struct Image<'a> {
    source: String,
    name: &'a str,
    places: Vec<&'a str>,
}

fn images<'a>(build: &'a BuildValues<'_>) -> Vec<Image<'a>> {
    let aws = build.aws.iter().map(|source| Image {
        source: resource_name::source(Cloud::Aws, source.architecture),
        name: &source.name,
        places: std::iter::once(source.region).chain(source.copies.iter().map(String::as_str)).collect(),
    });
    let gcp = build.gcp.iter().map(|source| Image {
        source: resource_name::source(Cloud::Gcp, source.architecture),
        name: &source.name,
        places: vec![source.project],
    });
    aws.chain(gcp).collect()
}

#[derive(Serialize)]
struct FetchValues<'a> {
    layer: &'a str,
    architectures: &'a [Architecture],
    tools: Vec<ToolValues<'a>>,
    downloads: Vec<Download<'a>>,
    /// The clouds whose keys must have signed the containers.
    clouds: Vec<Cloud>,
    containers: &'a [&'a str],
}

/// A program, as the images of one cloud get it.
#[derive(Serialize)]
struct Download<'a> {
    cloud: Cloud,
    architecture: Architecture,
    name: &'a str,
    url: String,
    sha256: &'a str,
    signature: String,
}

#[derive(Serialize)]
struct ToolValues<'a> {
    architecture: &'static str,
    name: &'a str,
    url: &'a str,
    sha256: &'a str,
}

/// The files that the machine that runs Packer uses.
pub(super) fn files(
    fleet: &Fleet,
    layer: &Layer,
    keys: &BTreeMap<LayerName, LayerKey>,
    content: &Content<'_>,
) -> Result<Vec<File>, EmitError> {
    let directory = format!("generated/packer/{}", layer.name);
    let path = format!("{directory}/build.pkr.hcl");
    let build = build(fleet, layer, keys, content)
        .ok_or_else(|| EmitError::fault(&path, "the layer refers to something that does not exist"))?;
    let mut files = Vec::new();
    // Without a network on any of its clouds, nothing can build the layer.
    if !build.sources.is_empty() {
        files.push(PACKER.file(layer, path, "build.pkr.hcl", &build)?);
        let images = SourcesValues { images: images(&build) };
        files.push(SHELL.file(layer, format!("{directory}/sources.sh"), "sources.sh", &images)?);
    }
    let clouds: Vec<Cloud> = placements(fleet, layer).into_iter().map(|(cloud, _)| cloud).collect();
    let fetch = FetchValues {
        layer: layer.name.as_str(),
        architectures: &layer.architectures,
        tools: wanted_tools(layer),
        downloads: clouds.iter().flat_map(|cloud| downloads(fleet, layer, *cloud)).collect(),
        clouds,
        containers: &content.containers,
    };
    files.push(SHELL.file(layer, format!("{directory}/fetch.sh"), "fetch.sh", &fetch)?);
    Ok(files)
}

fn build<'a>(
    fleet: &'a Fleet,
    layer: &'a Layer,
    keys: &'a BTreeMap<LayerName, LayerKey>,
    content: &'a Content<'a>,
) -> Option<BuildValues<'a>> {
    let key = keys.get(&layer.name)?;
    let parent = layer.parent().and_then(|name| keys.get(name));
    let placements = placements(fleet, layer);
    let on = |cloud| placements.iter().find(|(on, _)| *on == cloud).map(|(_, placement)| placement);
    let names = |architecture| image::names(fleet, layer, architecture, keys);
    let aws = on(Cloud::Aws).map(|placement| aws::sources(fleet, layer, placement, names)).unwrap_or_default();
    let gcp = on(Cloud::Gcp).map(|placement| gcp::sources(fleet, layer, placement, names)).unwrap_or_default();
    let account = fleet.aws.as_ref().map_or("", |aws| aws.builder.account.as_str());
    let sources =
        aws.iter().map(|source| (resource_name::source(Cloud::Aws, source.architecture), source.architecture, account));
    let sources =
        sources.chain(gcp.iter().map(|source| {
            (resource_name::source(Cloud::Gcp, source.architecture), source.architecture, source.project)
        }));
    let sources = sources.collect();
    let mut own = vec![
        ("fleet", fleet.name.to_string()),
        ("layer", layer.name.to_string()),
        ("key", key.key.clone()),
        ("os", layer.os.label()),
    ];
    own.extend(parent.map(|parent| ("parent", parent.key.clone())));
    let users = fleet.tags.iter().map(|(key, value)| (key.as_str(), value.to_string()));
    let users: Vec<_> = users.filter(|(name, _)| own.iter().all(|(own, _)| own != name)).collect();
    let tags = users.into_iter().chain(own).collect();
    Some(BuildValues {
        fleet: fleet.name.as_str(),
        layer: layer.name.as_str(),
        key: &key.key,
        parent_key: parent.map(|parent| parent.key.as_str()),
        tags,
        environment: environment::environment(fleet, layer),
        proxies: proxies(fleet, &placements),
        disk: layer.disk.0,
        aws,
        gcp,
        sources,
        scripts: &content.steps.scripts,
        reboots: content.steps.reboots,
    })
}

/// The proxy of each network that the layer is built in.
fn proxies(fleet: &Fleet, placements: &[(Cloud, Placement)]) -> Vec<(&'static str, String)> {
    let url = |placement: &Placement| {
        let host = resource_name::proxy_host(&fleet.name, &placement.network);
        format!("http://{host}:{}", fleet.proxy.port.get())
    };
    placements.iter().map(|(cloud, placement)| (cloud.as_str(), url(placement))).collect()
}

/// The programs of a layer, from where a runner with the credentials of this cloud gets them.
fn downloads<'a>(fleet: &Fleet, layer: &'a Layer, cloud: Cloud) -> Vec<Download<'a>> {
    let (scheme, bucket) = match cloud {
        Cloud::Aws => ("s3", fleet.aws.as_ref().and_then(|account| account.artifact_bucket.as_ref())),
        Cloud::Gcp => ("gs", fleet.gcp.as_ref().and_then(|account| account.artifact_bucket.as_ref())),
    };
    let at = |url: &Url| match url.artifact().zip(bucket) {
        Some((path, bucket)) => format!("{scheme}://{bucket}/{path}"),
        None => url.to_string(),
    };
    let programs = layer.binaries.iter().flat_map(|(name, binary)| {
        layer.architectures.iter().filter_map(move |architecture| {
            Some(Download {
                cloud,
                architecture: *architecture,
                name: name.as_str(),
                url: at(binary.url.get(architecture)?),
                sha256: binary.sha256.get(architecture)?.as_str(),
                signature: at(binary.signature.get(architecture)?),
            })
        })
    });
    programs.collect()
}

fn wanted_tools(layer: &Layer) -> Vec<ToolValues<'_>> {
    let on_machine = tools::tools().iter().filter(|(name, _)| *name != "cosign");
    let all = layer.architectures.iter().flat_map(|architecture| {
        on_machine.clone().map(|(name, tool)| {
            let release = tool.release(*architecture);
            ToolValues { architecture: architecture.as_str(), name, url: &release.url, sha256: &release.sha256 }
        })
    });
    all.collect()
}
