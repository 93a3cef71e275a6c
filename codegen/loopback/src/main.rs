//! Serves a fleet's groups on this machine, as both clouds would.

use std::path::PathBuf;

use fleetgen_loopback::{Served, serve};
use jiff::Timestamp;

/// Serve a fleet's groups on this machine, as both clouds would
///
/// Each group runs the oldest image of its layer that is recorded for it. Prints its address, and ends with `POST /_world/end`.
#[derive(clap::Parser)]
struct Arguments {
    /// The repository: its fleet.yaml and images/
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The port; any free one if not given
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The time at which the world begins
    #[arg(long, default_value = "2026-11-02T01:00:00Z")]
    at: Timestamp,
}

fn main() -> anyhow::Result<()> {
    let arguments = <Arguments as clap::Parser>::parse();
    let served = Served::read(&arguments.root, arguments.at)?;
    #[expect(clippy::print_stdout, reason = "whoever starts it reads the address")]
    serve(arguments.port, served, |url| println!("{url}"))
}
