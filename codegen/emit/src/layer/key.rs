//! The key of a layer: a digest of everything that can change its images.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{Fleet, Layer};
use serde::Serialize;
use serde_json::Value;

use super::{content, environment, goss, render, script, steps, tools};
use crate::{EmitError, HandWritten, digest};

/// A key and what it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerKey {
    /// 32 hexadecimal digits.
    pub key: String,
    /// By a name that means something to people, such as `packages` or `packer/scripts/lib.sh`.
    pub inputs: BTreeMap<String, Value>,
}

/// The parts of a layer that do not change its images.
const NOT_IN_IMAGES: &[&str] = &[
    "description",
    "ancestors",
    "architectures",
    "aws_builder",
    "gcp_builder",
    "aws_builder_zones",
    "gcp_builder_zone",
];

/// The key of every layer.
///
/// # Errors
/// A hand-written script or check that a layer uses is missing, or a bug in fleetgen.
pub fn layer_keys(fleet: &Fleet, hand_written: &HandWritten) -> Result<BTreeMap<LayerName, LayerKey>, EmitError> {
    let mut keys = BTreeMap::new();
    for layer in fleet.layers.values() {
        // From the root down, so that a parent's key is there before its children's.
        for layer in fleet.lineage(layer).collect::<Vec<_>>().into_iter().rev() {
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
    let name = layer.name.as_str();
    let Ok(Value::Object(content)) = serde_json::to_value(layer) else {
        return Err(EmitError::fault(name, "the layer cannot be serialized"));
    };
    let mut inputs: BTreeMap<String, Value> =
        content.into_iter().filter(|(field, _)| !NOT_IN_IMAGES.contains(&field.as_str())).collect();
    for path in steps::steps(fleet, layer).files() {
        let bytes = hand_written
            .get(&path)
            .ok_or_else(|| EmitError::MissingScript { path: path.clone(), layer: name.to_owned() })?;
        inputs.insert(path, digest(bytes).into());
    }
    // What is rendered from the layer, and the text of the template that contains the key itself.
    let content = content::content(fleet, layer)?;
    for file in script::files(layer, &content)?.into_iter().chain([goss::file(layer, &content)?]) {
        inputs.insert(file.path, digest(file.content.as_bytes()).into());
    }
    inputs.insert("template".to_owned(), digest(render::BUILD.as_bytes()).into());
    let steps = steps::steps(fleet, layer);
    inputs.insert("generated/scripts".to_owned(), steps.scripts.into());
    inputs.insert("generated/reboots".to_owned(), steps.reboots.into());
    inputs.insert("generated/environment".to_owned(), environment::environment(fleet, layer).into_iter().collect());
    inputs.insert("fleet".to_owned(), fleet.name.as_str().into());
    for (tool, pin) in tools::tools() {
        let pin = serde_json::to_value(pin).map_err(|error| EmitError::fault(name, error.to_string()))?;
        inputs.insert(format!("tool {tool}"), pin);
    }
    if let Some(parent) = layer.parent().and_then(|parent| keys.get(parent)) {
        inputs.insert("parent".to_owned(), parent.key.clone().into());
    }
    let text = serde_json::to_vec(&inputs).map_err(|error| EmitError::fault(name, error.to_string()))?;
    let mut key = digest(&text);
    key.truncate(32);
    Ok(LayerKey { key, inputs })
}
