//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::command::{check, completions, diff, explain, generate, groups, images, layers, problem, schema};
use crate::exit::Exit;

/// Golden images as code
///
/// fleet.yaml describes a fleet: networks, egress proxy, sessions, image layers and compute groups. fleetgen turns it into
/// the files under generated/, which people review in pull requests.
#[derive(Debug, Parser)]
#[command(name = "fleetgen", version, after_help = Exit::help(), max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Generate(generate::Args),
    Check(check::Args),
    Diff(diff::Args),
    Explain(explain::Args),
    Groups(groups::Args),
    Layers(layers::Args),
    Images(images::Args),
    Problem(problem::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}
