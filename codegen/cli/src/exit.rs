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
    Paused = 10,
    Failed = 11,
    RolledBack = 12,
    InProgress = 13,
    Waiting = 14,
    StalePlan = 15,
    Leased = 16,
    NeedsHuman = 17,
}

impl Exit {
    /// Every exit code with its meaning.
    pub(crate) const TABLE: &[(Self, &str)] = &[
        (Self::Ok, "success"),
        (Self::Fault, "fleetgen, the machine or a cloud failed"),
        (Self::Usage, "the command line is wrong"),
        (Self::Invalid, "fleet.yaml is invalid, or a script that it needs is missing"),
        (Self::Stale, "generated files are stale"),
        (Self::Conflict, "a generated file was edited by hand, or another file is in its place"),
        (Self::Refused, "a build does not agree with fleet.yaml or its own reports, or an image may not be promoted"),
        (Self::Paused, "the rollout is paused"),
        (Self::Failed, "the rollout failed: a group was left as it is"),
        (Self::RolledBack, "the rollout was aborted, or failed and returned what had failed"),
        (Self::InProgress, "the rollout is in progress"),
        (Self::Waiting, "the rollout waits for a window, a freeze or an approval"),
        (Self::StalePlan, "the plan is stale, was changed, or cannot be made"),
        (Self::Leased, "another process drives the rollout"),
        (Self::NeedsHuman, "the rollout needs a human, or its journal is broken"),
    ];

    /// The exit code of a problem.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::Fault => Self::Fault,
            Code::Usage => Self::Usage,
            Code::Conflict => Self::Conflict,
            Code::Manifest | Code::Image => Self::Refused,
            Code::Plan => Self::StalePlan,
            Code::Journal => Self::NeedsHuman,
            Code::Lease => Self::Leased,
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
            | Code::Endpoint
            | Code::Script => Self::Invalid,
        }
    }

    /// The table, for `--help`.
    pub(crate) fn help() -> String {
        let mut text = "Exit codes:\n".to_owned();
        for (exit, meaning) in Self::TABLE {
            let _ = writeln!(text, "  {:>2}  {meaning}", *exit as u8);
        }
        text
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
