//! Terraform roots, one per [`Scope`] and state: those of accounts and projects, of networks, and of stacks, with a file for each
//! compute group.
//!
//! A root holds the backend, the provider, and module calls: for a stack, a look-up of the network and one call for each
//! group. The substance is in `terraform/modules/`. Templates read the resolved [`Group`] itself, so a new setting of a group needs no code here.

mod account;
mod aws;
mod existing;
mod foundation;
mod gcp;
mod gcp_network;
mod gcp_project;
mod policy;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{Backend, Fleet, Group, LayerFile, Network, Scope, resource_name};
use fleetgen_tree::{File, Subject};
use rayon::prelude::*;
use serde::Serialize;

use crate::language::{Language, Templates};
use crate::{EmitError, HandWritten, StartImages, layer_keys};

pub use foundation::squid_conf;
pub use gcp_project::build_permissions;
pub(crate) use policy::BUILD_HOURS;
pub use policy::{Job, Policies, build_policy, policies};

const TEMPLATES: &[(&str, &str)] = &[
    ("aws/account.tf", include_str!("templates/aws-account.tf.tera")),
    ("aws/foundation.tf", include_str!("templates/aws-foundation.tf.tera")),
    ("aws/root.tf", include_str!("templates/aws-root.tf.tera")),
    ("aws/group.tf", include_str!("templates/aws-group.tf.tera")),
    ("gcp/account.tf", include_str!("templates/gcp-account.tf.tera")),
    ("gcp/foundation.tf", include_str!("templates/gcp-foundation.tf.tera")),
    ("gcp/root.tf", include_str!("templates/gcp-root.tf.tera")),
    ("gcp/group.tf", include_str!("templates/gcp-group.tf.tera")),
];

static RENDERER: LazyLock<Result<Templates, String>> =
    LazyLock::new(|| Templates::new(Language::Hcl, TEMPLATES).map_err(|error| error.to_string()));

/// The roots of accounts, networks and stacks.
pub(crate) fn emit(fleet: &Fleet, hand_written: &HandWritten, images: &StartImages) -> Result<Vec<File>, EmitError> {
    let stacks = fleet.stacks();
    let mut files = stacks.keys().map(|scope| root(fleet, scope)).collect::<Result<Vec<_>, _>>()?;
    let groups: Vec<(&Scope, &Group)> =
        stacks.iter().flat_map(|(scope, groups)| groups.iter().map(move |group| (scope, *group))).collect();
    let groups: Vec<File> =
        groups.par_iter().map(|(scope, group)| self::group(fleet, images, scope, group)).collect::<Result<_, _>>()?;
    files.extend(groups);
    files.extend(account::emit(fleet)?);
    files.extend(gcp_project::emit(fleet)?);
    // The name of the image that proxies run has the layer's key.
    let keys = if fleet.proxy.layer.is_some() { layer_keys(fleet, hand_written)? } else { BTreeMap::new() };
    files.extend(foundation::emit(fleet, &keys)?);
    Ok(files)
}

fn root(fleet: &Fleet, scope: &Scope) -> Result<File, EmitError> {
    let path = format!("{}/main.tf", scope.directory());
    let subject = Subject::Root(scope.directory());
    let network = scope.network().and_then(|network| fleet.networks.get(network));
    let network = network.ok_or_else(|| EmitError::fault(&path, "the root has no network"))?;
    match network.cloud {
        Cloud::Aws => render(path, subject, "aws/root.tf", aws::root(fleet, network, scope)),
        Cloud::Gcp => render(path, subject, "gcp/root.tf", gcp::root(fleet, network, scope)),
    }
}

fn group(fleet: &Fleet, images: &StartImages, scope: &Scope, group: &Group) -> Result<File, EmitError> {
    let path = format!("{}/{}.tf", scope.directory(), group.name);
    let subject = Subject::Group(group.name.to_string());
    match group.cloud() {
        Cloud::Aws => render(path, subject, "aws/group.tf", aws::group(fleet, images, group)),
        Cloud::Gcp => render(path, subject, "gcp/group.tf", gcp::group(fleet, images, group)),
    }
}

fn render(path: String, subject: Subject, template: &str, values: Option<impl Serialize>) -> Result<File, EmitError> {
    let renderer = RENDERER.as_ref().map_err(|message| EmitError::fault(&path, message))?;
    let values = values.ok_or_else(|| EmitError::fault(&path, "it refers to something that does not exist"))?;
    renderer.file(path, subject, template, &values)
}

/// What a rendered file is about: a root has a `terraform` block, and a group's file calls one module named after the group.
pub(crate) fn subject_of(content: &str) -> Option<Subject> {
    let body = hcl::parse(content).ok()?;
    let mut blocks = body.blocks();
    let first = blocks.next()?;
    match (first.identifier(), first.labels()) {
        ("terraform", _) => Some(Subject::Root(String::new())),
        ("module", [group]) if blocks.all(|block| ["moved", "output"].contains(&block.identifier())) => {
            Some(Subject::Group(group.as_str().to_owned()))
        }
        _ => None,
    }
}

/// Whether a group sets what few groups set. A template asks this first: looking up a setting takes much longer.
fn is_rare(group: &Group) -> bool {
    !(group.zones.is_empty()
        && group.disks.is_empty()
        && group.instance_store.is_none()
        && group.config.is_empty()
        && group.egress.is_empty()
        && group.backends.is_empty()
        && group.scaling.queue.is_none())
}

/// The name of a group's `load_balancer` among its backends.
const MAIN: &str = "main";

/// What load balancers send traffic to, by name.
fn backends(group: &Group) -> impl Iterator<Item = (&str, &Backend)> {
    let main = group.load_balancer.iter().map(|backend| (MAIN, backend));
    main.chain(group.backends.iter().map(|(name, backend)| (name.as_str(), backend)))
}

/// A file that machines find at boot, line by line, so that a reviewer sees which one differs.
#[derive(Serialize)]
struct ConfigFile<'a> {
    lines: Vec<&'a str>,
    #[serde(flatten)]
    file: &'a LayerFile,
}

fn config_files(group: &Group) -> BTreeMap<&str, ConfigFile<'_>> {
    let files = group.config.files.iter();
    files.map(|(path, file)| (path.as_ref(), ConfigFile { lines: file.content.split('\n').collect(), file })).collect()
}

/// The proxy that programs on a group's machines use.
#[derive(Serialize)]
struct ProxyValues {
    url: String,
    exceptions: Vec<String>,
}

/// What no machine asks a proxy for. The metadata service has the same address on both clouds.
const NEAR: &[&str] = &["localhost", "127.0.0.1", "169.254.169.254", ".internal"];

/// The proxy of a group's machines; nothing in a network that exists already, and has none. What the group connects to itself needs no proxy.
fn proxy(fleet: &Fleet, network: &Network, group: &Group) -> Option<ProxyValues> {
    let url = if let Some(existing) = &network.existing {
        existing.proxy.as_ref()?.to_string()
    } else {
        let host = resource_name::proxy_host(&fleet.name, &network.name);
        format!("http://{host}:{}", fleet.proxy.port.get())
    };
    let near: &[&str] = match network.cloud {
        Cloud::Aws => &[".amazonaws.com"],
        Cloud::Gcp => &[".googleapis.com", ".pkg.dev"],
    };
    let own = NEAR.iter().chain(near).map(|name| (*name).to_owned());
    let reached: BTreeSet<_> = group.egress.iter().map(|egress| &egress.to).collect();
    let reached = || reached.iter().filter_map(|name| network.destinations.get(*name));
    let addresses = reached().flat_map(|there| &there.cidrs).map(ToString::to_string);
    let outside = addresses.chain(reached().flat_map(|there| &there.domains).map(ToString::to_string));
    Some(ProxyValues { url, exceptions: own.chain([network.cidr.to_string()]).chain(outside).collect() })
}

/// The tags or labels of a group's resources: the user's, and fleetgen's own. The module for AWS adds `Name`.
fn tags<'a>(fleet: &'a Fleet, group: &'a Group) -> BTreeMap<&'a str, &'a str> {
    let mut tags: BTreeMap<&str, &str> = group.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    tags.insert("fleet", fleet.name.as_str());
    tags.insert("environment", group.environment.as_str());
    tags.insert("group", group.name.as_str());
    tags.insert("layer", group.layer.as_str());
    tags
}

/// How many days logs are kept: the first number that `CloudWatch` takes and that is no less than fleet.yaml's.
///
/// Source: `RetentionInDays` of `PutRetentionPolicy`.
fn log_retention_days(fleet: &Fleet) -> u32 {
    const ALLOWED: &[u32] =
        &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
    let wanted = fleet.access.log_retention.seconds.div_ceil(86_400);
    // 0 means for ever.
    ALLOWED.iter().copied().find(|days| *days >= wanted).unwrap_or(0)
}

/// The tags of what belongs to no group.
fn fleet_tags(fleet: &Fleet) -> BTreeMap<&str, &str> {
    let mut tags: BTreeMap<&str, &str> = fleet.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    tags.insert("fleet", fleet.name.as_str());
    tags
}

#[cfg(test)]
mod tests;
