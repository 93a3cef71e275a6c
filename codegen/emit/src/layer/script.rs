//! What a build copies to the machine: the layer's script, what its scan ignores, and the files it installs.

use fleetgen_fleet::Layer;
use fleetgen_tree::File;
use serde::Serialize;

use super::content::{BinaryValues, Content, ServiceValues, User};
use super::machine::MachineFile;
use super::render::{SHELL, YAML, subject};
use crate::EmitError;

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

/// The files that a build copies to the machine.
pub(super) fn files(layer: &Layer, content: &Content<'_>) -> Result<Vec<File>, EmitError> {
    let script = ScriptValues {
        packages: &content.packages,
        users: &content.users,
        files: &content.files,
        sysctl: content.files.iter().any(|file| file.path.starts_with("etc/sysctl.d/")),
        binaries: &content.binaries,
        containers: &content.containers,
        services: &content.services,
    };
    let directory = format!("generated/packer/{}", layer.name);
    let mut files = vec![
        SHELL.file(layer, format!("{directory}/layer.sh"), "layer.sh", &script)?,
        YAML.file(layer, format!("{directory}/trivyignore.yaml"), "trivyignore.yaml", &layer.scan)?,
    ];
    files.extend(content.files.iter().map(|file| File {
        path: format!("{directory}/files/{}", file.path),
        content: file.content.clone(),
        subject: subject(layer),
        origin: file.origin,
    }));
    Ok(files)
}
