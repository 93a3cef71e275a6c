//! Compute groups and profiles. Both have the same keys: a group takes over what its profile says and states what
//! differs.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::choice::{BackendProtocol, HealthProtocol, HookDefault, SpotAllocation, Transition, Transport};
use crate::field::{Entries, Field};
use crate::scalar::{
    Amount, CertificateArn, Cron, Duration, EnvironmentName, GcpRole, Gibibytes, HookName, IamPolicyArn, LayerName,
    LoadBalancerName, MachineType, NetworkName, Percent, Port, ProfileName, ScheduleName, StackName, TagKey, Text,
    TimeZone, Word,
};

/// A compute group: an Auto Scaling group on AWS, a regional managed instance group on GCP. Mappings are merged with
/// those of the profile key by key, anything else replaces what the profile says, and `null` takes it away.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The profile whose settings it takes over.
    #[expect(dead_code, reason = "followed in the tree, before settings are read")]
    pub(crate) profile: Option<Field<ProfileName>>,
    /// What it is for, in a sentence. Needed.
    pub(crate) description: Option<Field<Text>>,
    /// The network it runs in. Needed.
    pub(crate) network: Option<Field<NetworkName>>,
    /// The environment it belongs to. Needed.
    pub(crate) environment: Option<Field<EnvironmentName>>,
    /// The Terraform state that holds it. Default: the name of its environment.
    pub(crate) stack: Option<Field<StackName>>,
    /// The image layer that its machines run. Needed.
    pub(crate) layer: Option<Field<LayerName>>,
    /// The machine type. Needed.
    pub(crate) machine: Option<Field<MachineType>>,
    /// How many machines. Needed.
    pub(crate) size: Option<Field<Size>>,
    /// The boot disk.
    pub(crate) disk: Option<Field<Disk>>,
    /// The ports that are open to the network, besides the one that the load balancer uses. Default: none.
    pub(crate) ports: Option<Field<Vec<Field<OpenPort>>>>,
    /// How a machine is asked whether it is healthy. Default: whether it runs.
    pub(crate) health: Option<Field<Health>>,
    /// The load balancer that it stands behind. Default: none.
    pub(crate) load_balancer: Option<Field<Backend>>,
    /// When machines are added and taken away. Default: never.
    pub(crate) scaling: Option<Field<Scaling>>,
    /// How it is moved to a new image.
    pub(crate) rollout: Option<Field<Rollout>>,
    /// Tags (AWS) and labels (GCP), besides those of the fleet.
    pub(crate) tags: Option<Field<Entries<TagKey, Text>>>,
    /// What only AWS has.
    pub(crate) aws: Option<Field<AwsSettings>>,
    /// What only GCP has.
    pub(crate) gcp: Option<Field<GcpSettings>>,
}

/// How many machines a group has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Size {
    /// The fewest. Needed.
    pub(crate) min: Option<Field<u32>>,
    /// How many it starts with; scaling moves it later. Default: `min`.
    pub(crate) desired: Option<Field<u32>>,
    /// The most. Default: `desired`.
    pub(crate) max: Option<Field<u32>>,
}

/// The boot disk, encrypted in any case: gp3 on AWS, a balanced persistent disk on GCP.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Disk {
    /// Its size. Default: 20GiB.
    pub(crate) size: Option<Field<Gibibytes>>,
    /// AWS only: operations a second, 3000 to 16000. Default: 3000.
    pub(crate) iops: Option<Field<u32>>,
    /// AWS only: MiB a second, 125 to 1000. Default: 125.
    pub(crate) throughput: Option<Field<u32>>,
}

/// A port that is open.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct OpenPort {
    /// The port.
    pub(crate) port: Field<Port>,
    /// The protocol. Default: tcp.
    pub(crate) protocol: Option<Field<Transport>>,
    /// From where: names of networks, and CIDRs. Default: the group's own network.
    pub(crate) from: Option<Field<Vec<Field<Text>>>>,
    /// What it is for.
    pub(crate) description: Option<Field<Text>>,
}

/// How a machine is asked whether it is healthy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Health {
    /// How. Default: http.
    pub(crate) protocol: Option<Field<HealthProtocol>>,
    /// The port. Needed.
    pub(crate) port: Option<Field<Port>>,
    /// The path, for http and https. Default: /.
    pub(crate) path: Option<Field<Text>>,
    /// How often: 5s to 300s. Default: 10s.
    pub(crate) interval: Option<Field<Duration>>,
    /// How long an answer may take; shorter than `interval`. Default: 5s.
    pub(crate) timeout: Option<Field<Duration>>,
    /// So many good answers make it healthy: 2 to 10. Default: 2.
    pub(crate) healthy_after: Option<Field<u32>>,
    /// So many bad answers make it unhealthy: 2 to 10. Default: 3.
    pub(crate) unhealthy_after: Option<Field<u32>>,
    /// How long a new machine has to come up, at most 1h. Default: 5m.
    pub(crate) grace: Option<Field<Duration>>,
}

/// What a group's machines are to a load balancer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Backend {
    /// The load balancer, by its name in the network. Needed.
    pub(crate) name: Option<Field<LoadBalancerName>>,
    /// The machines' port. Needed.
    pub(crate) port: Option<Field<Port>>,
    /// What the load balancer speaks to the machines. Default: http.
    pub(crate) protocol: Option<Field<BackendProtocol>>,
    /// AWS only: the port of a listener that forwards everything to this group. Default: none; the load balancer's owner
    /// routes to the target group.
    pub(crate) listener_port: Option<Field<Port>>,
    /// AWS only: the certificate of that listener; with it, the listener speaks HTTPS, or TLS.
    pub(crate) certificate: Option<Field<CertificateArn>>,
    /// How long a machine that leaves may finish its requests, at most 1h. Default: 60s.
    pub(crate) drain: Option<Field<Duration>>,
}

/// When machines are added and taken away.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Scaling {
    /// Keep the mean load of the processors near this: 10% to 90%.
    pub(crate) cpu: Option<Field<Percent>>,
    /// AWS only, behind an Application Load Balancer: keep the requests a minute for each machine near this.
    pub(crate) requests_per_machine: Option<Field<u32>>,
    /// How long a new machine takes to do its part. Default: 2m.
    pub(crate) warmup: Option<Field<Duration>>,
    /// Sizes at certain times.
    pub(crate) schedules: Option<Field<Entries<ScheduleName, Schedule>>>,
}

/// A size at certain times.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// When, in the five fields of cron.
    pub(crate) cron: Option<Field<Cron>>,
    /// Where the clock stands. Default: UTC.
    pub(crate) time_zone: Option<Field<TimeZone>>,
    /// AWS: how many machines from then on. GCP: at least so many machines, for `duration`.
    pub(crate) machines: Option<Field<u32>>,
    /// GCP only: for how long, 5m to 7d. AWS keeps the size until another schedule changes it.
    pub(crate) duration: Option<Field<Duration>>,
}

/// How a group is moved to a new image.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Rollout {
    /// Groups of a lower wave go first: 1 to 9. Default: 1.
    pub(crate) wave: Option<Field<u32>>,
    /// So many machines may be missing at a time. Default: 0.
    pub(crate) max_unavailable: Option<Field<Amount>>,
    /// So many machines may be there beyond the size. Default: AWS 10%, or 100% of a
    /// group of one; GCP one a zone.
    pub(crate) max_surge: Option<Field<Amount>>,
    /// So large a part goes first, and is watched. Default: none.
    pub(crate) canary: Option<Field<Percent>>,
    /// How long the canary, and the whole group at the end, is watched; at most 2d. Default: 5m.
    pub(crate) bake: Option<Field<Duration>>,
    /// Go back to the image before when health is lost. Default: true.
    pub(crate) roll_back: Option<Field<bool>>,
}

/// What only AWS has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct AwsSettings {
    /// Other machine types that will do, of the same architecture.
    pub(crate) machines: Option<Field<Vec<Field<MachineType>>>>,
    /// Spot capacity. Default: none.
    pub(crate) spot: Option<Field<Spot>>,
    /// IAM policies of the machines, besides those that sessions need.
    pub(crate) policies: Option<Field<Vec<Field<IamPolicyArn>>>>,
    /// Actions that must be done before a machine comes or goes.
    pub(crate) lifecycle_hooks: Option<Field<Entries<HookName, LifecycleHook>>>,
    /// Metrics of the machines each minute instead of every five. Default: false.
    pub(crate) detailed_monitoring: Option<Field<bool>>,
    /// Hops that the answers of the metadata service may take; 2 lets containers ask. Default: 1.
    pub(crate) metadata_hops: Option<Field<u32>>,
    /// A machine is replaced after this: 1d to 365d. Default: never.
    pub(crate) max_lifetime: Option<Field<Duration>>,
}

/// Spot capacity.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Spot {
    /// The first machines are On-Demand. Default: 0.
    pub(crate) on_demand_base: Option<Field<u32>>,
    /// Of the others, so many are On-Demand. Default: 0%.
    pub(crate) on_demand_share: Option<Field<Percent>>,
    /// How capacity is chosen. Default: price-capacity-optimized.
    pub(crate) allocation: Option<Field<SpotAllocation>>,
}

/// Something that must be done before a machine comes or goes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct LifecycleHook {
    /// When. Needed.
    pub(crate) transition: Option<Field<Transition>>,
    /// How long it may take: 30s to 2h. Default: 5m.
    pub(crate) timeout: Option<Field<Duration>>,
    /// What happens when it takes longer. Default: abandon.
    pub(crate) default: Option<Field<HookDefault>>,
}

/// What only GCP has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct GcpSettings {
    /// Use Spot machines, which may be taken away at any time. Default: false.
    pub(crate) spot: Option<Field<bool>>,
    /// Roles of the machines in the project, besides those for logs and metrics.
    pub(crate) roles: Option<Field<Vec<Field<GcpRole>>>>,
    /// The type of the GPUs attached to a machine that has none of its own, such as nvidia-tesla-t4.
    pub(crate) accelerator: Option<Field<Word>>,
    /// How many of them. Default: 1.
    pub(crate) accelerators: Option<Field<u32>>,
    /// Start only what Google or the fleet has signed. Default: true.
    pub(crate) secure_boot: Option<Field<bool>>,
}
