//! What ends a command early.

use fleetgen_emit::EmitError;
use fleetgen_problem::{Code, Place, Problem, SourceFile};
use fleetgen_tree::CompareError;

use crate::exit::Exit;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Problems for the user to fix, and the file that their positions are in.
    Problems(Vec<Problem>, Option<Box<SourceFile>>),
    /// A fault of fleetgen or of the machine.
    Fault(anyhow::Error),
}

impl Failure {
    /// A wrong command line.
    pub(crate) fn usage(message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Problems(vec![Problem::new(Code::Usage, Place::Nowhere, message).maybe_hint(hint)], None)
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Problems(problems, _) => problems.first().map_or(Exit::Fault, |problem| Exit::of(problem.code)),
            Self::Fault(_) => Exit::Fault,
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<EmitError> for Failure {
    fn from(error: EmitError) -> Self {
        Self::Problems(vec![error.problem()], None)
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Conflicts(problems) => Self::Problems(problems, None),
            CompareError::Io(error) => error.into(),
        }
    }
}

/// What a command returns.
pub(crate) type Outcome = Result<Exit, Failure>;
