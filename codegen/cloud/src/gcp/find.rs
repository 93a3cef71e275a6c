//! What a plan needs to know of a group.

use std::collections::BTreeMap;

use fleetgen_rollout::{Found, Live, Place, Sight};
use google_cloud_compute_v1::model::InstanceTemplate;
use serde_json::Value;

use super::Clients;
use super::prepare::boot_image;
use super::versions::newest_of_terraform;
use crate::failure::Failure;

impl Clients {
    /// What Google Cloud shows of a group, for a plan.
    pub(crate) async fn find(&self, place: &Place) -> Result<Found, Failure> {
        let seen = self.look(place).await?;
        let templates = self.templates(place).await?;
        let latest = newest_of_terraform(place, &templates)?;
        let named = |name: &str| templates.iter().find(|template| template.name.as_deref() == Some(name));
        let now = match named(seen.setting.version.as_str()) {
            Some(template) => Some(template.clone()),
            None => self.template(place, seen.setting.version.as_str()).await?,
        };
        let path = now.as_ref().and_then(boot_image);
        let image_exists = match &path {
            Some(path) => self.image(path).await?.is_some(),
            None => true,
        };
        let comes_along = match (&now, named(latest.as_str())) {
            (Some(now), Some(newest)) => comes_along(now, newest),
            _ => Vec::new(),
        };
        let image = path.as_deref().map(relative).and_then(|path| path.parse().ok());
        Ok(Found { latest, image, image_exists, comes_along, sight: Sight::Seen(seen) })
    }

    /// A group with the images of its versions.
    pub(crate) async fn live(&self, place: &Place) -> Result<Live, Failure> {
        let seen = self.look(place).await?;
        let mut images = BTreeMap::new();
        for version in seen.versions() {
            let template = self.template(place, version.as_str()).await?;
            let image = template.as_ref().and_then(boot_image);
            images.extend(image.map(|image| (version.clone(), relative(&image))));
        }
        Ok(Live { seen, images })
    }
}

/// A path, without the host and version of the API.
pub(super) fn relative(path: &str) -> String {
    path.find("projects/").map_or(path, |at| &path[at..]).to_owned()
}

/// In which settings a template differs from another, apart from the image.
fn comes_along(now: &InstanceTemplate, newest: &InstanceTemplate) -> Vec<String> {
    let settings = |template: &InstanceTemplate| {
        let mut value = serde_json::to_value(&template.properties).unwrap_or_default();
        for disk in value["disks"].as_array_mut().into_iter().flatten() {
            if disk["boot"] == true
                && let Some(parameters) = disk["initializeParams"].as_object_mut()
            {
                parameters.remove("sourceImage");
            }
        }
        value
    };
    let (now, newest) = (settings(now), settings(newest));
    let empty = serde_json::Map::new();
    let (now, newest) = (now.as_object().unwrap_or(&empty), newest.as_object().unwrap_or(&empty));
    let names: std::collections::BTreeSet<&String> = now.keys().chain(newest.keys()).collect();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("none").to_owned();
    let changed = names.into_iter().filter(|name| now.get(*name) != newest.get(*name));
    changed
        .map(|name| match name.as_str() {
            "machineType" => format!("machine type: {} → {}", text(now.get(name)), text(newest.get(name))),
            _ => format!("{name} changed"),
        })
        .collect()
}
