//! What a layer's images are called.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::Architecture;
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{Fleet, Layer, resource_name};

use super::key::LayerKey;

/// The names of an image and of the one it is built on; a root is built on the vendor's.
pub(super) struct ImageNames {
    pub(super) image: String,
    pub(super) family: String,
    pub(super) parent: Option<String>,
}

/// The names for one architecture; nothing if a key is missing.
pub(super) fn names(
    fleet: &Fleet,
    layer: &Layer,
    architecture: Architecture,
    keys: &BTreeMap<LayerName, LayerKey>,
) -> Option<ImageNames> {
    let name = |layer: &LayerName| Some(resource_name::image(&fleet.name, layer, architecture, &keys.get(layer)?.key));
    Some(ImageNames {
        image: name(&layer.name)?,
        family: resource_name::image_family(&fleet.name, &layer.name, architecture),
        parent: match layer.parent() {
            Some(parent) => Some(name(parent)?),
            None => None,
        },
    })
}
