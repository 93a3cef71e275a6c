//! What fleet.yaml means.
//!
//! [`load`] takes the text and returns the [`Fleet`], or everything that is wrong with it. It has these stages, each with its
//! own types:
//!
//! 1. `yaml`: text to a tree that knows where each value is;
//! 2. `decode`: the tree to the types of `file` and `group`, key by key;
//! 3. `resolve`: references and defaults, to the types of `model` and `group`, as a `draft`;
//! 4. `rules`: relations between values.
//!
//! A stage goes on after a problem wherever it can, so that one run reports everything. Nothing here reads a file, a clock or
//! the environment.

pub mod catalog;
pub mod choice;
mod decode;
mod draft;
mod field;
mod file;
mod gate;
mod group;
mod lines;
mod model;
mod origin;
mod placement;
pub mod reference;
mod resolve;
pub mod resource_name;
mod rules;
mod runner;
pub mod scalar;
mod schema;
mod secret;
mod yaml;

use std::collections::BTreeMap;

use fleetgen_problem::{Problem, SourceFile, has_errors, settle};

pub use draft::CheckContext;
pub use gate::{Check, Gate, Gates};
pub use group::{
    Aws, Backend, Config, DataDisk, Disk, Egress, Gcp, Group, Health, HealthyPercentages, InstanceStore, LifecycleHook,
    Machine, Mount, OpenPort, Queue, Rollout, Scaling, Schedule, Secret, Size, Spot, Target,
};
pub use lines::Lines;
pub use model::*;
pub use origin::{Origin, Origins};
pub use placement::{Placement, placements};
pub use schema::json_schema;

use scalar::{GroupName, ProfileName};

/// A fleet and what is worth a warning about it.
#[derive(Debug)]
pub struct Loaded<F = Fleet> {
    /// The fleet.
    pub fleet: F,
    /// Warnings, in the order of the file.
    pub warnings: Vec<Problem>,
}

/// A fleet that knows where the values of its groups come from.
#[derive(Debug)]
pub struct ExplainedFleet {
    /// The fleet.
    pub fleet: Fleet,
    /// The sources of every group's values.
    pub sources: BTreeMap<GroupName, Sources>,
}

/// Where the values of a group come from.
#[derive(Debug)]
pub struct Sources {
    /// The profiles it inherits from, nearest first.
    pub profiles: Vec<ProfileName>,
    /// The origin of each value, by path.
    pub origins: Origins,
}

/// Reads a fleet.yaml.
///
/// # Errors
/// Everything that is wrong with it, errors and warnings, in the order of the file.
pub fn load(source: &SourceFile, context: CheckContext<'_>) -> Result<Loaded, Vec<Problem>> {
    let Loaded { fleet, warnings } = read(source, |root| {
        // Origins take as long to record as values to decode, and only a problem needs them.
        let resolved = resolve::resolve(root, context, false);
        if resolved.problems.is_empty() { resolved } else { resolve::resolve(root, context, true) }
    })?;
    Ok(Loaded { fleet: fleet.fleet, warnings })
}

/// Reads a fleet.yaml, and records where each value of a group comes from.
///
/// # Errors
/// Everything that is wrong with it, errors and warnings, in the order of the file.
pub fn load_explained(source: &SourceFile, context: CheckContext<'_>) -> Result<Loaded<ExplainedFleet>, Vec<Problem>> {
    read(source, |root| resolve::resolve(root, context, true))
}

fn read(
    source: &SourceFile,
    resolve: impl FnOnce(&yaml::Node<'_>) -> resolve::Resolved + Send,
) -> Result<Loaded<ExplainedFleet>, Vec<Problem>> {
    let decode = || {
        let mut problems = Vec::new();
        let fleet = yaml::parse(source, &mut problems).and_then(|root| {
            let resolved = resolve(&root);
            problems.extend(resolved.problems);
            resolved.fleet
        });
        (fleet, problems)
    };
    // Looking for secrets takes as long as parsing YAML.
    let (secrets, (fleet, mut problems)) = rayon::join(|| secret::find(source), decode);
    problems.extend(secrets);
    settle(&mut problems);
    match fleet {
        Some(fleet) if !has_errors(&problems) => Ok(Loaded { fleet, warnings: problems }),
        _ => Err(problems),
    }
}
