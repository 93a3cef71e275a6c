//! Fleet → files, in memory. Nothing here reads or writes a disk.
//!
//! Each kind of output is a module with its templates beside it and one entry in [`KINDS`]. A kind turns the fleet into
//! files; [`emit`] runs them all. docs/adding-an-output.md shows how to add one.

mod draw;
mod language;
mod layer;
mod owners;
mod schema;
mod starter;
mod terraform;
mod workflow;

use std::collections::BTreeMap;

use fleetgen_fleet::Fleet;
use fleetgen_fleet::scalar::GroupName;
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_tree::{File, Origin, Subject};
use rayon::prelude::*;

pub use draw::draw;
pub use layer::{LayerKey, layer_keys};
pub use starter::Starter;
pub use terraform::{Job, Policies, build_permissions, build_policy, policies, squid_conf};

/// Why there are no files.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// A hand-written script or check that a layer uses is not in the repository.
    #[error("{path} is missing: the layer `{layer}` uses it")]
    MissingScript {
        /// The script or check.
        path: String,
        /// A layer that uses it.
        layer: String,
    },
    /// A bug in fleetgen: a template that does not render, or text that its language does not accept.
    #[error("{path}: {message}")]
    Fault {
        /// The file.
        path: String,
        /// What went wrong.
        message: String,
    },
}

impl EmitError {
    fn fault(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Fault { path: path.into(), message: message.into() }
    }

    /// The error as the user sees it.
    pub fn problem(&self) -> Problem {
        match self {
            Self::MissingScript { path, .. } => {
                let hint = format!("restore it with `git checkout -- {path}`");
                Problem::new(Code::Script, Place::File(path.clone()), self.to_string()).hint(hint)
            }
            Self::Fault { .. } => Problem::new(Code::Fault, Place::Nowhere, self.to_string())
                .hint("this is a bug in fleetgen; please report it"),
        }
    }
}

/// A kind of output: what turns the fleet into its files.
type Kind = fn(&Fleet, &HandWritten, &StartImages) -> Result<Vec<File>, EmitError>;

/// The name of the image that a new group starts with, for the groups to whose environment one was ever promoted; nothing if
/// all of those are revoked. Groups without an image start with the vendor's, and those that are not listed replace no machines.
pub type StartImages = BTreeMap<GroupName, Option<String>>;

/// Every kind of output.
const KINDS: &[Kind] = &[
    |fleet, hand_written, _| layer::emit(fleet, hand_written),
    terraform::emit,
    |fleet, _, _| workflow::emit(fleet),
    |_, _, _| Ok(schema::emit()),
    |fleet, _, _| Ok(owners::emit(fleet)),
];

/// The hand-written files that are part of images: those below [`HandWritten::DIRECTORIES`], by path from the root of the
/// repository.
#[derive(Debug, Clone, Default)]
pub struct HandWritten(pub BTreeMap<String, Vec<u8>>);

impl HandWritten {
    /// The directories that hold them.
    pub const DIRECTORIES: &[&str] = &["goss", "packer/scripts"];

    fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }
}

/// All files that a fleet wants.
///
/// # Errors
/// A hand-written file is missing, or a bug in fleetgen.
pub fn emit(fleet: &Fleet, hand_written: &HandWritten, images: &StartImages) -> Result<Vec<File>, EmitError> {
    let files: Vec<Vec<File>> =
        KINDS.par_iter().map(|kind| kind(fleet, hand_written, images)).collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

/// SHA-256, in hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

/// What a file of an earlier run is about, as far as its content shows: the root or the group of a Terraform file.
pub fn subject_of(content: &str) -> Option<Subject> {
    terraform::subject_of(content)
}

/// Reads a rendered file back, as the tool that uses it would.
///
/// # Errors
/// The file's language does not accept it: a bug in fleetgen.
pub fn parse_back(file: &File) -> Result<(), EmitError> {
    match file.origin {
        // What the user wrote is in the user's language.
        Origin::UserText => return Ok(()),
        Origin::Rendered | Origin::Offered(_) => {}
    }
    let content = &file.content;
    let problem = match file.path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("tf" | "hcl") => hcl::parse(content).err().map(|error| error.to_string()),
        Some("json") => serde_json::from_str::<serde_json::Value>(content).err().map(|error| error.to_string()),
        // Goss fills this in before it reads the YAML.
        Some("yaml" | "yml") => {
            let filled = content.replace("{{ .Vars.container }}", "false");
            serde_saphyr::from_str::<serde_json::Value>(&filled).err().map(|error| error.to_string())
        }
        // Only bash, cosign, systemd, sysctl and Trivy read these; the checks with real tools run them.
        Some("sh" | "pub" | "service" | "timer" | "conf" | "tpl") => None,
        _ if file.path == owners::PATH => None,
        _ => Some("fleetgen has no parser for files of this kind".to_owned()),
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(EmitError::fault(&file.path, format!("it does not read back: {problem}"))),
    }
}
