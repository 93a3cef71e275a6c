//! From fleet.yaml, the records of images and what the clouds show, to a plan.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{Amount, GroupName, ImageId, Percent};
use fleetgen_fleet::{Fleet, Group, resource_name};
use fleetgen_images::{Image, Records};
use fleetgen_problem::{Code, Place as ProblemPlace, Problem};

use super::{
    EnvironmentPlan, GroupPlan, Kind, LeftOut, Place, Plan, Policy, Request, Rollback, Running, Strategy, Target,
    choose,
};
use crate::cloud::{Sight, Version};

/// What a cloud shows of a group, for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The group.
    pub sight: Sight,
    /// The newest version that exists: the one to copy.
    pub latest: Version,
    /// The image of the version that the group launches, if it has the form of one.
    pub image: Option<ImageId>,
    /// Whether that image still exists in its cloud.
    pub image_exists: bool,
    /// In which settings the newest version differs from the one that the group launches, apart from the image: what Terraform
    /// has changed since. Such as `machine type: m7g.large → m7g.xlarge`.
    pub comes_along: Vec<String>,
}

/// What the clouds show of every group.
pub type Inventory = BTreeMap<GroupName, Found>;

impl Place {
    /// Where a group is.
    pub fn of(fleet: &Fleet, group: &Group) -> Option<Self> {
        let network = fleet.networks.get(&group.network)?;
        let account = match group.cloud() {
            Cloud::Aws => fleet.aws_account(network)?.account.to_string(),
            Cloud::Gcp => fleet.gcp_account(network)?.project.to_string(),
        };
        let region = network.region.clone();
        Some(Self { cloud: group.cloud(), account, region, name: resource_name::group(&fleet.name, group) })
    }
}

/// Makes a plan.
///
/// # Errors
/// A cloud did not show a group, or the request names what does not exist.
pub fn plan(
    fleet: &Fleet,
    records: &Records<'_>,
    inventory: &Inventory,
    request: Request,
) -> Result<Plan, Vec<Problem>> {
    let mut problems = unknown_names(fleet, &request);
    let mut groups = Vec::new();
    let mut left_out = BTreeMap::new();
    for group in fleet.groups.values() {
        let planned = if request.asks_for(group) {
            one(fleet, records, inventory.get(&group.name), &request, group)
        } else {
            Ok(Err(LeftOut::NotAsked))
        };
        match planned {
            Ok(Ok(plan)) => groups.push(plan),
            Ok(Err(reason)) => {
                left_out.insert(group.name.clone(), reason);
            }
            Err(problem) => problems.push(*problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let place = |group: &GroupPlan| {
        let environments = fleet.environments.iter();
        environments.take_while(|environment| environment.name != group.environment).count()
    };
    groups.sort_by_cached_key(|group| (place(group), group.wave, group.name.clone()));
    let used: BTreeSet<_> = groups.iter().map(|group| &group.environment).collect();
    let environments = fleet.environments.iter().filter(|environment| used.contains(&environment.name));
    let environments = environments.map(|environment| EnvironmentPlan {
        name: environment.name.clone(),
        windows: environment.windows.clone(),
        gates: environment.gates.clone(),
        soak: environment.soak,
    });
    let policy = Policy {
        groups_at_once: fleet.rollout.groups_at_once,
        stop_after_failures: fleet.rollout.stop_after_failures,
        bake: fleet.rollout.bake,
        freezes: fleet.rollout.freezes.clone(),
    };
    Ok(Plan { fleet: fleet.name.clone(), environments: environments.collect(), request, policy, groups, left_out })
}

/// Reports names in a request that nothing has.
fn unknown_names(fleet: &Fleet, request: &Request) -> Vec<Problem> {
    let environments: Vec<&str> = fleet.environments.iter().map(|environment| environment.name.as_str()).collect();
    let groups: Vec<&str> = fleet.groups.keys().map(GroupName::as_str).collect();
    let check = |what: &str, name: &str, known: &[&str]| {
        (!known.contains(&name)).then(|| {
            Problem::new(Code::Usage, ProblemPlace::Nowhere, format!("there is no {what} `{name}`"))
                .maybe_hint(fleetgen_problem::suggest_or_list(name, known.iter().copied()))
        })
    };
    let mut problems = Vec::new();
    problems.extend(request.environments.iter().filter_map(|name| check("environment", name.as_str(), &environments)));
    problems.extend(request.groups.iter().filter_map(|name| check("group", name.as_str(), &groups)));
    problems
}

/// Plans one group, or says why it is left out.
fn one(
    fleet: &Fleet,
    records: &Records<'_>,
    found: Option<&Found>,
    request: &Request,
    group: &Group,
) -> Result<Result<GroupPlan, LeftOut>, Box<Problem>> {
    let unseen = |why: &str| {
        let message = format!("{} did not show the group `{}`: {why}", group.cloud().title(), group.name);
        Box::new(
            Problem::new(Code::Plan, ProblemPlace::Nowhere, message)
                .hint("fix that, and plan again; nothing has changed"),
        )
    };
    let Some(found) = found else { return Ok(Err(LeftOut::NotCreated)) };
    let observation = match &found.sight {
        Sight::Seen(observation) => observation,
        Sight::Gone => return Ok(Err(LeftOut::NotCreated)),
        Sight::Unknown(why) | Sight::Denied(why) => return Err(unseen(why)),
    };
    let running = found.image.as_ref().and_then(|id| records.image(id));
    let revoked = running.and_then(|image| records.revoked(image));
    if matches!(request.kind, Kind::Emergency(_)) && revoked.is_none() {
        return Ok(Err(LeftOut::NotRevoked));
    }
    let (image, id) = match choose(records, fleet, group) {
        Ok(chosen) => chosen,
        Err(why) => return Ok(Err(LeftOut::NoImage(why))),
    };
    let setting = &observation.setting;
    // A canary, or a machine of another version, is what an earlier rollout left behind. Settings that Terraform has changed reach machines
    // with a rollout only, so they are reason enough.
    let is_current = found.image.as_ref() == Some(id) && found.comes_along.is_empty();
    if is_current && setting.canary.is_none() && observation.others(&setting.version) == 0 {
        return Ok(Err(LeftOut::Current(image.key.clone())));
    }
    let place = Place::of(fleet, group).ok_or_else(|| unseen("fleet.yaml has no account for it"))?;
    Ok(Ok(GroupPlan {
        name: group.name.clone(),
        environment: group.environment.clone(),
        wave: group.rollout.wave,
        layer: group.layer.clone(),
        from: Running { setting: setting.clone(), image: found.image.clone() },
        to: Target {
            image: id.clone(),
            key: image.key.clone(),
            source: found.latest.clone(),
            comes_along: found.comes_along.clone(),
        },
        rollback: rollback(found, running, revoked, setting.canary.is_some()),
        roll_back: group.rollout.roll_back,
        strategy: match place.cloud {
            Cloud::Aws => Strategy::InstanceRefresh,
            Cloud::Gcp => Strategy::Versions,
        },
        place,
        size: observation.size,
        canary: group.rollout.canary,
        max_unavailable: group.rollout.max_unavailable,
        max_surge: surge(group, observation.size),
        min_healthy: group.rollout.min_healthy,
        bake: group.rollout.bake,
        progress_deadline: group.rollout.progress_deadline,
        gates: group.rollout.gates.clone(),
    }))
}

/// What a group can return to: only an image that exists, is recorded and was not revoked.
fn rollback(found: &Found, running: Option<&Image>, revoked: Option<String>, is_split: bool) -> Rollback {
    match (&found.image, running, revoked) {
        _ if is_split => Rollback::Impossible("it runs two versions, which an earlier rollout left behind".to_owned()),
        (_, Some(_), Some(why)) => Rollback::Impossible(why),
        (Some(id), Some(_), None) if !found.image_exists => {
            Rollback::Impossible(format!("its image {id} no longer exists"))
        }
        (_, Some(image), None) => Rollback::Proven(image.key.clone()),
        (Some(id), None, _) => Rollback::Impossible(format!("its image {id} is not recorded")),
        (None, None, _) => Rollback::Impossible("fleetgen did not build its image".to_owned()),
    }
}

/// A group of one adds its new machine before it removes the old one, unless fleet.yaml allows none to be added.
fn surge(group: &Group, size: u32) -> Amount {
    match group.rollout.max_surge {
        Amount::Share(Percent(1..)) if size == 1 => Amount::Machines(1),
        surge @ (Amount::Share(_) | Amount::Machines(_)) => surge,
    }
}
