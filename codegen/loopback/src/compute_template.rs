//! Instance templates.

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::{Action, Effect};
use fleetgen_simulator::ShownVersion;
use serde_json::{Value, json};

use crate::answer::{Refusal, refused};
use crate::compute::url;
use crate::group::Named;
use crate::served::Served;

/// The most templates on a page: few, so that pages are needed.
const PAGE: usize = 3;

/// A project and a region.
type Place = (String, String);

impl Served {
    /// The groups of a project and region.
    fn in_region(&self, (project, region): &Place) -> Vec<usize> {
        let is_there = |index: &usize| {
            let place = &self.groups[*index].place;
            place.cloud == Cloud::Gcp && place.account == *project && place.region.as_str() == region
        };
        (0..self.groups.len()).filter(is_there).collect()
    }

    /// Every template of a region.
    fn all_templates(&mut self, place: &Place) -> Vec<(usize, ShownVersion, Value)> {
        let mut all = Vec::new();
        for index in self.in_region(place) {
            let Ok(shown) = self.show(index) else { continue };
            for version in shown.versions {
                let value = self.described(index, &version);
                all.push((index, version, value));
            }
        }
        all
    }

    fn described(&self, index: usize, version: &ShownVersion) -> Value {
        let group = &self.groups[index];
        let place = &group.place;
        let name = group.gcp_template(version);
        let where_ = format!("projects/{}/regions/{}", place.account, place.region);
        let inserted = self.templates.get(&(index, name.clone())).cloned();
        let mut template = inserted.unwrap_or_else(|| of_terraform(group, version));
        template["kind"] = "compute#instanceTemplate".into();
        template["id"] = crate::group::number(&version.version).to_string().into();
        template["name"] = name.clone().into();
        template["creationTimestamp"] =
            format!("2026-01-01T00:00:{:02}.000-08:00", crate::group::number(&version.version).min(59)).into();
        template["region"] = url(&where_).into();
        template["selfLink"] = url(&format!("{where_}/instanceTemplates/{name}")).into();
        template
    }

    pub(crate) fn template(&mut self, place: &Place, name: &str) -> Result<Value, Refusal> {
        let found = self.all_templates(place).into_iter().find(|(.., value)| value["name"] == name);
        let missing = || Refusal::new(404, "notFound", format!("The resource '{name}' was not found"));
        found.map(|(.., value)| value).ok_or_else(missing)
    }

    pub(crate) fn templates(&mut self, place: &Place, token: Option<String>) -> Result<Value, Refusal> {
        let from = token.map_or(Ok(0), |token| token.parse::<usize>());
        let from = from.map_err(|_| Refusal::new(400, "invalid", "Invalid value for field 'pageToken'"))?;
        let all = self.all_templates(place);
        let items: Vec<Value> = all.iter().skip(from).take(PAGE).map(|(.., value)| value.clone()).collect();
        let mut list = json!({ "kind": "compute#instanceTemplateList", "items": items });
        if from + PAGE < all.len() {
            list["nextPageToken"] = (from + PAGE).to_string().into();
        }
        Ok(list)
    }

    /// A template like one of Terraform's, with another image: the world knows nothing else.
    pub(crate) fn insert(&mut self, place: &Place, body: &Value) -> Result<(), Refusal> {
        let invalid = |message: String| Refusal::new(400, "invalid", message);
        let name = body["name"].as_str().unwrap_or_default().to_owned();
        for field in ["id", "selfLink", "creationTimestamp", "region", "kind"] {
            if !body[field].is_null() {
                return Err(invalid(format!("a new template has no {field}")));
            }
        }
        let all = self.all_templates(place);
        if all.iter().any(|(.., value)| value["name"] == *name) {
            return Err(Refusal::new(409, "alreadyExists", format!("The resource '{name}' already exists")));
        }
        // What was copied, apart from the image, must be one of the group's templates, whole.
        let bare = |value: &Value| {
            let mut properties = value["properties"].clone();
            properties["disks"][0]["initializeParams"]["sourceImage"] = Value::Null;
            properties
        };
        let is_source = |(index, version, value): &&(usize, ShownVersion, Value)| {
            version.key.is_none() && name.starts_with(&self.groups[*index].place.name) && bare(value) == bare(body)
        };
        let source =
            all.iter().rev().filter(|it| is_source(it)).max_by_key(|(index, ..)| self.groups[*index].place.name.len());
        let (index, version, _) = source.ok_or_else(|| invalid(format!("{name} is like no template of its group")))?;
        let (index, source) = (*index, version.version.clone());
        let image = body["properties"]["disks"][0]["initializeParams"]["sourceImage"].as_str().unwrap_or_default();
        let id = image.parse().map_err(|_| invalid(format!("{image} is no image")))?;
        if !self.images.iter().any(|known| known.id == id) {
            return Err(invalid(format!("The resource '{image}' was not found")));
        }
        let group = self.groups[index].name.clone();
        let action = Action::Prepare { source, image: id };
        refused(self.world.request(&group, &Effect { group: group.clone(), key: name.clone(), action }))?;
        self.templates.insert((index, name), body.clone());
        Ok(())
    }

    pub(crate) fn delete_template(&mut self, place: &Place, name: &str) -> Result<(), Refusal> {
        let found = self.all_templates(place).into_iter().find(|(.., value)| value["name"] == name);
        let missing = || Refusal::new(404, "notFound", format!("The resource '{name}' was not found"));
        let (index, version, _) = found.ok_or_else(missing)?;
        let shown = self.show(index)?;
        let launches = shown.setting.version == version.version
            || shown.setting.canary.as_ref().is_some_and(|(canary, _)| *canary == version.version);
        if launches || shown.machines.iter().any(|machine| machine.version == version.version) {
            let message = format!("The instance_template resource '{name}' is already being used");
            return Err(Refusal::new(400, "resourceInUseByAnotherResource", message));
        }
        let group = self.groups[index].name.clone();
        self.world.delete(&group, &version.version);
        Ok(())
    }
}

/// A template as the module of a group writes it.
fn of_terraform(group: &Named, version: &ShownVersion) -> Value {
    let place = &group.place;
    let always = [("enable-oslogin".to_owned(), "TRUE".to_owned())];
    let metadata = always.iter().map(|(key, value)| (key, value)).chain(&version.settings);
    let metadata = metadata.map(|(key, value)| json!({ "key": key, "value": value }));
    let image = version.image.as_ref().map(|image| url(image.as_str()));
    json!({
        "description": format!("Machines of {}", place.name),
        "properties": {
            "machineType": group.types.first(),
            "labels": { "fleet": "example" },
            "metadata": { "items": metadata.collect::<Vec<_>>() },
            "disks": [{
                "boot": true, "autoDelete": true, "type": "PERSISTENT",
                "initializeParams": { "sourceImage": image, "diskSizeGb": "20", "diskType": "pd-balanced" },
            }],
            "networkInterfaces": [{ "network": url(&format!("projects/{}/global/networks/fleet", place.account)) }],
        },
    })
}
