//! A layer's gossfile: hand-written checks, those of the layers it is built on, and checks of what fleet.yaml declares.

use fleetgen_fleet::{Layer, LayerPort};
use fleetgen_tree::File;
use serde::Serialize;

use super::content::{BinaryValues, Content, ServiceValues, User};
use super::machine::MachineFile;
use super::render::YAML;
use crate::EmitError;

#[derive(Serialize)]
struct Values<'a> {
    includes: Vec<String>,
    packages: &'a [&'a str],
    users: &'a [User<'a>],
    files: &'a [MachineFile],
    binaries: &'a [BinaryValues<'a>],
    services: &'a [ServiceValues],
    sysctl: Vec<(&'a str, String)>,
    ports: Vec<Port>,
    containers: &'a [&'a str],
    http: Vec<Http>,
}

/// A port, as `ss` shows it. Goss's own check of a port does not show which program listens, and on which address.
#[derive(Serialize)]
struct Port {
    title: String,
    exec: String,
    patterns: Vec<String>,
}

#[derive(Serialize)]
struct Http {
    url: String,
    status: u32,
}

pub(super) fn file(layer: &Layer, content: &Content<'_>) -> Result<File, EmitError> {
    // Paths are relative to the file that names them.
    let parent = layer.parent().map(|parent| format!("../{parent}/goss.yaml"));
    let own = content.steps.checks.iter().map(|check| format!("../../../{check}"));
    let values = Values {
        includes: parent.into_iter().chain(own).collect(),
        packages: &content.packages,
        users: &content.users,
        files: &content.files,
        binaries: &content.binaries,
        services: &content.services,
        sysctl: settings(layer),
        ports: layer.ports.iter().map(port).collect(),
        containers: &content.containers,
        http: layer
            .http_checks
            .iter()
            .map(|check| Http {
                url: format!("http://127.0.0.1:{}{}", check.port.get(), check.path),
                status: check.status,
            })
            .collect(),
    };
    YAML.file(layer, format!("generated/goss/{}/goss.yaml", layer.name), "goss.yaml", &values)
}

fn settings(layer: &Layer) -> Vec<(&str, String)> {
    let hardening = fleetgen_fleet::catalog::hardening::sections(layer).filter(|_| layer.parent().is_none());
    let hardening = hardening.flat_map(|section| section.sysctl.iter().copied());
    let own = layer.sysctl.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    // The kernel separates the words of a setting with tabs.
    hardening.chain(own).map(|(key, value)| (key, value.split_whitespace().collect::<Vec<_>>().join("\t"))).collect()
}

fn port(port: &LayerPort) -> Port {
    let number = port.port.get();
    let option = match port.protocol {
        fleetgen_fleet::choice::Transport::Tcp => "tcp",
        fleetgen_fleet::choice::Transport::Udp => "udp",
    };
    // `ss` shows whatever listens on the port on a line whose local address ends with it.
    let address = match &port.address {
        Some(address) if address.as_str().contains(':') => format!("[{address}]:{number}"),
        Some(address) => format!("{address}:{number}"),
        None => format!(":{number}"),
    };
    let mut patterns = vec![format!("{address} ")];
    if let Some(process) = &port.process {
        // Linux keeps 15 characters of a program's name.
        patterns.push(format!("\"{}\"", process.as_str().chars().take(15).collect::<String>()));
    }
    if let Some(address) = &port.address {
        let others = ["0.0.0.0", "[::]", "*"];
        patterns.extend(
            others.iter().filter(|other| **other != address.as_str()).map(|other| format!("!{other}:{number} ")),
        );
    }
    Port {
        title: format!("port {number}/{option} is listened on"),
        exec: format!("ss --no-header --numeric --listening --processes --{option} 'sport = :{number}'"),
        patterns,
    }
}
