//! Image layers: what Packer builds each from, and what Goss checks.
//!
//! `generated/packer/<layer>/` has the Packer template, the script of what the layer adds, the files that it installs, and
//! the script that downloads and verifies its artifacts; `generated/goss/<layer>/` its gossfile. Hand-written scripts and
//! checks are in `packer/` and `goss/`; the layer's [key](key) covers them.

mod aws;
mod build;
mod content;
mod environment;
mod gcp;
mod goss;
mod image;
mod key;
mod machine;
mod render;
mod script;
mod signing;
mod steps;
mod tools;
mod unit;

use fleetgen_fleet::Fleet;
use fleetgen_tree::File;
use rayon::prelude::*;

pub use key::{LayerKey, layer_keys};

use crate::{EmitError, HandWritten};

/// The files of all layers.
pub(crate) fn emit(fleet: &Fleet, hand_written: &HandWritten) -> Result<Vec<File>, EmitError> {
    let keys = layer_keys(fleet, hand_written)?;
    let layers: Vec<_> = fleet.layers.values().collect();
    let files: Vec<Vec<File>> = layers
        .par_iter()
        .map(|layer| {
            let content = content::content(fleet, layer)?;
            let mut files = build::files(fleet, layer, &keys, &content)?;
            files.extend(script::files(layer, &content)?);
            files.push(goss::file(layer, &content)?);
            Ok(files)
        })
        .collect::<Result<_, EmitError>>()?;
    let mut files: Vec<File> = files.into_iter().flatten().collect();
    if !files.is_empty() {
        files.extend(signing::files(fleet)?);
    }
    Ok(files)
}
