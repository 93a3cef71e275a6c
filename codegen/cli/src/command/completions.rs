//! `fleetgen completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::ui::Ui;

/// Print a completion script for a shell
///
/// For bash: `fleetgen completions bash > ~/.local/share/bash-completion/completions/fleetgen`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, ui: &mut Ui) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "fleetgen", &mut text);
    ui.print(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Ok)
}
