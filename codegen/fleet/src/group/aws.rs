//! Settings that only AWS has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::{HookDefault, SpotAllocation, Transition};
use crate::field::{Entries, Field, Optional as _, entries, list, set};
use crate::scalar::{Duration, HookName, IamPolicyArn, Lasting, MachineType, Number, Percent};

/// Settings that only AWS has. In a profile they apply to its groups on AWS.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct AwsSettings {
    /// Other machine types that the group may use, with the same architecture as `machine`.
    pub(crate) machines: Option<Field<Vec<Field<MachineType>>>>,
    /// Spot capacity. Default: none.
    pub(crate) spot: Option<Field<SpotSettings>>,
    /// IAM policies for the machines, besides those that sessions need.
    pub(crate) policies: Option<Field<Vec<Field<IamPolicyArn>>>>,
    /// Actions that must finish before a machine enters or leaves service, by name.
    pub(crate) lifecycle_hooks: Option<Field<Entries<HookName, LifecycleHookSettings>>>,
    /// Collect the machines' metrics every minute instead of every five. Default: false.
    pub(crate) detailed_monitoring: Option<Field<bool>>,
    /// How many network hops a response of the metadata service may travel. Containers need 2. Default: 1.
    pub(crate) metadata_hops: Option<Field<Number<1, 2>>>,
    /// Replace a machine after this time. Default: never.
    pub(crate) max_lifetime: Option<Field<Lasting<86_400, 31_536_000>>>,
}

/// Spot capacity.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Spot", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct SpotSettings {
    /// How many machines are On-Demand before any is Spot. Default: 0.
    pub(crate) on_demand_base: Option<Field<u32>>,
    /// The share of On-Demand among the machines above that number. Default: 0%.
    pub(crate) on_demand_share: Option<Field<Percent>>,
    /// How AWS chooses Spot capacity. Default: price-capacity-optimized.
    pub(crate) allocation: Option<Field<SpotAllocation>>,
}

/// An action that must finish before a machine enters or leaves service.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "LifecycleHook", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct LifecycleHookSettings {
    /// When the hook runs.
    pub(crate) transition: Field<Transition>,
    /// How long the action may take. Default: 5m.
    pub(crate) timeout: Option<Field<Lasting<30, 7_200>>>,
    /// What happens after the timeout, if no program on the machine has called `complete-lifecycle-action`. Default: abandon.
    pub(crate) default: Option<Field<HookDefault>>,
}

/// Settings that only AWS has.
#[derive(Debug, Clone, Serialize)]
pub struct Aws {
    /// Other machine types that the group may use.
    pub machines: Vec<MachineType>,
    /// Spot capacity.
    pub spot: Option<Spot>,
    /// IAM policies for the machines; sorted.
    pub policies: Vec<IamPolicyArn>,
    /// Actions that must finish before a machine enters or leaves service.
    pub lifecycle_hooks: BTreeMap<HookName, LifecycleHook>,
    /// Whether metrics are collected every minute.
    pub detailed_monitoring: bool,
    /// How many network hops an answer of the metadata service may travel.
    pub metadata_hops: u32,
    /// A machine is replaced after this time.
    pub max_lifetime: Option<Duration>,
}

/// Spot capacity.
#[derive(Debug, Clone, Serialize)]
pub struct Spot {
    /// How many machines are On-Demand before any is Spot.
    pub on_demand_base: u32,
    /// The share of On-Demand among the machines above that number.
    pub on_demand_share: Percent,
    /// How AWS chooses Spot capacity.
    pub allocation: SpotAllocation,
}

/// An action that must finish before a machine enters or leaves service.
#[derive(Debug, Clone, Serialize)]
pub struct LifecycleHook {
    /// When the hook runs.
    pub transition: Transition,
    /// How long the action may take.
    pub timeout: Duration,
    /// What happens after the timeout.
    pub default: HookDefault,
}

impl AwsSettings {
    pub(super) fn resolve(&self) -> Option<Aws> {
        let hooks = entries(self.lifecycle_hooks.as_ref()).iter();
        let spot = self.spot.read()?;
        Some(Aws {
            machines: list(self.machines.as_ref()),
            spot: match &spot {
                Some(spot) => Some(spot.resolve()?),
                None => None,
            },
            policies: set(self.policies.as_ref()),
            lifecycle_hooks: hooks
                .map(|(name, hook)| Some((name.value.clone()?, hook.get()?.resolve()?)))
                .collect::<Option<_>>()?,
            detailed_monitoring: self.detailed_monitoring.default_to(false)?,
            metadata_hops: self.metadata_hops.default_to(Number(1))?.0,
            max_lifetime: self.max_lifetime.read()?.map(|Lasting(duration)| duration),
        })
    }
}

impl SpotSettings {
    fn resolve(&self) -> Option<Spot> {
        Some(Spot {
            on_demand_base: self.on_demand_base.default_to(0)?,
            on_demand_share: self.on_demand_share.default_to(Percent(0))?,
            allocation: self.allocation.default_to(SpotAllocation::PriceCapacityOptimized)?,
        })
    }
}

impl LifecycleHookSettings {
    fn resolve(&self) -> Option<LifecycleHook> {
        Some(LifecycleHook {
            transition: *self.transition.get()?,
            timeout: self.timeout.default_to(Lasting(Duration::from_seconds(300)))?.0,
            default: self.default.default_to(HookDefault::Abandon)?,
        })
    }
}
