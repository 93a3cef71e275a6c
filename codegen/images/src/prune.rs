//! Which images nothing needs any more.

use std::collections::BTreeSet;

use fleetgen_fleet::Fleet;
use fleetgen_fleet::scalar::{ImageId, Key, LayerName};

use crate::{Image, Records};

/// The images that nothing needs, by layer and age.
///
/// An image is needed if it is in `used`: what groups run, may return to, or will run. So are the `keep` newest that may run
/// in an environment, every candidate newer than those, and what any of these was built on. A revoked image is not needed
/// unless it is used; but its record is, as long as something that was built on it is recorded.
pub fn unused<'a>(
    fleet: &Fleet,
    records: &Records<'a>,
    used: &BTreeSet<ImageId>,
    current: &BTreeSet<Key>,
    keep: usize,
) -> Vec<(&'a LayerName, &'a Image)> {
    let mut needed: BTreeSet<&Key> = BTreeSet::new();
    let mut need = |image: &'a Image| needed.extend(records.lineage(image).map(|image| &image.key));
    for (_, image) in records.images() {
        let is_used = image.builds().any(|(_, _, build)| build.ids.values().any(|id| used.contains(id)));
        if is_used || current.contains(&image.key) {
            need(image);
        }
    }
    for layer in fleet.layers.keys() {
        let images = records.layer(layer);
        for environment in &fleet.environments {
            let may_run = images.iter().rev().filter(|image| image.promotion(&environment.name).is_some());
            may_run.filter(|image| records.revoked(image).is_none()).take(keep).for_each(&mut need);
        }
        // What was built since the last promotion is still on its way.
        images.iter().rev().take_while(|image| image.is_candidate()).for_each(&mut need);
    }
    let mut unused: Vec<_> = records.images().filter(|(_, image)| !needed.contains(&image.key)).collect();
    // A parent goes after its children: without its record, they could not be revoked.
    let unused_keys: BTreeSet<&Key> = unused.iter().map(|(_, image)| &image.key).collect();
    let is_parent = |image: &Image| {
        records
            .images()
            .any(|(_, child)| child.parent.as_ref() == Some(&image.key) && !unused_keys.contains(&child.key))
    };
    unused.retain(|(_, image)| !is_parent(image));
    unused
}
