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
mod workflow;
mod world;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, bail};
use rayon::prelude::*;

use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run as run_command;
use fleetgen_toolbox::{machine, repository, tools, virtual_machine};
use sections::Section;
use stage::Stage;

/// What to rehearse.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "independent options of the command")]
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
    /// Also build the base twice and compare
    #[arg(long)]
    twice: bool,
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
    let failures = Mutex::new(Vec::new());
    let report = |name: &str, work: &(dyn Fn() -> anyhow::Result<()> + Sync)| {
        if let Err(error) = run_part(&stage, name, work) {
            let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
            failures.push(format!("{name}: {}", error.root_cause()));
        }
    };
    let mut rehearsed = 1;
    report("good", &|| good::rehearse(&stage, &args.layers));
    let is_good = failures.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
    if is_good {
        rehearsed += faults.len() + sections.len();
        report("kernel", &|| kernel::check(&stage));
        if args.all || args.scores {
            report("scores", &|| scores::measure(&stage));
        }
        if args.all || args.vm {
            report("vm", &|| vm::rehearse(&stage));
            rehearsed += 1;
        }
        if args.all || args.twice {
            report("twice", &|| twice::rehearse(&stage));
            rehearsed += 1;
        }
        // Faults mostly wait, so three fit on two cores.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build()?;
        pool.install(|| {
            faults.par_iter().for_each(|fault| report(fault.name, &|| fault::rehearse(&stage, fault)));
            sections.par_iter().for_each(|section| report(section.script, &|| sections::rehearse(&stage, section)));
        });
    }
    report("nothing is left running", &supervise::nothing_runs);
    println!("\nThe good rehearsal, step by step:\n{}", stage.timings.table("good"));
    let json = stage.logs.join("timings.json");
    write(&json, &format!("{:#}\n", serde_json::to_value(stage.timings.steps())?))?;
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{rehearsed} rehearsals, {} failures; logs and timings.json are in {}",
        failures.len(),
        args.logs.display()
    );
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
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

/// Runs one part and reports how it ended.
fn run_part(stage: &Stage, name: &str, work: &dyn Fn() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let start = Instant::now();
    let result = work();
    stage.timings.put(name, "everything", "in all", start.elapsed());
    let seconds = start.elapsed().as_secs_f32();
    match &result {
        Ok(()) => println!("ok    {name:<20} {seconds:>6.1} s"),
        Err(error) => println!("FAIL  {name:<20} {seconds:>6.1} s\n{error:#}\n"),
    }
    result
}
