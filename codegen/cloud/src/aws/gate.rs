//! Gates that AWS answers: alarms, and commands on machines.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use aws_sdk_ssm::types::CommandInvocationStatus as Status;
use fleetgen_fleet::scalar::Text;
use fleetgen_rollout::{Place, Verdict};

use super::{Aws, Clients, failure, has_code};
use crate::failure::Failure;

/// The longest that a command may take.
const LONGEST: Duration = Duration::from_mins(1);
/// How often its result is asked for.
const PERIOD: Duration = Duration::from_secs(2);
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

    /// Whether a command succeeds on the group's newest machine that is in service.
    pub(crate) async fn command(&mut self, place: &Place, words: &[Text]) -> Result<Verdict, Failure> {
        let clients = self.at(place).await?;
        let Some(machine) = clients.newest_machine(place).await? else { return Ok(Verdict::Unknown) };
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
    /// The machine of the newest version that is in service.
    async fn newest_machine(&self, place: &Place) -> Result<Option<String>, Failure> {
        let group = self.group(place).await?;
        let in_service = group
            .instances()
            .iter()
            .filter(|instance| instance.lifecycle_state == Some(aws_sdk_autoscaling::types::LifecycleState::InService));
        let version = |instance: &&aws_sdk_autoscaling::types::Instance| {
            instance.launch_template.as_ref().and_then(|it| it.version.as_deref()?.parse::<u64>().ok())
        };
        Ok(in_service.max_by_key(version).and_then(|instance| instance.instance_id.clone()))
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
