//! When machines are added and removed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{Entries, Field, Optional as _, entries};
use crate::scalar::{Cron, Duration, Lasting, Number, Percent, QueueName, ScheduleName, Share, TimeZone};

/// When machines are added and removed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Scaling", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct ScalingSettings {
    /// Keep the mean CPU load near this percentage.
    pub(crate) cpu: Option<Field<Share<10, 90>>>,
    /// AWS only, behind an Application Load Balancer: keep the requests per minute and machine near this number.
    pub(crate) requests_per_machine: Option<Field<Number<1, 1_000_000>>>,
    /// Keep the messages that wait in a queue near a number for each machine.
    pub(crate) queue: Option<Field<QueueSettings>>,
    /// How long a new machine takes before its load counts. Default: 2m.
    pub(crate) warmup: Option<Field<Lasting<0, 3_600>>>,
    /// Sizes at certain times, by name.
    pub(crate) schedules: Option<Field<Entries<ScheduleName, ScheduleSettings>>>,
}

/// A queue whose length decides the size of the group.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Queue", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct QueueSettings {
    /// The queue's name in Amazon SQS, or the subscription's id in Google Cloud Pub/Sub, in the group's account and region. Machines need a
    /// policy or role to read it.
    pub(crate) name: Field<QueueName>,
    /// How many messages may wait for each machine, such as 100.
    pub(crate) messages_per_machine: Field<Number<1, 1_000_000>>,
}

/// A size at certain times.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Schedule", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct ScheduleSettings {
    /// When, such as "30 8 * * 1-5" for 08:30 on working days.
    pub(crate) cron: Field<Cron>,
    /// The time zone of `cron`. Default: UTC.
    pub(crate) time_zone: Option<Field<TimeZone>>,
    /// AWS: the number of machines from then on. GCP: the smallest number of machines during `duration`.
    pub(crate) machines: Field<u32>,
    /// GCP only: how long the schedule holds, from 5m to 7d. On AWS a size holds until the next schedule.
    pub(crate) duration: Option<Field<Duration>>,
}

/// When machines are added and removed.
#[derive(Debug, Clone, Serialize)]
pub struct Scaling {
    /// The target for the mean CPU load.
    pub cpu: Option<Percent>,
    /// AWS: the target for requests per minute and machine.
    pub requests_per_machine: Option<u32>,
    /// The queue whose length decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// How long a new machine takes before its load counts.
    pub warmup: Duration,
    /// Sizes at certain times.
    pub schedules: BTreeMap<ScheduleName, Schedule>,
}

/// A queue whose length decides the size of the group.
#[derive(Debug, Clone, Serialize)]
pub struct Queue {
    /// Its name in SQS, or the id of a subscription in Pub/Sub.
    pub name: QueueName,
    /// How many messages may wait for each machine.
    pub messages_per_machine: u32,
}

/// A size at certain times.
#[derive(Debug, Clone, Serialize)]
pub struct Schedule {
    /// When.
    pub cron: Cron,
    /// The time zone of `cron`.
    pub time_zone: TimeZone,
    /// How many machines.
    pub machines: u32,
    /// GCP: for how long.
    pub duration: Option<Duration>,
}

impl ScalingSettings {
    pub(super) fn resolve(&self) -> Option<Scaling> {
        let schedules = entries(self.schedules.as_ref()).iter();
        Some(Scaling {
            cpu: self.cpu.read()?.map(|Share(percent)| percent),
            requests_per_machine: self.requests_per_machine.read()?.map(|Number(number)| number),
            queue: match self.queue.read()? {
                Some(queue) => Some(queue.resolve()?),
                None => None,
            },
            warmup: self.warmup.default_to(Lasting(Duration::from_seconds(120)))?.0,
            schedules: schedules
                .map(|(name, schedule)| Some((name.value.clone()?, schedule.get()?.resolve()?)))
                .collect::<Option<_>>()?,
        })
    }
}

impl QueueSettings {
    fn resolve(&self) -> Option<Queue> {
        Some(Queue { name: self.name.value.clone()?, messages_per_machine: self.messages_per_machine.get()?.0 })
    }
}

impl ScheduleSettings {
    fn resolve(&self) -> Option<Schedule> {
        Some(Schedule {
            cron: self.cron.value.clone()?,
            time_zone: self.time_zone.default_to("UTC".to_owned().try_into().ok()?)?,
            machines: *self.machines.get()?,
            duration: self.duration.read()?,
        })
    }
}
