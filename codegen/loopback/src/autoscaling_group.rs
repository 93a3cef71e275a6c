//! An Auto Scaling group and its refresh, as the API describes them.

use std::collections::BTreeMap;

use fleetgen_rollout::Version;
use fleetgen_simulator::{MachineState, Shown, ShownMachine, ShownRefresh};
use jiff::Timestamp;

use crate::autoscaling::status;
use crate::group::Named;
use crate::xml::Xml;

impl Named {
    /// The group.
    pub(crate) fn described(&self, shown: &Shown) -> Vec<Xml> {
        let size = shown.size;
        let suspended =
            |name: &str| vec![Xml::text("ProcessName", name), Xml::text("SuspensionReason", "User suspended")];
        let processes: &[&str] = if shown.is_suspended { &["Launch", "Terminate"] } else { &[] };
        let target_groups = self.is_target.then(|| self.target_group());
        let sources = target_groups.iter().map(|arn| vec![Xml::text("Identifier", arn), Xml::text("Type", "elbv2")]);
        vec![
            Xml::text("AutoScalingGroupName", &self.place.name),
            Xml::text("AutoScalingGroupARN", self.arn()),
            self.policy(&shown.setting.version),
            Xml::text("MinSize", 0),
            Xml::text("MaxSize", size.max(1) * 2),
            Xml::text("DesiredCapacity", size),
            Xml::text("DefaultCooldown", 300),
            Xml::texts("AvailabilityZones", "member", (0..3).map(|zone| self.zone(zone))),
            Xml::texts("TargetGroupARNs", "member", &target_groups),
            Xml::text("HealthCheckType", if self.is_target { "ELB" } else { "EC2" }),
            Xml::text("HealthCheckGracePeriod", 300),
            Xml::list("Instances", "member", shown.machines.iter().map(|machine| self.instance(machine))),
            Xml::text("CreatedTime", "2026-01-01T00:00:00Z"),
            Xml::list("SuspendedProcesses", "member", processes.iter().map(|name| suspended(name))),
            Xml::text("VPCZoneIdentifier", "subnet-0a1b2c3d4e5f60718,subnet-1b2c3d4e5f6071829"),
            Xml::text("NewInstancesProtectedFromScaleIn", false),
            Xml::list("TrafficSources", "member", sources),
        ]
    }

    /// What the group launches. AWS shows both the id and the name of the template.
    fn policy(&self, version: &Version) -> Xml {
        let overrides = self.types.iter().map(|machine| vec![Xml::text("InstanceType", machine)]);
        let template = vec![self.specification(version), Xml::list("Overrides", "member", overrides)];
        let distribution = vec![
            Xml::text("OnDemandAllocationStrategy", "prioritized"),
            Xml::text("OnDemandBaseCapacity", 0),
            Xml::text("OnDemandPercentageAboveBaseCapacity", 100),
            Xml::text("SpotAllocationStrategy", "price-capacity-optimized"),
        ];
        Xml::node(
            "MixedInstancesPolicy",
            [Xml::node("LaunchTemplate", template), Xml::node("InstancesDistribution", distribution)],
        )
    }

    fn specification(&self, version: &Version) -> Xml {
        Xml::node("LaunchTemplateSpecification", self.template_fields(version))
    }

    fn template_fields(&self, version: &Version) -> Vec<Xml> {
        vec![
            Xml::text("LaunchTemplateId", self.template()),
            Xml::text("LaunchTemplateName", &self.place.name),
            Xml::text("Version", version),
        ]
    }

    fn instance(&self, machine: &ShownMachine) -> Vec<Xml> {
        let state = match machine.state {
            MachineState::Starting => "Pending",
            MachineState::Healthy | MachineState::Sick => "InService",
            MachineState::Leaving => "Terminating",
        };
        // Behind a load balancer, its targets say first that a machine is sick.
        let is_sick = machine.state == MachineState::Sick && !self.is_target;
        vec![
            Xml::text("InstanceId", self.machine(machine.number)),
            Xml::text("InstanceType", self.types.first().map_or("m7i.large", String::as_str)),
            Xml::text("AvailabilityZone", self.zone(machine.number)),
            Xml::text("LifecycleState", state),
            Xml::text("HealthStatus", if is_sick { "Unhealthy" } else { "Healthy" }),
            Xml::node("LaunchTemplate", self.template_fields(&machine.version)),
            Xml::text("ProtectedFromScaleIn", false),
        ]
    }

    /// An activity that has started no machine.
    pub(crate) fn failed_launch(&self, why: &str, at: Timestamp) -> Vec<Xml> {
        vec![
            Xml::text("ActivityId", "00000000-0000-4000-8000-000000000000"),
            Xml::text("AutoScalingGroupName", &self.place.name),
            Xml::text("Description", "Launching a new EC2 instance.  Status Reason: none"),
            Xml::text(
                "Cause",
                "an instance was started in response to a difference between desired and actual capacity",
            ),
            Xml::text("StartTime", at),
            Xml::text("StatusCode", "Failed"),
            Xml::text("StatusMessage", why),
        ]
    }

    /// A refresh. AWS does not say that one waits at its checkpoint.
    pub(crate) fn refresh(
        &self,
        shown: &Shown,
        refresh: &ShownRefresh,
        started: &BTreeMap<String, Timestamp>,
    ) -> Vec<Xml> {
        let id = refresh.change.id.as_str();
        let at = started.get(id).copied().unwrap_or(Timestamp::UNIX_EPOCH);
        let is_new =
            |machine: &&ShownMachine| machine.version == refresh.change.to && machine.state == MachineState::Healthy;
        let new = u32::try_from(shown.machines.iter().filter(is_new).count()).unwrap_or(0);
        let (min, max) = refresh.healthy;
        let mut preferences = vec![
            Xml::text("MinHealthyPercentage", min),
            Xml::text("MaxHealthyPercentage", max),
            Xml::text("SkipMatching", true),
            Xml::text("AutoRollback", refresh.auto_rollback),
            Xml::text("BakeTime", 0),
        ];
        if let Some(canary) = refresh.canary {
            preferences.push(Xml::texts("CheckpointPercentages", "member", [canary.percent, 100]));
            preferences.push(Xml::text("CheckpointDelay", canary.delay));
        }
        vec![
            Xml::text("InstanceRefreshId", id),
            Xml::text("AutoScalingGroupName", &self.place.name),
            Xml::text("Status", status(refresh.change.status)),
            Xml::text("StartTime", at),
            Xml::text("PercentageComplete", new * 100 / shown.size.max(1)),
            Xml::text("InstancesToUpdate", shown.size.saturating_sub(new)),
            Xml::node("Preferences", preferences),
            Xml::node("DesiredConfiguration", [self.policy(&refresh.change.to)]),
            Xml::text("Strategy", "Rolling"),
        ]
    }
}
