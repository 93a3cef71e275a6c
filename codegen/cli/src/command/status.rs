//! `fleetgen status`.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::{EnvironmentName, GroupName, ImageId};
use fleetgen_fleet::{Group, resource_name};
use fleetgen_images::{Image, Records};
use fleetgen_problem::Problem;
use fleetgen_report::count;
use fleetgen_rollout::{Live, Machines, Place, choose, is_asked_for};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::command::rollout::{Ground, Where, unseen};
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::project::Project;
use crate::table::table;
use crate::ui::Ui;

/// Show which image every group runs, and which it should run
///
/// Asks the clouds for the machines of each group and their images, and compares them with images/; on AWS, also with the parameter
/// that records a group's image. Changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Where,
    /// Only groups of this environment
    #[arg(long, value_name = "NAME")]
    environment: Vec<EnvironmentName>,
    /// Only this group
    #[arg(long, value_name = "NAME")]
    group: Vec<GroupName>,
}

/// What a group runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// The newest image that it may run.
    Current,
    /// An older one.
    Behind,
    /// An image, while none may run there.
    NotPromoted,
    /// Machines of several images.
    Mixed,
    /// An image that was revoked.
    Revoked,
    /// An image that is not recorded.
    Unrecorded,
    /// It does not exist.
    NotCreated,
    /// The cloud did not show it.
    Unseen,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind => "behind",
            Self::NotPromoted => "not promoted",
            Self::Mixed => "mixed",
            Self::Revoked => "REVOKED",
            Self::Unrecorded => "not recorded",
            Self::NotCreated => "not created",
            Self::Unseen => "unseen",
        }
    }
}

/// A group, as it is and as it should be.
#[derive(Debug, Serialize)]
struct Row {
    group: GroupName,
    environment: EnvironmentName,
    place: Place,
    state: State,
    /// The id of the image that it launches.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    /// The key of the layer that the image was built from, if it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// When that image was promoted to the group's environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    promoted: Option<jiff::Timestamp>,
    /// The key that it should run.
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<String>,
    size: u32,
    /// Its machines, by image.
    machines: BTreeMap<String, Machines>,
    /// What else there is to know.
    notes: Vec<String>,
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let fleet = &project.fleet;
    for name in &args.environment {
        let names = fleet.environments.iter().map(|environment| environment.name.as_str());
        known("environment", Some(name.as_str()), names)?;
    }
    for name in &args.group {
        known("group", Some(name.as_str()), fleet.groups.keys().map(AsRef::as_ref))?;
    }
    let images = args.place.records(&project)?;
    let records = Records::new(&images);
    let mut ground = args.place.open(&project, &images, false)?;
    let asked = |group: &&Group| is_asked_for(&args.environment, &args.group, group);
    args.place.check(fleet.groups.values().filter(asked).map(Group::cloud))?;
    let groups = fleet.groups.values().filter(asked).filter_map(|group| Some((group, Place::of(fleet, group)?)));
    let groups: Vec<_> = groups.collect();
    let live = ground.live(&groups);
    let seen = groups.into_iter().zip(live);
    let rows: Vec<Row> =
        seen.map(|((group, place), live)| row(&project, &records, &mut ground, group, place, live)).collect();
    match ui.format {
        Format::Json => ui.json(json!({ "groups": rows }))?,
        Format::Human | Format::Github => ui.print(&text(&rows))?,
    }
    let missing = rows.iter().filter(|row| row.state == State::Unseen);
    let missing = missing.map(|row| unseen(row.place.cloud, row.group.as_str(), &row.notes.join("; ")));
    let missing: Vec<Problem> = missing.collect();
    if missing.is_empty() { Ok(Exit::Ok) } else { Err(Failure::Problems(missing, None)) }
}

fn row(
    project: &Project,
    records: &Records<'_>,
    ground: &mut Ground,
    group: &Group,
    place: Place,
    live: Result<Option<Live>, String>,
) -> Row {
    let wanted = choose(records, &project.fleet, group);
    let mut row = Row {
        group: group.name.clone(),
        environment: group.environment.clone(),
        state: State::Unseen,
        image: None,
        key: None,
        promoted: None,
        wanted: wanted.as_ref().ok().map(|(image, _)| image.key.to_string()),
        size: 0,
        machines: BTreeMap::new(),
        notes: wanted.as_ref().err().cloned().into_iter().collect(),
        place,
    };
    let live = match live {
        Ok(Some(live)) => live,
        Ok(None) => {
            row.state = State::NotCreated;
            row.notes.clear();
            return row;
        }
        Err(why) => {
            row.notes = vec![why];
            return row;
        }
    };
    let parameter = resource_name::image_parameter(&project.fleet.name, group);
    let recorded = ground.recorded(&row.place, &parameter);
    if let Err(why) = &recorded {
        row.notes.push(format!("its parameter cannot be read: {why}"));
    }
    row.compare(&live, recorded.unwrap_or_default(), records, group);
    row
}

impl Row {
    fn compare(&mut self, live: &Live, recorded: Option<String>, records: &Records<'_>, group: &Group) {
        let known = |id: &str| records.image(&id.parse::<ImageId>().ok()?);
        let image = live.images.get(&live.seen.setting.version);
        let found: Option<&Image> = image.and_then(|id| known(id));
        self.size = live.seen.size;
        for (version, machines) in &live.seen.machines {
            let id = live.images.get(version).cloned().unwrap_or_else(|| format!("version {version}"));
            let name = known(&id).map_or(id, |image| image.key.short().to_owned());
            let count = self.machines.entry(name).or_default();
            count.healthy += machines.healthy;
            count.unhealthy += machines.unhealthy;
            count.starting += machines.starting;
        }
        self.key = found.map(|image| image.key.to_string());
        self.promoted = found.and_then(|image| image.promotion(&group.environment)).map(|promotion| promotion.at);
        let revoked = live.images.values().find_map(|id| records.revoked(known(id)?));
        self.state = if revoked.is_some() {
            State::Revoked
        } else if live.seen.setting.canary.is_some() || self.machines.len() > 1 {
            State::Mixed
        } else if found.is_none() {
            State::Unrecorded
        } else if self.wanted.is_none() {
            State::NotPromoted
        } else if self.key == self.wanted {
            State::Current
        } else {
            State::Behind
        };
        self.notes.extend(revoked);
        self.notes.extend(live.seen.obstacle.clone());
        self.notes.extend(live.seen.trouble.clone());
        let unhealthy: u32 = self.machines.values().map(|machines| machines.unhealthy).sum();
        if unhealthy > 0 {
            self.notes.push(format!("{} unhealthy", count(unhealthy as usize, "machine")));
        }
        if let Some(recorded) = recorded.filter(|recorded| Some(recorded) != image) {
            self.notes.push(format!("its parameter says {recorded}"));
        }
        self.image = image.cloned();
    }

    fn cells(&self) -> Vec<String> {
        let short = |key: &Option<String>| key.as_deref().map_or("", |key| key.get(..12).unwrap_or(key)).to_owned();
        let machines = self.machines.iter().map(|(image, machines)| {
            if self.machines.len() == 1 {
                machines.total().to_string()
            } else {
                format!("{} {image}", machines.total())
            }
        });
        let runs = if self.key.is_some() { short(&self.key) } else { self.image.clone().unwrap_or_default() };
        let promoted = self.promoted.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        vec![
            self.group.to_string(),
            self.place.cloud.to_string(),
            self.state.words().to_owned(),
            runs,
            promoted,
            if self.key == self.wanted { String::new() } else { short(&self.wanted) },
            machines.collect::<Vec<_>>().join(", "),
            fleetgen_report::inert(&self.notes.join("; ")),
        ]
    }
}

fn text(rows: &[Row]) -> String {
    let header = ["GROUP", "CLOUD", "STATE", "RUNS", "PROMOTED", "SHOULD RUN", "MACHINES", "NOTES"];
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *counted.entry(row.state.words()).or_default() += 1;
    }
    let counted: Vec<String> = counted.into_iter().map(|(state, number)| format!("{number} {state}")).collect();
    format!(
        "{}{}: {}\n",
        table(&header, rows.iter().map(Row::cells).collect(), &[]),
        count(rows.len(), "group"),
        counted.join(", ")
    )
}
