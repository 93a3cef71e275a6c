//! New instance templates.

use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::{Answer, Outcome, Place, Version};
use google_cloud_compute_v1::model::{Image, InstanceTemplate, image};
use google_cloud_gax::options::RequestOptionsBuilder as _;

use super::find::relative;
use super::{Clients, Scope, failure, name_of};
use crate::failure::{Class, Failure};

/// The longest name.
const NAME: usize = 63;

impl Clients {
    /// Makes a template like another one, with another image.
    pub(super) async fn prepare(
        &self,
        place: &Place,
        key: &str,
        source: &Version,
        image: &ImageId,
    ) -> Result<Answer, Failure> {
        let name = name(place, key);
        let found = self.template(place, &name).await?;
        let source = self
            .template(place, source.as_str())
            .await?
            .ok_or_else(|| Failure::new(Class::Refuse, format!("there is no template {source} in {}", place.region)))?;
        let made = with_image(source.clone(), &name, key, image)?;
        if let Some(found) = found {
            is_like(&found, &made)?;
            return Ok(Outcome::Prepared(Version::from(name)).into());
        }
        self.can_take(&source, image).await?;
        // The name makes a repetition harmless. An id would repeat the answer of an attempt that failed.
        let request = self.templates.insert().set_project(&place.account).set_region(place.region.as_str());
        let sent = request.set_body(made.clone()).with_idempotency(true);
        let request = match sent.send().await {
            Ok(started) => self.wait(place, Scope::Region, started).await?,
            // It was made meanwhile, by the attempt before this one.
            Err(error) if error.http_status_code() == Some(409) => {
                let found = self.template(place, &name).await?;
                is_like(&found.ok_or_else(|| failure(&error))?, &made)?;
                None
            }
            Err(error) => return Err(failure(&error)),
        };
        Ok(Answer { outcome: Outcome::Prepared(Version::from(name)), request })
    }

    /// A template of the region.
    pub(super) async fn template(&self, place: &Place, name: &str) -> Result<Option<InstanceTemplate>, Failure> {
        let request = self.templates.get().set_project(&place.account).set_region(place.region.as_str());
        match request.set_instance_template(name).send().await {
            Ok(template) => Ok(Some(template)),
            Err(error) if error.http_status_code() == Some(404) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    /// Refuses an image that machines of the template could not start from.
    async fn can_take(&self, source: &InstanceTemplate, image: &ImageId) -> Result<(), Failure> {
        let refuse = |message: String| Err(Failure::new(Class::Refuse, message));
        let Some(new) = self.image(image.as_str()).await? else { return refuse(format!("there is no image {image}")) };
        if new.status != Some(image::Status::Ready) {
            return refuse(format!("the image {image} is not ready"));
        }
        let state = new.deprecated.as_ref().and_then(|deprecated| deprecated.state.as_ref());
        if let Some(state) =
            state.and_then(|state| state.name()).filter(|state| ["OBSOLETE", "DELETED"].contains(state))
        {
            return refuse(format!("the image {image} is {}", state.to_lowercase()));
        }
        let old = match boot_image(source) {
            Some(old) => self.image(&old).await?,
            None => None,
        };
        let name = |image: &Image| image.architecture.as_ref().and_then(|it| it.name()).unwrap_or("unknown").to_owned();
        match old {
            Some(old) if old.architecture.is_some() && old.architecture != new.architecture => {
                refuse(format!("the image {image} is for {}, and the group's is for {}", name(&new), name(&old)))
            }
            _ => Ok(()),
        }
    }

    /// An image by its path. Nothing if it does not exist, or is a family.
    pub(super) async fn image(&self, path: &str) -> Result<Option<Image>, Failure> {
        let path = relative(path);
        let path = path.trim_start_matches("projects/");
        let Some((project, name)) = path.split_once("/global/images/").filter(|(_, name)| !name.contains('/')) else {
            return Ok(None);
        };
        match self.images.get().set_project(project).set_image(name).send().await {
            Ok(image) => Ok(Some(image)),
            Err(error) if error.http_status_code() == Some(404) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }
}

/// The image of a template's boot disk.
pub(super) fn boot_image(template: &InstanceTemplate) -> Option<String> {
    let disks = &template.properties.as_ref()?.disks;
    let boot = disks.iter().find(|disk| disk.boot == Some(true))?;
    boot.initialize_params.as_ref()?.source_image.clone()
}

/// A template like another one, with a name and an image. What the API does not show cannot be copied.
fn with_image(
    mut source: InstanceTemplate,
    name: &str,
    key: &str,
    image: &ImageId,
) -> Result<InstanceTemplate, Failure> {
    let refuse = |message: &str| Failure::new(Class::Refuse, message);
    source.id = None;
    source.self_link = None;
    source.creation_timestamp = None;
    source.region = None;
    source.kind = None;
    source.name = Some(name.to_owned());
    source.description = Some(format!("fleetgen {key} {image}"));
    let properties = source.properties.as_mut().ok_or_else(|| refuse("the template has no properties"))?;
    if !properties.resource_manager_tags.is_empty() {
        return Err(refuse("the template has resource manager tags, which a copy would lose"));
    }
    let boot = properties.disks.iter_mut().find(|disk| disk.boot == Some(true));
    let boot = boot.and_then(|disk| disk.initialize_params.as_mut());
    boot.ok_or_else(|| refuse("the template has no boot disk"))?.source_image = Some(image.to_string());
    Ok(source)
}

/// Refuses a template that has our name and is another one.
fn is_like(found: &InstanceTemplate, made: &InstanceTemplate) -> Result<(), Failure> {
    let image = |template: &InstanceTemplate| boot_image(template).map(|image| name_of(&image).to_owned());
    if found.description == made.description && image(found) == image(made) {
        return Ok(());
    }
    let name = made.name.as_deref().unwrap_or_default();
    Err(Failure::new(Class::Refuse, format!("another template has the name {name}")))
}

/// The name of the template that an effect makes. The key begins with the rollout's id.
pub(super) fn name(place: &Place, key: &str) -> String {
    let id = key.split('-').next().unwrap_or_default();
    let most = NAME - id.len() - 1;
    let group = place.name.get(..most).unwrap_or(&place.name).trim_end_matches('-');
    format!("{group}-{id}")
}
