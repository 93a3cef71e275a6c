//! Gates that AWS answers: alarms, sessions, and commands on machines.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::{Instance, LifecycleState};
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_ssm::types::{CommandInvocationStatus as Status, InstanceInformationStringFilter as Filter, PingStatus};
use fleetgen_fleet::scalar::Text;
use fleetgen_rollout::{Place, Verdict};

use super::{Aws, Clients, failure, has_code};
use crate::failure::{Class, Failure};

/// The longest that a command may take.
const LONGEST: Duration = Duration::from_mins(1);
/// How often its result is asked for.
const PERIOD: Duration = Duration::from_secs(2);
/// The most machines whose agents are asked for at once: the largest page.
const PAGE: usize = 50;
/// Runs a shell script.
const DOCUMENT: &str = "AWS-RunShellScript";

impl Aws {
    /// Whether an alarm is quiet.
    pub(crate) async fn alarm(&mut self, place: &Place, name: &str) -> Result<Verdict, Failure> {
        let clients = self.at(place).await?;
        let request = clients.cloudwatch.describe_alarms().alarm_names(name);
        let request = request.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
        let found = request.send().await.map_err(failure)?;
        let metric = found.metric_alarms().iter().filter_map(|alarm| alarm.state_value.as_ref());
        let composite = found.composite_alarms().iter().filter_map(|alarm| alarm.state_value.as_ref());
        Ok(match metric.chain(composite).next() {
            Some(StateValue::Ok) => Verdict::Pass,
            Some(StateValue::Alarm) => Verdict::Fail,
            _ => Verdict::Unknown,
        })
    }

    /// Whether the agent of every new machine that is in service is connected, through which people get in.
    pub(crate) async fn sessions(&mut self, place: &Place) -> Result<Verdict, Failure> {
        let clients = self.at(place).await?;
        let machines = clients.newest_machines(place).await?;
        if machines.is_empty() {
            return Ok(Verdict::Unknown);
        }
        for machines in machines.chunks(PAGE) {
            let filter = Filter::builder().key("InstanceIds").set_values(Some(machines.to_vec())).build();
            let filter = filter.map_err(|error| Failure::new(Class::Refuse, error.to_string()))?;
            let request = clients.ssm.describe_instance_information().filters(filter).max_results(50);
            let known: Vec<_> = request.into_paginator().items().send().try_collect().await.map_err(failure)?;
            let online = known.iter().filter(|machine| machine.ping_status == Some(PingStatus::Online));
            let online: BTreeSet<&str> = online.filter_map(|machine| machine.instance_id.as_deref()).collect();
            if !machines.iter().all(|machine| online.contains(machine.as_str())) {
                return Ok(Verdict::Fail);
            }
        }
        Ok(Verdict::Pass)
    }

    /// Whether a command succeeds on a new machine that is in service.
    pub(crate) async fn command(&mut self, place: &Place, words: &[Text]) -> Result<Verdict, Failure> {
        let clients = self.at(place).await?;
        let Some(machine) = clients.newest_machines(place).await?.pop() else { return Ok(Verdict::Unknown) };
        let script: Vec<String> = words.iter().map(|word| quoted(word.as_str())).collect();
        let seconds = LONGEST.as_secs().to_string();
        let sent = clients
            .ssm
            .send_command()
            .document_name(DOCUMENT)
            .instance_ids(&machine)
            .parameters("commands", vec![script.join(" ")])
            .parameters("executionTimeout", vec![seconds])
            .send()
            .await
            .map_err(failure)?;
        let Some(id) = sent.command.and_then(|command| command.command_id) else { return Ok(Verdict::Unknown) };
        let started = std::time::Instant::now();
        while started.elapsed() < LONGEST {
            tokio::time::sleep(PERIOD).await;
            let request = clients.ssm.get_command_invocation().command_id(&id).instance_id(&machine);
            let invocation = match request.send().await {
                Ok(invocation) => invocation,
                // It is not there yet.
                Err(error) if has_code(&error, "InvocationDoesNotExist") => continue,
                Err(error) => return Err(failure(error)),
            };
            match invocation.status {
                Some(Status::Success) => return Ok(Verdict::Pass),
                Some(Status::Failed | Status::TimedOut) => return Ok(Verdict::Fail),
                Some(Status::Cancelled | Status::Cancelling) => return Ok(Verdict::Unknown),
                _ => {}
            }
        }
        Ok(Verdict::Unknown)
    }
}

impl Clients {
    /// The machines of the newest version that are in service.
    async fn newest_machines(&self, place: &Place) -> Result<Vec<String>, Failure> {
        let group = self.group(place).await?;
        let version = |instance: &Instance| {
            instance.launch_template.as_ref().and_then(|it| it.version.as_deref()?.parse::<u64>().ok())
        };
        let in_service = group.instances().iter().filter(|it| it.lifecycle_state == Some(LifecycleState::InService));
        let in_service: Vec<&Instance> = in_service.collect();
        let newest = in_service.iter().filter_map(|instance| version(instance)).max();
        let newest = in_service.into_iter().filter(|instance| version(instance) == newest);
        Ok(newest.filter_map(|instance| instance.instance_id.clone()).collect())
    }
}

/// A word for a shell, which changes nothing in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_sees_the_words() {
        assert_eq!(quoted("it's $HOME; `x`"), r"'it'\''s $HOME; `x`'");
    }
}
