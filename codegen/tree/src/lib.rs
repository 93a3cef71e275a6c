//! Files in memory × files on disk × MANIFEST → [`Changes`]; the only writer of generated files.
//!
//! [`Found::read`] looks, [`compare`] decides, [`Changes::apply`] does. `diff`, `check` and `generate` read the same [`Changes`].
//!
//! # What is ours
//!
//! `generated/MANIFEST` lists the SHA-256 of every file that was written. A file is changed or removed only where its bytes
//! are those that the manifest lists, or are the wanted ones already. Everything else is a [`Conflict`], and one conflict
//! stops all writing.
//!
//! # A crash at any instant
//!
//! Each file is written beside its place and renamed onto it, so that it is either the old or the new one. Before the first
//! of them, `generated/MANIFEST.pending` says what is about to be written; the manifest is written last, and then the
//! pending one goes. So files of a run that was cut short are known to be ours, even where fleet.yaml has changed since.

mod apply;
mod change;
mod compare;
mod disk;
mod manifest;
mod path;

pub use apply::Step;
pub use change::{Change, Changes, Conflict, Reason};
pub use compare::{Found, compare};
pub use path::RelPath;

/// A file that is wanted, in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where, from the root of the repository. Not trusted: [`compare`] refuses a path that leaves the tree.
    pub path: String,
    /// What is in it.
    pub content: String,
    /// The kind of output that it belongs to.
    pub producer: &'static str,
}
