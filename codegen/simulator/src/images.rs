//! Invented images, for a fleet whose images were not built yet.

use std::collections::BTreeMap;

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{CommitId, ImageId, Key, LayerName, Sha256};
use fleetgen_fleet::{Fleet, Group, resource_name};
use fleetgen_images::{Build, Image, Images, Promotion};
use jiff::Timestamp;

/// Records of two images of each layer: an older one, that groups of a new world run, and one of the current key. Both are
/// approved in every environment.
pub fn invented(fleet: &Fleet, keys: &BTreeMap<LayerName, Key>) -> BTreeMap<LayerName, Images> {
    let older: BTreeMap<&LayerName, Key> = keys
        .iter()
        .filter_map(|(layer, key)| Some((layer, digest(&["older", key.as_str()])[..32].parse().ok()?)))
        .collect();
    let records = keys.iter().filter_map(|(layer, key)| {
        let mut record = Images::new(layer.clone());
        let parent = fleet.layers.get(layer).and_then(|layer| layer.parent());
        for (key, keys) in [(older.get(layer)?, None), (key, Some(keys))] {
            let parent = parent.and_then(|parent| match keys {
                Some(keys) => keys.get(parent).cloned(),
                None => older.get(parent).cloned(),
            });
            record.images.push(image(fleet, layer, key, parent)?);
        }
        Some((layer.clone(), record))
    });
    records.collect()
}

fn image(fleet: &Fleet, layer: &LayerName, key: &Key, parent: Option<Key>) -> Option<Image> {
    let mut builds: BTreeMap<Cloud, BTreeMap<_, Build>> = BTreeMap::new();
    for group in fleet.groups.values().filter(|group| group.layer == *layer) {
        let region = fleet.networks.get(&group.network)?.region.clone();
        let architecture = group.machine.architecture;
        let id = match group.cloud() {
            Cloud::Aws => {
                let digest = digest(&[key.as_str(), architecture.as_str(), region.as_str()]);
                format!("ami-{}", &digest[..17])
            }
            Cloud::Gcp => {
                let name = resource_name::image(&fleet.name, layer, architecture, key.as_str());
                format!("projects/{}/global/images/{name}", fleet.gcp.as_ref()?.builder.project)
            }
        };
        let build = builds.entry(group.cloud()).or_default().entry(architecture).or_insert(Build {
            ids: BTreeMap::new(),
            commit: digest(&[key.as_str()])[..40].parse::<CommitId>().ok()?,
            digests: BTreeMap::<String, Sha256>::new(),
        });
        build.ids.insert(region, id.parse::<ImageId>().ok()?);
    }
    let promotion = |environment: &fleetgen_fleet::Environment| {
        let by = "fleetgen".parse().ok()?;
        let environment = environment.name.clone();
        Some(Promotion { environment, by, at: Timestamp::UNIX_EPOCH, without_soak: None })
    };
    let promotions = fleet.environments.iter().filter_map(promotion).collect();
    let os = fleet.layers.get(layer)?.os;
    Some(Image { key: key.clone(), parent, os, promotions, revoked: None, builds })
}

/// The oldest recorded image that a group could run: where a new world starts.
pub fn first<'a>(records: &'a BTreeMap<LayerName, Images>, fleet: &Fleet, group: &Group) -> Option<&'a ImageId> {
    let region = &fleet.networks.get(&group.network)?.region;
    let images = &records.get(&group.layer)?.images;
    images.iter().find_map(|image| image.id(group.cloud(), group.machine.architecture, region))
}

fn digest(words: &[&str]) -> String {
    use sha2::Digest as _;
    Sha256::from(<[u8; 32]>::from(sha2::Sha256::digest(words.join("\n").as_bytes()))).to_string()
}
