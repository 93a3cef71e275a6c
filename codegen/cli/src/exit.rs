//! The exit codes: one table, which the README, `--help` and the program share.

use std::fmt::Write as _;

use fleetgen_problem::Code;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    Fault = 1,
    Usage = 2,
    Invalid = 3,
    Stale = 4,
    Conflict = 5,
    Refused = 6,
}

impl Exit {
    /// Every exit code with its meaning. 10 to 17 are reserved for `rollout`.
    pub(crate) const TABLE: &[(Self, &str)] = &[
        (Self::Ok, "success"),
        (Self::Fault, "fleetgen or the machine failed"),
        (Self::Usage, "the command line is wrong"),
        (Self::Invalid, "fleet.yaml is invalid, or a script that it needs is missing"),
        (Self::Stale, "generated files are stale"),
        (Self::Conflict, "a generated file was edited by hand, or another file is in its place"),
        (Self::Refused, "a build does not agree with fleet.yaml, or with its own reports"),
    ];

    /// The exit code of a problem.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::Fault => Self::Fault,
            Code::Usage => Self::Usage,
            Code::Conflict => Self::Conflict,
            Code::Manifest => Self::Refused,
            Code::Unreadable
            | Code::Yaml
            | Code::MergeKey
            | Code::DuplicateKey
            | Code::UnknownKey
            | Code::MissingKey
            | Code::WrongType
            | Code::InvalidValue
            | Code::Secret
            | Code::UnknownReference
            | Code::Cycle
            | Code::Zone
            | Code::Cidr
            | Code::Cloud
            | Code::Machine
            | Code::Size
            | Code::ResourceName
            | Code::Tag
            | Code::Port
            | Code::Scaling
            | Code::Rollout
            | Code::Layer
            | Code::Service
            | Code::Sysctl
            | Code::Scan
            | Code::Domain
            | Code::Script => Self::Invalid,
        }
    }

    /// The table, for `--help`.
    pub(crate) fn help() -> String {
        let mut text = "Exit codes:\n".to_owned();
        for (exit, meaning) in Self::TABLE {
            let _ = writeln!(text, "  {}  {meaning}", *exit as u8);
        }
        text
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
