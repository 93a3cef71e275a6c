//! Compute Engine: managed instance groups, their templates, images and operations.

use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::{Action, Setting, Version};
use fleetgen_simulator::{MachineState, Shown};
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::group::Named;
use crate::served::Served;

/// How often an operation is shown as running before it is done.
const RUNNING: u32 = 1;
/// The most machines on a page: few, so that pages are needed.
const PAGE: usize = 2;

/// A path in a region: `/compute/v1/projects/PROJECT/regions/REGION/KIND/NAME/VERB`.
struct At<'a> {
    project: &'a str,
    /// `regions`, `zones` or `global`.
    scope: &'a str,
    region: &'a str,
    kind: &'a str,
    name: &'a str,
    method: &'a str,
}

impl<'a> At<'a> {
    fn parse(path: &'a str) -> Self {
        let parts: Vec<&str> = path.trim_start_matches("/compute/v1/").split('/').collect();
        let part = |index: usize| parts.get(index).copied().unwrap_or_default();
        if part(2) == "global" {
            let (project, kind, name, method) = (part(1), part(3), part(4), part(5));
            return Self { project, scope: "global", region: "global", kind, name, method };
        }
        Self { project: part(1), scope: part(2), region: part(3), kind: part(4), name: part(5), method: part(6) }
    }
}

impl Served {
    /// The id of the method that a request calls.
    pub(crate) fn compute_operation(verb: &str, path: &str) -> String {
        let at = At::parse(path);
        let resource = match (at.kind, at.scope) {
            ("instanceGroupManagers", _) => "regionInstanceGroupManagers",
            ("instanceTemplates", _) => "regionInstanceTemplates",
            ("operations", "regions") => "regionOperations",
            ("operations", "zones") => "zoneOperations",
            ("operations", _) => "globalOperations",
            (other, _) => other,
        };
        let method = match (verb, at.name, at.method) {
            ("GET", "", _) => "list",
            ("GET", ..) => "get",
            ("PATCH", ..) => "patch",
            ("DELETE", ..) => "delete",
            ("POST", "", _) => "insert",
            (_, _, method) => method,
        };
        format!("compute.{resource}.{method}")
    }

    pub(crate) fn compute(
        &mut self,
        operation: &str,
        path: &str,
        query: &str,
        body: &Value,
    ) -> Result<Answer, Refusal> {
        let at = At::parse(path);
        let parameter = |name: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
        };
        // A request that comes again, with the same id, leads to the operation that it has started.
        let repeated = parameter("requestId").and_then(|id| {
            self.operations.values().map(|(operation, _)| operation).find(|it| it["clientOperationId"] == *id).cloned()
        });
        if let Some(operation) = repeated {
            return Ok(Answer::json(200, &operation));
        }
        let value = match operation {
            "compute.images.get" => self.compute_image(at.project, at.name)?,
            "compute.regionOperations.get" | "compute.zoneOperations.get" | "compute.globalOperations.get" => {
                self.operation(at.name)?
            }
            "compute.instances.list" | "compute.disks.list" | "compute.images.list" => {
                let filter = parameter("filter").unwrap_or_default();
                self.compute_litter(kind_of(at.kind), at.project, at.region, &filter)
            }
            "compute.instances.delete" | "compute.disks.delete" | "compute.images.delete" => {
                self.compute_removes(kind_of(at.kind), at.name, false)?;
                self.started(&at, "delete", parameter("requestId"))
            }
            "compute.images.deprecate" => {
                self.compute_removes("image", at.name, true)?;
                self.started(&at, "deprecate", parameter("requestId"))
            }
            "compute.regionInstanceTemplates.get" => self.template(&at_place(&at), at.name)?,
            "compute.regionInstanceTemplates.list" => self.templates(&at_place(&at), parameter("pageToken"))?,
            "compute.regionInstanceTemplates.insert" => {
                self.insert(&at_place(&at), body)?;
                self.started(&at, "insert", parameter("requestId"))
            }
            "compute.regionInstanceTemplates.delete" => {
                self.delete_template(&at_place(&at), at.name)?;
                self.started(&at, "delete", parameter("requestId"))
            }
            "compute.regionInstanceGroupManagers.get" => {
                let index = self.manager(&at)?;
                let shown = self.show(index)?;
                self.groups[index].manager(&shown)
            }
            "compute.regionInstanceGroupManagers.listManagedInstances" => {
                let index = self.manager(&at)?;
                let shown = self.show(index)?;
                let from = parameter("pageToken").and_then(|token| token.parse().ok()).unwrap_or(0);
                self.groups[index].managed(&shown, from)
            }
            "compute.regionInstanceGroupManagers.patch" => {
                let index = self.manager(&at)?;
                self.patch(index, body)?;
                self.started(&at, "patch", parameter("requestId"))
            }
            _ => return Err(Refusal::new(404, "notFound", format!("{operation} is not simulated"))),
        };
        Ok(Answer::json(200, &value))
    }

    fn manager(&self, at: &At<'_>) -> Result<usize, Refusal> {
        let is_at = |group: &Named| {
            let place = &group.place;
            place.cloud == Cloud::Gcp && place.account == at.project && place.region.as_str() == at.region
        };
        let found = self.groups.iter().position(|group| is_at(group) && group.place.name == at.name);
        found.ok_or_else(|| Refusal::new(404, "notFound", format!("The resource '{}' was not found", at.name)))
    }

    fn compute_image(&self, project: &str, name: &str) -> Result<Value, Refusal> {
        let path = format!("projects/{project}/global/images/{name}");
        let known = self.images.iter().find(|image| image.id.as_str() == path && self.world.has(&image.id));
        let image =
            known.ok_or_else(|| Refusal::new(404, "notFound", format!("The resource '{path}' was not found")))?;
        let architecture = if image.architecture == "arm64" { "ARM64" } else { "X86_64" };
        Ok(json!({
            "kind": "compute#image", "name": name, "selfLink": url(&path), "status": "READY",
            "architecture": architecture, "diskSizeGb": "20",
        }))
    }

    /// Sets a group's versions, and nothing else, if it has not changed since it was looked at.
    fn patch(&mut self, index: usize, body: &Value) -> Result<(), Refusal> {
        let shown = self.show(index)?;
        if body["fingerprint"] != fingerprint(&shown) {
            return Err(Refusal::new(412, "conditionNotMet", "Invalid fingerprint."));
        }
        let fields: Vec<&String> = body.as_object().into_iter().flat_map(|body| body.keys()).collect();
        if fields.iter().any(|field| !["fingerprint", "versions"].contains(&field.as_str())) {
            return Err(Refusal::new(400, "invalid", format!("a rollout may not patch {fields:?}")));
        }
        let group = &self.groups[index];
        let find = |value: &Value| {
            let name = value["instanceTemplate"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let version = shown.versions.iter().find(|version| group.gcp_template(version) == name);
            let missing = || Refusal::new(400, "invalid", format!("The template '{name}' was not found"));
            version.map(|version| version.version.clone()).ok_or_else(missing)
        };
        let versions = body["versions"].as_array().cloned().unwrap_or_default();
        let (rest, some): (Vec<&Value>, Vec<&Value>) =
            versions.iter().partition(|version| version["targetSize"].is_null());
        let action = match (rest.as_slice(), some.as_slice()) {
            ([only], []) => Action::Move { to: find(only)? },
            ([old], [new]) => {
                let machines = new["targetSize"]["fixed"].as_u64().and_then(|number| u32::try_from(number).ok());
                let machines = machines.ok_or_else(|| Refusal::new(400, "invalid", "a fixed number is needed"))?;
                Action::Split { old: find(old)?, new: find(new)?, machines }
            }
            _ => return Err(Refusal::new(400, "invalid", "Exactly one version must have no targetSize.")),
        };
        self.act(index, action).map(drop).map_err(in_compute)
    }

    /// An operation that has started.
    fn started(&mut self, at: &At<'_>, kind: &str, request: Option<String>) -> Value {
        let name = format!("operation-{}", self.operations.len() + 1);
        let where_ = match at.scope {
            "global" => format!("projects/{}/global", at.project),
            scope => format!("projects/{}/{scope}/{}", at.project, at.region),
        };
        let operation = json!({
            "kind": "compute#operation", "name": name, "operationType": kind, "status": "RUNNING",
            "clientOperationId": request.unwrap_or_default(), "selfLink": url(&format!("{where_}/operations/{name}")),
            "progress": 0,
        });
        self.operations.insert(name, (operation.clone(), RUNNING));
        operation
    }

    fn operation(&mut self, name: &str) -> Result<Value, Refusal> {
        let missing = || Refusal::new(404, "notFound", format!("The resource '{name}' was not found"));
        let (operation, left) = self.operations.get_mut(name).ok_or_else(missing)?;
        if *left > 0 {
            *left -= 1;
        } else {
            operation["status"] = "DONE".into();
            operation["progress"] = 100.into();
        }
        Ok(operation.clone())
    }
}

/// The words of the world, as Compute Engine says them.
fn in_compute(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Error(_, code, message) if code.contains("Throttling") => {
            Refusal::new(403, "rateLimitExceeded", message)
        }
        Refusal::Error(_, code, message) if code.contains("Contention") => {
            Refusal::new(412, "conditionNotMet", message)
        }
        Refusal::Error(_, code, message) if code.contains("Expired") => Refusal::new(401, "authError", message),
        other => other,
    }
}

/// What a collection has.
fn kind_of(collection: &str) -> &'static str {
    match collection {
        "instances" => "machine",
        "disks" => "disk",
        _ => "image",
    }
}

fn at_place(at: &At<'_>) -> (String, String) {
    (at.project.to_owned(), at.region.to_owned())
}

/// A URL, as the API writes it.
pub(crate) fn url(path: &str) -> String {
    format!("https://www.googleapis.com/compute/v1/{path}")
}

/// Changes with what a rollout must not overwrite unseen.
fn fingerprint(shown: &Shown) -> Value {
    use sha2::Digest as _;
    let text = format!("{} {:?}", shown.size, shown.setting);
    // Base64 with padding: six bytes are eight characters.
    let digits = hex::encode(sha2::Sha256::digest(text.as_bytes()));
    digits[..8].into()
}

impl Named {
    fn template_url(&self, shown: &Shown, version: &Version) -> String {
        let place = &self.place;
        let name = shown.versions.iter().find(|it| it.version == *version).map(|it| self.gcp_template(it));
        url(&format!(
            "projects/{}/regions/{}/instanceTemplates/{}",
            place.account,
            place.region,
            name.unwrap_or_default()
        ))
    }

    fn manager(&self, shown: &Shown) -> Value {
        let place = &self.place;
        let where_ = format!("projects/{}/regions/{}", place.account, place.region);
        let Setting { version, canary } = &shown.setting;
        let mut versions = vec![json!({ "instanceTemplate": self.template_url(shown, version), "name": "0" })];
        if let Some((canary, machines)) = canary {
            let calculated = (*machines).min(shown.size);
            versions.push(json!({
                "instanceTemplate": self.template_url(shown, canary), "name": "1",
                "targetSize": { "fixed": machines, "calculated": calculated },
            }));
        }
        json!({
            "kind": "compute#instanceGroupManager", "name": place.name, "baseInstanceName": place.name,
            "region": url(&where_), "selfLink": url(&format!("{where_}/instanceGroupManagers/{}", place.name)),
            "fingerprint": fingerprint(shown), "targetSize": shown.size, "versions": versions,
            "instanceTemplate": self.template_url(shown, version),
            "listManagedInstancesResults": "PAGINATED",
            "updatePolicy": {
                "type": "PROACTIVE", "minimalAction": "REPLACE", "mostDisruptiveAllowedAction": "REPLACE",
                "replacementMethod": "SUBSTITUTE", "maxSurge": { "fixed": 3, "calculated": 3 },
                "maxUnavailable": { "fixed": 0, "calculated": 0 },
            },
            "autoHealingPolicies": [{
                "healthCheck": url(&format!("projects/{}/global/healthChecks/{}", place.account, place.name)),
                "initialDelaySec": 300,
            }],
        })
    }

    fn managed(&self, shown: &Shown, from: usize) -> Value {
        let place = &self.place;
        let machines = shown.machines.iter().skip(from).take(PAGE).map(|machine| {
            let (status, action, health) = match machine.state {
                MachineState::Starting => ("STAGING", "CREATING", None),
                MachineState::Healthy => ("RUNNING", "NONE", Some("HEALTHY")),
                MachineState::Sick => ("RUNNING", "NONE", Some("UNHEALTHY")),
                MachineState::Leaving => ("STOPPING", "DELETING", None),
            };
            let name = format!("{}-{:04}", place.name, machine.number);
            let path = format!("projects/{}/zones/{}/instances/{name}", place.account, self.zone(machine.number));
            let mut value = json!({
                "instance": url(&path), "name": name, "id": machine.number.to_string(), "instanceStatus": status,
                "currentAction": action, "version": {},
            });
            // What is leaving has no version.
            if machine.state != MachineState::Leaving {
                value["version"] = json!({ "instanceTemplate": self.template_url(shown, &machine.version) });
            }
            if let Some(health) = health {
                let check = url(&format!("projects/{}/global/healthChecks/{}", place.account, place.name));
                value["instanceHealth"] = json!([{ "healthCheck": check, "detailedHealthState": health }]);
            }
            value
        });
        let mut machines: Vec<Value> = machines.collect();
        // What cannot be created is shown, with its last error.
        machines.extend(shown.trouble.filter(|_| from == 0).map(|why| {
            let name = format!("{}-none", place.name);
            json!({
                "instance": url(&format!("projects/{}/zones/{}/instances/{name}", place.account, self.zone(0))),
                "name": name, "currentAction": "CREATING",
                "version": { "instanceTemplate": self.template_url(shown, &shown.setting.version) },
                "lastAttempt": { "errors": { "errors": [{ "code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": why }] } },
            })
        }));
        let mut page = json!({ "managedInstances": machines });
        if from + PAGE < shown.machines.len() {
            page["nextPageToken"] = (from + PAGE).to_string().into();
        }
        page
    }
}
