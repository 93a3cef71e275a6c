//! The commands.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod groups;
pub(crate) mod images;
pub(crate) mod layers;
pub(crate) mod problem;
pub(crate) mod schema;

use crate::arguments::{Arguments, Command};
use crate::error::Outcome;
use crate::ui::Ui;

/// Runs the command that was asked for.
pub(crate) fn run(arguments: &Arguments, ui: &mut Ui) -> Outcome {
    let global = &arguments.global;
    match &arguments.command {
        Command::Generate(args) => generate::run(global, args, ui),
        Command::Check(args) => check::run(global, args, ui),
        Command::Diff(args) => diff::run(global, args, ui),
        Command::Explain(args) => explain::run(global, args, ui),
        Command::Groups(args) => groups::run(global, args, ui),
        Command::Images(args) => images::run(global, args, ui),
        Command::Layers(args) => layers::run(global, args, ui),
        Command::Problem(args) => problem::run(args, ui),
        Command::Schema(args) => schema::run(args, ui),
        Command::Completions(args) => completions::run(args, ui),
    }
}
