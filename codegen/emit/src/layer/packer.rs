//! What Packer builds a layer from: the template, the layer's script and files, and what fetches its artifacts.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::{Cloud, Os};
use fleetgen_fleet::scalar::{LayerName, NetworkName};
use fleetgen_fleet::{Fleet, Layer, Placement, placements, resource_name};
use fleetgen_tree::File;
use serde::Serialize;

use super::content::{self, BinaryValues, Content, ServiceValues, User};
use super::key::LayerKey;
use super::machine::MachineFile;
use super::{NAME, PACKER_RENDERER, SHELL_RENDERER, YAML_RENDERER, aws, file, gcp, render, tools};
use crate::EmitError;
use crate::language::hcl;

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
struct ScriptValues<'a> {
    packages: &'a [&'a str],
    users: &'a [User<'a>],
    files: &'a [MachineFile],
    sysctl: bool,
    binaries: &'a [BinaryValues<'a>],
    containers: &'a [&'a str],
    services: &'a [ServiceValues<'a>],
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

/// What builds a layer, and fetches what it needs: it does not reach the machine as it is.
pub(super) fn outside(
    fleet: &Fleet,
    layer: &Layer,
    keys: &BTreeMap<LayerName, LayerKey>,
) -> Result<Vec<File>, EmitError> {
    let content = content::content(fleet, layer)?;
    let path = format!("{}/build.pkr.hcl", directory(layer));
    let build = build(fleet, layer, keys, &content)
        .ok_or_else(|| EmitError { path: path.clone(), message: "the layer refers to what is not there".to_owned() })?;
    let mut files = Vec::new();
    // A layer for which there is no network has nothing that could build it.
    if !build.sources.is_empty() {
        let text = render(&PACKER_RENDERER, &path, "build.pkr.hcl", &build)?;
        files.push(File { path, content: hcl::align(&text), producer: NAME });
    }
    let fetch = FetchValues {
        layer: layer.name.as_str(),
        tools: wanted_tools(layer),
        binaries: &content.binaries,
        containers: &content.containers,
    };
    files.push(file(&SHELL_RENDERER, format!("{}/fetch.sh", directory(layer)), "fetch.sh", &fetch)?);
    Ok(files)
}

/// What reaches the machine.
pub(super) fn inside(layer: &Layer, content: &Content<'_>) -> Result<Vec<File>, EmitError> {
    let script = ScriptValues {
        packages: &content.packages,
        users: &content.users,
        files: &content.files,
        sysctl: content.files.iter().any(|file| file.path.starts_with("etc/sysctl.d/")),
        binaries: &content.binaries,
        containers: &content.containers,
        services: &content.services,
    };
    let directory = directory(layer);
    let mut files = vec![
        file(&SHELL_RENDERER, format!("{directory}/layer.sh"), "layer.sh", &script)?,
        file(&YAML_RENDERER, format!("{directory}/trivyignore.yaml"), "trivyignore.yaml", &layer.scan)?,
    ];
    files.extend(content.files.iter().map(|file| File {
        path: format!("{directory}/files/{}", file.path),
        content: file.content.clone(),
        producer: NAME,
    }));
    Ok(files)
}

fn directory(layer: &Layer) -> String {
    format!("generated/packer/{}", layer.name)
}

fn build<'a>(
    fleet: &'a Fleet,
    layer: &'a Layer,
    keys: &'a BTreeMap<LayerName, LayerKey>,
    content: &'a Content<'a>,
) -> Option<BuildValues<'a>> {
    let key = keys.get(&layer.name)?;
    let parent = layer.ancestors.first().and_then(|name| Some((name, keys.get(name)?)));
    let placements = placements(fleet, layer);
    let on = |cloud| placements.iter().find(|(on, _)| *on == cloud).map(|(_, placement)| placement);
    let named = |architecture| ImageNames {
        image: resource_name::image(&fleet.name, &layer.name, architecture, &key.key),
        parent: parent.map(|(parent, key)| resource_name::image(&fleet.name, parent, architecture, &key.key)),
    };
    let aws = on(Cloud::Aws).map(|placement| aws::sources(fleet, layer, placement, named)).unwrap_or_default();
    let gcp = on(Cloud::Gcp).map(|placement| gcp::sources(fleet, layer, placement, named)).unwrap_or_default();
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
    own.extend(parent.map(|(_, key)| ("parent", key.key.clone())));
    let users = fleet.tags.iter().map(|(key, value)| (key.as_str(), value.to_string()));
    let users: Vec<_> = users.filter(|(name, _)| own.iter().all(|(own, _)| own != name)).collect();
    let tags = users.into_iter().chain(own).collect();
    Some(BuildValues {
        fleet: fleet.name.as_str(),
        layer: layer.name.as_str(),
        key: &key.key,
        parent_key: parent.map(|(_, key)| key.key.as_str()),
        tags,
        environment: environment(fleet, layer),
        proxies: proxies(fleet, &placements),
        disk: layer.disk.0,
        aws,
        gcp,
        sources,
        scripts: &content.steps.scripts,
        reboots: content.steps.reboots,
    })
}

/// The names of an image and of the one that it is built on; a root has none.
pub(super) struct ImageNames {
    pub(super) image: String,
    pub(super) parent: Option<String>,
}

/// The proxy of each network that the layer is built in; docs/architecture.md says what a network must have.
fn proxies(fleet: &Fleet, placements: &[(Cloud, Placement)]) -> Vec<(&'static str, String)> {
    let port = fleet.proxy.port.get();
    let url = |network: &NetworkName| format!("http://proxy.{network}.{}.internal:{port}", fleet.name);
    placements.iter().map(|(cloud, placement)| (cloud.as_str(), url(&placement.network))).collect()
}

/// What the scripts read, besides what they are told of cloud and architecture.
pub(super) fn environment(fleet: &Fleet, layer: &Layer) -> Vec<(&'static str, String)> {
    let (distribution, codename) = match layer.os {
        Os::Ubuntu2404 => ("ubuntu", "noble"),
        Os::Ubuntu2204 => ("ubuntu", "jammy"),
        Os::Debian12 => ("debian", "bookworm"),
    };
    let severities = ["low", "medium", "high", "critical"];
    let from = severities.iter().position(|severity| *severity == layer.scan.fail_on.as_str()).unwrap_or(0);
    let version = |tool: &str| tools::tools().get(tool).map_or_else(String::new, |tool| tool.version.clone());
    let mut environment = vec![
        ("FLEET", fleet.name.to_string()),
        ("LAYER", layer.name.to_string()),
        ("DISTRIBUTION", distribution.to_owned()),
        ("CODENAME", codename.to_owned()),
        ("UPDATES_UNTIL", layer.updates_until.to_string()),
        ("MIRROR", layer.mirror.as_ref().map_or("", AsRef::as_ref).to_owned()),
        ("TRIVY_VERSION", version("trivy")),
        ("TRIVY_DATABASE", layer.scan.database.to_string()),
        ("TRIVY_SEVERITIES", severities[from..].join(",").to_uppercase()),
        ("TRIVY_UNFIXED", layer.scan.unfixed.to_string()),
    ];
    if let Some(nvidia) = &layer.nvidia {
        environment.push(("NVIDIA_BRANCH", nvidia.branch.to_string()));
    }
    environment
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

#[derive(Serialize)]
struct KeysValues<'a> {
    aws: Option<AwsKey<'a>>,
    gcp: Option<String>,
    offline: bool,
    default: &'static str,
}

#[derive(Serialize)]
struct AwsKey<'a> {
    key: String,
    region: &'a str,
}

/// The keys of the fleet, for whoever signs and verifies.
pub(super) fn keys(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let signing = &fleet.signing;
    let values = KeysValues {
        aws: signing
            .aws
            .as_ref()
            .map(|(key, region)| AwsKey { key: format!("awskms:///{key}"), region: region.as_str() }),
        // Cosign calls a version of a key by a shorter word than GCP does.
        gcp: signing.gcp.as_ref().map(|key| format!("gcpkms://{key}")),
        offline: signing.public_key.is_some(),
        default: match (&signing.aws, &signing.gcp) {
            (Some(_), _) => "aws",
            (None, Some(_)) => "gcp",
            (None, None) => "offline",
        },
    };
    let mut files = vec![file(&SHELL_RENDERER, "generated/packer/keys.sh".to_owned(), "keys.sh", &values)?];
    if let Some(key) = &signing.public_key {
        let content = format!("{}\n", key.as_str().trim_end());
        files.push(File { path: "generated/packer/cosign.pub".to_owned(), content, producer: NAME });
    }
    Ok(files)
}
