//! `fleetgen rollout plan`.

use std::fmt::Write as _;
use std::path::PathBuf;

use fleetgen_fleet::scalar::{EnvironmentName, GroupName, Text};
use fleetgen_rollout::{Engine, GroupPlan, Kind, LeftOut, Plan, Records, Request, Rollback, plan};
use fleetgen_tree::AtomicFile;
use serde_json::json;

use super::Where;
use super::place::Rollout;
use super::simulator::{Simulator, records};
use crate::arguments::{Format, Global};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::ui::Ui;

/// Plan which groups move to which images, and write that to a file
///
/// A group moves to the newest image of its layer that was promoted to its environment. The file is what `start` takes:
/// review it, since nothing is decided later.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// Where to write the plan
    #[arg(long, value_name = "FILE", default_value = ".fleetgen/plan.json")]
    out: PathBuf,
    /// Only groups of this environment
    #[arg(long, value_name = "NAME")]
    environment: Vec<EnvironmentName>,
    /// Only this group
    #[arg(long, value_name = "NAME")]
    group: Vec<GroupName>,
    /// Only groups that run a revoked image, for this reason; windows and soaks do not apply, gates and approvals do
    #[arg(long, value_name = "REASON")]
    emergency: Option<String>,
    /// Update groups that are sick before their update
    #[arg(long)]
    fix_forward: bool,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    args.place.check()?;
    let project = Project::load(global, ui)?;
    let images = records(&project)?;
    let simulator = Simulator::open(&project, &images)?;
    let records = Records::new(&images);
    let request = Request {
        created: simulator.time.now(),
        parent: Rollout::find(global, None).ok().map(|rollout| rollout.engine.id().clone()),
        kind: match &args.emergency {
            Some(reason) => Kind::Emergency(
                Text::try_from(reason.clone()).map_err(|problem| Failure::Problems(vec![problem], None))?,
            ),
            None => Kind::Regular,
        },
        fix_forward: args.fix_forward,
        environments: args.environment.clone(),
        groups: args.group.clone(),
    };
    let inventory = simulator.world().inventory();
    let plan =
        plan(&project.fleet, &records, &inventory, request).map_err(|problems| Failure::Problems(problems, None))?;
    let revoked = inventory.iter().filter_map(|(name, found)| {
        let image = records.image(found.image.as_ref()?)?;
        Some(format!("{name} ({})", records.revoked(image)?))
    });
    let revoked: Vec<String> = revoked.collect();
    let path = global.directory.join(&args.out);
    if path.exists() && std::fs::read_to_string(&path).map_or(true, |text| Plan::parse(&text).is_err()) {
        return Err(Failure::usage(
            format!("`{}` exists, and is not a plan", args.out.display()),
            Some("name another file with `--out`".to_owned()),
        ));
    }
    if plan.groups.is_empty() {
        match ui.format {
            Format::Json => ui.print(&format!("{:#}\n", json!({ "id": null, "plan": plan })))?,
            Format::Human | Format::Github => ui.print(&format!("nothing to roll out\n{}", left_out(&plan)))?,
        }
        return Ok(Exit::Ok);
    }
    fs_err::create_dir_all(path.parent().unwrap_or(&global.directory))?;
    AtomicFile::stage(&path, plan.render()?.as_bytes())?.sync()?.commit()?;
    match ui.format {
        Format::Json => ui.print(&format!("{:#}\n", json!({ "id": plan.id(), "plan": plan })))?,
        Format::Human | Format::Github => ui.print(&describe(&plan))?,
    }
    if !revoked.is_empty() && args.emergency.is_none() {
        ui.warn(&format!(
            "warning: these groups run a revoked image: {}; `--emergency REASON` plans only them, without windows and soaks",
            revoked.join(", ")
        ))?;
    }
    let out = args.out.display();
    ui.note(&format!("written to {out}; `fleetgen rollout start {out} --simulator` starts it"))?;
    Ok(Exit::Ok)
}

/// A plan in words.
pub(crate) fn describe(plan: &Plan) -> String {
    let engine = Engine::new(plan.clone());
    let mut text = format!("plan {} of {}", plan.id(), plan.fleet);
    if let Kind::Emergency(reason) = &plan.request.kind {
        let _ = write!(text, ", an emergency: {reason}");
    }
    text.push('\n');
    for wave in 0..engine.waves() {
        let Some((environment, number, groups)) = engine.wave(wave) else { break };
        let _ = writeln!(text, "\n{} wave {number}", environment.name);
        let rows: Vec<[String; 4]> = plan.groups[groups].iter().map(row).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        for [name, size, images, notes] in &rows {
            let line = format!("  {name:<0$}  {size:>1$}  {images:<2$}  {notes}", width(0), width(1), width(2));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let s = if plan.groups.len() == 1 { "" } else { "s" };
    let _ = write!(text, "\n{} group{s}, at most {} at a time; ", plan.groups.len(), plan.policy.groups_at_once);
    let failures = plan.policy.stop_after_failures;
    let s = if failures == 1 { "" } else { "s" };
    let _ = writeln!(text, "nothing new starts after {failures} failure{s}");
    text + &left_out(plan)
}

fn row(group: &GroupPlan) -> [String; 4] {
    let machines = if group.size == 1 { "1 machine".to_owned() } else { format!("{} machines", group.size) };
    let from = group
        .from
        .image
        .as_ref()
        .map_or_else(|| format!("version {}", group.from.setting.version), ToString::to_string);
    let name = |image: &str| image.rsplit('/').next().unwrap_or(image).to_owned();
    let mut notes = Vec::new();
    if let Some(canary) = group.canaries(group.size) {
        let s = if canary == 1 { "y" } else { "ies" };
        notes.push(format!("{canary} canar{s}"));
    }
    if !group.gates.is_empty() {
        let names: Vec<&str> = group.gates.keys().map(AsRef::as_ref).collect();
        notes.push(format!("gates {}", names.join(", ")));
    }
    if group.goes_without(group.size) {
        notes.push("has no machine while its only one is replaced".to_owned());
    }
    match &group.rollback {
        Rollback::Proven(_) if group.roll_back => {}
        Rollback::Proven(_) => notes.push("does not return by itself".to_owned()),
        Rollback::Impossible(why) => notes.push(format!("cannot return: {why}")),
    }
    [group.name.to_string(), machines, format!("{} → {}", name(&from), name(group.to.image.as_str())), notes.join("; ")]
}

/// The groups that a plan leaves alone, by reason. Those that are current, or that nobody asked for, are only counted.
fn left_out(plan: &Plan) -> String {
    let mut text = String::new();
    let (mut current, mut others) = (0, 0);
    for (name, reason) in &plan.left_out {
        match reason {
            LeftOut::Current(_) => current += 1,
            LeftOut::NotAsked => others += 1,
            LeftOut::NoImage(_) | LeftOut::NotCreated | LeftOut::NotRevoked => {
                let _ = writeln!(text, "left alone: {name}: {}", reason.reason());
            }
        }
    }
    for (number, what) in [(current, "already on the newest image they may run"), (others, "not asked for")] {
        if number > 0 {
            let s = if number == 1 { "" } else { "s" };
            let _ = writeln!(text, "left alone: {number} group{s}, {what}");
        }
    }
    text
}
