//! Files in memory × files on disk × MANIFEST → [`Changes`]; the only writer of generated files.
//!
//! [`DiskState::read`] reads, [`compare`] decides, [`Changes::apply`] writes. `diff`, `check` and `generate` use the same
//! [`Changes`].
//!
//! # Which files are ours
//!
//! `generated/MANIFEST` lists the SHA-256 of every file that was written. A file is changed or deleted only if its bytes
//! are those that the manifest lists, or are the wanted ones already. Anything else is a conflict, and with one conflict
//! there are no [`Changes`] to apply.
//!
//! # A crash at any instant
//!
//! Each file is written beside its place and renamed onto it, so it is either the old or the new one. Before the first one,
//! `generated/MANIFEST.pending` lists what is about to be written. The manifest is written last, and then the pending one is
//! deleted. So the next run knows the files of an interrupted run, even if fleet.yaml has changed since.

mod apply;
mod atomic;
mod change;
mod compare;
mod conflict;
mod disk;
mod lock;
mod manifest;
mod path;

pub use apply::Step;
pub use atomic::AtomicFile;
pub use change::{Change, Changes};
pub use compare::{CompareError, DiskState, compare};
pub use lock::Lock;
pub use path::RelPath;

/// A file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where, from the root of the repository. Not trusted: [`compare`] refuses a path that leaves the tree.
    pub path: String,
    /// What is in it.
    pub content: String,
    /// What it is about.
    pub subject: Subject,
    /// Who wrote its content.
    pub origin: Origin,
}

/// What a file is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A compute group, by name.
    Group(String),
    /// A Terraform root, by its directory.
    Root(String),
    /// An image layer, by name.
    Layer(String),
    /// A GitHub workflow, by name.
    Workflow(String),
    /// The fleet as a whole.
    Fleet,
}

/// The kind and the name, such as `group web-tokyo`.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Group(name) => write!(f, "group {name}"),
            Self::Root(directory) => write!(f, "root {directory}"),
            Self::Layer(name) => write!(f, "layer {name}"),
            Self::Workflow(name) => write!(f, "workflow {name}"),
            Self::Fleet => f.write_str("fleet"),
        }
    }
}

/// Who wrote a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// fleetgen rendered it, so it must read back in its language.
    Rendered,
    /// The user wrote it in fleet.yaml, and it is copied byte for byte.
    UserText,
    /// fleetgen rendered it for users without one of their own. Theirs is kept, here or in one of these places.
    Offered(&'static [&'static str]),
}
