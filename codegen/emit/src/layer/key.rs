//! The key of a layer: a digest over everything that can change its images.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{Fleet, Layer};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{steps, tools};
use crate::{EmitError, HandWritten};

/// A key and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerKey {
    /// 32 hexadecimal digits.
    pub key: String,
    /// By what a person would call it, such as `packages` or `packer/scripts/lib.sh`.
    pub inputs: BTreeMap<String, Value>,
}

/// What of a layer is not in its images: who builds it, for whom, and what it is called among people.
const OUTSIDE: &[&str] = &["description", "ancestors", "architectures", "aws_builder", "gcp_builder"];

/// The key of every layer.
///
/// # Errors
/// A hand-written script or check that a layer takes is not there.
pub fn layer_keys(fleet: &Fleet, hand_written: &HandWritten) -> Result<BTreeMap<LayerName, LayerKey>, EmitError> {
    let mut keys = BTreeMap::new();
    for layer in fleet.layers.values() {
        // From the root down, so that a parent's key is there before its children's.
        let line = std::iter::once(layer).chain(layer.ancestors.iter().filter_map(|name| fleet.layers.get(name)));
        for layer in line.collect::<Vec<_>>().into_iter().rev() {
            if !keys.contains_key(&layer.name) {
                let key = one(fleet, layer, &keys, hand_written)?;
                keys.insert(layer.name.clone(), key);
            }
        }
    }
    Ok(keys)
}

fn one(
    fleet: &Fleet,
    layer: &Layer,
    keys: &BTreeMap<LayerName, LayerKey>,
    hand_written: &HandWritten,
) -> Result<LayerKey, EmitError> {
    let fault = |path: &str, message: String| EmitError { path: path.to_owned(), message };
    let name = layer.name.as_str();
    let Ok(Value::Object(content)) = serde_json::to_value(layer) else {
        return Err(fault(name, "the layer cannot be written down".to_owned()));
    };
    let mut inputs: BTreeMap<String, Value> =
        content.into_iter().filter(|(field, _)| !OUTSIDE.contains(&field.as_str())).collect();
    for path in steps::steps(fleet, layer).files() {
        let bytes = hand_written.get(&path).ok_or_else(|| {
            fault(&path, format!("the layer `{name}` takes it, and it is not there; it is part of the repository"))
        })?;
        inputs.insert(path, digest(bytes).into());
    }
    // What is rendered from the layer, and the template that holds it together; that one has the key in it.
    for file in super::inside(fleet, layer)? {
        inputs.insert(file.path, digest(file.content.as_bytes()).into());
    }
    inputs.insert("template".to_owned(), digest(super::BUILD.as_bytes()).into());
    let steps = steps::steps(fleet, layer);
    inputs.insert("generated/scripts".to_owned(), steps.scripts.into());
    inputs.insert("generated/reboots".to_owned(), steps.reboots.into());
    inputs.insert("generated/environment".to_owned(), super::packer::environment(fleet, layer).into_iter().collect());
    inputs.insert("fleet".to_owned(), fleet.name.as_str().into());
    for (tool, pin) in tools::tools() {
        let pin = serde_json::to_value(pin).map_err(|error| fault(name, error.to_string()))?;
        inputs.insert(format!("tool {tool}"), pin);
    }
    if let Some(parent) = layer.ancestors.first().and_then(|parent| keys.get(parent)) {
        inputs.insert("parent".to_owned(), parent.key.clone().into());
    }
    let text = serde_json::to_vec(&inputs).map_err(|error| fault(name, error.to_string()))?;
    let mut key = digest(&text);
    key.truncate(32);
    Ok(LayerKey { key, inputs })
}

/// SHA-256, in hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
