//! The way out of the build network: squid, with the domains of fleet.yaml. Whatever else a machine sends leaves a trace.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use fleetgen_fleet::Fleet;
use fleetgen_fleet::choice::Cloud;
use serde_json::Value;

use crate::world::ADDRESS;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run;

/// Where squid, which runs as its own user, may write. The rehearsal mounts a file system there.
pub(crate) const LOGS: &str = "/var/log/squid";

/// The ports of the clouds' network that a machine may reach: the proxy, the endpoints of Session Manager, and the registry.
/// Trivy speaks plain HTTP only to names under localhost, which never go through a proxy.
const OPEN: &str = "3128, 5000, 5001";

/// Packets that machines send elsewhere, which no production network would carry: protocol, port, and the reason.
const EXPECTED: &[(&str, u64, &str)] = &[
    ("udp", 53, "the cloud's resolver answers names in production; nothing here does"),
    ("udp", 123, "the time service of AWS is on the machine's own host"),
];

/// What the Debian archive needs, which speaks plain HTTP here.
const PLAIN: &str = "http_access allow builds plain !connect build_domains";

/// Where squid's files are in a rehearsal, and which resolver it asks.
const OWN: &str = "dns_nameservers 10.0.2.3
hosts_file none
memory_pools off
shutdown_lifetime 1 seconds
pid_filename none
coredump_dir none
access_log stdio:LOGS/access.log
cache_log LOGS/cache.log
netdb_filename none
";

/// The rules: what a machine sends anywhere but to the open ports is noted and refused.
const RULES: &str = "
table inet watch {
  set elsewhere { type ipv4_addr . inet_proto . inet_service; flags dynamic; size 4096; }
  chain away {
    meta l4proto { tcp, udp } add @elsewhere { ip daddr . meta l4proto . th dport }
    reject
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname != builds accept
    meta nfproto ipv6 accept
    ct state established,related accept
    meta l4proto icmp accept
    tcp dport { OPEN } accept
    goto away
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    meta nfproto ipv6 accept
    goto away
  }
}
";

/// Makes the network note what leaves it, and starts the proxy with the configuration of the network in which images are built
/// on AWS. `there` gives a command in the network.
pub(crate) fn start(
    fleet: &Fleet,
    folder: &Path,
    name: &str,
    there: impl Fn(&str) -> Command,
) -> anyhow::Result<Child> {
    let rules = folder.join("watch.nft");
    write(&rules, &RULES.replace("OPEN", OPEN))?;
    run(there("nft").arg("--file").arg(&rules))?;
    run(there("sysctl").args(["--quiet", "net.ipv4.ip_forward=1"]))?;
    let logs = format!("{LOGS}/{name}");
    fs_err::create_dir_all(&logs)?;
    run(Command::new("chmod").args(["1777", &logs]))?;
    let settings = settings(fleet, &logs)?;
    let file = folder.join("squid.conf");
    write(&file, &settings)?;
    let mut squid = there("squid");
    squid.args(["-N", "-f"]).arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    squid.spawn().context("cannot start squid")
}

/// What fleetgen generates, but for three things: the machines' addresses are those of this network, the Debian archive speaks
/// plain HTTP, and files are elsewhere.
fn settings(fleet: &Fleet, logs: &str) -> anyhow::Result<String> {
    let network = fleet.build_network(Cloud::Aws).context("no images are built on AWS")?;
    let mut lines: Vec<String> = Vec::new();
    for line in fleetgen_emit::squid_conf(fleet, network)?.lines() {
        if let Some(port) = line.strip_prefix("http_port ") {
            lines.push(format!("http_port {ADDRESS}:{port}\nacl builds src {ADDRESS}/24\nacl plain port 80"));
            continue;
        }
        if line == "http_access deny !connect" {
            lines.push(PLAIN.to_owned());
        }
        if !["acl builds ", "access_log ", "shutdown_lifetime "].iter().any(|key| line.starts_with(key)) {
            lines.push(line.to_owned());
        }
    }
    ensure!(lines.iter().any(|line| line == PLAIN), "the generated configuration has no rule on plain HTTP");
    let own = OWN.replace("LOGS", logs);
    Ok([lines.join("\n"), own].join("\n"))
}

/// What machines sent past the proxy, or asked of it in vain.
///
/// # Errors
/// Something that is not expected. The message says what.
pub(crate) fn judge(name: &str, there: impl Fn(&str) -> Command) -> anyhow::Result<()> {
    let said = run(there("nft").args(["--json", "list", "set", "inet", "watch", "elsewhere"]))?;
    let said: Value = serde_json::from_str(&said)?;
    let sets = said["nftables"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = sets.iter().filter_map(|entry| entry["set"]["elem"].as_array()).flatten();
    let mut strange = BTreeSet::new();
    for element in found {
        let parts = element["concat"].as_array().map(Vec::as_slice).unwrap_or_default();
        let [to, protocol, port] = parts else { continue };
        let is_expected = |(known, number, _): &&(&str, u64, &str)| protocol == known && port.as_u64() == Some(*number);
        if EXPECTED.iter().find(is_expected).is_none() {
            strange.insert(format!("{protocol} {to}:{port}"));
        }
    }
    ensure!(strange.is_empty(), "machines sent packets past the proxy: {strange:?}");
    let log = fs_err::read_to_string(format!("{LOGS}/{name}/access.log")).unwrap_or_default();
    let denied: BTreeSet<&str> = log
        .lines()
        .filter(|line| line.contains("TCP_DENIED"))
        .filter_map(|line| line.split_whitespace().nth(6))
        .collect();
    ensure!(denied.is_empty(), "the proxy denied {denied:?}");
    ensure!(!log.is_empty(), "nothing went through the proxy");
    Ok(())
}
