//! Squid with the configuration that fleetgen generates, in a separate network: what it lets pass, and what it refuses.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::machine::{in_network, wait_for};
use fleetgen_toolbox::process::{both, output, run};

use super::{Check, CheckContext};

/// The networks that build images, one on each cloud, and how their addresses begin.
const NETWORKS: &[(&str, &str)] = &[("aws-tokyo", "10.16."), ("gcp-tokyo", "10.48.")];
/// How the addresses below begin: those of a build, of a group's machine and of the proxy's own subnet in the first network.
const PREFIX: &str = "10.16.";
const BUILD: &str = "10.16.128.5";
const MACHINE: &str = "10.16.0.5";
const STRANGER: &str = "10.16.192.5";
/// Where the internet is.
const SITE: &str = "203.0.113.10";
/// The size of the download, in bytes. At 4 MB/s, it takes some seconds.
const LARGE: usize = 16 << 20;
/// The resolver: writes the names that it is asked for to a file, and never answers.
const RESOLVER: &str = r#"
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
with open(sys.argv[2], "w", buffering=1) as log:
    while True:
        question, place, labels = server.recv(512), 12, []
        while question[place]:
            labels.append(question[place + 1 : place + 1 + question[place]].decode("latin1"))
            place += question[place] + 1
        log.write(".".join(labels) + "\n")
"#;

/// Who asks for what, and whether squid connects.
const REQUESTS: &[(&str, &str, bool)] = &[
    (BUILD, "https://snapshot.ubuntu.com", true),
    (BUILD, "https://SNAPSHOT.ubuntu.com", true),
    (MACHINE, "https://telemetry.example.com", true),
    // The two lists are apart, and others have none.
    (BUILD, "https://telemetry.example.com", false),
    (MACHINE, "https://snapshot.ubuntu.com", false),
    (STRANGER, "https://snapshot.ubuntu.com", false),
    ("127.0.0.1", "https://snapshot.ubuntu.com", false),
    // Only HTTPS.
    (BUILD, "http://snapshot.ubuntu.com/", false),
    (BUILD, "https://snapshot.ubuntu.com:22", false),
    (BUILD, "https://snapshot.ubuntu.com:8443", false),
    // Only whole names.
    // A dot at the end makes no other name.
    (BUILD, "https://snapshot.ubuntu.com.", true),
    (BUILD, "https://UBUNTU.com.", false),
    (BUILD, "https://a.snapshot.ubuntu.com.", false),
    (BUILD, "https://a.snapshot.ubuntu.com", false),
    (BUILD, "https://xsnapshot.ubuntu.com", false),
    (BUILD, "https://snapshot.ubuntu.com.example.org", false),
    (BUILD, "https://ubuntu.com", false),
    // Neither addresses, whatever they belong to, nor names that lead to private ones.
    (BUILD, "https://203.0.113.10", false),
    (BUILD, "https://127.0.0.1", false),
    (BUILD, "http://127.0.0.1/", false),
    (BUILD, "https://169.254.169.254", false),
    (BUILD, "http://169.254.169.254/latest/meta-data/", false),
    (BUILD, "https://10.16.0.5", false),
    (BUILD, "https://[::1]", false),
    (BUILD, "https://[::ffff:10.16.0.5]", false),
    (BUILD, "https://0xcb00710a", false),
    (BUILD, "https://mirror.gcr.io", false),
    // Squid's own pages.
    (BUILD, "http://127.0.0.1:3128/squid-internal-mgr/menu", false),
];

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("squid: what the proxies let pass", requests),
        Check::new("squid: a reload keeps connections", reload),
        Check::new("squid: a restart of one proxy keeps downloads", restart),
    ]
}

/// A network with squid and a site, until the check ends.
struct Network {
    folder: tempfile::TempDir,
    /// The first process in the network.
    init: u32,
    processes: Vec<Child>,
}

impl Drop for Network {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Network {
    fn start(context: &CheckContext<'_>) -> anyhow::Result<Self> {
        Self::start_as(context, NETWORKS[0])
    }

    fn start_as(context: &CheckContext<'_>, (name, prefix): (&str, &str)) -> anyhow::Result<Self> {
        let configuration = format!("generated/terraform/{name}/foundation/squid.conf");
        let folder = tempfile::tempdir()?;
        run(Command::new("chmod").arg("0777").arg(folder.path()))?;
        let holder = quiet(Command::new("unshare").args(["--net", "sleep", "600"])).spawn()?;
        let mut network = Self { init: holder.id(), folder, processes: vec![holder] };
        let own = fs_err::read_link("/proc/self/ns/net")?;
        wait_for(
            || {
                let found = fs_err::read_link(format!("/proc/{}/ns/net", network.init)).ok()?;
                (found != own).then_some(())
            },
            "the network",
        )?;
        let setup = format!(
            "ip link set lo up; for a in {BUILD} {MACHINE} {STRANGER} {SITE}; do ip address add $a/32 dev lo; done"
        )
        .replace(PREFIX, prefix);
        run(network.command("bash").args(["-euc", &setup]))?;
        let path = |name: &str| network.folder.path().join(name).display().to_string();
        let names = "203.0.113.10 snapshot.ubuntu.com telemetry.example.com\n10.16.0.5 mirror.gcr.io\n";
        write(Path::new(&path("hosts")), &names.replace(PREFIX, prefix))?;
        let generated = fs_err::read_to_string(context.root.join(&configuration))?;
        let logs = "/var/log/squid/access.log";
        ensure!(generated.contains(logs), "{configuration} does not log to {logs}");
        let settings = format!(
            "{}hosts_file {}\ndns_nameservers {SITE}\ndns_timeout 1 second\npid_filename {}\ncache_log {}\ncoredump_dir none\nnetdb_filename none\n",
            generated.replace(logs, &path("access.log")),
            path("hosts"),
            path("squid.pid"),
            path("cache.log"),
        );
        write(Path::new(&path("squid.conf")), &settings)?;
        let parsed = both(&output(Command::new("squid").args(["-k", "parse", "-f", &path("squid.conf")]))?);
        ensure!(
            !parsed.contains("WARNING") && !parsed.contains("FATAL"),
            "squid does not like its configuration:\n{parsed}"
        );
        write(Path::new(&path("large")), &"x".repeat(LARGE))?;
        let mut site = network.command("python3");
        site.args(["-m", "http.server", "--bind", SITE, "--directory"]).arg(network.folder.path()).arg("443");
        let site = quiet(&mut site).spawn()?;
        let mut resolver = network.command("python3");
        let resolver = quiet(resolver.args(["-c", RESOLVER, SITE, &path("names")])).spawn()?;
        let squid = quiet(network.command("squid").args(["-N", "-f", &path("squid.conf")])).spawn()?;
        network.processes.extend([site, resolver, squid]);
        let listens = || {
            let sockets = run(network.command("ss").args(["--no-header", "--listening", "--tcp", "--numeric"])).ok()?;
            (sockets.contains(":3128 ") && sockets.contains(":443 ")).then_some(())
        };
        wait_for(listens, "squid and the site")?;
        Ok(network)
    }

    fn command(&self, program: &str) -> Command {
        in_network(self.init, program)
    }

    /// What squid answers to a request: the status of CONNECT, or of the request itself in plain HTTP.
    fn ask(&self, from: &str, url: &str) -> anyhow::Result<String> {
        self.ask_at(3128, from, url)
    }

    fn ask_at(&self, port: u16, from: &str, url: &str) -> anyhow::Result<String> {
        let mut curl = self.command("curl");
        curl.args([
            "--silent",
            "--max-time",
            "20",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_connect} %{http_code}",
        ]);
        curl.args(["--interface", from, "--proxy", &format!("http://127.0.0.1:{port}"), url]);
        // After CONNECT, the site speaks no TLS, so curl itself fails.
        let said = String::from_utf8_lossy(&output(&mut curl)?.stdout).into_owned();
        let (connect, status) = said.split_once(' ').context("curl says nothing")?;
        Ok(if url.starts_with("https:") { connect.to_owned() } else { status.to_owned() })
    }

    /// The names that squid asked the resolver for.
    fn questions(&self) -> anyhow::Result<String> {
        Ok(fs_err::read_to_string(self.folder.path().join("names"))?)
    }
}

fn quiet(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

fn requests(context: &CheckContext<'_>) -> anyhow::Result<()> {
    for network in NETWORKS {
        requests_in(context, *network).context(network.0)?;
    }
    Ok(())
}

fn requests_in(context: &CheckContext<'_>, of: (&str, &str)) -> anyhow::Result<()> {
    let network = Network::start_as(context, of)?;
    for (from, url, passes) in REQUESTS {
        let (from, url) = (from.replace(PREFIX, of.1), url.replace(PREFIX, of.1));
        let answer = network.ask(&from, &url)?;
        let expected = if *passes { "200" } else { "403" };
        ensure!(answer == expected, "{from} asked for {url}: {answer}, not {expected}");
    }
    // Names that nothing allows, and data in them, never reach a resolver. Squid does look up who asked.
    let questions = network.questions()?;
    let strange: Vec<&str> = questions.lines().filter(|name| !name.ends_with(".in-addr.arpa")).collect();
    ensure!(strange.is_empty(), "squid looked up {strange:?}");
    // One that is allowed is looked up, or the check could not fail.
    network.ask(&BUILD.replace(PREFIX, of.1), "https://download.docker.com")?;
    ensure!(network.questions()?.contains("download.docker.com"), "the resolver was not asked");
    let mut nameless = network.command("bash");
    let script = "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'GET / HTTP/1.1\\r\\n\\r\\n' >&3; head --lines 1 <&3";
    let answer = run(nameless.args(["-c", script]))?;
    ensure!(answer.contains(" 400 ") || answer.contains(" 403 "), "a request without a host: {answer}");
    Ok(())
}

/// A download that has begun.
struct Download {
    curl: Child,
    copy: PathBuf,
}

impl Download {
    fn begin(network: &Network) -> anyhow::Result<Self> {
        let copy = network.folder.path().join("copy");
        let mut curl = network.command("curl");
        curl.args(["--silent", "--fail", "--proxytunnel", "--interface", BUILD, "--proxy", "http://127.0.0.1:3128"]);
        curl.args(["--limit-rate", "4M", "--output"]).arg(&copy).arg("http://snapshot.ubuntu.com:443/large");
        let curl = quiet(&mut curl).spawn()?;
        wait_for(|| fs_err::metadata(&copy).ok().filter(|copy| copy.len() > 0), "the download")?;
        Ok(Self { curl, copy })
    }

    /// It goes on after what has just happened, and completes.
    fn completes(mut self) -> anyhow::Result<()> {
        ensure!(self.curl.try_wait()?.is_none(), "the download was over too early to show anything");
        ensure!(self.curl.wait()?.success(), "the download broke");
        ensure!(fs_err::metadata(&self.copy)?.len() == LARGE as u64, "the download is not complete");
        Ok(())
    }
}

/// A download through the proxy survives a new configuration.
fn reload(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let network = Network::start(context)?;
    let download = Download::begin(&network)?;
    let configuration = network.folder.path().join("squid.conf");
    let before = fs_err::read_to_string(&configuration)?;
    write(&configuration, &before.replace("dstdomain -n snapshot.ubuntu.com", "dstdomain -n other.example.com"))?;
    run(network.command("squid").args(["-k", "reconfigure", "-f"]).arg(&configuration))?;
    let refuses = || network.ask(BUILD, "https://snapshot.ubuntu.com").ok().filter(|answer| answer == "403");
    wait_for(refuses, "the new configuration")?;
    download.completes()
}

/// One of two proxies is restarted. It takes no new connection, so the load balancer sends them to the other one, and finishes
/// the downloads that it has.
fn restart(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut network = Network::start(context)?;
    let path = |name: &str| network.folder.path().join(name);
    let own = fs_err::read_to_string(path("squid.conf"))?;
    let other = own.replace("http_port 3128", "http_port 3129").replace("squid.pid", "other.pid");
    write(&path("other.conf"), &other)?;
    let second = quiet(network.command("squid").args(["-N", "-f"]).arg(path("other.conf"))).spawn()?;
    network.processes.push(second);
    let listens = |port: u16| {
        let sockets = run(network.command("ss").args(["--no-header", "--listening", "--tcp", "--numeric"])).ok()?;
        Some(sockets.contains(&format!(":{port} ")))
    };
    wait_for(|| listens(3129).filter(|found| *found), "the other proxy")?;
    let download = Download::begin(&network)?;
    // As systemd does.
    let pid: u32 = fs_err::read_to_string(network.folder.path().join("squid.pid"))?.trim().parse()?;
    run(Command::new("kill").args(["-TERM", &pid.to_string()]))?;
    wait_for(|| listens(3128).filter(|found| !found), "the proxy to take nothing new")?;
    let answer = network.ask_at(3129, BUILD, "https://snapshot.ubuntu.com")?;
    ensure!(answer == "200", "the other proxy says {answer}");
    download.completes()?;
    let stopped = network.processes.iter_mut().find(|process| process.id() == pid);
    stopped.context("squid has another process")?.wait()?;
    let first =
        quiet(network.command("squid").args(["-N", "-f"]).arg(network.folder.path().join("squid.conf"))).spawn()?;
    network.processes.push(first);
    let answers = || network.ask(BUILD, "https://snapshot.ubuntu.com").ok().filter(|answer| answer == "200");
    wait_for(answers, "the proxy after its restart").map(|_| ())
}
