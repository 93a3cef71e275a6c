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
    services: &'a [ServiceValues],
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
    let mut files = vec![SHELL.file(layer, format!("{directory}/layer.sh"), "layer.sh", &script)?];
    files.extend(ignored(layer, &directory)?);
    files.extend(content.files.iter().map(|file| File {
        path: format!("{directory}/files/{}", file.path),
        content: file.content.clone(),
        subject: subject(layer),
        origin: file.origin,
    }));
    Ok(files)
}

#[derive(Serialize)]
struct IgnoreValues<'a> {
    vulnerabilities: Vec<Vulnerability<'a>>,
    programs: Vec<Program<'a>>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: &'a str,
    /// As Trivy writes paths: without the first `/`.
    path: Option<&'a str>,
    reason: &'a str,
    until: &'a str,
}

/// A program whose vulnerabilities are all ignored.
#[derive(Serialize)]
struct Program<'a> {
    /// A regular expression for its path, as Trivy writes it.
    pattern: String,
    until: &'a str,
}

/// What the scan ignores. Trivy's list needs the id of each vulnerability, so a template writes those of a program from the
/// report.
fn ignored(layer: &Layer, directory: &str) -> Result<Vec<File>, EmitError> {
    let mut values = IgnoreValues { vulnerabilities: Vec::new(), programs: Vec::new() };
    for entry in &layer.scan.ignore {
        let path = entry.program.as_ref().map(|program| program.as_str().trim_start_matches('/'));
        let (reason, until) = (entry.reason.as_str(), entry.until.as_str());
        match (&entry.id, path) {
            (Some(id), path) => values.vulnerabilities.push(Vulnerability { id: id.as_str(), path, reason, until }),
            (None, Some(path)) => {
                let pattern = path.replace('.', "[.]").replace('+', "[+]").replace('*', "[^/]*");
                values.programs.push(Program { pattern: format!("^{pattern}$"), until });
            }
            (None, None) => {}
        }
    }
    let mut files = vec![YAML.file(layer, format!("{directory}/trivyignore.yaml"), "trivyignore.yaml", &values)?];
    if !values.programs.is_empty() {
        files.push(YAML.file(layer, format!("{directory}/programs.tpl"), "programs.tpl", &values)?);
    }
    Ok(files)
}
