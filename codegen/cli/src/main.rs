//! The `fleetgen` program: one file for each command under `command`. Only `main` turns a result into an exit code.

mod arguments;
mod clock;
mod command;
mod effect;
mod error;
mod exit;
mod git;
mod project;
mod records;
mod reports;
mod screen;
mod side;
mod signals;
mod state;
mod summary;
mod table;
mod ui;

use std::process::ExitCode;

use clap::Parser;
use fleetgen_problem::{Code, Place, Problem};

use crate::arguments::Format;
use crate::command::Arguments;
use crate::error::Failure;
use crate::exit::Exit;
use crate::ui::Ui;

/// glibc's allocator grows the heap of a second thread with a system call for every few pages, which took a third of the
/// time of `check`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // clap prints its own messages, and exits with 2 for a wrong command line.
    let arguments = Arguments::parse();
    let mut ui = Ui::new(&arguments.global);
    let outcome = command::run(&arguments, &mut ui);
    let exit = match &outcome {
        Ok(exit) => *exit,
        Err(failure) if is_broken_pipe(failure) => Exit::Ok,
        Err(failure) => {
            // If even this cannot be written, the exit code still shows the failure.
            let _ = report(failure, arguments.command.writes(), &mut ui);
            failure.exit()
        }
    };
    exit.into()
}

/// The reader of our output has seen enough, as in `fleetgen groups | head`.
fn is_broken_pipe(failure: &Failure) -> bool {
    match failure {
        Failure::Fault(error) => {
            error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
        }
        Failure::Problems(..) => false,
    }
}

/// Shows what went wrong. `writes` is whether the command would have written something.
fn report(failure: &Failure, writes: bool, ui: &mut Ui) -> std::io::Result<()> {
    match failure {
        Failure::Problems(problems, source) => {
            ui.problems(problems, source.as_deref())?;
            if writes && ui.format == Format::Human { ui.warn("nothing was written") } else { Ok(()) }
        }
        Failure::Fault(error) => ui.problems(&[Problem::new(Code::Fault, Place::Nowhere, format!("{error:#}"))], None),
    }
}
