//! The names that resources get, and what the clouds make of them.
//!
//! The modules add to a group's name what [`names`] says; `cargo xtask verify` compares the two.

use crate::choice::{Architecture, Cloud};
use crate::model::Group;
use crate::scalar::{FleetName, LayerName};

/// The name of a group's resources: fleet, environment and group.
pub fn base(fleet: &FleetName, group: &Group) -> String {
    format!("{fleet}-{}-{}", group.environment, group.name)
}

/// The name of a layer's image: fleet, layer, architecture, and twelve digits of the layer's key.
pub fn image(fleet: &FleetName, layer: &LayerName, architecture: Architecture, key: &str) -> String {
    format!("{fleet}-{layer}-{architecture}-{}", key.get(..12).unwrap_or(key))
}

/// A resource's kind, its name, and how long the cloud lets that be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName {
    /// The kind, as its cloud calls it.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// The most characters.
    pub limit: usize,
}

/// The names of a group's resources that have a limit worth knowing.
///
/// Sources: botocore 1.44.5 (`Name` of target groups 32, roles 64, instance profiles 128, launch templates 128, Auto
/// Scaling groups and security groups 255); the compute API of Google (RFC 1035 names of 63, base instance names of 58,
/// service accounts of 30); the Google provider (a name prefix longer than 37 gets a shorter, less unique suffix).
pub fn names(base: &str, group: &Group) -> Vec<ResourceName> {
    let name = |kind, suffix: &str, limit| ResourceName { kind, name: format!("{base}{suffix}"), limit };
    match group.cloud() {
        Cloud::Aws => {
            let mut names = vec![
                name("IAM role", "", 64),
                name("launch template", "", 128),
                name("Auto Scaling group", "", 255),
                name("security group", "", 255),
            ];
            if group.load_balancer.is_some() {
                names.push(name("target group", "", 32));
            }
            names
        }
        Cloud::Gcp => {
            let mut names = vec![
                name("service account", "", 30),
                name("instance template prefix", "-", 37),
                name("managed instance group", "", 63),
            ];
            if group.health.is_some() {
                names.push(name("firewall rule", "-health", 63));
            }
            if group.load_balancer.is_some() {
                names.push(name("firewall rule", "-load-balancer", 63));
            }
            for port in &group.ports {
                names.push(name("firewall rule", &format!("-{}-{}", port.protocol, port.port.get()), 63));
            }
            names
        }
    }
}
