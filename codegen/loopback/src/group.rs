//! What the clouds call a group's things.

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{GroupName, ImageId};
use fleetgen_fleet::{Fleet, Group};
use fleetgen_rollout::{Place, Version};
use fleetgen_simulator::ShownVersion;

/// A group, as the clouds know it.
pub(crate) struct Named {
    /// Its name in fleet.yaml, by which the world knows it.
    pub(crate) name: GroupName,
    pub(crate) place: Place,
    /// The machine types, the preferred one first.
    pub(crate) types: Vec<String>,
    /// AWS: whether machines are targets of a load balancer.
    pub(crate) is_target: bool,
}

impl Named {
    pub(crate) fn of(fleet: &Fleet, group: &Group) -> Option<Self> {
        let others: Vec<String> = match &group.target {
            fleetgen_fleet::Target::Aws(aws) => aws.machines.iter().map(ToString::to_string).collect(),
            fleetgen_fleet::Target::Gcp(_) => Vec::new(),
        };
        let mut types = vec![group.machine.machine_type.to_string()];
        types.extend(others);
        Some(Self {
            name: group.name.clone(),
            place: Place::of(fleet, group)?,
            types,
            is_target: group.all_backends().next().is_some(),
        })
    }

    /// Seventeen hexadecimal digits that belong to the group.
    fn digits(&self, of: &str) -> String {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(format!("{} {} {of}", self.place.name, self.place.region).as_bytes());
        hex::encode(digest).chars().take(17).collect()
    }

    pub(crate) fn template(&self) -> String {
        format!("lt-{}", self.digits("template"))
    }

    pub(crate) fn target_group(&self) -> String {
        let Place { account, region, name, .. } = &self.place;
        let name: String = name.chars().take(32).collect();
        let digits = &self.digits("target group")[..16];
        format!("arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{digits}")
    }

    pub(crate) fn arn(&self) -> String {
        let Place { account, region, name, .. } = &self.place;
        format!(
            "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:00000000-0000-4000-8000-000000000000:autoScalingGroupName/{name}"
        )
    }

    /// The zone of a machine.
    pub(crate) fn zone(&self, number: u32) -> String {
        let letter = ["a", "c", "d"][number as usize % 3];
        match self.place.cloud {
            Cloud::Aws => format!("{}{letter}", self.place.region),
            Cloud::Gcp => format!("{}-{}", self.place.region, ["a", "b", "c"][number as usize % 3]),
        }
    }

    /// The id of a machine on AWS.
    pub(crate) fn machine(&self, number: u32) -> String {
        format!("i-{}", self.digits(&format!("machine {number}")))
    }

    /// The name of a template on GCP: a rollout chooses it, and Terraform adds 26 digits to the group's.
    pub(crate) fn gcp_template(&self, version: &ShownVersion) -> String {
        match &version.key {
            Some(name) => name.clone(),
            None => format!("{}-2026{:0>22}", self.place.name, version.version.as_str()),
        }
    }
}

/// The architecture of an image: images are known by their fleet.
pub(crate) struct KnownImage {
    pub(crate) id: ImageId,
    pub(crate) architecture: &'static str,
    /// On AWS, where it is.
    pub(crate) region: String,
}

/// A version by its number.
pub(crate) fn number(version: &Version) -> u64 {
    version.as_str().parse().unwrap_or(0)
}
