//! Elastic Load Balancing: how targets are.

use fleetgen_simulator::MachineState;

use crate::answer::Refusal;
use crate::served::{Form, Served};
use crate::xml::Xml;

impl Served {
    pub(crate) fn elasticloadbalancing(&mut self, operation: &str, form: &Form) -> Result<Vec<Xml>, Refusal> {
        if operation != "DescribeTargetHealth" {
            return Err(Refusal::new(400, "InvalidAction", format!("{operation} is not simulated")));
        }
        let arn = form.required("TargetGroupArn")?;
        let index = self.groups.iter().position(|group| group.target_group() == arn);
        let index = index.ok_or_else(|| Refusal::new(400, "TargetGroupNotFound", format!("there is no {arn}")))?;
        let shown = self.show(index)?;
        let group = &self.groups[index];
        let descriptions = shown.machines.iter().map(|machine| {
            let (state, reason) = match machine.state {
                MachineState::Healthy => ("healthy", None),
                MachineState::Starting => ("initial", Some("Elb.RegistrationInProgress")),
                MachineState::Sick => ("unhealthy", Some("Target.FailedHealthChecks")),
                MachineState::Leaving => ("draining", Some("Target.DeregistrationInProgress")),
            };
            let target = vec![Xml::text("Id", group.machine(machine.number)), Xml::text("Port", 8080)];
            let mut health = vec![Xml::text("State", state)];
            health.extend(reason.map(|reason| Xml::text("Reason", reason)));
            vec![Xml::node("Target", target), Xml::text("HealthCheckPort", 8080), Xml::node("TargetHealth", health)]
        });
        Ok(vec![Xml::list("TargetHealthDescriptions", "member", descriptions)])
    }
}
