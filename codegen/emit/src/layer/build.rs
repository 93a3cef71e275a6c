//! What Packer builds a layer from: its template, and the script that downloads and verifies the layer's artifacts.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{Fleet, Layer, Placement, placements, resource_name};
use fleetgen_tree::File;
use serde::Serialize;

use super::content::{BinaryValues, Content};
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
struct FetchValues<'a> {
    layer: &'a str,
    tools: Vec<ToolValues<'a>>,
    binaries: &'a [BinaryValues<'a>],
    containers: &'a [&'a str],
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
    }
    let fetch = FetchValues {
        layer: layer.name.as_str(),
        tools: wanted_tools(layer),
        binaries: &content.binaries,
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
    let account = fleet.aws.as_ref().map_or("", |account| account.account.as_str());
    let sources =
        aws.iter().map(|source| (format!("amazon-ebs.{}", source.architecture), source.architecture, account));
    let sources = sources.chain(
        gcp.iter()
            .map(|source| (format!("googlecompute.{}", source.architecture), source.architecture, source.project)),
    );
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
