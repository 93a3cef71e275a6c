//! The command line, and the commands: one file for each.

pub(crate) mod affected;
pub(crate) mod build_plan;
pub(crate) mod can;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod draw;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod groups;
pub(crate) mod images;
pub(crate) mod init;
pub(crate) mod layers;
pub(crate) mod problem;
pub(crate) mod reach;
pub(crate) mod rollout;
pub(crate) mod roots;
pub(crate) mod schema;
pub(crate) mod status;
pub(crate) mod sweep;

use clap::{Parser, Subcommand};

use crate::arguments::Global;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;

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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Generate(generate::Args),
    Check(check::Args),
    Diff(diff::Args),
    Affected(affected::Args),
    Explain(explain::Args),
    Groups(groups::Args),
    Status(status::Args),
    Sweep(sweep::Args),
    Draw(draw::Args),
    Layers(layers::Args),
    BuildPlan(build_plan::Args),
    Roots(roots::Args),
    Images(images::Args),
    Rollout(rollout::Args),
    Reach(reach::Args),
    Can(can::Args),
    Problem(problem::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

impl Command {
    /// Whether the command writes to the repository.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::Init(_) | Self::Generate(_) => true,
            Self::Images(args) => args.command.writes(),
            Self::Check(_)
            | Self::Diff(_)
            | Self::Affected(_)
            | Self::Explain(_)
            | Self::Groups(_)
            | Self::Status(_)
            | Self::Sweep(_)
            | Self::Draw(_)
            | Self::Layers(_)
            | Self::BuildPlan(_)
            | Self::Roots(_)
            | Self::Rollout(_)
            | Self::Reach(_)
            | Self::Can(_)
            | Self::Problem(_)
            | Self::Schema(_)
            | Self::Completions(_) => false,
        }
    }
}

/// Runs the command that was asked for.
pub(crate) fn run(arguments: &Arguments, ui: &mut Ui) -> Outcome {
    let global = &arguments.global;
    match &arguments.command {
        Command::Init(args) => init::run(global, args, ui),
        Command::Generate(args) => generate::run(global, args, ui),
        Command::Check(args) => check::run(global, args, ui),
        Command::Diff(args) => diff::run(global, args, ui),
        Command::Affected(args) => affected::run(global, args, ui),
        Command::Explain(args) => explain::run(global, args, ui),
        Command::Groups(args) => groups::run(global, args, ui),
        Command::Status(args) => status::run(global, args, ui),
        Command::Sweep(args) => sweep::run(global, args, ui),
        Command::Draw(args) => draw::run(global, args, ui),
        Command::Images(args) => images::run(global, args, ui),
        Command::Rollout(args) => rollout::run(global, args, ui),
        Command::Layers(args) => layers::run(global, args, ui),
        Command::BuildPlan(args) => build_plan::run(global, args, ui),
        Command::Roots(args) => roots::run(global, args, ui),
        Command::Reach(args) => reach::run(global, args, ui),
        Command::Can(args) => can::run(global, args, ui),
        Command::Problem(args) => problem::run(args, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
    }
}
