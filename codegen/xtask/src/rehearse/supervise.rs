//! A rehearsal runs in namespaces of its own, so that its end is the end of all that it started, however it comes.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Tells the program that it runs in the namespaces, and where its folder is.
const INSIDE: &str = "FLEETGEN_REHEARSAL";

/// The folder of the rehearsal, inside its namespaces.
pub(crate) fn inside() -> Option<PathBuf> {
    std::env::var_os(INSIDE).map(PathBuf::from)
}

/// Runs this program again, in a PID namespace and a mount namespace of its own, and removes what it leaves.
///
/// A signal ends it; should this process be killed, the kernel kills the other one, and only the folder stays.
pub(crate) fn run() -> anyhow::Result<()> {
    if !nix::unistd::Uid::effective().is_root() {
        bail!("a rehearsal boots machines, which needs root: run it with sudo");
    }
    let folder = tempfile::Builder::new().prefix("fleetgen-rehearsal-").tempdir()?;
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--",
    ]);
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, folder.path());
    // A group of its own: what a terminal sends comes here first.
    let mut child = command.stdin(Stdio::null()).process_group(0).spawn().context("setpriv does not start")?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if ended.load(Ordering::Relaxed) {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    remove(folder.path())?;
    match status {
        Some(status) if status.success() => Ok(()),
        Some(_) => bail!("the rehearsal failed"),
        None => bail!("the rehearsal was interrupted; everything of it was removed"),
    }
}

/// Looks whether anything that a rehearsal started still runs, at its end, when this process should be alone.
pub(crate) fn nothing_runs() -> anyhow::Result<()> {
    let mut running = Vec::new();
    for entry in fs_err::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let status = fs_err::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let says =
            |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
        // What has ended may wait to be asked how.
        if process != std::process::id() && !status.is_empty() && !says("State:").starts_with('Z') {
            running.push(says("Name:"));
        }
    }
    anyhow::ensure!(running.is_empty(), "something of the rehearsal still runs: {running:?}");
    Ok(())
}

/// Removes a folder in which the last processes may still be ending.
fn remove(folder: &Path) -> anyhow::Result<()> {
    for _ in 0..50 {
        if fs_err::remove_dir_all(folder).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    fs_err::remove_dir_all(folder).context("something of the rehearsal is left")
}
