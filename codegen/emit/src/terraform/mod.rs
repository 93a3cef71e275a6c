//! Terraform roots: `generated/terraform/<network>/<stack>/`, one state each, with a file for each compute group.
//!
//! A root holds the backend, the provider, a look-up of the network, and one module call for each group. The substance is
//! in `terraform/modules/`.

mod aws;
mod gcp;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{NetworkName, StackName};
use fleetgen_fleet::{Fleet, Group, Network, resource_name};
use fleetgen_tree::File;
use rayon::prelude::*;
use serde::Serialize;

use crate::EmitError;
use crate::language::{Templates, hcl};

pub(crate) const NAME: &str = "terraform";

const TEMPLATES: &[(&str, &str)] = &[
    ("aws/main.tf", include_str!("templates/aws-main.tf.tera")),
    ("aws/group.tf", include_str!("templates/aws-group.tf.tera")),
    ("gcp/main.tf", include_str!("templates/gcp-main.tf.tera")),
    ("gcp/group.tf", include_str!("templates/gcp-group.tf.tera")),
];

static RENDERER: LazyLock<Result<Templates, String>> =
    LazyLock::new(|| Templates::new(hcl::escape, TEMPLATES).map_err(|error| error.to_string()));

/// The roots of all networks.
pub(crate) fn emit(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let mut roots: BTreeMap<(&NetworkName, &StackName), Vec<&Group>> = BTreeMap::new();
    for group in fleet.groups.values() {
        roots.entry((&group.network, &group.stack)).or_default().push(group);
    }
    let mut files: Vec<File> = Vec::new();
    for (network, stack) in roots.keys() {
        let Some(network) = fleet.networks.get(*network) else { continue };
        let path = format!("{}/main.tf", directory(&network.name, stack));
        files.push(match network.cloud {
            Cloud::Aws => render(path, "aws/main.tf", &aws::main(fleet, network, stack))?,
            Cloud::Gcp => render(path, "gcp/main.tf", &gcp::main(fleet, network, stack))?,
        });
    }
    let groups: Vec<&Group> = fleet.groups.values().collect();
    let groups: Vec<File> = groups.par_iter().map(|group| self::group(fleet, group)).collect::<Result<_, _>>()?;
    files.extend(groups);
    Ok(files)
}

fn directory(network: &NetworkName, stack: &StackName) -> String {
    format!("generated/terraform/{network}/{stack}")
}

fn group(fleet: &Fleet, group: &Group) -> Result<File, EmitError> {
    let path = format!("{}/{}.tf", directory(&group.network, &group.stack), group.name);
    match (aws::group(fleet, group), gcp::group(fleet, group)) {
        (Some(values), _) => render(path, "aws/group.tf", &values),
        (None, Some(values)) => render(path, "gcp/group.tf", &values),
        (None, None) => Err(EmitError { path, message: "the group refers to something that is not there".to_owned() }),
    }
}

fn render(path: String, template: &str, values: &impl Serialize) -> Result<File, EmitError> {
    let renderer = RENDERER.as_ref().map_err(|message| EmitError { path: path.clone(), message: message.clone() })?;
    let text = renderer.render(&path, template, values)?;
    Ok(File { path, content: hcl::align(&text), producer: NAME })
}

/// Tags or labels of a group's resources: the user's, and fleetgen's own. The module for AWS adds `Name`.
fn tags<'a>(fleet: &'a Fleet, group: &'a Group) -> BTreeMap<&'a str, &'a str> {
    let mut tags: BTreeMap<&str, &str> = group.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    tags.insert("fleet", fleet.name.as_str());
    tags.insert("environment", group.environment.as_str());
    tags.insert("group", group.name.as_str());
    tags.insert("layer", group.layer.as_str());
    tags
}

/// A port that is open, as both modules take it.
#[derive(Serialize)]
struct PortValues<'a> {
    port: u16,
    protocol: &'a str,
    cidrs: Vec<String>,
    description: Option<&'a str>,
}

fn ports(group: &Group) -> Vec<PortValues<'_>> {
    group
        .ports
        .iter()
        .map(|port| PortValues {
            port: port.port.get(),
            protocol: port.protocol.as_str(),
            cidrs: port.from.iter().map(ToString::to_string).collect(),
            description: port.description.as_ref().map(AsRef::as_ref),
        })
        .collect()
}

/// A health check, as both modules take it.
#[derive(Serialize)]
struct HealthValues<'a> {
    protocol: &'a str,
    port: u16,
    path: &'a str,
    interval_seconds: u32,
    timeout_seconds: u32,
    healthy_after: u32,
    unhealthy_after: u32,
    grace_seconds: u32,
}

fn health(group: &Group) -> Option<HealthValues<'_>> {
    group.health.as_ref().map(|health| HealthValues {
        protocol: health.protocol.as_str(),
        port: health.port.get(),
        path: health.path.as_str(),
        interval_seconds: health.interval.seconds,
        timeout_seconds: health.timeout.seconds,
        healthy_after: health.healthy_after,
        unhealthy_after: health.unhealthy_after,
        grace_seconds: health.grace.seconds,
    })
}

/// The name of a network's own resources, by which the look-up finds it.
fn network_name(fleet: &Fleet, network: &Network) -> String {
    format!("{}-{}", fleet.name, network.name)
}

fn base(fleet: &Fleet, group: &Group) -> String {
    resource_name::base(&fleet.name, group)
}

fn state_key(fleet: &Fleet, network: &Network, stack: &StackName) -> String {
    format!("{}/{}/{stack}", fleet.name, network.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In HCL, `"${{ x }}"` with x = `{evil}` would render `"${evil}"`.
    #[test]
    fn no_template_puts_a_dollar_or_percent_before_a_value() {
        for (name, template) in TEMPLATES {
            assert!(!template.contains("${{") && !template.contains("%{{"), "{name}");
        }
    }

    /// A name that a template gets wrong is not there, which a condition takes for false without a word.
    #[test]
    fn every_name_in_a_template_is_a_value() {
        let bytes = include_bytes!("../../../../fleet.yaml").to_vec();
        let source = fleetgen_fleet::SourceFile::from_bytes("fleet.yaml", bytes).unwrap();
        let fleet = fleetgen_fleet::load(&source, None).unwrap();
        let values = |cloud: Cloud| -> Vec<serde_json::Value> {
            let network = fleet.networks.values().find(|network| network.cloud == cloud).unwrap();
            let group = fleet.groups.values().find(|group| group.cloud() == cloud).unwrap();
            match cloud {
                Cloud::Aws => vec![
                    serde_json::to_value(aws::main(&fleet, network, &group.stack)).unwrap(),
                    serde_json::to_value(aws::group(&fleet, group)).unwrap(),
                ],
                Cloud::Gcp => vec![
                    serde_json::to_value(gcp::main(&fleet, network, &group.stack)).unwrap(),
                    serde_json::to_value(gcp::group(&fleet, group)).unwrap(),
                ],
            }
        };
        let renderer = RENDERER.as_ref().unwrap();
        let all = [values(Cloud::Aws), values(Cloud::Gcp)].concat();
        for ((name, _), values) in TEMPLATES.iter().zip(all) {
            let known: Vec<&str> = values.as_object().unwrap().keys().map(String::as_str).collect();
            let mut used = renderer.variables(name);
            used.sort_unstable();
            let mut given = known.clone();
            given.sort_unstable();
            assert_eq!(used, given, "{name}: names on the left, values on the right");
        }
    }
}
