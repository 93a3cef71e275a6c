//! Image layers: for each, what Packer builds it from, and what Goss checks of it.
//!
//! `generated/packer/<layer>/` has the Packer template, the script of what the layer adds, the files that it puts on a
//! machine, and what fetches and verifies its artifacts; `generated/goss/<layer>/` its gossfile. Hand-written scripts and
//! checks are below `packer/` and `goss/`; the layer's [key](key) covers them.

mod aws;
mod content;
mod gcp;
mod goss;
mod key;
mod machine;
mod packer;
mod steps;
mod tools;

use std::sync::LazyLock;

use fleetgen_fleet::{Fleet, Layer};
use fleetgen_tree::File;
use rayon::prelude::*;
use serde::Serialize;

pub use key::{LayerKey, layer_keys};

use crate::language::{self, Templates};
use crate::{EmitError, HandWritten};

pub(crate) const NAME: &str = "layers";

type Renderer = LazyLock<Result<Templates, String>>;

const BUILD: &str = include_str!("templates/build.pkr.hcl.tera");
const PACKER: &[(&str, &str)] = &[("build.pkr.hcl", BUILD)];
const SHELL: &[(&str, &str)] = &[
    ("layer.sh", include_str!("templates/layer.sh.tera")),
    ("fetch.sh", include_str!("templates/fetch.sh.tera")),
    ("keys.sh", include_str!("templates/keys.sh.tera")),
];
const YAML: &[(&str, &str)] = &[
    ("goss.yaml", include_str!("templates/goss.yaml.tera")),
    ("trivyignore.yaml", include_str!("templates/trivyignore.yaml.tera")),
];

static PACKER_RENDERER: Renderer = LazyLock::new(|| templates_of(language::packer::escape, PACKER));
static SHELL_RENDERER: Renderer = LazyLock::new(|| templates_of(language::shell::escape, SHELL));
static YAML_RENDERER: Renderer = LazyLock::new(|| templates_of(language::yaml::escape, YAML));

fn templates_of(escape: tera::EscapeFn, templates: &[(&'static str, &'static str)]) -> Result<Templates, String> {
    Templates::new(escape, templates).map_err(|error| error.to_string())
}

/// The files of a layer that reach the machine, or judge it.
fn inside(fleet: &Fleet, layer: &Layer) -> Result<Vec<File>, EmitError> {
    let content = content::content(fleet, layer)?;
    let mut files = packer::inside(layer, &content)?;
    files.extend(goss::files(layer, &content)?);
    Ok(files)
}

/// The files of all layers.
pub(crate) fn emit(fleet: &Fleet, hand_written: &HandWritten) -> Result<Vec<File>, EmitError> {
    let keys = layer_keys(fleet, hand_written)?;
    let layers: Vec<_> = fleet.layers.values().collect();
    let files: Vec<Vec<File>> = layers
        .par_iter()
        .map(|layer| {
            let mut files = packer::outside(fleet, layer, &keys)?;
            files.extend(inside(fleet, layer)?);
            Ok(files)
        })
        .collect::<Result<_, EmitError>>()?;
    let mut files: Vec<File> = files.into_iter().flatten().collect();
    if !files.is_empty() {
        files.extend(packer::keys(fleet)?);
    }
    Ok(files)
}

fn render(renderer: &Renderer, path: &str, template: &str, values: &impl Serialize) -> Result<String, EmitError> {
    let renderer =
        renderer.as_ref().map_err(|message| EmitError { path: path.to_owned(), message: message.clone() })?;
    renderer.render(path, template, values)
}

fn file(renderer: &Renderer, path: String, template: &str, values: &impl Serialize) -> Result<File, EmitError> {
    let content = render(renderer, &path, template, values)?;
    Ok(File { path, content, producer: NAME })
}
