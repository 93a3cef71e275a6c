//! What ends a command early. The user's mistakes and our faults are different variants, with different exit codes.

use fleetgen_tree::Conflict;

use crate::exit::Exit;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong: what, and how to mend it.
    Usage { message: String, hint: Option<String> },
    /// fleet.yaml is invalid; the report, ready to be printed.
    Invalid { report: String },
    /// What a build left does not agree with the fleet; the report, ready to be printed.
    Refused { report: String },
    /// Files that cannot be touched.
    Conflicts(Vec<Conflict>),
    /// A fault of ours or of the machine's.
    Fault(anyhow::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Invalid { .. } => Exit::Invalid,
            Self::Refused { .. } => Exit::Refused,
            Self::Conflicts(_) => Exit::Conflict,
            Self::Fault(_) => Exit::Fault,
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// What a command gives back.
pub(crate) type Outcome = Result<Exit, Failure>;
