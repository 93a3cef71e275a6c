//! The exit codes: one table, which the README, `--help` and the program share.

use std::fmt::Write as _;

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
    /// Every exit code with what it means. 10, 11 and 12 belong to `rollout`.
    pub(crate) const TABLE: &[(Self, &str)] = &[
        (Self::Ok, "all is well"),
        (Self::Fault, "a fault of fleetgen's or of the machine"),
        (Self::Usage, "the command line is wrong"),
        (Self::Invalid, "fleet.yaml is invalid"),
        (Self::Stale, "generated files are stale"),
        (Self::Conflict, "a generated file was changed by hand, or another file is in its place"),
        (Self::Refused, "what a build left does not agree with fleet.yaml, or with itself"),
    ];

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
