//! Where groups are: in their clouds, or in the simulator.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_cloud::{Class, Clouds, Failure as Failed};
use fleetgen_driver::{Clock, LocalGates, SystemClock};
use fleetgen_fleet::choice::Cloud as CloudName;
use fleetgen_fleet::scalar::{GroupName, ImageId, LayerName};
use fleetgen_fleet::{Fleet, Gate, Group, resource_name};
use fleetgen_images::Images;
use fleetgen_problem::{Code, Place as ProblemPlace, Problem};
use fleetgen_rollout::{
    Answer, Cloud, Effect, GroupPlan, Inventory, Live, Phase, Place, Plan, Sight, Verdict, Version, VersionList,
    Versions,
};
use jiff::Timestamp;

use super::place::Rollout;
use super::simulator::{self, Simulator};
use super::store::refresh;
use crate::arguments::Global;
use crate::error::Failure;
use crate::project::Project;
use crate::records::Recorded;

/// Where groups are.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Where {
    /// Use the simulator: both clouds in virtual time, kept in .fleetgen/simulator.json
    #[arg(long)]
    pub(crate) simulator: bool,
}

/// The clouds, or the simulator instead of them.
pub(crate) enum Ground {
    Simulator(Simulator),
    Clouds(Box<Clouds>),
}

impl Where {
    /// Refuses clouds that this program cannot reach, unless they are simulated.
    pub(crate) fn check(&self, clouds: impl IntoIterator<Item = CloudName>) -> Result<(), Failure> {
        if self.simulator { Ok(()) } else { built_for(clouds, ", or rehearse with `--simulator`") }
    }

    /// The records of images: those of the repository. For the simulator, also invented ones for layers that have none yet.
    pub(crate) fn records(&self, project: &Project) -> Result<BTreeMap<LayerName, Images>, Failure> {
        if self.simulator {
            simulator::records(project)
        } else {
            Ok(Recorded::read(&project.root, &project.fleet)?.layers)
        }
    }

    /// Opens it, to look or to change groups.
    pub(crate) fn open(
        &self,
        project: &Project,
        images: &BTreeMap<LayerName, Images>,
        changes: bool,
    ) -> Result<Ground, Failure> {
        if self.simulator {
            let open = if changes { Simulator::open_to_drive } else { Simulator::open };
            return Ok(Ground::Simulator(open(project, images)?));
        }
        Ok(Ground::Clouds(Box::new(clouds()?)))
    }

    /// Brings the copies of journals up to date: a rollout of the clouds may have been started on another machine.
    pub(crate) fn refresh(&self, global: &Global, fleet: &Fleet) -> Result<(), Failure> {
        if self.simulator { Ok(()) } else { refresh(global, fleet) }
    }

    /// What a person adds to a command.
    pub(crate) fn flag(&self) -> &'static str {
        if self.simulator { " --simulator" } else { "" }
    }

    /// Refuses gates that no one could answer.
    pub(crate) fn check_gates(&self, plan: &Plan) -> Result<(), Failure> {
        let mut problems = Vec::new();
        for group in plan.groups.iter().filter(|_| !self.simulator) {
            for (name, gate) in &group.gates {
                if let Some(why) = Clouds::cannot_check(group.place.cloud, gate) {
                    let message = format!("the gate `{name}` of {} cannot be checked: {why}", group.name);
                    let problem = Problem::new(Code::Usage, ProblemPlace::Nowhere, message);
                    problems.push(problem.hint("use a gate with `http`, `local_command` or `approval`"));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Problems(problems, None)) }
    }
}

impl Ground {
    /// What there is to see of every group that a plan may be about.
    pub(crate) fn inventory(&mut self, fleet: &Fleet, asked: impl Fn(&Group) -> bool) -> Inventory {
        match self {
            Self::Simulator(simulator) => simulator.world().inventory(),
            Self::Clouds(clouds) => {
                let groups = fleet.groups.values().filter(|group| asked(group));
                let groups = groups.filter_map(|group| Some((group.name.clone(), Place::of(fleet, group)?)));
                let (names, places): (Vec<_>, Vec<_>) = groups.unzip();
                names.into_iter().zip(clouds.find(&places)).collect()
            }
        }
    }

    /// Groups as they are, in their order; nothing if one does not exist.
    pub(crate) fn live(&mut self, groups: &[(&Group, Place)]) -> Vec<Result<Option<Live>, String>> {
        match self {
            Self::Simulator(simulator) => {
                let mut world = simulator.world();
                groups.iter().map(|(group, _)| Ok(world.live(&group.name))).collect()
            }
            Self::Clouds(clouds) => {
                let places: Vec<Place> = groups.iter().map(|(_, place)| place.clone()).collect();
                let live = clouds.live(&places).into_iter().map(|live| match live {
                    Ok(live) => Ok(Some(live)),
                    Err(Failed { class: Class::Gone, .. }) => Ok(None),
                    Err(failed) => Err(failed.words()),
                });
                live.collect()
            }
        }
    }

    /// The image that is recorded for a group, if its cloud has a parameter for that.
    pub(crate) fn recorded(&mut self, place: &Place, parameter: &str) -> Result<Option<String>, String> {
        match self {
            Self::Simulator(_) => Ok(None),
            Self::Clouds(clouds) => clouds.recorded(place, parameter).map_err(|failed| failed.words()),
        }
    }

    /// The images that machines have or get.
    pub(crate) fn images(&mut self, fleet: &Fleet) -> Result<BTreeSet<ImageId>, Failure> {
        let mut images = BTreeSet::new();
        let mut problems = Vec::new();
        let groups = fleet.groups.values().filter_map(|group| Some((group, Place::of(fleet, group)?)));
        let groups: Vec<_> = groups.collect();
        for ((group, place), live) in groups.iter().zip(self.live(&groups)) {
            match live {
                Ok(live) => {
                    let ids = live.into_iter().flat_map(|live| live.images.into_values());
                    images.extend(ids.filter_map(|id| id.parse::<ImageId>().ok()));
                }
                Err(why) => problems.push(unseen(place.cloud, group.name.as_str(), &why)),
            }
        }
        if problems.is_empty() { Ok(images) } else { Err(Failure::Problems(problems, None)) }
    }

    /// What follows a driver. The simulator is kept; in the clouds, the images of groups that are done, or back where they were, are
    /// recorded. Returns what could not be recorded: the next `resume` tries again.
    pub(crate) fn close(&mut self, rollout: &Rollout, project: &Project) -> Result<Vec<String>, Failure> {
        let clouds = match self {
            Self::Simulator(simulator) => {
                simulator.save()?;
                return Ok(Vec::new());
            }
            Self::Clouds(clouds) => clouds,
        };
        let state = rollout.replay()?.state;
        let mut warnings = Vec::new();
        for (plan, state) in rollout.engine.plan().groups.iter().zip(&state.groups) {
            let image = match state.phase {
                Phase::Done => Some(&plan.to.image),
                Phase::RolledBack => plan.from.image.as_ref(),
                _ => None,
            };
            let (Some(image), Some(group)) = (image, project.fleet.groups.get(&plan.name)) else { continue };
            let parameter = resource_name::image_parameter(&project.fleet.name, group);
            if let Err(failure) = clouds.record(&plan.place, &parameter, image) {
                warnings.push(format!(
                    "the image of {} is not recorded in {parameter}: {}",
                    plan.name,
                    failure.words()
                ));
            }
        }
        Ok(warnings)
    }

    /// The time.
    pub(crate) fn now(&self) -> Result<Timestamp, Failure> {
        Ok(match self {
            Self::Simulator(simulator) => simulator.time.now(),
            Self::Clouds(_) => crate::clock::now()?,
        })
    }
}

impl Versions for Ground {
    fn list(&mut self, group: &GroupName, place: &Place) -> Result<VersionList, String> {
        match self {
            Self::Simulator(simulator) => simulator.world().list(group, place),
            Self::Clouds(clouds) => clouds.list(group, place),
        }
    }

    fn delete(&mut self, group: &GroupName, place: &Place, version: &Version) -> Result<(), String> {
        match self {
            Self::Simulator(simulator) => {
                let deleted = Versions::delete(&mut *simulator.world(), group, place, version);
                simulator.save().map_err(|error| error.to_string())?;
                deleted
            }
            Self::Clouds(clouds) => clouds.delete(group, place, version),
        }
    }
}

impl Cloud for Ground {
    fn observe(&mut self, group: &GroupPlan) -> Sight {
        match self {
            Self::Simulator(simulator) => simulator.observe(group),
            Self::Clouds(clouds) => clouds.observe(group),
        }
    }

    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer {
        match self {
            Self::Simulator(simulator) => simulator.perform(group, effect),
            Self::Clouds(clouds) => clouds.perform(group, effect),
        }
    }

    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        match self {
            Self::Simulator(simulator) => Cloud::check(simulator, group, gate),
            Self::Clouds(clouds) => clouds.check(group, gate),
        }
    }
}

/// Refuses clouds that this program cannot reach. `otherwise` ends the hint.
pub(crate) fn built_for(clouds: impl IntoIterator<Item = CloudName>, otherwise: &str) -> Result<(), Failure> {
    let missing = clouds.into_iter().filter(|cloud| !Clouds::BUILT_FOR.contains(cloud));
    let names: BTreeSet<&str> = missing.map(CloudName::title).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = names.into_iter().collect();
    let hint = format!("install it with `cargo install --locked --path codegen/cli --features aws,gcp`{otherwise}");
    Err(Failure::usage(format!("this fleetgen was built without {}", names.join(" and ")), Some(hint)))
}

/// A cloud did not show something.
pub(crate) fn unseen(cloud: CloudName, what: &str, why: &str) -> Problem {
    Problem::new(Code::Fault, ProblemPlace::Nowhere, format!("{} did not show {what}: {why}", cloud.title()))
        .hint("check the credentials and the network, and run it again")
}

/// The clients of the clouds.
#[cfg(not(feature = "loopback"))]
fn clouds() -> Result<Clouds, Failure> {
    Ok(Clouds::new()?)
}

/// The clients of the clouds; of the simulated ones of this machine, if the environment names them.
#[cfg(feature = "loopback")]
fn clouds() -> Result<Clouds, Failure> {
    Ok(match super::loopback::url()? {
        Some(url) => Clouds::on_loopback(&url)?,
        None => Clouds::new()?,
    })
}

/// The clock of a rollout in the clouds.
pub(crate) fn clock() -> Box<dyn Clock> {
    #[cfg(feature = "loopback")]
    if let Ok(Some(url)) = super::loopback::url() {
        return Box::new(fleetgen_loopback::Client::new(&url));
    }
    Box::new(SystemClock::new())
}

/// The gates that this machine answers.
pub(crate) fn gates(project: &Project) -> LocalGates {
    LocalGates { directory: project.root.clone() }
}
