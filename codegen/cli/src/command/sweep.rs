//! `fleetgen sweep`.

use std::collections::BTreeSet;

use fleetgen_cloud::{Kind, Litter, Thing};
use fleetgen_fleet::Fleet;
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::Duration;
use fleetgen_problem::{Code, Place as ProblemPlace, Problem};
use fleetgen_report::{count, inert};
use fleetgen_rollout::Place;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::rollout::{Ground, Where, built_for, duration, referenced, unseen};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::records::Recorded;
use crate::table::table;
use crate::ui::Ui;

/// List what builds left behind in the clouds, and remove it
///
/// Builds that were killed leave machines, disks, keys, snapshots and images. Lists those of this fleet that are older than a day,
/// and removes them with `--remove`. Images stay if they are recorded in images/, if a launch template or an instance template refers to
/// them, or if a rollout or a plan does. On Google Cloud, images whose days are over are marked as deprecated; AWS does that by itself.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove them, instead of only listing them
    #[arg(long)]
    remove: bool,
    /// Only what is older than this, such as 12h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = duration)]
    older_than: Duration,
}

/// What happens to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Remove,
    Deprecate,
}

/// A thing, and what happens to it.
#[derive(Debug, Serialize)]
struct Item {
    #[serde(flatten)]
    thing: Thing,
    cloud: Cloud,
    account: String,
    region: String,
    deed: Deed,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let fleet = &project.fleet;
    let recorded = Recorded::read(&project.root, fleet)?;
    let place = Where { simulator: false };
    // A rollout that only the bucket knows may need an image.
    place.refresh(global, fleet)?;
    let mut needed: BTreeSet<String> = referenced(global)?.images.iter().map(ToString::to_string).collect();
    let images = recorded.layers.values().flat_map(|images| &images.images);
    let builds = images.flat_map(|image| image.builds().map(|(_, _, build)| build).collect::<Vec<_>>());
    needed.extend(builds.flat_map(|build| build.ids.values().map(ToString::to_string)));

    built_for(fleet.networks.values().map(|network| network.cloud), "")?;
    let Ground::Clouds(mut clouds) = place.open(&project, &recorded.layers, true)? else {
        return Err(Failure::usage("the simulator has no builds", None));
    };
    let now = crate::clock::now()?;
    let mut problems = Vec::new();
    let mut litter = Litter::default();
    for (site, zones) in sites(fleet) {
        match clouds.litter(&site, &zones, now) {
            Ok(found) => {
                // The images of a project are in no region, and are found from each.
                let is_known =
                    |new: &Thing, all: &[Thing]| all.iter().any(|it| (it.kind, &it.id) == (new.kind, &new.id));
                let new = found.things.into_iter().filter(|thing| !is_known(thing, &litter.things));
                let new: Vec<Thing> = new.collect();
                litter.things.extend(new);
                litter.in_use.extend(found.in_use);
            }
            Err(failure) => {
                let problem = unseen(site.cloud, site.region.as_str(), &failure.words());
                problems
                    .push(problem.hint("check the credentials and the network, and run it again; nothing was removed"));
            }
        }
    }
    // What was not seen may refer to an image.
    if !problems.is_empty() {
        return Err(Failure::Problems(problems, None));
    }
    let mut items = due(&litter, &needed, now, args.older_than);
    for item in items.iter_mut().filter(|_| args.remove) {
        let done = match item.deed {
            Deed::Remove => clouds.remove(&item.thing),
            Deed::Deprecate => clouds.deprecate(&item.thing),
        };
        if let Err(failure) = done {
            let message = format!("{} was not removed: {}", item.thing.id, failure.words());
            problems.push(Problem::new(Code::Fault, ProblemPlace::Nowhere, message).hint("run it again"));
            item.failed = Some(failure.words());
        }
    }
    if ui.format == Format::Json {
        ui.json(json!({ "things": items, "removed": args.remove }))?;
    } else if items.is_empty() {
        ui.note("nothing is left behind")?;
    } else {
        ui.print(&table(
            &["CLOUD", "REGION", "WHAT", "ID", "NAME", "CREATED", "THEN"],
            items.iter().map(Item::cells).collect(),
            &[],
        ))?;
        let things = count(items.len(), "thing");
        ui.note(&if args.remove {
            let failed = items.iter().filter(|item| item.failed.is_some()).count();
            format!("{things}, {failed} of which failed")
        } else {
            format!("{things}; `fleetgen sweep --remove` does it")
        })?;
    }
    if problems.is_empty() { Ok(Exit::Ok) } else { Err(Failure::Problems(problems, None)) }
}

/// Where builds work and images are: the builder's account in every region of the fleet, and the builder's project.
fn sites(fleet: &Fleet) -> Vec<(Place, Vec<String>)> {
    let mut sites: Vec<(Place, Vec<String>)> = Vec::new();
    for network in fleet.networks.values() {
        let account = match network.cloud {
            Cloud::Aws => fleet.aws.as_ref().map(|aws| aws.builder.account.to_string()),
            Cloud::Gcp => fleet.gcp.as_ref().map(|gcp| gcp.builder.project.to_string()),
        };
        let Some(account) = account else { continue };
        let (cloud, region, name) = (network.cloud, network.region.clone(), fleet.name.to_string());
        let site = Place { cloud, account, region, name };
        let zones = network.zones.iter().map(ToString::to_string);
        match sites.iter_mut().find(|(known, _)| *known == site) {
            Some((_, known)) => known.extend(zones),
            None => sites.push((site, zones.collect())),
        }
    }
    sites
}

/// What happens to what is there. Nothing is removed whose age is not known.
fn due(litter: &Litter, needed: &BTreeSet<String>, now: Timestamp, older_than: Duration) -> Vec<Item> {
    let age = SignedDuration::from_secs(older_than.seconds.into());
    let is_old = |thing: &Thing| thing.created.is_some_and(|created| now.duration_since(created) >= age);
    let deed = |thing: &Thing| match thing.kind {
        Kind::Image if needed.contains(&thing.id) || litter.in_use.contains(&thing.id) => {
            thing.is_overdue.then_some(Deed::Deprecate)
        }
        Kind::Machine | Kind::Disk | Kind::Snapshot | Kind::Key | Kind::Image => is_old(thing).then_some(Deed::Remove),
    };
    let item = |(thing, deed): (Thing, Deed)| {
        let Place { cloud, account, region, .. } = thing.site.clone();
        Item { thing, cloud, account, region: region.to_string(), deed, failed: None }
    };
    let things: Vec<(Thing, Deed)> =
        litter.things.iter().filter_map(|thing| Some((thing.clone(), deed(thing)?))).collect();
    things.into_iter().map(item).collect()
}

impl Item {
    fn cells(&self) -> Vec<String> {
        let kind = match self.thing.kind {
            Kind::Machine => "machine",
            Kind::Disk => "disk",
            Kind::Snapshot => "snapshot",
            Kind::Key => "key",
            Kind::Image => "image",
        };
        let then = match (self.deed, &self.failed) {
            (_, Some(why)) => inert(why),
            (Deed::Remove, None) => "remove".to_owned(),
            (Deed::Deprecate, None) => "deprecate".to_owned(),
        };
        let created = self.thing.created.map(|at| at.strftime("%Y-%m-%d %H:%MZ").to_string()).unwrap_or_default();
        let where_ = self.thing.zone.clone().unwrap_or_else(|| self.region.clone());
        vec![
            self.cloud.to_string(),
            where_,
            kind.to_owned(),
            inert(&self.thing.id),
            inert(&self.thing.name),
            created,
            then,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_old_and_not_needed_goes() {
        let now: Timestamp = "2026-11-02T00:00:00Z".parse().unwrap();
        let site = Place {
            cloud: Cloud::Aws,
            account: "123456789012".to_owned(),
            region: "us-west-2".parse().unwrap(),
            name: "example".to_owned(),
        };
        let thing = |kind, id: &str, created: Option<&str>, is_overdue| Thing {
            kind,
            site: site.clone(),
            zone: None,
            id: id.to_owned(),
            name: String::new(),
            created: created.map(|at| at.parse().unwrap()),
            is_overdue,
        };
        let (old, new) = (Some("2026-10-31T23:59:59Z"), Some("2026-11-01T00:00:01Z"));
        let litter = Litter {
            things: vec![
                thing(Kind::Machine, "old", old, false),
                thing(Kind::Machine, "new", new, false),
                thing(Kind::Disk, "ageless", None, false),
                thing(Kind::Image, "recorded", old, false),
                thing(Kind::Image, "overdue", old, true),
                thing(Kind::Image, "in-template", old, false),
                thing(Kind::Image, "lost", old, true),
                thing(Kind::Image, "lost-today", new, false),
                thing(Kind::Snapshot, "half-copied", old, false),
                thing(Kind::Key, "key", old, false),
            ],
            in_use: BTreeSet::from(["in-template".to_owned()]),
        };
        let needed = BTreeSet::from(["recorded".to_owned(), "overdue".to_owned()]);
        let day = Duration::try_from("1d".to_owned()).unwrap();
        let found = due(&litter, &needed, now, day);
        let found: Vec<(&str, Deed)> = found.iter().map(|item| (item.thing.id.as_str(), item.deed)).collect();
        let remove = ["old", "lost", "half-copied", "key"].map(|id| (id, Deed::Remove));
        assert_eq!(found, [remove[0], ("overdue", Deed::Deprecate), remove[1], remove[2], remove[3]]);
    }
}
