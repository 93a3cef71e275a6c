//! A machine to run scripts on: Debian 12 with systemd, in a container with its own namespaces.
//!
//! It changes nothing on the host. The container's files are in one folder, its own network reaches the internet through
//! slirp4netns, and its processes end with its PID namespace.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::files::write;
use crate::process::{both, output, run};

/// Debian 12, which machines have unless a check is about another release.
const BOOKWORM: &str = "bookworm";

/// The packages of the root file system: about what a vendor's image has.
const PACKAGES: &str =
    "systemd,systemd-sysv,dbus,openssh-server,sudo,python3-minimal,ca-certificates,iproute2,procps,kmod";

/// Connects the network of a machine that is about to boot, given the id of a process in it.
pub type Connect<'a> = &'a dyn Fn(u32) -> anyhow::Result<()>;

/// A running machine. Dropping it stops it.
pub struct Machine {
    root: PathBuf,
    container: Child,
    /// What connects it to the internet, if that is its network.
    network: Option<Child>,
    /// The process whose network is the machine's, by its id on the host.
    outer: u32,
    /// The container's first process, by its id on the host.
    init: u32,
}

impl Machine {
    /// Boots the system in a folder, with the host's access to the internet.
    pub fn boot(root: &Path) -> anyhow::Result<Self> {
        write(&root.join("etc/resolv.conf"), "nameserver 10.0.2.3\n")?;
        Self::start(root, "tap0", None)
    }

    /// Boots the system in a folder. Its only network is the interface that `connect` puts there.
    pub fn boot_connected(root: &Path, interface: &str, connect: Connect<'_>) -> anyhow::Result<Self> {
        Self::start(root, interface, Some(connect))
    }

    fn start(root: &Path, interface: &str, connect: Option<Connect<'_>>) -> anyhow::Result<Self> {
        let root = root.to_owned();
        let console = root.with_extension("console.log");
        let log = fs_err::File::create(&console)?.into_parts().0;
        // nspawn ends with 133 if the container reboots. The container takes over a network that already exists. Docker needs its settings and forwarding. /tmp stays on the
        // machine's own disk.
        let script = "for top in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do \
            if [ -f \"$top/cgroup.procs\" ] && mkdir \"$top/$2\" 2>/dev/null; then echo $$ >\"$top/$2/cgroup.procs\"; fi; done; \
            mount -t tmpfs tmpfs /run; mkdir -p /run/systemd /run/lock; ip link set lo up; \
            echo 1 >/proc/sys/net/ipv4/ip_forward; \
            until ip link show \"$3\" 2>/dev/null | grep -q 'state U'; do sleep 0.1; done; \
            export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_NSPAWN_TMPFS_TMP=0; \
            while systemd-nspawn --quiet --directory \"$1\" --boot --register=no --keep-unit --console=pipe \
            --resolv-conf=off --capability=CAP_NET_ADMIN; [ $? -eq 133 ]; do :; done";
        let mut container = Command::new("unshare");
        container.args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "bash",
            "-c",
            script,
            "_",
        ]);
        let container = container
            .arg(&root)
            .arg(cgroup(&root))
            .arg(interface)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start unshare; booting a machine needs root")?;
        let mut machine = Self { root, container, network: None, outer: 0, init: 0 };
        machine.outer = wait_for(|| child_of(machine.container.id()), "the container's namespaces")?;
        match connect {
            None => machine.network = Some(internet(machine.outer)?),
            Some(connect) => connect(machine.outer)?,
        }
        machine.wait_until_up().with_context(|| fs_err::read_to_string(&console).unwrap_or_default())?;
        Ok(machine)
    }

    /// Waits until a machine that boots, or boots again, is up.
    pub fn wait_until_up(&mut self) -> anyhow::Result<()> {
        let (outer, before) = (self.outer, self.init);
        let is_init = |process: &u32| {
            let name = fs_err::read_to_string(format!("/proc/{process}/comm"));
            *process != before && name.is_ok_and(|name| name.trim() == "systemd")
        };
        self.init = wait_for(|| child_of(child_of(outer)?).filter(is_init), "the container's first process")?;
        wait_for(|| self.is_up().then_some(()), "the container to boot")
    }

    /// Whether its first process is gone: it is booting again, or has stopped.
    pub fn is_gone(&self) -> bool {
        !Path::new(&format!("/proc/{}", self.init)).exists()
    }

    fn is_up(&self) -> bool {
        let state = self.bash(&[], "systemctl is-system-running");
        state.is_ok_and(|state| ["running", "degraded"].contains(&String::from_utf8_lossy(&state.stdout).trim()))
    }

    /// The path on the host of a path on the machine.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The machine's first process, by its id on the host. Its namespaces are the machine's.
    pub fn init(&self) -> u32 {
        self.init
    }

    /// Shuts the machine down, as a cloud does before it creates an image.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.must(&[], "systemctl poweroff --no-block")?;
        wait_for(|| self.container.try_wait().ok().flatten(), "the machine to stop")?;
        Ok(())
    }

    /// Runs a bash script on the machine as root, with only this environment.
    pub fn bash(&self, environment: &[(String, String)], script: &str) -> anyhow::Result<Output> {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init.to_string(), "--mount", "--uts", "--ipc", "--pid", "--net", "env", "-i"]);
        command.args(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]);
        command.args(environment.iter().map(|(key, value)| format!("{key}={value}")));
        output(command.args(["bash", "-c", script]))
    }

    /// Runs a bash script that must succeed. Returns its standard output.
    pub fn must(&self, environment: &[(String, String)], script: &str) -> anyhow::Result<String> {
        let done = self.bash(environment, script)?;
        if !done.status.success() {
            bail!("{script} failed on the machine:\n{}", both(&done));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Killing unshare kills the first process of the PID namespace, and with it all others.
        for child in std::iter::once(&mut self.container).chain(&mut self.network) {
            let _ = child.kill();
            let _ = child.wait();
        }
        // The namespace outlives its processes for a moment, and keeps files in use.
        std::thread::sleep(Duration::from_millis(500));
        remove_cgroups(&cgroup(&self.root));
    }
}

/// A command in the network of a process.
pub fn in_network(process: u32, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/proc/{process}/ns/net")).arg(program);
    command
}

/// Gives a network namespace the host's access to the internet, until the process ends.
pub fn internet(process: u32) -> anyhow::Result<Child> {
    Command::new("slirp4netns")
        .args(["--configure", "--mtu=65520", "--disable-host-loopback", &process.to_string(), "tap0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start slirp4netns")
}

/// The name of the machine's control group. Without its own, its systemd would see the host's processes.
fn cgroup(root: &Path) -> String {
    root.to_string_lossy().trim_start_matches('/').replace('/', "-")
}

/// Removes empty control groups whose name contains this.
pub fn remove_cgroups(part: &str) {
    for top in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"] {
        let entries = fs_err::read_dir(top).into_iter().flatten().filter_map(Result::ok);
        for ours in entries.filter(|entry| entry.file_name().to_string_lossy().contains(part)) {
            for folder in walkdir::WalkDir::new(ours.path()).contents_first(true).into_iter().filter_map(Result::ok) {
                if folder.file_type().is_dir() {
                    let _ = fs_err::remove_dir(folder.path());
                }
            }
        }
    }
}

fn child_of(process: u32) -> Option<u32> {
    let children = fs_err::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Waits for a value, for at most three minutes.
///
/// # Errors
/// The time ran out.
pub fn wait_for<T>(mut look: impl FnMut() -> Option<T>, what: &str) -> anyhow::Result<T> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(3) {
        if let Some(found) = look() {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    bail!("timed out waiting for {what}")
}

/// Downloads once what comes from the Debian archive: the root file system and packages.
pub fn prepare(cache: &Path, packages: &[&str]) -> anyhow::Result<()> {
    root_file_system(cache, BOOKWORM)?;
    packages.iter().try_for_each(|name| package(cache, name).map(|_| ()))
}

/// Unpacks the root file system of a new machine.
pub fn unpack(cache: &Path, root: &Path) -> anyhow::Result<()> {
    unpack_release(cache, BOOKWORM, root)
}

/// Unpacks the root file system of a machine with another release of Debian.
pub fn unpack_release(cache: &Path, release: &str, root: &Path) -> anyhow::Result<()> {
    fs_err::create_dir_all(root)?;
    let archive = root_file_system(cache, release)?;
    run(Command::new("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(root)).map(|_| ())
}

/// A package of Debian 12, downloaded once. For a metapackage, the package that it depends on.
pub fn package(cache: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let file = cache.join(format!("{name}.deb"));
    if !file.exists() {
        let folder = tempfile::tempdir_in(cache)?;
        let root = folder.path().join("root");
        unpack(cache, &root)?;
        // apt's own download user may not write here.
        let fetch = "apt-get --quiet update >&2 && cd /root && name=$1 \
            && real=$(apt-cache depends \"$name\" | sed --quiet 's/^  Depends: \\(linux-image-[0-9].*\\)$/\\1/p') \
            && apt-get --quiet --option APT::Sandbox::User=root download \"${real:-$name}\" >&2";
        write(&root.join("etc/resolv.conf"), &fs_err::read_to_string("/etc/resolv.conf")?)?;
        run(Command::new("chroot").arg(&root).args(["bash", "-c", fetch, "_", name]))
            .with_context(|| format!("cannot download {name} from the Debian archive"))?;
        let fetched = fs_err::read_dir(root.join("root"))?.filter_map(Result::ok).map(|entry| entry.path());
        let fetched = fetched.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).last();
        fs_err::rename(fetched.context("apt downloaded no package")?, &file)?;
    }
    Ok(file)
}

/// The root file system that machines start with, created once.
fn root_file_system(cache: &Path, release: &str) -> anyhow::Result<PathBuf> {
    let file = cache.join(format!("debian-{release}.tar"));
    if !file.exists() {
        eprintln!("creating the root file system of Debian's {release} (about 1 min)");
        fs_err::create_dir_all(cache)?;
        let staged = tempfile::Builder::new().suffix(".tar").tempfile_in(cache)?;
        let mut command = Command::new("mmdebstrap");
        command.args(["--quiet", "--variant=minbase", &format!("--include={PACKAGES}"), release]);
        run(command.arg(staged.path())).context("cannot create a root file system from the Debian archive")?;
        staged.persist(&file)?;
    }
    Ok(file)
}
