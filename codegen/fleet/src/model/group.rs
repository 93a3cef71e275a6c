//! Compute groups.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Origins;
use crate::choice::{
    Architecture, BackendProtocol, Cloud, HealthProtocol, HookDefault, SpotAllocation, Transition, Transport,
};
use crate::scalar::{
    Amount, CertificateArn, Cidr, Cron, Duration, EnvironmentName, GcpRole, Gibibytes, GroupName, HookName,
    IamPolicyArn, LayerName, LoadBalancerName, MachineType, NetworkName, Percent, Port, ProfileName, ScheduleName,
    StackName, TagKey, Text, TimeZone, Word,
};

/// A compute group: an Auto Scaling group on AWS, a regional managed instance group on GCP.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Its name, unique in the fleet.
    pub name: GroupName,
    /// What it is for.
    pub description: Text,
    /// Its network.
    pub network: NetworkName,
    /// Its environment.
    pub environment: EnvironmentName,
    /// The Terraform state that holds it.
    pub stack: StackName,
    /// Its image layer.
    pub layer: LayerName,
    /// Its machines.
    pub machine: Machine,
    /// How many.
    pub size: Size,
    /// Their boot disk.
    pub disk: Disk,
    /// The ports that are open, besides those of the load balancer.
    pub ports: Vec<OpenPort>,
    /// How a machine is asked whether it is healthy.
    pub health: Option<Health>,
    /// The load balancer that it stands behind.
    pub load_balancer: Option<Backend>,
    /// When machines are added and taken away.
    pub scaling: Scaling,
    /// How it is moved to a new image.
    pub rollout: Rollout,
    /// Tags or labels, those of the fleet included.
    pub tags: BTreeMap<TagKey, Text>,
    /// What only its cloud has.
    pub target: Target,
    /// The profiles it inherits from, nearest first.
    #[serde(skip)]
    pub profiles: Vec<ProfileName>,
    /// Where its values came from.
    #[serde(skip)]
    pub origins: Origins,
}

impl Group {
    /// The cloud that it runs on.
    pub fn cloud(&self) -> Cloud {
        match self.target {
            Target::Aws(_) => Cloud::Aws,
            Target::Gcp(_) => Cloud::Gcp,
        }
    }
}

/// A machine type and what is known of it.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The cloud's name of it.
    #[serde(rename = "type")]
    pub machine_type: MachineType,
    /// The architecture of its processor.
    pub architecture: Architecture,
    /// Whether it has NVIDIA GPUs.
    pub nvidia: bool,
    /// GCP: whether it is moved to another host while it runs.
    #[serde(skip)]
    pub migrates: bool,
    /// GCP: whether it boots from Hyperdisk only.
    #[serde(skip)]
    pub hyperdisk: bool,
}

/// How many machines: min ≤ desired ≤ max.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Size {
    /// The fewest.
    pub min: u32,
    /// How many it starts with.
    pub desired: u32,
    /// The most.
    pub max: u32,
}

/// The boot disk.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Disk {
    /// Its size.
    pub size: Gibibytes,
    /// AWS: operations a second.
    pub iops: u32,
    /// AWS: MiB a second.
    pub throughput: u32,
}

/// A port that is open.
#[derive(Debug, Clone, Serialize)]
pub struct OpenPort {
    /// The port.
    pub port: Port,
    /// The protocol.
    pub protocol: Transport,
    /// From where; sorted.
    pub from: Vec<Cidr>,
    /// What it is for.
    pub description: Option<Text>,
}

/// How a machine is asked whether it is healthy.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// How.
    pub protocol: HealthProtocol,
    /// The port.
    pub port: Port,
    /// The path; not used with tcp.
    pub path: Text,
    /// How often.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// So many good answers make it healthy.
    pub healthy_after: u32,
    /// So many bad answers make it unhealthy.
    pub unhealthy_after: u32,
    /// How long a new machine has to come up.
    pub grace: Duration,
}

/// What a group's machines are to a load balancer.
#[derive(Debug, Clone, Serialize)]
pub struct Backend {
    /// The load balancer, by its name in the network.
    pub name: LoadBalancerName,
    /// The machines' port.
    pub port: Port,
    /// What the load balancer speaks to the machines.
    pub protocol: BackendProtocol,
    /// AWS: the port of a listener of its own.
    pub listener_port: Option<Port>,
    /// AWS: that listener's certificate.
    pub certificate: Option<CertificateArn>,
    /// How long a machine that leaves may finish its requests.
    pub drain: Duration,
}

/// When machines are added and taken away.
#[derive(Debug, Clone, Serialize)]
pub struct Scaling {
    /// Keep the mean load of the processors near this.
    pub cpu: Option<Percent>,
    /// AWS: keep the requests a minute for each machine near this.
    pub requests_per_machine: Option<u32>,
    /// How long a new machine takes to do its part.
    pub warmup: Duration,
    /// Sizes at certain times.
    pub schedules: BTreeMap<ScheduleName, Schedule>,
}

/// A size at certain times.
#[derive(Debug, Clone, Serialize)]
pub struct Schedule {
    /// When.
    pub cron: Cron,
    /// Where the clock stands.
    pub time_zone: TimeZone,
    /// How many machines.
    pub machines: u32,
    /// GCP: for how long.
    pub duration: Option<Duration>,
}

/// How a group is moved to a new image.
#[derive(Debug, Clone, Serialize)]
pub struct Rollout {
    /// Groups of a lower wave go first.
    pub wave: u32,
    /// So many machines may be missing at a time.
    pub max_unavailable: Amount,
    /// So many machines may be there beyond the size.
    pub max_surge: Amount,
    /// So large a part goes first.
    pub canary: Option<Percent>,
    /// How long the canary and the whole group are watched.
    pub bake: Duration,
    /// Go back when health is lost.
    pub roll_back: bool,
}

/// What only a group's cloud has.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// AWS.
    Aws(AwsTarget),
    /// GCP.
    Gcp(GcpTarget),
}

/// What only AWS has.
#[derive(Debug, Clone, Serialize)]
pub struct AwsTarget {
    /// Other machine types that will do.
    pub machines: Vec<MachineType>,
    /// Spot capacity.
    pub spot: Option<Spot>,
    /// IAM policies of the machines; sorted.
    pub policies: Vec<IamPolicyArn>,
    /// Actions that must be done before a machine comes or goes.
    pub lifecycle_hooks: BTreeMap<HookName, LifecycleHook>,
    /// Metrics each minute.
    pub detailed_monitoring: bool,
    /// Hops that the answers of the metadata service may take.
    pub metadata_hops: u32,
    /// A machine is replaced after this.
    pub max_lifetime: Option<Duration>,
}

/// Spot capacity.
#[derive(Debug, Clone, Serialize)]
pub struct Spot {
    /// The first machines are On-Demand.
    pub on_demand_base: u32,
    /// Of the others, so many are On-Demand.
    pub on_demand_share: Percent,
    /// How capacity is chosen.
    pub allocation: SpotAllocation,
}

/// Something that must be done before a machine comes or goes.
#[derive(Debug, Clone, Serialize)]
pub struct LifecycleHook {
    /// When.
    pub transition: Transition,
    /// How long it may take.
    pub timeout: Duration,
    /// What happens when it takes longer.
    pub default: HookDefault,
}

/// What only GCP has.
#[derive(Debug, Clone, Serialize)]
pub struct GcpTarget {
    /// Use Spot machines.
    pub spot: bool,
    /// Roles of the machines in the project; sorted.
    pub roles: Vec<GcpRole>,
    /// GPUs attached to a machine that has none of its own: type and number.
    pub accelerator: Option<(Word, u32)>,
    /// Start only what is signed.
    pub secure_boot: bool,
}
