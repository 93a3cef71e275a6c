//! `cargo xtask rehearse` builds golden images on this machine. docs/rehearsal.md says what is real in it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's program, which reports on the terminal")]

mod fault;
mod good;
mod inspect;
mod kernel;
mod machines;
mod overlay;
mod proxy;
mod rehearsal;
mod scores;
mod sections;
mod stage;
mod supervise;
mod timings;
mod twice;
mod vm;
mod world;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use rayon::prelude::*;

use fault::Fault;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run as run_command;
use fleetgen_toolbox::{machine, repository, tools, virtual_machine};
use sections::Section;
use stage::Stage;

/// What to rehearse.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Layers to build; their parents are built first. Default: all layers of tests/rehearsal/fleet.yaml
    #[arg(value_name = "LAYER")]
    layers: Vec<String>,
    /// Also rehearse this fault. Repeat for more
    #[arg(long = "fault", value_name = "NAME")]
    faults: Vec<String>,
    /// Also build without the scripts whose path contains this, such as `hardening/sshd`: no image may be made. Repeat for
    /// more
    #[arg(long = "without", value_name = "SCRIPT")]
    without: Vec<String>,
    /// Also build the base on a virtual machine, whose processor is emulated
    #[arg(long)]
    vm: bool,
    /// Also score the images with Lynis and systemd
    #[arg(long, conflicts_with = "layers")]
    scores: bool,
    /// Rehearse everything: all layers, faults and scripts left out, and the scores
    #[arg(long, conflicts_with_all = ["layers", "faults", "without"])]
    all: bool,
    /// Folder for logs and timings. Concurrent rehearsals need one each
    #[arg(long, value_name = "DIR", default_value = ".fleetgen/rehearsal")]
    logs: PathBuf,
}

/// Rehearses, and reports everything that failed.
pub fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let faults = if args.all { fault::FAULTS.iter().collect() } else { fault::wanted(&args.faults)? };
    let sections: Vec<Section> = sections::all()
        .into_iter()
        .filter(|section| args.all || args.without.iter().any(|name| section.script.contains(name.as_str())))
        .collect();
    let Some(folder) = supervise::inside() else { return launch(root, args) };
    mount_logs()?;
    let stage = Stage::new(root, tools::install(root)?, &folder, root.join(&args.logs))?;
    let mut rehearsed = 1;
    let mut failed = usize::from(!report(&stage, "good", || good::rehearse(&stage, &args.layers)));
    if failed == 0 {
        rehearsed += faults.len();
        failed += usize::from(!report(&stage, "kernel", || kernel::check(&stage)));
        if args.all || args.scores {
            failed += usize::from(!report(&stage, "scores", || scores::measure(&stage)));
        }
        if args.all || args.vm {
            failed += usize::from(!report(&stage, "vm", || vm::rehearse(&stage)));
            rehearsed += 1;
        }
        if args.all {
            failed += usize::from(!report(&stage, "twice", || twice::rehearse(&stage)));
            rehearsed += 1;
        }
        // Faults mostly wait, so three fit on two cores.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build()?;
        let one = |fault: &&Fault| usize::from(!report(&stage, fault.name, || fault::rehearse(&stage, fault)));
        failed += pool.install(|| faults.par_iter().map(one).sum::<usize>());
        rehearsed += sections.len();
        let one =
            |section: &Section| usize::from(!report(&stage, section.script, || sections::rehearse(&stage, section)));
        failed += pool.install(|| sections.par_iter().map(one).sum::<usize>());
    }
    failed += usize::from(!report(&stage, "nothing is left running", supervise::nothing_runs));
    println!("\nThe good rehearsal, step by step:\n{}", stage.timings.table("good"));
    let json = stage.logs.join("timings.json");
    write(&json, &format!("{:#}\n", serde_json::to_value(stage.timings.steps())?))?;
    println!("{rehearsed} rehearsals, {failed} failures; logs and timings.json are in {}", args.logs.display());
    if failed > 0 {
        bail!("{failed} failures");
    }
    Ok(())
}

/// Gives squid, which does not run as root, a place for its logs. Only the rehearsal sees it.
fn mount_logs() -> anyhow::Result<()> {
    fs_err::create_dir_all(proxy::LOGS)?;
    run_command(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=1777", "tmpfs", proxy::LOGS])).map(|_| ())
}

/// Prepares what takes long and is kept, as the calling user. Then starts the rehearsal in its namespaces.
fn launch(root: &Path, args: &Args) -> anyhow::Result<()> {
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
    if args.all || args.vm {
        virtual_machine::prepare(&tools.cache)?;
    }
    let lock = fs_err::File::open(&logs)?;
    lock.file().try_lock().with_context(|| {
        format!("another rehearsal is writing to {}; choose another folder with --logs", logs.display())
    })?;
    let result = supervise::run();
    supervise::give_back(&logs)?;
    result
}

/// Runs one part and reports how it ended. Returns whether it succeeded.
fn report(stage: &Stage, name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> bool {
    let start = Instant::now();
    let result = work();
    stage.timings.put(name, "everything", "in all", start.elapsed());
    let seconds = start.elapsed().as_secs_f32();
    match &result {
        Ok(()) => println!("ok    {name:<20} {seconds:>6.1} s"),
        Err(error) => println!("FAIL  {name:<20} {seconds:>6.1} s\n{error:#}\n"),
    }
    result.is_ok()
}
