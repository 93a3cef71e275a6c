//! Which image a group should run.

use fleetgen_fleet::scalar::ImageId;
use fleetgen_fleet::{Fleet, Group};
use fleetgen_images::{Image, Records};

/// The newest image that may run in a group's environment, has a build for its cloud, architecture and region, and has no
/// revoked ancestor.
///
/// # Errors
/// Why there is none.
pub fn choose<'a>(records: &Records<'a>, fleet: &Fleet, group: &Group) -> Result<(&'a Image, &'a ImageId), String> {
    let images = records.layer(&group.layer);
    if images.is_empty() {
        return Err(format!("layer `{}` has no images: build and record one", group.layer));
    }
    let region = fleet.networks.get(&group.network).map(|network| &network.region);
    let (cloud, architecture) = (group.cloud(), group.machine.architecture);
    let mut nearest = format!("no image of layer `{}` has been promoted to {}", group.layer, group.environment);
    for image in images.iter().rev() {
        if image.promotion(&group.environment).is_none() || records.revoked(image).is_some() {
            continue;
        }
        match region.and_then(|region| image.id(cloud, architecture, region)) {
            Some(id) => return Ok((image, id)),
            None => {
                nearest = format!("{} has no {cloud} {architecture} image in the group's region", image.key.short());
            }
        }
    }
    Err(nearest)
}
