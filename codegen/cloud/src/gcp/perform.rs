//! Effects: what changes a group.

use std::collections::BTreeSet;

use fleetgen_rollout::{Action, Answer, Effect, GroupPlan, Outcome, Place, Version};
use google_cloud_compute_v1::model::{FixedOrPercent, InstanceGroupManager, InstanceGroupManagerVersion};
use google_cloud_gax::options::RequestOptionsBuilder as _;

use super::prepare::name;
use super::{Clients, Gcp, Scope, failure, name_of, request_id};
use crate::failure::{Class, Failure};

impl Gcp {
    /// Performs an effect.
    pub(crate) async fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Result<Answer, Failure> {
        let clients = self.clients().await?;
        let place = &group.place;
        match &effect.action {
            Action::Prepare { source, image } => clients.prepare(place, &effect.key, source, image).await,
            Action::Split { old, new, machines } => {
                let versions = vec![version(place, old, None), version(place, new, Some(*machines))];
                clients.set(group, &effect.key, versions).await
            }
            Action::Move { to } => clients.set(group, &effect.key, vec![version(place, to, None)]).await,
            Action::Refresh { .. } | Action::Cancel { .. } | Action::RollBack { .. } | Action::Set { .. } => {
                Err(Failure::new(
                    Class::Refuse,
                    "fleetgen asked Google Cloud for a change that only AWS has; please report this",
                ))
            }
        }
    }
}

impl Clients {
    /// Sets the versions of a group, unless it has changed since it was looked at, and nothing else.
    async fn set(
        &self,
        plan: &GroupPlan,
        key: &str,
        versions: Vec<InstanceGroupManagerVersion>,
    ) -> Result<Answer, Failure> {
        let place = &plan.place;
        let group = self.group(place).await?;
        if is_set(&group, &versions) {
            return Ok(Outcome::Done.into());
        }
        let from = &plan.from.setting;
        let canary = from.canary.as_ref().map(|(version, _)| version.as_str().to_owned());
        let mut known: Vec<String> = versions.iter().filter_map(template).collect();
        known.extend(canary.into_iter().chain([from.version.as_str().to_owned(), name(place, key)]));
        if group.versions.iter().filter_map(template).any(|template| !known.contains(&template)) {
            // The next look finds out what has changed.
            return Err(Failure::new(
                Class::Retry,
                "the group was changed meanwhile, to a version that is not the rollout's",
            ));
        }
        let body = InstanceGroupManager::new().set_or_clear_fingerprint(group.fingerprint).set_versions(versions);
        let request = self.groups.patch().set_project(&place.account).set_region(place.region.as_str());
        let request = request.set_instance_group_manager(&place.name).set_body(body);
        let started = request
            .set_request_id(request_id(key))
            .with_idempotency(true)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let request = self.wait(place, Scope::Region, started).await?;
        Ok(Answer { outcome: Outcome::Done, request })
    }
}

/// Whether a group has these versions already: an earlier attempt has set them.
fn is_set(group: &InstanceGroupManager, versions: &[InstanceGroupManagerVersion]) -> bool {
    let essence = |version: &InstanceGroupManagerVersion| {
        (template(version), version.target_size.as_ref().and_then(|size| size.fixed))
    };
    let set = |versions: &[InstanceGroupManagerVersion]| versions.iter().map(essence).collect::<BTreeSet<_>>();
    set(&group.versions) == set(versions)
}

/// The name of a version's template.
fn template(version: &InstanceGroupManagerVersion) -> Option<String> {
    version.instance_template.as_deref().map(name_of).map(str::to_owned)
}

/// A version of a group, for a fixed number of machines or for the rest of them.
fn version(place: &Place, version: &Version, machines: Option<u32>) -> InstanceGroupManagerVersion {
    let url = format!("projects/{}/regions/{}/instanceTemplates/{version}", place.account, place.region);
    let one = InstanceGroupManagerVersion::new().set_name(version.as_str()).set_instance_template(url);
    match machines {
        Some(machines) => {
            let fixed = i32::try_from(machines).unwrap_or(i32::MAX);
            one.set_target_size(FixedOrPercent::new().set_fixed(fixed))
        }
        None => one,
    }
}
