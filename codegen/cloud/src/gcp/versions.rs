//! The templates of a group.

use fleetgen_rollout::{Place, Version, VersionList};
use google_cloud_compute_v1::model::InstanceTemplate;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::paginator::ItemPaginator as _;

use super::{Clients, Gcp, Scope, failure};
use crate::failure::{Class, Failure};

impl Gcp {
    /// All templates of a group.
    pub(crate) async fn list(&mut self, place: &Place) -> Result<VersionList, Failure> {
        let clients = self.clients().await?;
        let seen = clients.look(place).await?;
        let templates = clients.templates(place).await?;
        let latest = newest_of_terraform(place, &templates)?;
        let names = templates.iter().filter_map(|template| template.name.clone());
        Ok(VersionList { all: names.map(Version::from).collect(), latest, default: None, seen })
    }

    /// Deletes a template.
    pub(crate) async fn delete(&mut self, place: &Place, version: &Version) -> Result<(), Failure> {
        let clients = self.clients().await?;
        let request = clients.templates.delete().set_project(&place.account).set_region(place.region.as_str());
        let request = request.set_instance_template(version.as_str()).with_idempotency(true);
        let started = request.send().await.map_err(|error| failure(&error))?;
        clients.wait(place, Scope::Region, started).await.map(drop)
    }
}

impl Clients {
    /// The templates of a group, oldest first: those that Terraform and rollouts have made.
    pub(super) async fn templates(&self, place: &Place) -> Result<Vec<InstanceTemplate>, Failure> {
        let request = self.templates.list().set_project(&place.account).set_region(place.region.as_str());
        let mut items = request.by_item();
        let mut templates = Vec::new();
        let terraform = description(place);
        while let Some(item) = items.next().await {
            let template = item.map_err(|error| failure(&error))?;
            let text = template.description.as_deref().unwrap_or_default();
            // A prefix of the name would take those of `web-2` for those of `web`.
            let is_ours = text.starts_with("fleetgen ") && group_of(&template) == Some(place.name.as_str());
            if text == terraform || is_ours {
                templates.push(template);
            }
        }
        templates.sort_by(|one, other| made_at(one).cmp(&made_at(other)));
        Ok(templates)
    }
}

/// What the module of a group describes its templates as.
fn description(place: &Place) -> String {
    format!("Machines of {}", place.name)
}

/// The group that a rollout's template is for: its name without the rollout's id.
fn group_of(template: &InstanceTemplate) -> Option<&str> {
    let name = template.name.as_deref()?;
    name.rsplit_once('-').map(|(group, _)| group)
}

/// When a template was made. All are of one region, whose times have one offset.
fn made_at(template: &InstanceTemplate) -> (Option<jiff::Timestamp>, Option<&str>) {
    let at = template.creation_timestamp.as_deref().and_then(|at| at.parse().ok());
    (at, template.name.as_deref())
}

/// The newest template that Terraform has made.
pub(super) fn newest_of_terraform(place: &Place, templates: &[InstanceTemplate]) -> Result<Version, Failure> {
    let terraform = description(place);
    let newest = templates.iter().rev().find(|template| template.description.as_ref() == Some(&terraform));
    newest
        .and_then(|newest| newest.name.clone())
        .map(Version::from)
        .ok_or_else(|| Failure::new(Class::Refuse, format!("Terraform has made no template of {}", place.name)))
}
