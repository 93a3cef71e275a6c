//! A group as Auto Scaling and its load balancers show it.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::{
    AutoScalingGroup, Instance, InstanceRefresh, InstanceRefreshStatus, LaunchTemplate, LaunchTemplateSpecification,
    LifecycleState, ScalingActivityStatusCode,
};
use aws_sdk_elasticloadbalancingv2::types::TargetHealthStateEnum;
use fleetgen_rollout::{Change, ChangeId, ChangeStatus, Machines, Observation, Place, Setting, Version};

use super::{Aws, Clients, failure};
use crate::failure::{Class, Failure};

/// Processes without which a refresh does not go on.
const NEEDED: [&str; 3] = ["InstanceRefresh", "Launch", "Terminate"];

/// How a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Healthy,
    Unhealthy,
    Starting,
}

impl Aws {
    /// Looks at a group.
    pub(crate) async fn observe(&mut self, place: &Place) -> Result<Observation, Failure> {
        let (_, observation) = self.at(place).await?.look(place).await?;
        Ok(observation)
    }
}

impl Clients {
    /// The id of a group's launch template, and what is seen of the group.
    pub(super) async fn look(&self, place: &Place) -> Result<(String, Observation), Failure> {
        let group = self.group(place).await?;
        let refresh = self.newest_refresh(place).await?;
        let targets = self.targets(&group).await?;
        let template = template(&group)?;
        let mut observation = observation(&group, template, refresh.as_ref(), targets.as_ref())?;
        if let Some(refresh) = refresh.filter(|it| is_active(it) || observation.healthy() < observation.size) {
            observation.trouble = self.trouble(place, &refresh).await?;
        }
        Ok((template.launch_template_id.clone().unwrap_or_default(), observation))
    }

    /// The group.
    pub(super) async fn group(&self, place: &Place) -> Result<AutoScalingGroup, Failure> {
        let request = self.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(&place.name);
        let groups = request.send().await.map_err(failure)?.auto_scaling_groups.unwrap_or_default();
        let Some(group) = groups.into_iter().next() else {
            return Err(Failure::new(Class::Gone, format!("there is no Auto Scaling group {}", place.name)));
        };
        if group.auto_scaling_group_name.as_ref() != Some(&place.name) {
            // An answer about another group says nothing about this one.
            return Err(Failure::new(Class::Unknown, format!("AWS did not answer about {}", place.name)));
        }
        // Only a group that is being deleted has a status.
        if group.status.is_some() {
            return Err(Failure::new(Class::Gone, format!("the Auto Scaling group {} is being deleted", place.name)));
        }
        Ok(group)
    }

    /// The active instance refresh of a group, of which there is at most one, or else its newest. One that was cancelled before it
    /// started has no start.
    pub(super) async fn newest_refresh(&self, place: &Place) -> Result<Option<InstanceRefresh>, Failure> {
        let request = self.autoscaling.describe_instance_refreshes().auto_scaling_group_name(&place.name);
        let refreshes = request.max_records(20).send().await.map_err(failure)?.instance_refreshes.unwrap_or_default();
        let age = |refresh: &InstanceRefresh| {
            let start = refresh.start_time.map(|time| (time.secs(), time.subsec_nanos()));
            (is_active(refresh), start)
        };
        // AWS shows the newest first.
        Ok(refreshes.into_iter().rev().max_by_key(age))
    }

    /// Why AWS could not launch a machine since a refresh began, or says that the refresh does not go on.
    async fn trouble(&self, place: &Place, refresh: &InstanceRefresh) -> Result<Option<String>, Failure> {
        let request = self.autoscaling.describe_scaling_activities().auto_scaling_group_name(&place.name);
        let activities = request.max_records(20).send().await.map_err(failure)?.activities.unwrap_or_default();
        let since = refresh.start_time.map(|time| time.secs());
        // AWS shows the newest first.
        let failed = activities.into_iter().find(|activity| {
            activity.status_code == Some(ScalingActivityStatusCode::Failed)
                && activity.start_time.map(|time| time.secs()) >= since
        });
        Ok(failed.and_then(|activity| activity.status_message).or_else(|| refresh.status_reason.clone()))
    }

    /// How the targets of a group's load balancers are, by machine.
    async fn targets(&self, group: &AutoScalingGroup) -> Result<Option<BTreeMap<String, Health>>, Failure> {
        let sources = group.traffic_sources().iter().filter(|source| source.r#type.as_deref() == Some("elbv2"));
        let mut arns: Vec<&String> =
            group.target_group_arns().iter().chain(sources.filter_map(|source| source.identifier.as_ref())).collect();
        arns.sort_unstable();
        arns.dedup();
        if arns.is_empty() {
            return Ok(None);
        }
        let mut targets: BTreeMap<String, Health> = BTreeMap::new();
        for arn in arns {
            let answer = self.elb.describe_target_health().target_group_arn(arn).send().await.map_err(failure)?;
            for target in answer.target_health_descriptions.unwrap_or_default() {
                let Some(id) = target.target.and_then(|target| target.id) else { continue };
                let health = match target.target_health.and_then(|health| health.state) {
                    Some(TargetHealthStateEnum::Healthy) => Health::Healthy,
                    Some(TargetHealthStateEnum::Unhealthy | TargetHealthStateEnum::UnhealthyDraining) => {
                        Health::Unhealthy
                    }
                    _ => Health::Starting,
                };
                let known = targets.entry(id).or_insert(health);
                if *known == Health::Healthy {
                    *known = health;
                }
            }
        }
        Ok(Some(targets))
    }
}

/// The template that a group launches machines from, wherever it says so.
pub(super) fn template(group: &AutoScalingGroup) -> Result<&LaunchTemplateSpecification, Failure> {
    let policy = group.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
    policy
        .and_then(|template| template.launch_template_specification.as_ref())
        .or(group.launch_template.as_ref())
        .ok_or_else(|| Failure::new(Class::Refuse, "the group has no launch template"))
}

/// The version that a refresh moves machines to, wherever it says so. Without one, it replaces machines with what the group launches.
pub(super) fn goes_to(refresh: &InstanceRefresh) -> Option<&str> {
    let configuration = refresh.desired_configuration.as_ref()?;
    let policy = configuration.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
    let template = policy
        .and_then(|template| template.launch_template_specification.as_ref())
        .or(configuration.launch_template.as_ref());
    template?.version.as_deref()
}

/// The first checkpoint of a refresh, in percent, if it stops for a canary.
pub(super) fn checkpoint(refresh: &InstanceRefresh) -> Option<i32> {
    let checkpoints = refresh.preferences.as_ref()?.checkpoint_percentages();
    checkpoints.first().filter(|_| checkpoints.len() > 1).copied()
}

/// The version of a template. None if it is not written as a number, so that what it is may change at any time.
pub(super) fn exact(template: &LaunchTemplateSpecification) -> Option<Version> {
    let version = template.version.as_deref()?;
    version.parse::<u64>().ok().map(|_| Version::from(version.to_owned()))
}

fn observation(
    group: &AutoScalingGroup,
    template: &LaunchTemplateSpecification,
    refresh: Option<&InstanceRefresh>,
    targets: Option<&BTreeMap<String, Health>>,
) -> Result<Observation, Failure> {
    let named = template.version.clone().unwrap_or_else(|| "$Default".to_owned());
    let mut machines: BTreeMap<Version, Machines> = BTreeMap::new();
    for instance in group.instances() {
        let Some(health) = health(instance, targets) else { continue };
        let version = instance.launch_template.as_ref().and_then(|template| template.version.clone());
        let count = machines.entry(Version::from(version.unwrap_or_else(|| "none".to_owned()))).or_default();
        match health {
            Health::Healthy => count.healthy += 1,
            Health::Unhealthy => count.unhealthy += 1,
            Health::Starting => count.starting += 1,
        }
    }
    let size = u32::try_from(group.desired_capacity.unwrap_or_default()).unwrap_or_default();
    let change = refresh.map(change).transpose()?;
    let setting = Setting::only(exact(template).unwrap_or(Version::from(named)));
    Ok(Observation { size, setting, machines, change, obstacle: obstacle(group, template), trouble: None })
}

/// How a machine is; nothing if it is leaving.
fn health(instance: &Instance, targets: Option<&BTreeMap<String, Health>>) -> Option<Health> {
    use LifecycleState as State;
    match instance.lifecycle_state.as_ref()? {
        State::InService => {
            if instance.health_status.as_deref() != Some("Healthy") {
                return Some(Health::Unhealthy);
            }
            let Some(targets) = targets else { return Some(Health::Healthy) };
            let id = instance.instance_id.as_deref().unwrap_or_default();
            Some(targets.get(id).copied().unwrap_or(Health::Starting))
        }
        State::Pending
        | State::PendingWait
        | State::PendingProceed
        | State::ReplacingRootVolume
        | State::ReplacingRootVolumeWait
        | State::ReplacingRootVolumeProceed
        | State::RootVolumeReplaced => Some(Health::Starting),
        State::Standby | State::EnteringStandby | State::Quarantined => Some(Health::Unhealthy),
        // Leaving or gone, or in a warm pool.
        _ => None,
    }
}

/// The refresh, in the engine's words.
fn change(refresh: &InstanceRefresh) -> Result<Change, Failure> {
    let to = Version::from(goes_to(refresh).unwrap_or("unchanged").to_owned());
    let id = refresh.instance_refresh_id.clone().unwrap_or_default();
    let canary = checkpoint(refresh);
    let status = match refresh.status.as_ref() {
        Some(InstanceRefreshStatus::Pending | InstanceRefreshStatus::InProgress | InstanceRefreshStatus::Baking) => {
            // AWS does not say that a refresh waits at its checkpoint, only that it went past it. Whether the canaries are healthy, the
            // engine sees.
            match canary {
                Some(percent) if refresh.percentage_complete.is_none_or(|complete| complete <= percent) => {
                    ChangeStatus::AtCanary
                }
                _ => ChangeStatus::Running,
            }
        }
        Some(InstanceRefreshStatus::Cancelling) => ChangeStatus::Cancelling,
        Some(InstanceRefreshStatus::RollbackInProgress) => ChangeStatus::RollingBack,
        Some(InstanceRefreshStatus::Successful) => ChangeStatus::Succeeded,
        Some(InstanceRefreshStatus::Failed | InstanceRefreshStatus::RollbackFailed) => ChangeStatus::Failed,
        Some(InstanceRefreshStatus::Cancelled) => ChangeStatus::Cancelled,
        Some(InstanceRefreshStatus::RollbackSuccessful) => ChangeStatus::RolledBack,
        other => {
            let status = other.map_or("none", InstanceRefreshStatus::as_str);
            return Err(Failure::new(Class::Unknown, format!("the refresh {id} has the status {status}")));
        }
    };
    Ok(Change { id: ChangeId::from(id), to, canary: canary.is_some(), status })
}

/// Whether a refresh keeps another one from starting.
pub(super) fn is_active(refresh: &InstanceRefresh) -> bool {
    use InstanceRefreshStatus as Status;
    let status = refresh.status.as_ref();
    matches!(
        status,
        Some(Status::Pending | Status::InProgress | Status::Baking | Status::Cancelling | Status::RollbackInProgress)
    )
}

/// Why AWS would refuse a refresh, or never finish it.
fn obstacle(group: &AutoScalingGroup, template: &LaunchTemplateSpecification) -> Option<String> {
    if let Some(operator) = group.operator.as_ref().and_then(|operator| operator.principal.as_ref()) {
        return Some(format!("the group belongs to {operator}, and only that can change it"));
    }
    let suspended: Vec<&str> = group
        .suspended_processes()
        .iter()
        .filter_map(|process| process.process_name.as_deref())
        .filter(|name| NEEDED.contains(name))
        .collect();
    if !suspended.is_empty() {
        return Some(format!("these processes are suspended: {}", suspended.join(", ")));
    }
    if exact(template).is_none() {
        let version = template.version.as_deref().unwrap_or("$Default");
        return Some(format!("the group launches {version}, which is not an exact version"));
    }
    let policy = group.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
    if policy.is_some_and(|it| it.overrides().iter().any(|one| one.instance_requirements.is_some())) {
        return Some("the group chooses machine types by their attributes".to_owned());
    }
    let overrides = policy.map(LaunchTemplate::overrides).unwrap_or_default();
    if overrides.iter().any(|one| one.launch_template_specification.is_some()) {
        return Some("some machine types of the group have a launch template of their own".to_owned());
    }
    let of = |wanted: fn(&Instance) -> bool| {
        group.instances().iter().find(|instance| wanted(instance)).and_then(|it| it.instance_id.as_deref())
    };
    if let Some(id) = of(|instance| instance.protected_from_scale_in == Some(true)) {
        return Some(format!(
            "the machine {id} is protected from scale-in, so the refresh would wait for an hour and fail"
        ));
    }
    of(|instance| matches!(instance.lifecycle_state, Some(LifecycleState::Standby | LifecycleState::EnteringStandby)))
        .map(|id| format!("the machine {id} is in standby, so the refresh would wait for an hour and fail"))
}
