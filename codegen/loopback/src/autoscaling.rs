//! EC2 Auto Scaling: groups and instance refreshes.

use fleetgen_fleet::HealthyPercentages;
use fleetgen_rollout::{Action, Canary, ChangeId, ChangeStatus, Effect, Outcome, Version};
use fleetgen_simulator::{Shown, ShownRefresh};

use crate::answer::{Refusal, refused};
use crate::served::{Form, Served};
use crate::xml::Xml;

impl Served {
    pub(crate) fn autoscaling(&mut self, operation: &str, region: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        if operation == "DescribeAutoScalingGroups" {
            let names = form.list("AutoScalingGroupNames.member");
            let wanted = |index: &usize| {
                let place = &self.groups[*index].place;
                place.region.as_str() == region && (names.is_empty() || names.contains(&place.name))
            };
            let wanted: Vec<usize> = (0..self.groups.len()).filter(wanted).collect();
            let mut groups = Vec::new();
            for index in wanted {
                // One that is deleted is not shown.
                if let Ok(shown) = self.show(index) {
                    groups.push(self.groups[index].described(&shown));
                }
            }
            return Ok(vec![Xml::list("AutoScalingGroups", "member", groups)]);
        }
        let name = form.required("AutoScalingGroupName")?.to_owned();
        let index = self.at(region, &name);
        let index = index.ok_or_else(|| Refusal::invalid("AutoScalingGroup name not found - null"))?;
        let shown = self.show(index)?;
        match operation {
            "DescribeInstanceRefreshes" => {
                let group = &self.groups[index];
                let refreshes = shown.refresh.iter().map(|refresh| group.refresh(&shown, refresh, &self.started));
                Ok(vec![Xml::list("InstanceRefreshes", "member", refreshes)])
            }
            "DescribeScalingActivities" => {
                let failed = shown.trouble.map(|why| self.groups[index].failed_launch(why, self.now()));
                Ok(vec![Xml::list("Activities", "member", failed)])
            }
            "StartInstanceRefresh" => self.start(index, form, &shown),
            "CancelInstanceRefresh" => {
                let active = active(&shown)?;
                let change = active.change.id.clone();
                self.act(index, Action::Cancel { change: change.clone() })?;
                Ok(vec![Xml::text("InstanceRefreshId", change)])
            }
            "RollbackInstanceRefresh" => {
                let active = active(&shown)?;
                let change = active.change.id.clone();
                self.act(index, Action::RollBack { change: change.clone() })?;
                Ok(vec![Xml::text("InstanceRefreshId", change)])
            }
            "UpdateAutoScalingGroup" => {
                let to = self.wanted(index, form, "MixedInstancesPolicy.LaunchTemplate")?;
                self.act(index, Action::Set { to })?;
                Ok(Vec::new())
            }
            _ => Err(Refusal::new(400, "InvalidAction", format!("{operation} is not simulated"))),
        }
    }

    fn start(&mut self, index: usize, form: &Form, shown: &Shown) -> Result<Vec<Xml>, Refusal> {
        if active(shown).is_ok() {
            let message =
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.";
            return Err(Refusal::new(400, "InstanceRefreshInProgress", message));
        }
        let to = self.wanted(index, form, "DesiredConfiguration.MixedInstancesPolicy.LaunchTemplate")?;
        let number = |key: &str| form.get(&format!("Preferences.{key}")).and_then(|text| text.parse::<u32>().ok());
        let flag = |key: &str| form.get(&format!("Preferences.{key}")) == Some("true");
        if !flag("SkipMatching") {
            return Err(Refusal::invalid("this world only knows refreshes that skip matching machines"));
        }
        let (Some(min), Some(max)) = (number("MinHealthyPercentage"), number("MaxHealthyPercentage")) else {
            return Err(Refusal::invalid("this world wants both percentages"));
        };
        if min > 100 || !(100..=200).contains(&max) || max - min > 100 {
            return Err(Refusal::invalid(format!("{min} and {max} are no percentages of a refresh")));
        }
        let checkpoints: Vec<u32> = form
            .list("Preferences.CheckpointPercentages.member")
            .iter()
            .filter_map(|percent| percent.parse().ok())
            .collect();
        let canary = match checkpoints.as_slice() {
            [] => None,
            [percent, 100] => {
                let delay = number("CheckpointDelay").unwrap_or(3_600);
                let machines = percent.saturating_sub(1) * shown.size / 100 + 1;
                Some(Canary { machines, percent: *percent, delay })
            }
            _ => return Err(Refusal::invalid("this world knows one checkpoint, and 100")),
        };
        let healthy = HealthyPercentages { min, max };
        let auto_rollback = flag("AutoRollback");
        match self.act(index, Action::Refresh { to, canary, healthy, auto_rollback })? {
            Outcome::Started(id) => {
                let now = self.now();
                self.started.insert(id.as_str().to_owned(), now);
                Ok(vec![Xml::text("InstanceRefreshId", id)])
            }
            _ => Err(Refusal::new(500, "InternalFailure", "the world started nothing")),
        }
    }

    /// The version that a request wants, of the group's own template, with the whole policy around it.
    fn wanted(&self, index: usize, form: &Form, prefix: &str) -> Result<Version, Refusal> {
        let group = &self.groups[index];
        let specification = format!("{prefix}.LaunchTemplateSpecification");
        if form.get(&format!("{specification}.LaunchTemplateName")).is_some() {
            return Err(Refusal::invalid("Valid requests must contain either LaunchTemplateId or LaunchTemplateName"));
        }
        if form.required(&format!("{specification}.LaunchTemplateId"))? != group.template() {
            return Err(Refusal::invalid("The launch template is not the group's"));
        }
        for (number, machine) in (1..).zip(&group.types) {
            let given = form.get(&format!("{prefix}.Overrides.member.{number}.InstanceType"));
            if given != Some(machine.as_str()) {
                return Err(Refusal::invalid(format!("the override of {machine} is lost")));
            }
        }
        let version = form.required(&format!("{specification}.Version"))?;
        if version.parse::<u64>().is_err() {
            return Err(Refusal::invalid(format!("{version} is no exact version")));
        }
        Ok(Version::from(version.to_owned()))
    }

    /// Does something to a group. The world may refuse.
    pub(crate) fn act(&mut self, index: usize, action: Action) -> Result<Outcome, Refusal> {
        self.effects += 1;
        let group = self.groups[index].name.clone();
        let effect = Effect { group: group.clone(), key: format!("wire-{}", self.effects), action };
        refused(self.world.request(&group, &effect))
    }
}

/// The refresh that is active.
fn active(shown: &Shown) -> Result<&ShownRefresh, Refusal> {
    let is_active = |refresh: &&ShownRefresh| refresh.change.status.is_active();
    shown.refresh.as_ref().filter(is_active).ok_or_else(|| {
        let message = "No in progress or pending Instance Refresh found for Auto Scaling group";
        Refusal::new(400, "ActiveInstanceRefreshNotFound", message)
    })
}

/// What AWS calls it.
pub(crate) fn status(status: ChangeStatus) -> &'static str {
    match status {
        ChangeStatus::Running | ChangeStatus::AtCanary => "InProgress",
        ChangeStatus::Cancelling => "Cancelling",
        ChangeStatus::RollingBack => "RollbackInProgress",
        ChangeStatus::Succeeded => "Successful",
        ChangeStatus::Failed => "Failed",
        ChangeStatus::Cancelled => "Cancelled",
        ChangeStatus::RolledBack => "RollbackSuccessful",
    }
}

/// An id that no refresh has.
pub(crate) fn other_change() -> ChangeId {
    ChangeId::from("00000000-0000-4000-8000-0000000000ff".to_owned())
}
