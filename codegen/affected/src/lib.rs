//! What a change of the repository means, from what it was and what it is: which images are built, which groups and Terraform roots
//! change, and what a reviewer looks at first.
//!
//! What was generated is compared byte by byte, so nothing that changes is left out: a new fleetgen counts as well as a new
//! fleet.yaml. Nothing here reads a file or runs Git.

mod build_plan;
mod group;
mod layer;
mod recorded;
mod risk;
mod root;
mod settings;
mod shard;

use std::collections::BTreeMap;

use fleetgen_emit::LayerKey;
use fleetgen_fleet::Fleet;
use fleetgen_fleet::scalar::LayerName;
use fleetgen_images::Images;
use serde::Serialize;

pub use build_plan::{BuildPlan, LayerBuild, Wanted};
pub use group::{GroupChange, NewImage};
pub use layer::{ImageBuild, LayerChange, inputs};
pub use recorded::RecordedImage;
pub use risk::{Risk, RiskKind};
pub use root::RootChange;
pub use settings::{Setting, group_settings, settings};
pub use shard::{Root, RootKind, Shard, roots, shards};

/// The repository at one time.
#[derive(Debug)]
pub struct Side {
    /// Its fleet.
    pub fleet: Fleet,
    /// The key of each layer, with its inputs.
    pub keys: BTreeMap<LayerName, LayerKey>,
    /// Every generated file, by path.
    pub generated: BTreeMap<String, String>,
    /// Every file that people write and builds or Terraform read, by path: those below [`WRITTEN`].
    pub written: BTreeMap<String, Vec<u8>>,
    /// The records of images.
    pub images: BTreeMap<LayerName, Images>,
}

/// The directories with what people write and builds or Terraform read.
pub const WRITTEN: &[&str] = &["goss", "packer", "terraform"];

/// What happened to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Created,
    /// It is another one than before.
    Changed,
    /// It is gone.
    Removed,
}

impl Change {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }

    /// Of something that was there, and is there; nothing if it is the same.
    fn of<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> Option<Self> {
        match (before, after) {
            (None, Some(_)) => Some(Self::Created),
            (Some(_), None) => Some(Self::Removed),
            (Some(before), Some(after)) if before != after => Some(Self::Changed),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

/// What a change of the repository means.
#[derive(Debug, Clone, Serialize)]
pub struct Affected {
    /// What to look at first, the worst first.
    pub risks: Vec<Risk>,
    /// The layers whose key changes, parents first.
    pub layers: Vec<LayerChange>,
    /// The images that are new in the records, by layer.
    pub recorded: Vec<RecordedImage>,
    /// The groups that change in Terraform, or will get another image, by name.
    pub groups: Vec<GroupChange>,
    /// The roots that Terraform has to look at, in the order in which they are applied.
    pub roots: Vec<RootChange>,
    /// Other generated files that change: workflows, the schema.
    pub files: Vec<FileChange>,
    /// Files that people wrote and that neither change a key nor a module: scripts of the runner, documents.
    pub written: Vec<FileChange>,
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// What happens to it.
    pub change: Change,
}

impl Affected {
    /// Compares the repository before a change with the repository after it. `line` finds the line of a value in fleet.yaml: of the text
    /// that is its last argument, below the path that is its first, such as `proxy.domains`.
    pub fn new(before: &Side, after: &Side, line: &dyn Fn(&str, Option<&str>) -> Option<usize>) -> Self {
        let layers = layer::changes(before, after);
        let groups = group::changes(before, after, &layers);
        let generated = differences(&before.generated, &after.generated);
        let written = differences(&before.written, &after.written);
        let roots = root::changes(before, after, &generated, &written);
        let in_root = |path: &str| path.starts_with("generated/terraform/");
        let in_layer = |path: &str| ["generated/packer/", "generated/goss/"].iter().any(|part| path.starts_with(part));
        // A layer that changes without a new key is listed file by file.
        let is_known =
            |file: &FileChange| in_root(&file.path) || (in_layer(&file.path) && layer::has(&layers, &file.path));
        let files = generated.into_iter().filter(|file| !is_known(file)).collect();
        let keyed: Vec<&str> = layers.iter().flat_map(|layer| layer.why.iter().map(String::as_str)).collect();
        let is_known = |file: &FileChange| keyed.contains(&file.path.as_str()) || root::module_of(&file.path).is_some();
        let written = written.into_iter().filter(|file| !is_known(file)).collect();
        let risks = risk::risks(before, after, line);
        let recorded = recorded::images(before, after);
        Self { risks, layers, recorded, groups, roots, files, written }
    }

    /// The layers that get new images.
    pub fn rebuilt(&self) -> usize {
        self.layers.iter().filter(|layer| layer.change != Change::Removed).count()
    }

    /// The groups that a rollout will move, after the images are built and promoted.
    pub fn rolled(&self) -> usize {
        self.groups.iter().filter(|group| group.image.is_some()).count()
    }
}

/// The files that differ, by path.
fn differences<T: PartialEq>(before: &BTreeMap<String, T>, after: &BTreeMap<String, T>) -> Vec<FileChange> {
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort_unstable();
    paths.dedup();
    let changed = paths.into_iter().filter_map(|path| {
        let change = Change::of(before.get(path), after.get(path))?;
        Some(FileChange { path: path.clone(), change })
    });
    changed.collect()
}
