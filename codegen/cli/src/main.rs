//! The `fleetgen` program: one file for each command under `command`; only `main` turns a result into an exit code.

mod arguments;
mod clock;
mod command;
mod error;
mod exit;
mod project;
mod summary;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Format};
use crate::error::Failure;
use crate::exit::Exit;
use crate::ui::Ui;

/// glibc's allocator grows the heap of a second thread by a system call for every few pages, which cost a third of a check.
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
            // Where even this cannot be written, the exit code still tells.
            let _ = ui.problem(&describe(failure, ui.format));
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
        Failure::Usage { .. } | Failure::Invalid { .. } | Failure::Refused { .. } | Failure::Conflicts(_) => false,
    }
}

fn describe(failure: &Failure, format: Format) -> String {
    match failure {
        Failure::Usage { message, hint } => {
            let hint = hint.as_ref().map(|hint| format!("help: {hint}\n")).unwrap_or_default();
            format!("error: {message}\n{hint}")
        }
        Failure::Invalid { report } | Failure::Refused { report } => report.clone(),
        Failure::Conflicts(conflicts) => command::conflicts(conflicts, format),
        Failure::Fault(error) => format!("error: {error:#}\n"),
    }
}
