//! Which image may be promoted.

use fleetgen_fleet::scalar::{EnvironmentName, Text};
use fleetgen_fleet::{Environment, Fleet, Group};
use fleetgen_problem::{Problem, suggest_or_list};
use jiff::{SignedDuration, Timestamp};

use crate::{Image, Promotion, Records, refuse};

/// Who decides, and when.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Who.
    pub by: Text,
    /// When.
    pub at: Timestamp,
}

/// The promotion of an image to an environment; nothing if it was promoted to it before. `without_soak` is why it need not
/// soak in the environment before.
///
/// # Errors
/// Everything that keeps it from being promoted.
pub fn promote(
    fleet: &Fleet,
    records: &Records<'_>,
    image: &Image,
    to: &EnvironmentName,
    decision: Decision,
    without_soak: Option<Text>,
) -> Result<Option<Promotion>, Vec<Problem>> {
    let key = image.key.short();
    let Some(place) = fleet.environments.iter().position(|environment| environment.name == *to) else {
        let known = fleet.environments.iter().map(|environment| environment.name.as_str());
        let hint = suggest_or_list(to.as_str(), known).unwrap_or_default();
        return Err(vec![refuse(format!("there is no environment `{to}`"), hint)]);
    };
    let Some((layer, image)) = records.get(&image.key) else { return Ok(None) };
    let mut problems = Vec::new();
    if let Some(why) = records.revoked(image) {
        problems.push(refuse(why, "build the layer again, and promote the new image"));
    }
    let unrecorded =
        records.lineage(image).find_map(|image| image.parent.as_ref().filter(|it| records.get(it).is_none()));
    if let Some(parent) = unrecorded {
        problems.push(refuse(
            format!("{key} is built on {}, which is not recorded, so it could not be revoked", parent.short()),
            "record the build of its parent with `fleetgen images record`",
        ));
    }
    let groups = |environment: &Environment| -> Vec<&Group> {
        let groups = fleet.groups.values();
        groups.filter(|group| group.layer == *layer && group.environment == environment.name).collect()
    };
    if image.promotion(to).is_some() && problems.is_empty() {
        return Ok(None);
    }
    // Environments that run the layer, before this one. Nothing can be learned about an image where none of its groups are.
    let before = fleet.environments[..place].iter().rfind(|environment| !groups(environment).is_empty());
    if let Some(before) = before {
        match image.promotion(&before.name) {
            None => problems.push(refuse(
                format!("{key} must be promoted to `{}` before `{to}`", before.name),
                format!("run `fleetgen images promote {key} --to {}` first", before.name),
            )),
            Some(promotion) if without_soak.is_none() => {
                let soak = SignedDuration::from_secs(before.soak.seconds.into());
                let soaked = promotion.at.checked_add(soak).unwrap_or(Timestamp::MAX);
                if decision.at < soaked {
                    problems.push(refuse(
                        format!(
                            "{key} was promoted to `{}` at {}, and soaks there for {}",
                            before.name, promotion.at, before.soak
                        ),
                        format!("promote it after {soaked}; in an emergency, add `--without-soak REASON`"),
                    ));
                }
            }
            Some(_) => {}
        }
    }
    for group in groups(&fleet.environments[place]) {
        let (cloud, architecture) = (group.cloud(), group.machine.architecture);
        let Some(network) = fleet.networks.get(&group.network) else { continue };
        if image.id(cloud, architecture, &network.region).is_none() {
            problems.push(refuse(
                format!(
                    "{key} has no {cloud} {architecture} image in {}, which the group `{}` needs",
                    network.region, group.name
                ),
                format!("build it with `packer/runner/build.sh {layer}`, and record it before you promote it"),
            ));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Some(Promotion { environment: to.clone(), by: decision.by, at: decision.at, without_soak }))
}
