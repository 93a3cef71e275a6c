//! `cargo xtask rehearse`: golden images, built on this machine. docs/rehearsal.md describes what is real in it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's program, which reports on the terminal")]

mod fault;
mod good;
mod inspect;
mod kernel;

mod overlay;
mod rehearsal;
mod scores;
mod stage;
mod supervise;
mod timings;
mod world;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use rayon::prelude::*;

use fault::Fault;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::{machine, repository, tools};
use stage::Stage;

/// What to rehearse.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Layers to build, with those that they are built on. Default: all of tests/rehearsal/fleet.yaml
    #[arg(value_name = "LAYER")]
    layers: Vec<String>,
    /// Rehearse this fault, too; may be given more than once
    #[arg(long = "fault", value_name = "NAME")]
    faults: Vec<String>,
    /// Ask Lynis and systemd what they think of the images
    #[arg(long, conflicts_with = "layers")]
    scores: bool,
    /// Rehearse everything: all layers and all faults, with scores
    #[arg(long, conflicts_with_all = ["layers", "faults"])]
    all: bool,
    /// Where logs and timings are kept; two rehearsals at the same time need two
    #[arg(long, value_name = "DIR", default_value = ".fleetgen/rehearsal")]
    logs: PathBuf,
}

/// Rehearses, and tells everything that is wrong.
pub fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let faults = if args.all { fault::FAULTS.iter().collect() } else { fault::wanted(&args.faults)? };
    let Some(folder) = supervise::inside() else { return outside(root, args) };
    let stage = Stage::new(root, tools::install(root)?, &folder, root.join(&args.logs))?;
    let mut rehearsed = 1;
    let mut failed = usize::from(!report(&stage, "good", || good::rehearse(&stage, &args.layers)));
    if failed == 0 {
        rehearsed += faults.len();
        failed += usize::from(!report(&stage, "kernel", || kernel::check(&stage)));
        if args.all || args.scores {
            failed += usize::from(!report(&stage, "scores", || scores::measure(&stage)));
        }
        // What a fault needs of a machine is mostly time.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build()?;
        let one = |fault: &&Fault| usize::from(!report(&stage, fault.name, || fault::rehearse(&stage, fault)));
        failed += pool.install(|| faults.par_iter().map(one).sum::<usize>());
    }
    failed += usize::from(!report(&stage, "nothing runs any more", supervise::nothing_runs));
    println!("\nThe good rehearsal, step by step:\n{}", stage.timings.table("good"));
    let json = stage.logs.join("timings.json");
    write(&json, &format!("{:#}\n", serde_json::to_value(stage.timings.steps())?))?;
    println!("{rehearsed} rehearsals; {failed} things failed; logs and timings.json are in {}", args.logs.display());
    if failed > 0 {
        bail!("{failed} things failed");
    }
    Ok(())
}

/// What is done before the namespaces, as the user who asked for it: what takes long is built once and kept.
fn outside(root: &Path, args: &Args) -> anyhow::Result<()> {
    let tools = tools::install(root)?;
    if !supervise::is_prepared() {
        repository::build(root)?;
    }
    let logs = root.join(&args.logs);
    fs_err::create_dir_all(&logs)?;
    if !nix::unistd::Uid::effective().is_root() {
        return supervise::as_root(&tools.cache);
    }
    machine::prepare(&tools.cache, stage::PACKAGES)?;
    let lock = fs_err::File::open(&logs)?;
    lock.file()
        .try_lock()
        .with_context(|| format!("another rehearsal writes to {}: name another folder with --logs", logs.display()))?;
    let result = supervise::run();
    supervise::give_back(&logs)?;
    result
}

/// Does one, and says how it ended.
fn report(stage: &Stage, name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> bool {
    let start = Instant::now();
    let result = work();
    stage.timings.put(name, "everything", "from start to end", start.elapsed());
    let seconds = start.elapsed().as_secs_f32();
    match &result {
        Ok(()) => println!("ok    {name:<20} {seconds:>6.1} s"),
        Err(error) => println!("FAIL  {name:<20} {seconds:>6.1} s\n{error:#}\n"),
    }
    result.is_ok()
}

/// Says what a rehearsal does just now.
fn progress(rehearsal: &str, text: &str) {
    eprintln!("[{rehearsal}] {text}");
}
