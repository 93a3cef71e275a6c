//! How a group moves to a new image, and the percentages in which AWS takes it.

use fleetgen_problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Size;
use crate::choice::Cloud;
use crate::field::{Entries, Field, Optional as _};
use crate::gate::{self, GateSettings, Gates};
use crate::scalar::{Amount, Duration, GateName, Lasting, Number, Percent, Share};

/// How the group moves to a new image.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Rollout", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct RolloutSettings {
    /// Groups with a lower wave are updated first. Default: 1.
    pub(crate) wave: Option<Field<Number<1, 9>>>,
    /// How many machines may be missing at a time, such as 1 or 25%. A percentage is rounded down to whole machines, at
    /// every size the group can have. Default: 0.
    pub(crate) max_unavailable: Option<Field<Amount>>,
    /// How many machines may be added at a time, such as 1 or 10%. AWS allows at most 100% for
    /// `max_unavailable` and `max_surge` together; if `max_unavailable` leaves no room, fewer are added. Default: on AWS 10%, or 100% of a
    /// group of one; on GCP one per zone.
    pub(crate) max_surge: Option<Field<Amount>>,
    /// The share of machines that is updated first and watched. Default: none.
    pub(crate) canary: Option<Field<Share<1, 50>>>,
    /// How long the canary, and at the end the whole group, is watched. Default: 5m.
    pub(crate) bake: Option<Field<Lasting<0, 172_800>>>,
    /// Return to the previous image if the group fails. Default: true.
    pub(crate) roll_back: Option<Field<bool>>,
    /// The fewest machines that must be healthy, such as 2 or 50%: with fewer, neither the group's update nor the part after
    /// its canary starts. Default, and at most: the group's size less `max_unavailable`.
    pub(crate) min_healthy: Option<Field<Amount>>,
    /// The group fails if no further machine becomes healthy for this long. Longer than a machine takes to boot. Default: 30m.
    pub(crate) progress_deadline: Option<Field<Lasting<60, 86_400>>>,
    /// What must pass after the canary, and after the whole group is updated, by name. Default: none.
    pub(crate) gates: Option<Field<Entries<GateName, GateSettings>>>,
}

/// How a group moves to a new image.
#[derive(Debug, Clone, Serialize)]
pub struct Rollout {
    /// Groups with a lower wave are updated first.
    pub wave: u32,
    /// How many machines may be missing at a time.
    pub max_unavailable: Amount,
    /// How many machines may be added at a time.
    pub max_surge: Amount,
    /// The share of machines that is updated first.
    pub canary: Option<Percent>,
    /// How long the canary and the whole group are watched.
    pub bake: Duration,
    /// Whether to return to the previous image if the group fails.
    pub roll_back: bool,
    /// The fewest machines that must be healthy, if fleet.yaml sets it. Otherwise the size less `max_unavailable`.
    pub min_healthy: Option<Amount>,
    /// The group fails if no further machine becomes healthy for this long.
    pub progress_deadline: Duration,
    /// What must pass after the canary, and after the whole group is updated.
    pub gates: Gates,
}

impl RolloutSettings {
    pub(super) fn resolve(
        &self,
        cloud: Cloud,
        zones: usize,
        size: Option<Size>,
        problems: &mut Vec<Problem>,
    ) -> Option<Rollout> {
        let gates = gate::resolve(self.gates.as_ref(), problems);
        Some(Rollout {
            wave: self.wave.default_to(Number(1))?.0,
            max_unavailable: self.max_unavailable.default_to(Amount::Machines(0))?,
            max_surge: self.max_surge.default_to(default_surge(cloud, zones, size))?,
            canary: self.canary.read()?.map(|Share(percent)| percent),
            bake: self.bake.default_to(Lasting(Duration::from_seconds(300)))?.0,
            roll_back: self.roll_back.default_to(true)?,
            min_healthy: self.min_healthy.read()?,
            progress_deadline: self.progress_deadline.default_to(Lasting(Duration::from_seconds(1_800)))?.0,
            gates: gates?,
        })
    }
}

fn default_surge(cloud: Cloud, zones: usize, size: Option<Size>) -> Amount {
    match cloud {
        Cloud::Gcp => Amount::Machines(u32::try_from(zones).unwrap_or(1)),
        Cloud::Aws if size.is_none_or(|size| size.max == 1) => Amount::Share(Percent(100)),
        Cloud::Aws => Amount::Share(Percent(10)),
    }
}

/// The bounds of an Auto Scaling group's healthy machines while others are replaced, in percent of its desired capacity:
/// 0 ≤ `min` ≤ 100 ≤ `max` ≤ 200, and `max - min` ≤ 100, as EC2 Auto Scaling requires (botocore 1.44,
/// `InstanceMaintenancePolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthyPercentages {
    /// Machines that stay.
    pub min: u32,
    /// Machines that may exist.
    pub max: u32,
}

impl HealthyPercentages {
    /// How many machines of a group of `size` may be missing, if AWS rounds the machines that stay down.
    pub fn missing(self, size: u32) -> u32 {
        size - Amount::Share(Percent(self.min)).of(size)
    }
}

impl Rollout {
    /// The percentages that mean `max_unavailable` and `max_surge` at every size from `size.min` to `size.max`.
    ///
    /// How AWS rounds is not documented, so `min` holds for the worst case, rounding down: no more machines are missing than
    /// fleet.yaml allows, at any size. `max` adds whole machines at the largest size, so that it never adds more at a
    /// smaller one, and gives way where both do not fit.
    pub fn healthy_percentages(&self, size: Size) -> HealthyPercentages {
        HealthyPercentages::new(self.max_unavailable, self.max_surge, size)
    }
}

impl HealthyPercentages {
    /// See [`Rollout::healthy_percentages`].
    pub fn new(max_unavailable: Amount, max_surge: Amount, size: Size) -> Self {
        let largest = size.max.max(1);
        let sizes = size.min.max(1)..=largest;
        let needed = |size: u32| percent_of(size - max_unavailable.of(size), size);
        let min = match max_unavailable {
            // The share that has to stay grows with the size.
            Amount::Machines(_) => needed(largest),
            Amount::Share(_) => sizes.map(needed).max().unwrap_or(100),
        };
        let surge = match max_surge {
            Amount::Machines(number) => percent_of(number.min(largest), largest),
            Amount::Share(Percent(share)) => share,
        };
        Self { min, max: 100 + surge.min(min) }
    }
}

/// The smallest percentage of `size` that is at least `number` machines; `number` is at most `size`, which is not 0.
fn percent_of(number: u32, size: u32) -> u32 {
    (number * 100).div_ceil(size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn percentages(max_unavailable: Amount, max_surge: Amount, min: u32, max: u32) -> (u32, u32) {
        let rollout = rollout(max_unavailable, max_surge);
        let percentages = rollout.healthy_percentages(Size { min, desired: min, max });
        (percentages.min, percentages.max)
    }

    fn rollout(max_unavailable: Amount, max_surge: Amount) -> Rollout {
        let bake = Duration::from_seconds(300);
        Rollout {
            wave: 1,
            max_unavailable,
            max_surge,
            canary: None,
            bake,
            roll_back: true,
            min_healthy: None,
            progress_deadline: bake,
            gates: Gates::new(),
        }
    }

    #[test]
    fn whole_machines_are_meant() {
        use Amount::{Machines, Share};
        for (unavailable, surge, min, max, expected) in [
            // One of 20 is 5%; of a group that has shrunk to one machine, 95% is none.
            (Machines(1), Machines(0), 1, 20, (95, 100)),
            (Machines(1), Machines(2), 3, 3, (67, 167)),
            (Machines(0), Share(Percent(10)), 0, 10, (100, 110)),
            (Machines(0), Share(Percent(100)), 1, 1, (100, 200)),
            // Surge gives way.
            (Machines(1), Machines(1), 1, 1, (0, 100)),
            (Machines(2), Machines(3), 4, 4, (50, 150)),
            // A quarter of two machines is no whole machine.
            (Share(Percent(25)), Share(Percent(10)), 2, 10, (100, 110)),
            (Share(Percent(25)), Share(Percent(10)), 4, 4, (75, 110)),
        ] {
            assert_eq!(percentages(unavailable, surge, min, max), expected, "{unavailable:?} {surge:?} {min} {max}");
        }
    }

    fn amount() -> impl Strategy<Value = Amount> {
        prop_oneof![(0u32..40).prop_map(Amount::Machines), (0u32..=100).prop_map(|share| Amount::Share(Percent(share)))]
    }

    proptest! {
        #[test]
        fn no_more_machines_are_missing_than_fleet_yaml_says(
            unavailable in amount(), surge in amount(), min in 0u32..60, more in 0u32..300,
        ) {
            let size = Size { min, desired: min, max: (min + more).max(1) };
            let percentages = rollout(unavailable, surge).healthy_percentages(size);
            prop_assert!(percentages.min <= 100 && (100..=200).contains(&percentages.max));
            prop_assert!(percentages.max - percentages.min <= 100);
            for machines in size.min.max(1)..=size.max {
                prop_assert!(percentages.missing(machines) <= unavailable.of(machines), "at {machines}: {percentages:?}");
            }
            // One percent less would allow too many at some size.
            if percentages.min > 0 {
                let lower = HealthyPercentages { min: percentages.min - 1, ..percentages };
                let mut sizes = size.min.max(1)..=size.max;
                prop_assert!(sizes.any(|machines| lower.missing(machines) > unavailable.of(machines)));
            }
        }
    }
}
