//! The picture of the fleet: every group, by environment and network, and what happens to it.

use fleetgen_affected::{Change, GroupChange};
use fleetgen_fleet::scalar::GroupName;
use serde::Serialize;

use super::{AffectedReport, group};

/// A group in the picture of the fleet.
#[derive(Serialize)]
pub(super) struct Chip<'a> {
    name: &'a str,
    kind: &'static str,
    title: String,
}

#[derive(Serialize)]
pub(super) struct Picture<'a> {
    networks: Vec<&'a str>,
    rows: Vec<(&'a str, Vec<Vec<Chip<'a>>>)>,
}

impl AffectedReport<'_> {
    /// Every group, by environment and network.
    pub(super) fn picture(&self) -> Picture<'_> {
        let networks: Vec<&str> = self.fleet.networks.keys().map(AsRef::as_ref).collect();
        let mut rows: Vec<(&str, Vec<Vec<Chip<'_>>>)> = Vec::new();
        for environment in &self.fleet.environments {
            let cells = networks.iter().map(|network| self.chips(environment.name.as_str(), network));
            rows.push((environment.name.as_str(), cells.collect()));
        }
        Picture { networks, rows }
    }

    fn chips(&self, environment: &str, network: &str) -> Vec<Chip<'_>> {
        let is_here =
            |group: &GroupChange| group.environment.as_str() == environment && group.network.as_str() == network;
        let living = self.fleet.groups.values().filter(|group| group.environment.as_str() == environment);
        let living = living.filter(|group| group.network.as_str() == network).map(|group| &group.name);
        let gone =
            self.affected.groups.iter().filter(|group| is_here(group) && group.terraform == Some(Change::Removed));
        let mut names: Vec<&GroupName> = living.chain(gone.map(|group| &group.group)).collect();
        names.sort_unstable();
        names.into_iter().map(|name| self.chip(name)).collect()
    }

    fn chip<'a>(&'a self, name: &'a GroupName) -> Chip<'a> {
        let groups = &self.affected.groups;
        // They are sorted.
        let change = groups.binary_search_by(|change| change.group.cmp(name)).ok().map(|at| &groups[at]);
        let kind = match change {
            Some(change) if change.terraform.is_some_and(|terraform| terraform != Change::Changed) => {
                change.terraform.map_or("same", Change::as_str)
            }
            Some(change) if change.image.is_some() && change.terraform.is_some() => "both",
            Some(change) if change.image.is_some() => "rolled",
            Some(_) => "changed",
            None => "same",
        };
        let title = change.map(group).map_or_else(
            || "unchanged".to_owned(),
            |row| [row.terraform, row.image].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "),
        );
        Chip { name: name.as_str(), kind, title }
    }
}
