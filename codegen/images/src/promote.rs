//! Which image may be promoted where.

use fleetgen_fleet::scalar::{EnvironmentName, LayerName, Text};
use fleetgen_fleet::{Environment, Fleet, Group};
use fleetgen_problem::{Place, Problem, suggest_or_list};
use jiff::{SignedDuration, Timestamp};

use crate::{Image, Images, Promotion, Records, refuse};

/// Who decides, and when.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Who.
    pub by: Text,
    /// When.
    pub at: Timestamp,
}

/// The promotion of an image to an environment; nothing if it was promoted to it before. `without_soak` is why it need not
/// soak in the environment before. The image is one of the records, with its layer.
///
/// # Errors
/// Everything that keeps it from being promoted.
pub fn promote<'a>(
    fleet: &Fleet,
    records: &Records<'a>,
    (layer, image): (&LayerName, &'a Image),
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
    if image.promotion(to).is_some() && problems.is_empty() {
        return Ok(None);
    }
    if let Some(before) = before(fleet, layer, place) {
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
    for group in groups(fleet, layer, &fleet.environments[place]) {
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

/// Images that a record lets run in an environment before they were promoted to the one before it, as after an edit by hand. Only
/// the newest image of each environment counts: environments change, and older images are history.
pub fn out_of_order(fleet: &Fleet, records: &Records<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for layer in fleet.layers.keys() {
        for (place, environment) in fleet.environments.iter().enumerate() {
            let newest = records.layer(layer).iter().rfind(|image| image.promotion(&environment.name).is_some());
            let Some((image, before)) = newest.zip(before(fleet, layer, place)) else { continue };
            if image.promotion(&before.name).is_none() && !groups(fleet, layer, environment).is_empty() {
                let (key, name) = (image.key.short(), &environment.name);
                problems.push(
                    refuse(
                        format!("{key} may run in `{name}`, and was not promoted to `{}` before", before.name),
                        format!(
                            "run `fleetgen images promote {key} --to {}`, or take its promotion to `{name}` back",
                            before.name
                        ),
                    )
                    .at(Place::File(Images::path(layer))),
                );
            }
        }
    }
    problems
}

/// The environment before another one that runs a layer. Nothing can be learned about an image where none of its groups are.
fn before<'a>(fleet: &'a Fleet, layer: &LayerName, place: usize) -> Option<&'a Environment> {
    fleet.environments[..place].iter().rfind(|environment| !groups(fleet, layer, environment).is_empty())
}

/// The groups of an environment that run a layer itself.
fn groups<'a>(fleet: &'a Fleet, layer: &LayerName, environment: &Environment) -> Vec<&'a Group> {
    let groups = fleet.groups.values();
    groups.filter(|group| group.layer == *layer && group.environment == environment.name).collect()
}
