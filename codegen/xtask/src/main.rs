//! Developer tasks, run as `cargo xtask TASK`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's program, which talks on the terminal")]

mod bench;
mod conform;
mod docs;
mod mutants;
mod pins;
mod verify;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use fleetgen_toolbox::tools;

/// Developer tasks of fleetgen
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install the pinned real tools that `verify` needs, into a cache outside the clone
    ///
    /// The cache is `$FLEETGEN_TOOLS`, or else `fleetgen-tools` in `$XDG_CACHE_HOME` or `~/.cache`. The first time takes
    /// about half an hour.
    Tools,
    /// Check everything that fleetgen generates with the real tools
    Verify(verify::Args),
    /// Build golden images on this machine, from fleet.yaml to recorded image, without a cloud account
    ///
    /// Packer, Cosign, Goss and Trivy are real. moto and a small GCP emulate the clouds, and containers with systemd are
    /// the machines. Needs root, and changes nothing outside a temporary folder and its own namespaces.
    Rehearse(fleetgen_rehearse::Args),
    /// On a machine with access to the internet, try what the checks cannot reach
    #[command(subcommand)]
    Conform(conform::What),
    /// Measure how time and memory grow with the size of the fleet
    Bench(bench::Args),
    /// Break the rollout engine on purpose, and check that its tests notice; four minutes
    Mutants(mutants::Args),
    /// Compare the actions that workflows use with their repositories: whether a tag was moved, and what is newer. Needs the internet
    Pins(pins::Args),
    /// Write the generated parts of README.md and docs/
    Docs,
    /// Run a command and print its time and memory as JSON; for `bench`
    #[command(hide = true)]
    Measure {
        /// The command and its arguments
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<String>,
    },
}

fn main() -> anyhow::Result<()> {
    let root = root();
    match Arguments::parse().task {
        Task::Tools => tools::install(&root).map(|_| ()),
        Task::Verify(args) => verify::run(&root, &args),
        Task::Rehearse(args) => fleetgen_rehearse::run(&root, &args),
        Task::Conform(what) => conform::run(&root, &what),
        Task::Bench(args) => bench::run(&root, &args),
        Task::Mutants(args) => mutants::run(&root, &args),
        Task::Pins(args) => pins::run_task(&root, &args),
        Task::Docs => docs::write(&root),
        Task::Measure { command } => bench::measure(&command),
    }
}

/// The root of the repository: two levels above this crate.
fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}
