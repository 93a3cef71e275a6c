//! `fleetgen rollout plan`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use fleetgen_fleet::scalar::{EnvironmentName, GroupName, Text};
use fleetgen_images::{Image, Records};
use fleetgen_report::{Move, PlanReport};
use fleetgen_rollout::{Kind, Plan, Request, plan};
use fleetgen_simulator::Script;
use fleetgen_tree::AtomicFile;
use serde_json::json;

use super::Where;
use super::history::append_to_summary;
use super::place::Rollout;
use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::reports::{self, Reports};
use crate::ui::Ui;

/// Plan which groups move to which images, and write that to a file
///
/// A group moves to the newest image of its layer that was promoted to its environment. Shows what that changes, down to
/// packages and vulnerabilities. The file is what `start` takes: review it, since nothing is decided later.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// Where to write the plan
    #[arg(long, value_name = "FILE", default_value = FILE)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    reports: reports::Args,
    /// Only groups of this environment
    #[arg(long, value_name = "NAME")]
    environment: Vec<EnvironmentName>,
    /// Only this group
    #[arg(long, value_name = "NAME")]
    group: Vec<GroupName>,
    /// Only groups that run a revoked image, for this reason; windows and soaks do not apply, gates and approvals do
    #[arg(long, value_name = "REASON")]
    emergency: Option<Text>,
    /// Update groups that are sick before their update
    #[arg(long)]
    fix_forward: bool,
    /// Print Markdown, as for the comment of a pull request
    #[arg(long)]
    markdown: bool,
}

/// Where a plan is written if nothing else is said.
pub(crate) const FILE: &str = ".fleetgen/plan.json";

impl Args {
    /// Plans everything, to a file.
    pub(crate) fn new(place: Where, out: PathBuf) -> Self {
        let reports = reports::Args { reports: reports::DIRECTORY.into() };
        let (environment, group) = (Vec::new(), Vec::new());
        Self { place, out, reports, environment, group, emergency: None, fix_forward: false, markdown: false }
    }
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    if make(global, args, ui)?.is_some() {
        let out = args.out.display();
        ui.note(&format!("written to {out}; `fleetgen rollout start {out}{}` starts it", args.place.flag()))?;
    }
    Ok(Exit::Ok)
}

/// Makes a plan, writes it to its file and shows it. Nothing if there is nothing to roll out.
pub(crate) fn make(global: &Global, args: &Args, ui: &mut Ui) -> Result<Option<Plan>, Failure> {
    let project = Project::load(global, ui)?;
    args.place.refresh(global, &project.fleet)?;
    let images = args.place.records(&project)?;
    let mut ground = args.place.open(&project, &images, false)?;
    let records = Records::new(&images);
    let request = Request {
        created: ground.now()?,
        parent: Rollout::find(global, None).ok().map(|rollout| rollout.engine.id().clone()),
        kind: args.emergency.clone().map_or(Kind::Regular, Kind::Emergency),
        fix_forward: args.fix_forward,
        environments: args.environment.clone(),
        groups: args.group.clone(),
    };
    let asked = project.fleet.groups.values().filter(|group| request.asks_for(group));
    args.place.check(asked.map(fleetgen_fleet::Group::cloud))?;
    let inventory = ground.inventory(&project.fleet, |group| request.asks_for(group));
    let plan =
        plan(&project.fleet, &records, &inventory, request).map_err(|problems| Failure::Problems(problems, None))?;
    args.place.check_gates(&plan)?;
    let path = global.directory.join(&args.out);
    if path.exists() && std::fs::read_to_string(&path).map_or(true, |text| Plan::parse(&text).is_err()) {
        return Err(Failure::usage(
            format!("`{}` exists, and is not a plan", args.out.display()),
            Some("name another file with `--out`".to_owned()),
        ));
    }
    let report = report(&plan, &project, &records, &Reports::new(&global.directory, &args.reports))?;
    if !plan.groups.is_empty() {
        fs_err::create_dir_all(path.parent().unwrap_or(&global.directory))?;
        AtomicFile::stage(&path, plan.render()?.as_bytes())?.sync()?.commit()?;
    }
    show(&report, args, ui)?;
    let revoked = inventory.iter().filter_map(|(name, found)| {
        let image = records.image(found.image.as_ref()?)?;
        Some(format!("{name} ({})", records.revoked(image)?))
    });
    let revoked: Vec<String> = revoked.collect();
    if !revoked.is_empty() && args.emergency.is_none() {
        ui.warn(&format!(
            "warning: these groups run a revoked image: {}; `--emergency REASON` plans only them, without windows and soaks",
            revoked.join(", ")
        ))?;
    }
    let is_empty = plan.groups.is_empty();
    Ok((!is_empty).then_some(plan))
}

/// What is known about a plan: keys, packages, vulnerabilities and how long it takes.
fn report<'a>(
    plan: &'a Plan,
    project: &Project,
    records: &Records<'a>,
    reports: &Reports,
) -> Result<PlanReport<'a>, Failure> {
    let mut keys = BTreeMap::new();
    let mut moves: Vec<Move> = Vec::new();
    for group in &plan.groups {
        let from = group.from.image.as_ref().and_then(|id| Some((id, records.image(id)?)));
        keys.extend(from.map(|(id, image)| (id, &image.key)));
        let cloud = group.place.cloud;
        let architecture = project.fleet.groups.get(&group.name).map(|group| group.machine.architecture);
        let from = from.map(|(_, image)| image);
        let key = from.map(|image| image.key.clone());
        let same = |it: &&mut Move| {
            (&it.layer, it.cloud, it.architecture, &it.from, &it.to)
                == (&group.layer, cloud, architecture, &key, &group.to.key)
        };
        if let Some(known) = moves.iter_mut().find(same) {
            known.groups.push(group.name.clone());
            continue;
        }
        let contents = |image: Option<&Image>| {
            let build = image.zip(architecture).and_then(|(image, architecture)| image.build(cloud, architecture));
            build.map_or(Ok(None), |build| reports.contents(build))
        };
        let (before, after) = (contents(from)?, contents(records.get(&group.to.key).map(|(_, image)| image))?);
        moves.push(Move {
            layer: group.layer.clone(),
            cloud,
            architecture,
            from: key,
            to: group.to.key.clone(),
            groups: vec![group.name.clone()],
            difference: before.zip(after).map(|(before, after)| before.difference(&after)),
        });
    }
    let expected = (!plan.groups.is_empty()).then(|| {
        let script = Script { checks: false, ..Script::new(plan.clone(), 1) };
        fleetgen_simulator::run(&script).took
    });
    Ok(PlanReport { plan, keys, moves, expected })
}

fn show(report: &PlanReport<'_>, args: &Args, ui: &mut Ui) -> Result<(), Failure> {
    let plan = report.plan;
    let markdown = || report.markdown().context("the plan cannot be rendered");
    if args.markdown {
        ui.print(&markdown()?)?;
    } else if ui.format == Format::Json {
        let id = (!plan.groups.is_empty()).then(|| plan.id());
        let seconds = report.expected.map(|expected| expected.as_secs());
        ui.json(json!({ "rollout": id, "plan": plan, "moves": report.moves, "expected_seconds": seconds }))?;
    } else if plan.groups.is_empty() {
        ui.print(&format!("nothing to roll out\n{}", report.left_out()))?;
    } else {
        ui.print(&report.text())?;
    }
    if ui.format == Format::Github && !plan.groups.is_empty() {
        append_to_summary(&markdown()?, ui)?;
    }
    Ok(())
}
