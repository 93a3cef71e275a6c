//! A group as Compute Engine shows it.

use std::collections::BTreeMap;

use fleetgen_rollout::{Machines, Observation, Place, Setting, Version};
use google_cloud_compute_v1::model::managed_instance::{CurrentAction, InstanceStatus};
use google_cloud_compute_v1::model::managed_instance_instance_health::DetailedHealthState;
use google_cloud_compute_v1::model::{
    InstanceGroupManager, InstanceGroupManagerVersion, ManagedInstance, instance_group_manager_update_policy,
};
use google_cloud_gax::paginator::ItemPaginator as _;

use super::{Clients, Gcp, failure, name_of};
use crate::failure::{Class, Failure};

/// The most machines on a page.
const PAGE: u32 = 500;

impl Gcp {
    /// Looks at a group.
    pub(crate) async fn observe(&mut self, place: &Place) -> Result<Observation, Failure> {
        self.clients().await?.look(place).await
    }
}

impl Clients {
    /// The group.
    pub(super) async fn group(&self, place: &Place) -> Result<InstanceGroupManager, Failure> {
        let request = self.groups.get().set_project(&place.account).set_region(place.region.as_str());
        request.set_instance_group_manager(&place.name).send().await.map_err(|error| failure(&error))
    }

    /// What is seen of the group.
    pub(super) async fn look(&self, place: &Place) -> Result<Observation, Failure> {
        let group = self.group(place).await?;
        let request = self.groups.list_managed_instances().set_project(&place.account);
        let request = request.set_region(place.region.as_str()).set_instance_group_manager(&place.name);
        let mut items = request.set_max_results(PAGE).by_item();
        let is_checked = !group.auto_healing_policies.is_empty();
        let mut machines: BTreeMap<Version, Machines> = BTreeMap::new();
        let mut trouble = None;
        while let Some(item) = items.next().await {
            let machine = item.map_err(|error| failure(&error))?;
            count(&machine, is_checked, &mut machines);
            trouble = trouble.or_else(|| last_error(&machine));
        }
        let size = u32::try_from(group.target_size.unwrap_or_default()).unwrap_or_default();
        let obstacle = obstacle(&group);
        Ok(Observation { size, setting: setting(&group)?, machines, change: None, obstacle, trouble })
    }
}

/// Counts a machine, if it is not leaving.
fn count(machine: &ManagedInstance, is_checked: bool, machines: &mut BTreeMap<Version, Machines>) {
    // The version that it should have; empty if it is leaving.
    let template = machine.version.as_ref().and_then(|version| version.instance_template.as_deref());
    let Some(template) = template.filter(|template| !template.is_empty()) else { return };
    if let Some(CurrentAction::Deleting | CurrentAction::Abandoning) = machine.current_action {
        return;
    }
    let count = machines.entry(Version::from(name_of(template).to_owned())).or_default();
    let is_settled = matches!(machine.current_action, None | Some(CurrentAction::None));
    let is_running = machine.instance_status == Some(InstanceStatus::Running);
    let states: Vec<_> = machine.instance_health.iter().filter_map(|it| it.detailed_health_state.as_ref()).collect();
    let is_sick =
        states.iter().any(|state| matches!(state, DetailedHealthState::Unhealthy | DetailedHealthState::Timeout));
    let is_well = !is_checked || states.iter().any(|state| **state == DetailedHealthState::Healthy);
    if !is_settled || !is_running {
        count.starting += 1;
    } else if is_sick {
        count.unhealthy += 1;
    } else if is_well {
        count.healthy += 1;
    } else {
        count.starting += 1;
    }
}

/// Why a machine could not be created when that was last tried.
fn last_error(machine: &ManagedInstance) -> Option<String> {
    let error = machine.last_attempt.as_ref()?.errors.as_ref()?.errors.first()?;
    let words = [error.code.as_deref(), error.message.as_deref()];
    Some(words.into_iter().flatten().collect::<Vec<_>>().join(": "))
}

/// What a group launches: exactly one version has no number.
fn setting(group: &InstanceGroupManager) -> Result<Setting, Failure> {
    let version = |it: &InstanceGroupManagerVersion| {
        Version::from(name_of(it.instance_template.as_deref().unwrap_or_default()).to_owned())
    };
    let refuse = |message: &str| Failure::new(Class::Refuse, format!("the group has {message}"));
    match group.versions.as_slice() {
        [] => {
            let template = group.instance_template.as_deref().ok_or_else(|| refuse("no template"))?;
            Ok(Setting::only(Version::from(name_of(template).to_owned())))
        }
        [only] => Ok(Setting::only(version(only))),
        [first, second] => {
            let (rest, some) = if first.target_size.is_none() { (first, second) } else { (second, first) };
            let number = some.target_size.as_ref().and_then(|size| size.fixed.or(size.calculated));
            let number = number.ok_or_else(|| refuse("two versions without a number"))?;
            let number = u32::try_from(number).unwrap_or_default();
            Ok(Setting { version: version(rest), canary: Some((version(some), number)) })
        }
        _ => Err(refuse("more than two versions")),
    }
}

/// Why the group would never follow its versions.
fn obstacle(group: &InstanceGroupManager) -> Option<String> {
    use instance_group_manager_update_policy::{MostDisruptiveAllowedAction, Type};
    let policy = group.update_policy.as_ref();
    if policy.and_then(|policy| policy.r#type.as_ref()) == Some(&Type::Opportunistic) {
        return Some(
            "its update policy is OPPORTUNISTIC: promote an image to its environment, run `fleetgen generate`, and then `terraform apply` in its stack"
                .to_owned(),
        );
    }
    let allowed = policy.and_then(|policy| policy.most_disruptive_allowed_action.as_ref());
    if allowed.is_some_and(|allowed| *allowed != MostDisruptiveAllowedAction::Replace) {
        return Some("its update policy does not allow machines to be replaced".to_owned());
    }
    let kept = group.stateful_policy.as_ref().and_then(|policy| policy.preserved_state.as_ref());
    if kept.is_some_and(|kept| !kept.disks.is_empty()) {
        return Some("it keeps disks of its machines, which a rollout does not handle".to_owned());
    }
    let template = group.versions.first().and_then(|version| version.instance_template.as_deref());
    template
        .filter(|template| template.contains("/global/"))
        .map(|template| format!("it launches the global template {}, not one of its region", name_of(template)))
}
