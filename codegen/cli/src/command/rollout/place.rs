//! Where a rollout is kept: a directory with its plan and its journal.

use std::path::Path;

use fleetgen_driver::{Directory, Locked, ReplayError, Replayed, replay};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_rollout::{Engine, Plan};
use fleetgen_tree::AtomicFile;

use crate::arguments::Global;
use crate::error::Failure;

/// The directory of all rollouts, from the root of the repository.
const ROLLOUTS: &str = ".fleetgen/rollouts";

/// A rollout that was started.
pub(crate) struct Rollout {
    pub(crate) engine: Engine,
    pub(crate) journal: Directory,
}

impl Rollout {
    /// Keeps a plan, and makes a place for its journal. The same plan can be kept again while nothing was done.
    pub(crate) fn create(global: &Global, plan: Plan) -> Result<Self, Failure> {
        let path = global.directory.join(ROLLOUTS).join(plan.id().short());
        fs_err::create_dir_all(&path)?;
        AtomicFile::stage(&path.join("plan.json"), plan.render()?.as_bytes())?.sync()?.commit()?;
        Ok(Self { engine: Engine::new(plan), journal: Directory::new(path) })
    }

    /// Finds a rollout by the first digits of its id, or the newest one.
    pub(crate) fn find(global: &Global, id: Option<&str>) -> Result<Self, Failure> {
        let mut plans = Vec::new();
        for name in started(global)? {
            if id.is_none_or(|id| !id.is_empty() && name.starts_with(id)) {
                let path = Path::new(ROLLOUTS).join(&name);
                plans.push((kept_plan(global, &path.join("plan.json"))?, global.directory.join(path)));
            }
        }
        if let (Some(id), true) = (id, plans.len() > 1) {
            return Err(Failure::usage(
                format!("several rollouts begin with `{id}`"),
                Some("write more of the id".to_owned()),
            ));
        }
        let newest =
            plans.into_iter().max_by_key(|(plan, path)| (plan.request.created, changed(&path.join("plan.json"))));
        let (plan, path) = newest.ok_or_else(|| {
            let message =
                id.map_or_else(|| "no rollout was started here".to_owned(), |id| format!("there is no rollout `{id}`"));
            Failure::usage(
                message,
                Some(format!("start one with `fleetgen rollout start PLAN`; they are kept in {ROLLOUTS}")),
            )
        })?;
        Ok(Self { engine: Engine::new(plan), journal: Directory::new(path) })
    }

    /// The rollouts that have begun and not ended, other than one.
    pub(crate) fn unfinished(global: &Global, other: &Engine) -> Result<Vec<Self>, Failure> {
        let mut found = Vec::new();
        for name in started(global)?.into_iter().filter(|name| name != other.id().short()) {
            let mut rollout = Self::find(global, Some(&name))?;
            if rollout.replay()?.state.outcome().is_none() {
                found.push(rollout);
            }
        }
        Ok(found)
    }

    /// Replays the journal.
    pub(crate) fn replay(&mut self) -> Result<Replayed, Failure> {
        let most = self.journal.most()?;
        replay(&self.engine, &mut self.journal, Some(most)).map_err(|error| self.broken(&error))
    }

    /// A journal that cannot be used.
    pub(crate) fn broken(&self, error: &ReplayError) -> Failure {
        let path = self.journal.path().display();
        let problem = Problem::new(Code::Journal, Place::File(path.to_string()), error.to_string());
        Failure::Problems(vec![problem.hint("restore the journal from a backup; without it, make a new plan, which starts from what the clouds show")], None)
    }

    /// The right to drive it, which one process has.
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
fn kept_plan(global: &Global, path: &Path) -> Result<Plan, Failure> {
    let name = path.display().to_string();
    let broken = |message: String| {
        let problem = Problem::new(Code::Journal, Place::File(name.clone()), message);
        let hint = "restore it from a backup: its digest is `previous` of the rollout's first record";
        Failure::Problems(vec![problem.hint(hint)], None)
    };
    let text = std::fs::read_to_string(global.directory.join(path))
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
