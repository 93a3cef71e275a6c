//! What a layer adds, in the form that its scripts and its gossfile need.

use fleetgen_fleet::choice::Architecture;
use fleetgen_fleet::{Binary, Fleet, Layer};
use serde::Serialize;

use super::machine::{self, MachineFile};
use super::steps::{self, Steps};
use super::unit;
use crate::EmitError;

/// What a layer adds.
pub(super) struct Content<'a> {
    pub(super) steps: Steps,
    pub(super) packages: Vec<&'a str>,
    pub(super) users: Vec<User<'a>>,
    pub(super) files: Vec<MachineFile>,
    pub(super) binaries: Vec<BinaryValues<'a>>,
    pub(super) containers: Vec<&'a str>,
    pub(super) services: Vec<ServiceValues>,
}

#[derive(Serialize)]
pub(super) struct User<'a> {
    name: &'a str,
    uid: u32,
    home: &'a str,
    /// A user with a home may open a session.
    shell: &'static str,
    groups: String,
    list: Vec<&'a str>,
}

#[derive(Serialize)]
pub(super) struct BinaryValues<'a> {
    name: &'a str,
    releases: Vec<Release<'a>>,
}

#[derive(Serialize)]
struct Release<'a> {
    architecture: Architecture,
    sha256: &'a str,
}

#[derive(Serialize)]
pub(super) struct ServiceValues {
    /// The unit that starts it.
    name: String,
    enabled: bool,
}

pub(super) fn content<'a>(fleet: &Fleet, layer: &'a Layer) -> Result<Content<'a>, EmitError> {
    let users = layer.users.iter().map(|(name, user)| User {
        name: name.as_str(),
        uid: user.uid,
        home: user.home.as_ref().map_or("/nonexistent", AsRef::as_ref),
        shell: if user.home.is_some() { "/bin/bash" } else { "/usr/sbin/nologin" },
        groups: user.groups.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(","),
        list: user.groups.iter().map(AsRef::as_ref).collect(),
    });
    Ok(Content {
        steps: steps::steps(fleet, layer),
        packages: layer.packages.iter().map(AsRef::as_ref).collect(),
        users: users.collect(),
        files: machine::files(layer)?,
        binaries: layer.binaries.iter().map(|(name, binary)| binary_values(layer, name.as_str(), binary)).collect(),
        containers: layer.containers.values().map(AsRef::as_ref).collect(),
        services: layer
            .services
            .iter()
            .map(|(name, service)| ServiceValues { name: unit::starter(name, service), enabled: service.enabled })
            .collect(),
    })
}

fn binary_values<'a>(layer: &Layer, name: &'a str, binary: &'a Binary) -> BinaryValues<'a> {
    let release = |architecture: &Architecture| {
        Some(Release { architecture: *architecture, sha256: binary.sha256.get(architecture)?.as_str() })
    };
    BinaryValues { name, releases: layer.architectures.iter().filter_map(release).collect() }
}
