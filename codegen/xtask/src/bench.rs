//! Measures how time and memory grow with the size of the fleet.
//!
//! Each command runs as its own process, alternating with the command that it is compared to. Read the medians. The table
//! says whether a goal is met, but nothing fails: a slow machine is not a defect.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use serde::{Deserialize, Serialize};

use fleetgen_toolbox::process::run as execute;

/// What to measure, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sizes of the fleets
    #[arg(long, value_delimiter = ',', default_values_t = [36, 300, 3_000, 10_000])]
    groups: Vec<usize>,
    /// How many times each command is run
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Where to write the results as JSON
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    output: PathBuf,
}

/// Time and memory of one run.
#[derive(Debug, Serialize, Deserialize)]
struct Taken {
    seconds: f64,
    peak_mib: f64,
}

/// Medians of several runs.
#[derive(Debug, Clone, Copy, Serialize)]
struct Median {
    seconds: f64,
    peak_mib: f64,
}

/// The measurements of one size of fleet.
#[derive(Debug, Serialize)]
struct Row {
    groups: usize,
    files: usize,
    load: Median,
    check: Median,
    sha256sum: Median,
    generate: Median,
    cp: Median,
    plan: Median,
    affected: Median,
}

/// Runs a command and prints its time and peak memory. Needs its own process to measure the peak of one command only.
pub(crate) fn measure(command: &[String]) -> anyhow::Result<()> {
    let (program, arguments) = command.split_first().context("there is no command")?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .with_context(|| format!("{program} cannot be started"))?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "{program} failed: {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    #[expect(clippy::cast_precision_loss, reason = "kilobytes of memory are far below 2^52")]
    let peak_mib = usage.max_rss() as f64 / 1024.0;
    println!("{}", serde_json::to_string(&Taken { seconds, peak_mib })?);
    Ok(())
}

/// Measures and prints a table.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    execute(Command::new("cargo").current_dir(root).args(["build", "--release", "--quiet"]))?;
    let program = root.join("target/release/fleetgen");
    let program =
        std::env::var_os("CARGO_TARGET_DIR").map_or(program, |target| PathBuf::from(target).join("release/fleetgen"));
    let mut rows = Vec::new();
    for groups in &args.groups {
        eprintln!("measuring a fleet of {groups} groups");
        rows.push(fleet(root, &program, *groups, args.runs)?);
    }
    table(&rows);
    rollouts(root, args.runs)?;
    let output = root.join(&args.output);
    fs_err::create_dir_all(output.parent().unwrap_or(root))?;
    write(&output, &serde_json::to_string_pretty(&rows)?)?;
    println!("\nwritten to {}", args.output.display());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "results and fleets of a measurement, not generated files")]
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    Ok(fs_err::write(path, text)?)
}

fn fleet(root: &Path, program: &Path, groups: usize, runs: usize) -> anyhow::Result<Row> {
    let folder = tempfile::Builder::new().prefix("fleetgen-bench-").tempdir()?;
    let tree = folder.path().join("tree");
    let other = folder.path().join("copy");
    fs_err::create_dir_all(&tree)?;
    write(&tree.join("fleet.yaml"), &synthetic(root, groups)?)?;
    for part in ["packer", "goss"] {
        fleetgen_toolbox::files::copy(&root.join(part), &tree.join(part))?;
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let fleetgen = |command: &[&str]| {
        let mut line = words(&[&program.display().to_string(), "--quiet", "-C", &tree.display().to_string()]);
        line.extend(words(command));
        line
    };
    let generated = tree.join("generated");
    let remove = |path: &Path| if path.exists() { fs_err::remove_dir_all(path) } else { Ok(()) };

    // Cold: no files exist yet. Compared to `cp -r` of the same files in the same run.
    let (mut generate, mut cp) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        remove(&generated)?;
        generate.push(taken(&fleetgen(&["generate"]))?);
        remove(&other)?;
        cp.push(taken(&words(&["cp", "-r", &generated.display().to_string(), &other.display().to_string()]))?);
    }
    let paths: Vec<String> = walkdir::WalkDir::new(&generated)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.path().display().to_string())
        .collect();
    let mut sums = words(&["sha256sum"]);
    sums.extend(paths.iter().cloned());
    let (mut check, mut sha256sum, mut load, mut plan) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        check.push(taken(&fleetgen(&["check"]))?);
        sha256sum.push(taken(&sums)?);
        load.push(taken(&fleetgen(&["groups", "--layer", "vision"]))?);
        plan.push(taken(&fleetgen(&["rollout", "plan", "--simulator"]))?);
    }
    // A tenth of the groups changes. A clone has its objects in a pack.
    for command in
        [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message=all"], &["repack", "-adq"]]
    {
        let identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
        execute(Command::new("git").current_dir(&tree).args(identity).args(command))?;
    }
    write(
        &tree.join("fleet.yaml"),
        &synthetic(root, groups)?.replacen("size: { min: 3,", "size: { min: 2,", groups.div_ceil(10)),
    )?;
    let affected = (0..runs).map(|_| taken(&fleetgen(&["affected", "--since", "HEAD", "--markdown"])));
    let affected = affected.collect::<anyhow::Result<_>>()?;
    Ok(Row {
        groups,
        files: paths.len(),
        load: median(load),
        check: median(check),
        sha256sum: median(sha256sum),
        generate: median(generate),
        cp: median(cp),
        plan: median(plan),
        affected: median(affected),
    })
}

/// Drives rollouts of many groups on the simulator. A longer bake gives more events of as many groups.
fn rollouts(root: &Path, runs: usize) -> anyhow::Result<()> {
    let example = ["build", "--release", "--quiet", "--package", "fleetgen-simulator", "--example", "load"];
    execute(Command::new("cargo").current_dir(root).args(example))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let program = target.join("release/examples/load").display().to_string();
    println!("\nrollouts on the simulator, on one core");
    for (groups, bake) in [("1000", "300"), ("10000", "300"), ("10000", "1500")] {
        let events: f64 = execute(Command::new(&program).args([groups, bake]))?.trim().parse()?;
        let line = [program.clone(), groups.to_owned(), bake.to_owned()];
        let taken = median((0..runs).map(|_| taken(&line)).collect::<anyhow::Result<_>>()?);
        let million = taken.seconds / events * 1e6;
        println!(
            "{:<6} {groups} groups, {:.2} M events: {:.2} s, {:.0} MiB; a million takes {million:.2} s (goal 10)",
            if million <= 10.0 { "met" } else { "MISSED" },
            events / 1e6,
            taken.seconds,
            taken.peak_mib
        );
    }
    Ok(())
}

/// The example, with this many groups instead of its own.
fn synthetic(root: &Path, groups: usize) -> anyhow::Result<String> {
    let own = fs_err::read_to_string(root.join("tests/fleets/example.yaml"))?;
    let (head, _) = own.split_once("\ngroups:\n").context("fleet.yaml has groups")?;
    let mut text = format!("{head}\ngroups:\n");
    for index in 0..groups {
        let (network, machine) =
            [("aws-tokyo", "m7g.large"), ("aws-oregon", "c7g.xlarge"), ("gcp-tokyo", "c4a-standard-4")][index % 3];
        let environment = ["prod", "stg"][index / 3 % 2];
        let profile = ["web", "api", "worker"][index / 6 % 3];
        let rollout =
            if profile == "worker" && network == "gcp-tokyo" { "    rollout: { max_unavailable: 3 }\n" } else { "" };
        let max = 4 + index % 20;
        let _ = writeln!(
            text,
            "  group-{index}:\n    profile: {profile}\n    network: {network}\n    environment: {environment}\n    \
             machine: {machine}\n    size: {{ min: 3, max: {max} }}\n{rollout}"
        );
    }
    Ok(text)
}

fn taken(command: &[String]) -> anyhow::Result<Taken> {
    let own = std::env::current_exe()?;
    let text = execute(Command::new(own).args(["measure", "--"]).args(command))?;
    Ok(serde_json::from_str(&text)?)
}

fn median(mut taken: Vec<Taken>) -> Median {
    let middle = taken.len() / 2;
    taken.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let seconds = taken.get(middle).map_or(0.0, |taken| taken.seconds);
    taken.sort_by(|a, b| a.peak_mib.total_cmp(&b.peak_mib));
    Median { seconds, peak_mib: taken.get(middle).map_or(0.0, |taken| taken.peak_mib) }
}

fn table(rows: &[Row]) {
    println!("medians; ms, and peak MiB in brackets\n");
    println!(
        "{:>7} {:>7} {:>15} {:>15} {:>11} {:>15} {:>9} {:>15} {:>15}",
        "groups", "files", "load", "check", "sha256sum", "generate", "cp -r", "rollout plan", "affected"
    );
    for row in rows {
        let both = |median: Median| format!("{:.1} [{:.0}]", median.seconds * 1e3, median.peak_mib);
        println!(
            "{:>7} {:>7} {:>15} {:>15} {:>11.1} {:>15} {:>9.1} {:>15} {:>15}",
            row.groups,
            row.files,
            both(row.load),
            both(row.check),
            row.sha256sum.seconds * 1e3,
            both(row.generate),
            row.cp.seconds * 1e3,
            both(row.plan),
            both(row.affected)
        );
    }
    println!();
    let met = |met: bool| if met { "met" } else { "MISSED" };
    for pair in rows.windows(2) {
        let [small, large] = pair else { continue };
        // How the disk itself scales with the number of files.
        let disk = large.cp.seconds / small.cp.seconds;
        #[expect(clippy::cast_precision_loss, reason = "numbers of groups are small")]
        let growth = large.groups as f64 / small.groups as f64;
        for (name, a, b) in [("check", small.check, large.check), ("generate", small.generate, large.generate)] {
            let factor = b.seconds / a.seconds;
            println!(
                "{:<6} {name} from {} to {} groups: {factor:.2}×, groups {growth:.2}×, cp -r {disk:.2}×",
                met(factor <= growth),
                small.groups,
                large.groups
            );
        }
    }
    for row in rows {
        let (check, cold) = (row.check.seconds / row.sha256sum.seconds, row.generate.seconds / row.cp.seconds);
        let share = row.load.seconds / row.check.seconds;
        if row.groups >= 3_000 {
            println!("{:<6} {} groups: check is {check:.2}× sha256sum (goal 1.5)", met(check <= 1.5), row.groups);
            let affected = row.affected.seconds / row.check.seconds;
            println!("{:<6} {} groups: affected is {affected:.2}× check (goal 3)", met(affected <= 3.0), row.groups);
            let plan = row.plan.seconds - row.load.seconds;
            println!(
                "{:<6} {} groups: plan takes {plan:.2} s more than load (goal 1 s at 3,000)",
                met(plan <= 1.0),
                row.groups
            );
            println!("{:<6} {} groups: cold generate is {cold:.2}× cp -r (goal 4)", met(cold <= 4.0), row.groups);
            println!(
                "       {} groups: load and resolve is {:.0}% of check, {:.0}% of generate",
                row.groups,
                share * 100.0,
                row.load.seconds / row.generate.seconds * 100.0
            );
        }
    }
}
