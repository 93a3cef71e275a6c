//! The arguments that every command takes.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Work in this directory instead of the current one
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        default_value = ".",
        hide_default_value = true
    )]
    pub(crate) directory: PathBuf,
    /// Read this file instead of fleet.yaml
    #[arg(long, value_name = "FILE", global = true, default_value = "fleet.yaml", hide_default_value = true)]
    pub(crate) fleet: PathBuf,
    /// Print only problems, and what the command was asked for
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// The format of output and problems
    #[arg(long, value_enum, global = true, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// The format of output and problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people; coloured on a terminal unless `NO_COLOR` is set
    Human,
    /// For programs
    Json,
    /// Problems as annotations of a GitHub workflow, other output as for people
    Github,
}
