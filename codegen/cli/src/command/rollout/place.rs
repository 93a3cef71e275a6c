//! Where a rollout is kept: a directory with its plan and its journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fleetgen_driver::{Directory, Locked, ReplayError, Replayed, replay};
use fleetgen_fleet::Fleet;
use fleetgen_fleet::scalar::{GroupName, ImageId};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Engine, GroupPlan, Plan, Version};
use fleetgen_tree::AtomicFile;

use super::ground::Where;
use super::store::location;
use crate::arguments::Global;
use crate::error::Failure;

/// The directory of all rollouts, from the root of the repository.
pub(super) const ROLLOUTS: &str = ".fleetgen/rollouts";

/// A rollout that was started.
pub(crate) struct Rollout {
    pub(crate) engine: Engine,
    pub(crate) journal: Directory,
}

/// Says where the groups of a rollout are, since one of the simulator must not go on in the clouds; and which bucket has the
/// journal, if one has it.
pub(super) const PLACE: &str = "place";
const SIMULATOR: &str = "simulator";
/// The plan of a rollout.
pub(super) const PLAN: &str = "plan.json";

impl Rollout {
    /// Keeps a plan, and makes a place for its journal. The same plan can be kept again while nothing was done.
    pub(crate) fn create(global: &Global, fleet: &Fleet, plan: Plan, place: &Where) -> Result<Self, Failure> {
        let path = global.directory.join(ROLLOUTS).join(plan.id().short());
        fs_err::create_dir_all(&path)?;
        let kept = if place.simulator { SIMULATOR.to_owned() } else { location(fleet)? };
        AtomicFile::stage(&path.join(PLACE), kept.as_bytes())?.commit()?;
        let text = plan.render()?;
        AtomicFile::stage(&path.join(PLAN), text.as_bytes())?.sync()?.commit()?;
        let rollout = Self { engine: Engine::new(plan), journal: Directory::new(path) };
        rollout.keep_plan(&text)?;
        Ok(rollout)
    }

    /// The rollout in a directory.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let plan = kept_plan(Path::new(""), &path.join(PLAN))?;
        Ok(Self { engine: Engine::new(plan), journal: Directory::new(path) })
    }

    /// Every rollout that was started, oldest first.
    pub(crate) fn all(global: &Global) -> Result<Vec<Self>, Failure> {
        Self::named(global, |_| true)
    }

    /// The rollouts whose short ids are wanted, oldest first.
    fn named(global: &Global, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Self>, Failure> {
        let mut rollouts = Vec::new();
        for name in started(global)?.into_iter().filter(|name| is_wanted(name)) {
            let path = Path::new(ROLLOUTS).join(name);
            let plan = kept_plan(&global.directory, &path.join(PLAN))?;
            rollouts.push(Self { engine: Engine::new(plan), journal: Directory::new(global.directory.join(path)) });
        }
        rollouts.sort_by_key(|rollout| {
            (rollout.engine.plan().request.created, changed(&rollout.journal.path().join(PLAN)))
        });
        Ok(rollouts)
    }

    /// Finds a rollout by the first digits of its id or all of them, or the newest one.
    pub(crate) fn find(global: &Global, id: Option<&str>) -> Result<Self, Failure> {
        // Its folder has the first digits.
        let is_it = |name: &str, id: &str| !id.is_empty() && (name.starts_with(id) || id.starts_with(name));
        let mut rollouts = Self::named(global, |name| id.is_none_or(|id| is_it(name, id)))?;
        if let (Some(id), true) = (id, rollouts.len() > 1) {
            return Err(Failure::usage(
                format!("several rollouts begin with `{id}`"),
                Some("write more of the id".to_owned()),
            ));
        }
        rollouts.pop().ok_or_else(|| {
            let message =
                id.map_or_else(|| "no rollout was started here".to_owned(), |id| format!("there is no rollout `{id}`"));
            Failure::usage(
                message,
                Some(format!("start one with `fleetgen rollout start PLAN`; they are kept in {ROLLOUTS}")),
            )
        })
    }

    /// The newest rollout of an environment that has not ended.
    pub(crate) fn unfinished(global: &Global, environment: &str) -> Result<Self, Failure> {
        for rollout in Self::all(global)?.into_iter().rev() {
            let mut groups = rollout.engine.plan().groups.iter();
            if groups.any(|group| group.environment.as_str() == environment) && rollout.is_unfinished()? {
                return Ok(rollout);
            }
        }
        let hint = "plan one with `fleetgen rollout plan`".to_owned();
        Err(Failure::usage(format!("no rollout of `{environment}` is unfinished"), Some(hint)))
    }

    /// Where its groups are.
    pub(crate) fn place(&self) -> Where {
        let text = std::fs::read_to_string(self.journal.path().join(PLACE));
        Where { simulator: text.is_ok_and(|text| text == SIMULATOR) }
    }

    /// Whether it has not ended. One whose journal is broken may not have.
    pub(crate) fn is_unfinished(&self) -> Result<bool, Failure> {
        Ok(self.replay()?.state.outcome().is_none())
    }

    /// Replays the journal.
    pub(crate) fn replay(&self) -> Result<Replayed, Failure> {
        let mut journal = Directory::new(self.journal.path());
        let most = journal.most()?;
        replay(&self.engine, &mut journal, Some(most)).map_err(|error| self.broken(&error))
    }

    /// A journal that cannot be used.
    pub(crate) fn broken(&self, error: &ReplayError) -> Failure {
        let path = self.journal.path().display();
        let problem = Problem::new(Code::Journal, Place::File(path.to_string()), error.to_string());
        let hint = format!(
            "restore it from a backup; if there is none, look at its groups in their clouds, move {path} away, and make a new plan, which starts from what the clouds show"
        );
        Failure::Problems(vec![problem.hint(hint)], None)
    }

    /// Whether a process drives it: on this machine, or as far as its bucket says.
    pub(crate) fn is_driven(&self) -> bool {
        self.journal.is_locked() || self.is_leased()
    }

    /// The right to drive it, which one process of this machine has.
    pub(crate) fn lock(&self) -> Result<Locked, Failure> {
        self.journal.lock()?.ok_or_else(|| {
            let message = format!("another process drives the rollout {}", self.engine.id());
            let problem = Problem::new(Code::Lease, Place::Nowhere, message);
            Failure::Problems(
                vec![problem.hint("wait until it ends, or stop it; `fleetgen rollout status` shows how far it is")],
                None,
            )
        })
    }
}

/// What rollouts refer to.
#[derive(Debug, Default)]
pub(crate) struct Referenced {
    /// The images that they go to, or may return to.
    pub(crate) images: BTreeSet<ImageId>,
    /// The versions of each group that they start from, go to or may return to.
    pub(crate) versions: BTreeMap<GroupName, BTreeSet<Version>>,
}

/// What rollouts refer to: every one that is not over, the newest of each group, since it can still be rolled back, and the plan
/// that is not started yet.
pub(crate) fn referenced(global: &Global) -> Result<Referenced, Failure> {
    let mut referenced = Referenced::default();
    let mut seen = BTreeSet::new();
    let mut started = BTreeSet::new();
    for rollout in Rollout::all(global)?.into_iter().rev() {
        let state = rollout.replay()?.state;
        started.insert(rollout.engine.id().clone());
        for (plan, group) in rollout.engine.plan().groups.iter().zip(&state.groups) {
            let is_open = state.outcome().is_none();
            if seen.insert(plan.name.clone()) || is_open {
                referenced.add(plan, group.version.as_ref(), is_open);
            }
        }
    }
    let next = std::fs::read_to_string(global.directory.join(super::plan::FILE)).ok();
    if let Some(plan) = next.and_then(|text| Plan::parse(&text).ok()).filter(|plan| !started.contains(&plan.id())) {
        plan.groups.iter().for_each(|group| referenced.add(group, None, true));
    }
    Ok(referenced)
}

impl Referenced {
    /// The version that is copied is needed only until that has happened.
    fn add(&mut self, group: &GroupPlan, new: Option<&Version>, is_open: bool) {
        self.images.extend(group.from.image.iter().chain([&group.to.image]).cloned());
        let setting = &group.from.setting;
        let canary = setting.canary.as_ref().map(|(version, _)| version);
        let source = Some(&group.to.source).filter(|_| is_open);
        let versions = [&setting.version].into_iter().chain(source).chain(canary).chain(new);
        self.versions.entry(group.name.clone()).or_default().extend(versions.cloned());
    }
}

/// The names of the rollouts that were started: those that have a record.
fn started(global: &Global) -> std::io::Result<Vec<String>> {
    let directory = global.directory.join(ROLLOUTS);
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        if entry.path().join("000001.json").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// When a file was written.
fn changed(path: &Path) -> Option<std::time::SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Reads the plan of a rollout. Without it, its journal means nothing.
fn kept_plan(root: &Path, path: &Path) -> Result<Plan, Failure> {
    let name = path.display().to_string();
    let broken = |message: String| {
        let problem = Problem::new(Code::Journal, Place::File(name.clone()), message);
        let hint = "restore it from a backup: its digest is `previous` of the rollout's first record";
        Failure::Problems(vec![problem.hint(hint)], None)
    };
    let text = std::fs::read_to_string(root.join(path))
        .map_err(|error| broken(format!("the plan of a rollout cannot be read: {error}")))?;
    Plan::parse(&text).map_err(|problem| broken(problem.message))
}

/// Reads a plan's file.
pub(crate) fn read_plan(global: &Global, path: &Path) -> Result<Plan, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(global.directory.join(path)).map_err(|error| {
        Failure::usage(
            format!("{name} cannot be read: {error}"),
            Some("write a plan with `fleetgen rollout plan`".to_owned()),
        )
    })?;
    Plan::parse(&text).map_err(|problem| Failure::Problems(vec![problem.at(Place::File(name))], None))
}
