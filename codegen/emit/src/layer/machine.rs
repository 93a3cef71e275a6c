//! The files that a layer puts on a machine: those of fleet.yaml, systemd units, and kernel settings.

use fleetgen_fleet::Layer;
use fleetgen_fleet::catalog::hardening;
use fleetgen_tree::Origin;
use serde::Serialize;

use super::render::{Renderer, SETTINGS};
use super::unit;
use crate::EmitError;
use crate::digest;

/// A file on a machine.
#[derive(Debug, Serialize)]
pub(super) struct MachineFile {
    /// Without the first `/`.
    pub(super) path: String,
    #[serde(skip)]
    pub(super) content: String,
    #[serde(skip)]
    pub(super) origin: Origin,
    /// Of the content.
    pub(super) sha256: String,
    pub(super) owner: String,
    pub(super) group: String,
    pub(super) mode: String,
}

/// The files that a layer puts on a machine, by path.
pub(super) fn files(layer: &Layer) -> Result<Vec<MachineFile>, EmitError> {
    let mut files = Vec::new();
    for (path, file) in &layer.files {
        files.push(MachineFile {
            path: path.as_str().trim_start_matches('/').to_owned(),
            sha256: digest(file.content.as_bytes()),
            content: file.content.clone(),
            origin: Origin::UserText,
            owner: file.owner.as_ref().map_or("root", AsRef::as_ref).to_owned(),
            group: file.group.as_ref().map_or("root", AsRef::as_ref).to_owned(),
            mode: file.mode.as_ref().map_or("0644", AsRef::as_ref).to_owned(),
        });
    }
    files.extend(unit::files(layer)?);
    // The last file in alphabetical order wins, and distributions have files that start with 99.
    if layer.parent().is_none() {
        for section in hardening::sections(layer).filter(|section| !section.sysctl.is_empty()) {
            let path = format!("etc/sysctl.d/99-zz-hardening-{}.conf", section.name);
            files.push(ours(&SETTINGS, path, "sysctl.conf", &Settings { settings: section.sysctl.to_vec() })?);
        }
    }
    if !layer.sysctl.is_empty() {
        let settings = layer.sysctl.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        files.push(ours(
            &SETTINGS,
            format!("etc/sysctl.d/99-zz-layer-{}.conf", layer.name),
            "sysctl.conf",
            &Settings { settings },
        )?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

pub(super) fn ours(
    renderer: &Renderer,
    path: String,
    template: &str,
    values: &impl Serialize,
) -> Result<MachineFile, EmitError> {
    let content = renderer.text(&path, template, values)?;
    let root = || "root".to_owned();
    let sha256 = digest(content.as_bytes());
    Ok(MachineFile {
        path,
        content,
        origin: Origin::Rendered,
        sha256,
        owner: root(),
        group: root(),
        mode: "0644".to_owned(),
    })
}

#[derive(Serialize)]
struct Settings<'a> {
    settings: Vec<(&'a str, &'a str)>,
}
