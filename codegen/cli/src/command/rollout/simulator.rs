//! The simulator, kept in a file between runs, as the clouds are between runs of a real rollout.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context as _;
use fleetgen_fleet::Gate;
use fleetgen_fleet::scalar::{GroupName, ImageId, LayerName};
use fleetgen_images::Images;
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Answer, Cloud, Effect, GroupPlan, Outcome, Sight, Verdict};
use fleetgen_simulator::{Crashes, VirtualTime, World, first, invented};
use fleetgen_tree::AtomicFile;

use crate::clock;
use crate::error::Failure;
use crate::project::Project;
use crate::records::Recorded;

/// The file, from the root of the repository.
const FILE: &str = ".fleetgen/simulator.json";

/// The simulated clouds of a repository.
#[derive(Clone)]
pub(crate) struct Simulator {
    world: Rc<RefCell<World>>,
    pub(crate) time: VirtualTime,
    path: PathBuf,
    /// Held by whoever drives, so that two do not overwrite each other's machines.
    _lock: Option<Rc<fs_err::File>>,
}

impl Simulator {
    /// Opens the world, or makes one in which every group runs the first of its layer's images.
    pub(crate) fn open(project: &Project, records: &BTreeMap<LayerName, Images>) -> Result<Self, Failure> {
        Self::open_with(project, records, None)
    }

    /// Opens the world to change it, which one process at a time can do.
    pub(crate) fn open_to_drive(project: &Project, records: &BTreeMap<LayerName, Images>) -> Result<Self, Failure> {
        let path = project.root.join(FILE).with_extension("lock");
        fs_err::create_dir_all(path.parent().unwrap_or(&project.root))?;
        let lock = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
        if lock.file().try_lock().is_err() {
            let problem = Problem::new(Code::Lease, Place::Nowhere, "another process uses the simulator");
            return Err(Failure::Problems(vec![problem.hint("wait until it ends, or stop it")], None));
        }
        Self::open_with(project, records, Some(Rc::new(lock)))
    }

    fn open_with(
        project: &Project,
        records: &BTreeMap<LayerName, Images>,
        lock: Option<Rc<fs_err::File>>,
    ) -> Result<Self, Failure> {
        let path = project.root.join(FILE);
        let is_new = !path.exists();
        let mut world: World = if path.exists() {
            let text = fs_err::read_to_string(&path)?;
            serde_json::from_str(&text)
                .with_context(|| format!("{FILE} is not a simulated world; delete it to start with a new one"))?
        } else {
            Self::new_world(project, records)?
        };
        let time = VirtualTime::new(world.saved());
        world.join(&time, &Crashes::default());
        world.add_groups(&project.fleet, |group| first(records, &project.fleet, group));
        let simulator = Self { world: Rc::new(RefCell::new(world)), time, path, _lock: lock };
        if is_new {
            simulator.save()?;
        }
        Ok(simulator)
    }

    /// The world.
    pub(crate) fn world(&self) -> std::cell::RefMut<'_, World> {
        self.world.borrow_mut()
    }

    /// The image that each group launches.
    pub(crate) fn running(&self) -> BTreeMap<GroupName, ImageId> {
        let inventory = self.world.borrow_mut().inventory();
        inventory.into_iter().filter_map(|(name, found)| Some((name, found.image?))).collect()
    }

    /// Forgets the world for a new one.
    pub(crate) fn renew(&mut self, project: &Project, records: &BTreeMap<LayerName, Images>) -> Result<(), Failure> {
        let mut world = Self::new_world(project, records)?;
        self.time = VirtualTime::new(world.saved());
        world.join(&self.time, &Crashes::default());
        self.world = Rc::new(RefCell::new(world));
        Ok(self.save()?)
    }

    fn new_world(project: &Project, records: &BTreeMap<LayerName, Images>) -> Result<World, Failure> {
        Ok(World::of_fleet(&project.fleet, |group| first(records, &project.fleet, group), 1, clock::now()?))
    }

    /// Keeps the world as it is.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        let mut world = self.world.borrow_mut();
        world.save_at(self.time.now());
        if let Some(directory) = self.path.parent() {
            fs_err::create_dir_all(directory)?;
        }
        Ok(AtomicFile::stage(&self.path, serde_json::to_string(&*world)?.as_bytes())?.commit()?)
    }
}

/// The records of images: those of the repository, and invented ones for layers that have none yet.
pub(crate) fn records(project: &Project) -> Result<BTreeMap<LayerName, Images>, Failure> {
    let mut records = invented(&project.fleet, &project.keys()?);
    records.extend(Recorded::read(&project.root, &project.fleet)?.layers);
    Ok(records)
}

/// What has happened must be kept before the journal says so: the clouds would not forget it either.
impl Cloud for Simulator {
    fn observe(&mut self, group: &GroupPlan) -> Sight {
        self.world.borrow_mut().observe(group)
    }

    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer {
        let answer = self.world.borrow_mut().perform(group, effect);
        match self.save() {
            Ok(()) => answer,
            Err(error) => Outcome::Unknown(format!("{FILE} cannot be written: {error}")).into(),
        }
    }

    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        Cloud::check(&mut *self.world.borrow_mut(), group, gate)
    }
}

impl fleetgen_driver::Gates for Simulator {
    fn check(&mut self, group: Option<&GroupPlan>, gate: &Gate) -> Verdict {
        Cloud::check(self, group, gate)
    }
}
