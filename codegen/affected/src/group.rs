//! Groups that Terraform changes, or that will get another image.

use std::collections::BTreeSet;

use fleetgen_fleet::scalar::{EnvironmentName, GroupName, LayerName, NetworkName};
use fleetgen_fleet::{Fleet, Group, Scope};
use fleetgen_images::Records;
use rayon::prelude::*;
use serde::Serialize;

use crate::{Change, LayerChange, Setting, Side, group_settings};

/// A group that changes.
#[derive(Debug, Clone, Serialize)]
pub struct GroupChange {
    /// The group.
    pub group: GroupName,
    /// Its name before the change, if it is renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<GroupName>,
    /// Its environment; before the change, if it is removed.
    pub environment: EnvironmentName,
    /// Its network; before the change, if it is removed.
    pub network: NetworkName,
    /// What Terraform does with it; nothing if only its image changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terraform: Option<Change>,
    /// The arguments of its module that differ.
    pub settings: Vec<Setting>,
    /// Why it will get another image, once that is built and promoted; nothing if it keeps its image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<NewImage>,
}

/// Why a group will get another image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NewImage {
    /// Its layer has another key.
    Rebuilt,
    /// It runs another layer.
    Layer {
        /// The layer before.
        from: LayerName,
        /// The layer after.
        to: LayerName,
    },
    /// An image was promoted or revoked.
    Decided,
}

pub(crate) fn changes(before: &Side, after: &Side, layers: &[LayerChange]) -> Vec<GroupChange> {
    let (old, new) = (Records::new(&before.images), Records::new(&after.images));
    let gone = before.fleet.groups.values().filter(|was| heir(&after.fleet, was).is_none()).map(|was| &was.name);
    let names: BTreeSet<&GroupName> = gone.chain(after.fleet.groups.keys()).collect();
    let names: Vec<&GroupName> = names.into_iter().collect();
    // Reading Terraform's language takes most of the time.
    let changed = names.into_par_iter().filter_map(|name| {
        let is = after.fleet.groups.get(name);
        let was = is.map_or_else(|| before.fleet.groups.get(name), |is| former(&before.fleet, is));
        let group = is.or(was)?;
        let renamed_from = was.map(|was| &was.name).filter(|was| *was != name);
        let (old_file, new_file) = (was.and_then(|group| file(before, group)), is.and_then(|group| file(after, group)));
        let moved = was.zip(is).is_some_and(|(was, is)| Scope::of(was) != Scope::of(is));
        let terraform = Change::of(old_file.as_ref(), new_file.as_ref()).or(moved.then_some(Change::Changed));
        let settings = match (old_file, new_file) {
            (Some(old), Some(new)) if old != new => {
                group_settings(old, renamed_from.unwrap_or(name).as_str(), new, name.as_str())
            }
            _ => Vec::new(),
        };
        let image = was.zip(is).and_then(|(was, is)| {
            let is_rebuilt = layers.iter().any(|layer| layer.layer == is.layer && layer.change == Change::Changed);
            let chosen = |records: &Records<'_>, side: &Side, group: &Group| {
                fleetgen_rollout::choose(records, &side.fleet, group).ok().map(|(image, _)| image.key.to_string())
            };
            if was.layer != is.layer {
                Some(NewImage::Layer { from: was.layer.clone(), to: is.layer.clone() })
            } else if chosen(&old, before, was) != chosen(&new, after, is) {
                Some(NewImage::Decided)
            } else {
                is_rebuilt.then_some(NewImage::Rebuilt)
            }
        });
        let (environment, network) = (group.environment.clone(), group.network.clone());
        let renamed_from = renamed_from.cloned();
        let change =
            GroupChange { group: name.clone(), renamed_from, environment, network, terraform, settings, image };
        (change.terraform.is_some() || change.image.is_some()).then_some(change)
    });
    changed.collect()
}

/// What a group is after a change.
pub(crate) fn heir<'a>(after: &'a Fleet, was: &Group) -> Option<&'a Group> {
    let same = after.groups.get(&was.name);
    same.or_else(|| after.groups.values().find(|is| is.renamed_from.as_ref() == Some(&was.name)))
}

/// What a group was before a change.
pub(crate) fn former<'a>(before: &'a Fleet, is: &Group) -> Option<&'a Group> {
    let same = before.groups.get(&is.name);
    same.or_else(|| is.renamed_from.as_ref().and_then(|name| before.groups.get(name)))
}

/// The file with a group's module.
fn file<'a>(side: &'a Side, group: &Group) -> Option<&'a String> {
    side.generated.get(&format!("{}/{}.tf", Scope::of(group).directory(), group.name))
}
