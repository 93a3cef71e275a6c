//! Runs a rehearsal in its own namespaces, so that everything it started ends with it, however it ends.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tempfile::TempDir;

use fleetgen_toolbox::machine::remove_cgroups;
use fleetgen_toolbox::process::run as run_command;

/// Set inside the namespaces, to the rehearsal's folder.
const INSIDE: &str = "FLEETGEN_REHEARSAL";
/// Set for root when the calling user has already built everything.
const PREPARED: &str = "FLEETGEN_PREPARED";
const PREFIX: &str = "fleetgen-rehearsal-";

/// The folder of the rehearsal, inside its namespaces.
pub(crate) fn inside() -> Option<PathBuf> {
    // Only the first process of a PID namespace is inside, whatever the environment says.
    (std::process::id() == 1).then(|| std::env::var_os(INSIDE).map(PathBuf::from)).flatten()
}

/// Runs this program again in new PID and mount namespaces, and then removes its folder.
///
/// A signal ends it. If this process is killed, the kernel kills the other one, and the next run removes the folder.
pub(crate) fn run() -> anyhow::Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    remove_forgotten()?;
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
    let lock = fs_err::File::open(folder.path())?;
    lock.file().lock()?;
    let temporary = folder.path().join("tmp");
    fs_err::create_dir(&temporary)?;
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
    command.arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    command.env(INSIDE, folder.path()).env("TMPDIR", temporary);
    // In its own process group, so that this process gets the terminal's signals first.
    let mut child = command.stdin(Stdio::null()).process_group(0).spawn().context("cannot start setpriv")?;
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
    remove(folder)?;
    match status {
        Some(status) if status.success() => Ok(()),
        Some(_) => bail!("the rehearsal failed"),
        None => bail!("the rehearsal was interrupted and cleaned up"),
    }
}

/// Runs this program again with sudo, with the tools that the calling user has built.
///
/// # Errors
/// sudo cannot be started. Otherwise this function does not return.
pub(crate) fn as_root(cache: &Path) -> anyhow::Result<()> {
    eprintln!("booting machines needs root: asking sudo");
    let mut sudo = Command::new("sudo");
    sudo.arg("env").arg(format!("FLEETGEN_TOOLS={}", cache.display())).arg(format!("{PREPARED}=1"));
    // On Debian, a user's PATH lacks root's programs.
    let path = std::env::var("PATH").unwrap_or_default();
    sudo.arg(format!("PATH={path}:/usr/local/sbin:/usr/sbin:/sbin"));
    if let Ok(value) = std::env::var("TMPDIR") {
        sudo.arg(format!("TMPDIR={value}"));
    }
    let error = sudo.arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).exec();
    Err(error).context("cannot start sudo; run this as root")
}

/// Whether the calling user has already built everything.
pub(crate) fn is_prepared() -> bool {
    std::env::var_os(PREPARED).is_some()
}

/// Makes the user who called sudo the owner of the logs.
pub(crate) fn give_back(logs: &Path) -> anyhow::Result<()> {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    if let Some((user, group)) = number("SUDO_UID").zip(number("SUDO_GID")) {
        run_command(Command::new("chown").args(["--recursive", &format!("{user}:{group}")]).arg(logs))?;
    }
    Ok(())
}

/// Checks at the end of a rehearsal that this process is the only one left.
pub(crate) fn nothing_runs() -> anyhow::Result<()> {
    let mut running = Vec::new();
    for entry in fs_err::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let status = fs_err::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let says =
            |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned();
        // Zombies have already ended.
        if process != std::process::id() && !status.is_empty() && !says("State:").starts_with('Z') {
            running.push(says("Name:"));
        }
    }
    anyhow::ensure!(running.is_empty(), "still running: {running:?}");
    Ok(())
}

/// Removes a run's folder and control groups. Retries while its last processes end.
fn remove(folder: TempDir) -> anyhow::Result<()> {
    let path = folder.keep();
    let mut result = Ok(());
    for _ in 0..50 {
        result = fs_err::remove_dir_all(&path);
        if result.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    if let Some(name) = path.file_name() {
        remove_cgroups(&name.to_string_lossy());
    }
    result.context("cannot remove the rehearsal's folder")
}

/// Removes the folders of killed runs. Nobody holds their locks any more.
fn remove_forgotten() -> anyhow::Result<()> {
    for entry in fs_err::read_dir(std::env::temp_dir())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with(PREFIX) || path.is_symlink() {
            continue;
        }
        // A run that has just started may not have its lock yet.
        let age = fs_err::metadata(&path)?.modified()?.elapsed().unwrap_or_default();
        let lock = fs_err::File::open(&path)?;
        if age > Duration::from_mins(1) && lock.file().try_lock().is_ok() {
            eprintln!("removing {}, left by a killed rehearsal", path.display());
            fs_err::remove_dir_all(&path)?;
            remove_cgroups(&name);
        }
    }
    Ok(())
}
