//! `fleetgen rollout prune`.

use fleetgen_fleet::scalar::GroupName;
use fleetgen_problem::{Code, Place as ProblemPlace, Problem};
use fleetgen_rollout::{Place, Version, Versions as _, prunable};
use serde_json::json;

use super::Where;
use super::place::referenced;
use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::table::table;
use crate::ui::Ui;

/// Delete the versions of what groups launch that nothing refers to
///
/// Every rollout leaves a launch template version or an instance template behind, and the clouds keep them for ever. Kept are
/// what a group and its machines have, what Terraform made last, what a rollout goes to or may return to, and the newest ones.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// How many of the newest versions of each group stay in any case
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    keep: u32,
    /// Delete them without asking
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    args.place.refresh(global, &project.fleet)?;
    args.place.check(project.fleet.groups.values().map(fleetgen_fleet::Group::cloud))?;
    let mut ground = args.place.open(&project, &args.place.records(&project)?, true)?;
    let referenced = referenced(global)?;
    let mut unused: Vec<(&GroupName, Place, Version)> = Vec::new();
    let mut problems = Vec::new();
    let refuse = |group: &GroupName, why: String| {
        Problem::new(Code::Plan, ProblemPlace::Nowhere, format!("{group}: {why}")).hint("fix that, and run it again")
    };
    for group in project.fleet.groups.values() {
        let Some(place) = Place::of(&project.fleet, group) else { continue };
        match ground.list(&group.name, &place) {
            Ok(list) => {
                let plans = referenced.versions.get(&group.name).cloned().unwrap_or_default();
                let versions = prunable(&list, &plans, args.keep as usize);
                unused.extend(versions.into_iter().map(|version| (&group.name, place.clone(), version)));
            }
            Err(why) => problems.push(refuse(&group.name, why)),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems, None));
    }
    if unused.is_empty() && ui.format != Format::Json {
        ui.note("every version is needed")?;
        return Ok(Exit::Ok);
    }
    if ui.format != Format::Json {
        let rows = unused.iter().map(|(group, place, version)| {
            vec![group.to_string(), place.cloud.to_string(), place.region.to_string(), version.to_string()]
        });
        ui.print(&table(&["GROUP", "CLOUD", "REGION", "VERSION"], rows.collect(), &[]))?;
    }
    let agreed = args.yes
        || (ui.is_terminal() && ui.ask(&format!("delete {}?", fleetgen_report::count(unused.len(), "version")))?);
    let mut deleted = Vec::new();
    for (group, place, version) in unused.iter().filter(|_| agreed) {
        match ground.delete(group, place, version) {
            Ok(()) => deleted.push(json!({ "group": group, "version": version })),
            Err(why) => problems.push(refuse(group, format!("version {version} was not deleted: {why}"))),
        }
    }
    if ui.format == Format::Json {
        let versions = unused.iter().map(|(group, _, version)| json!({ "group": group, "version": version }));
        let json = json!({ "versions": versions.collect::<Vec<_>>(), "deleted": deleted });
        ui.json(json)?;
    } else if !agreed {
        ui.note("nothing was deleted; `--yes` deletes them without asking")?;
    }
    if problems.is_empty() { Ok(Exit::Ok) } else { Err(Failure::Problems(problems, None)) }
}
