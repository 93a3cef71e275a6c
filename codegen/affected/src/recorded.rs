//! Images that a change records.

use std::collections::BTreeSet;

use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::scalar::{Key, LayerName, Sha256};
use fleetgen_images::{Image, KEPT};
use serde::Serialize;

use crate::Side;

/// An image that is new in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedImage {
    /// The layer.
    pub layer: LayerName,
    /// The cloud.
    pub cloud: Cloud,
    /// The processor.
    pub architecture: Architecture,
    /// The key of the newest image there before; nothing for the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Key>,
    /// Its key.
    pub to: Key,
    /// The digests of both images' SBOMs and reports of Trivy.
    pub reports: BTreeSet<Sha256>,
}

pub(crate) fn images(before: &Side, after: &Side) -> Vec<RecordedImage> {
    let mut recorded = Vec::new();
    for (layer, record) in &after.images {
        let old = before.images.get(layer).map(|images| images.images.as_slice()).unwrap_or_default();
        for image in &record.images {
            for (cloud, architecture, build) in image.builds() {
                let on = |old: &Image| old.build(cloud, architecture).is_some();
                if old.iter().any(|old| old.key == image.key && on(old)) {
                    continue;
                }
                let previous = old.iter().rfind(|old| on(old));
                let builds = previous.and_then(|old| old.build(cloud, architecture)).into_iter().chain([build]);
                let reports = builds.flat_map(|build| KEPT.iter().filter_map(|name| build.digests.get(*name).cloned()));
                recorded.push(RecordedImage {
                    layer: layer.clone(),
                    cloud,
                    architecture,
                    from: previous.map(|old| old.key.clone()),
                    to: image.key.clone(),
                    reports: reports.collect(),
                });
            }
        }
    }
    recorded
}
