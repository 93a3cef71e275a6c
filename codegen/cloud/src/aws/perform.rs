//! Effects: what changes a group.

use aws_config::retry::RetryConfig;
use aws_sdk_autoscaling::operation::RequestId as _;
use aws_sdk_autoscaling::types::{
    AutoScalingGroup, DesiredConfiguration, InstanceRefresh, InstanceRefreshStatus, LaunchTemplateSpecification,
    MixedInstancesPolicy, RefreshPreferences,
};
use fleetgen_fleet::HealthyPercentages;
use fleetgen_rollout::{Action, Answer, Canary, ChangeId, Effect, GroupPlan, Outcome, Place, Version};

use super::observe::{checkpoint, goes_to, is_active, template};
use super::{Aws, Clients, failure, has_code};
use crate::failure::{Class, Failure};

/// What a group will launch: one of the two.
enum Desired {
    Policy(MixedInstancesPolicy),
    Template(LaunchTemplateSpecification),
}

impl Aws {
    /// Performs an effect.
    pub(crate) async fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Result<Answer, Failure> {
        let place = &group.place;
        let clients = self.at(place).await?;
        match &effect.action {
            Action::Prepare { source, image } => clients.prepare(place, &effect.key, source, image).await,
            Action::Refresh { to, canary, healthy, auto_rollback } => {
                clients.refresh(place, to, *canary, *healthy, *auto_rollback).await
            }
            Action::Cancel { change } => clients.cancel(place, change).await,
            Action::RollBack { change } => clients.roll_back(place, change).await,
            Action::Set { to } => clients.set(place, to).await,
            Action::Split { .. } | Action::Move { .. } => Err(Failure::new(
                Class::Refuse,
                "fleetgen asked AWS for a change that only Google Cloud has; please report this",
            )),
        }
    }
}

impl Clients {
    async fn refresh(
        &self,
        place: &Place,
        to: &Version,
        canary: Option<Canary>,
        healthy: HealthyPercentages,
        auto_rollback: bool,
    ) -> Result<Answer, Failure> {
        let group = self.group(place).await?;
        let desired = match desired(&group, to)? {
            Desired::Policy(policy) => DesiredConfiguration::builder().mixed_instances_policy(policy),
            Desired::Template(template) => DesiredConfiguration::builder().launch_template(template),
        };
        let percent = |percent: u32| i32::try_from(percent).unwrap_or(100);
        let mut preferences = RefreshPreferences::builder()
            .min_healthy_percentage(percent(healthy.min))
            .max_healthy_percentage(percent(healthy.max))
            .skip_matching(true)
            .auto_rollback(auto_rollback)
            .bake_time(0);
        if let Some(canary) = canary {
            preferences = preferences
                .checkpoint_percentages(percent(canary.percent))
                .checkpoint_percentages(100)
                .checkpoint_delay(i32::try_from(canary.delay).unwrap_or(i32::MAX));
        }
        let request = self
            .autoscaling
            .start_instance_refresh()
            .auto_scaling_group_name(&place.name)
            .desired_configuration(desired.build())
            .preferences(preferences.build());
        // It takes no token, so a second attempt would meet the refresh that the first one started.
        let once = aws_sdk_autoscaling::config::Config::builder().retry_config(RetryConfig::disabled());
        match request.customize().config_override(once).send().await {
            Ok(started) => {
                let id = started.instance_refresh_id.clone().unwrap_or_default();
                Ok(answered(Outcome::Started(ChangeId::from(id)), started.request_id()))
            }
            // One that is like ours is ours: its answer was lost.
            Err(error) if has_code(&error, "InstanceRefreshInProgress") => match self.active(place).await? {
                Some(active) if is_like(&active, to, canary) => {
                    let id = active.instance_refresh_id.unwrap_or_default();
                    Ok(answered(Outcome::Started(ChangeId::from(id)), error.request_id()))
                }
                _ => Err(failure(error)),
            },
            Err(error) => Err(failure(error)),
        }
    }

    /// Cancels a refresh, if it is the active one. AWS takes only the group's name.
    async fn cancel(&self, place: &Place, change: &ChangeId) -> Result<Answer, Failure> {
        let Some(active) = self.active(place).await? else { return Ok(answered(Outcome::Done, None)) };
        if is_cancelling(&active) {
            return Ok(answered(Outcome::Done, None));
        }
        is_ours(&active, change)?;
        if matches!(active.status, Some(InstanceRefreshStatus::RollbackInProgress)) {
            // Cancelled, it would leave the group mixed.
            return Err(Failure::new(Class::Retry, "AWS is rolling the refresh back"));
        }
        match self.autoscaling.cancel_instance_refresh().auto_scaling_group_name(&place.name).send().await {
            Ok(answer) => Ok(answered(Outcome::Done, answer.request_id())),
            Err(error) if has_code(&error, "ActiveInstanceRefreshNotFound") => {
                Ok(answered(Outcome::Done, error.request_id()))
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// Returns to what the group launched before a refresh, if it is the active one.
    async fn roll_back(&self, place: &Place, change: &ChangeId) -> Result<Answer, Failure> {
        let Some(active) = self.active(place).await? else {
            return Err(Failure::new(Class::Refuse, "the instance refresh is over"));
        };
        is_ours(&active, change)?;
        if matches!(active.status, Some(InstanceRefreshStatus::RollbackInProgress)) {
            return Ok(answered(Outcome::Done, None));
        }
        let request = self.autoscaling.rollback_instance_refresh().auto_scaling_group_name(&place.name);
        let answer = request.send().await.map_err(failure)?;
        Ok(answered(Outcome::Done, answer.request_id()))
    }

    /// Sets what a group without machines launches.
    async fn set(&self, place: &Place, to: &Version) -> Result<Answer, Failure> {
        let group = self.group(place).await?;
        let request = self.autoscaling.update_auto_scaling_group().auto_scaling_group_name(&place.name);
        let request = match desired(&group, to)? {
            Desired::Policy(policy) => request.mixed_instances_policy(policy),
            Desired::Template(template) => request.launch_template(template),
        };
        let answer = request.send().await.map_err(failure)?;
        Ok(answered(Outcome::Done, answer.request_id()))
    }

    /// The refresh that is active.
    async fn active(&self, place: &Place) -> Result<Option<InstanceRefresh>, Failure> {
        Ok(self.newest_refresh(place).await?.filter(is_active))
    }
}

/// What the group launches, with another version: everything else as it is. AWS shows id and name of the template, and takes
/// only one of them.
fn desired(group: &AutoScalingGroup, to: &Version) -> Result<Desired, Failure> {
    let template = LaunchTemplateSpecification::builder()
        .set_launch_template_id(template(group)?.launch_template_id.clone())
        .version(to.as_str())
        .build();
    let Some(mut policy) = group.mixed_instances_policy.clone() else { return Ok(Desired::Template(template)) };
    if let Some(distribution) = &mut policy.instances_distribution {
        // AWS shows a number that it takes only with this strategy.
        let is_lowest = distribution.spot_allocation_strategy.as_deref() == Some("lowest-price");
        distribution.spot_instance_pools = distribution.spot_instance_pools.filter(|_| is_lowest);
    }
    if let Some(launch) = &mut policy.launch_template {
        launch.launch_template_specification = Some(template);
        for one in launch.overrides.iter_mut().flatten() {
            // An image here would be launched instead of the template's.
            one.image_id = None;
        }
    }
    Ok(Desired::Policy(policy))
}

/// Whether a refresh goes where ours would, with a canary or without.
fn is_like(refresh: &InstanceRefresh, to: &Version, canary: Option<Canary>) -> bool {
    goes_to(refresh) == Some(to.as_str())
        && checkpoint(refresh).is_some() == canary.is_some()
        && !is_cancelling(refresh)
}

fn is_cancelling(refresh: &InstanceRefresh) -> bool {
    matches!(refresh.status, Some(InstanceRefreshStatus::Cancelling))
}

/// Refuses to touch a refresh that this rollout did not start.
fn is_ours(refresh: &InstanceRefresh, change: &ChangeId) -> Result<(), Failure> {
    let id = refresh.instance_refresh_id.as_deref().unwrap_or_default();
    if id == change.as_str() {
        return Ok(());
    }
    Err(Failure::new(Class::Refuse, format!("another instance refresh is active: {id}")))
}

fn answered(outcome: Outcome, request: Option<&str>) -> Answer {
    Answer { outcome, request: request.map(str::to_owned) }
}
