//! Inspects an image: first its files, then a machine started from it. Independent of the Goss checks on purpose.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::rehearsal::{copy, first_boot};
use crate::stage::Stage;
use fleetgen_fleet::choice::Cloud;

use fleetgen_toolbox::machine::Machine;
use fleetgen_toolbox::process::both;

pub(crate) fn image(stage: &Stage, cloud: Cloud, layer: &str) -> anyhow::Result<()> {
    let files = stage.files(cloud, layer).context("there is no image")?;
    at_files(&files, layer)?;
    let root = stage.folder.join("outside").join(format!("{}-{layer}", cloud.as_str()));
    copy(&files, &root)?;
    first_boot(&stage.root, cloud, &root, "outside", "", "")?;
    let machine = Machine::boot(&root)?;
    at_machine(&machine, cloud, layer)?;
    drop(machine);
    Ok(fs_err::remove_dir_all(&root)?)
}

/// Checks the image's files.
fn at_files(root: &Path, layer: &str) -> anyhow::Result<()> {
    let read = |path: &str| fs_err::read_to_string(root.join(path));
    let release = read("etc/fleet-release")?;
    ensure!(
        release.contains("FLEET=rehearsal\n") && release.contains(&format!("LAYER={layer}\n")),
        "it says {release}"
    );
    ensure!(read("etc/machine-id")?.trim().is_empty(), "it has a machine id");
    for line in read("etc/shadow")?.lines() {
        let password = line.split(':').nth(1).unwrap_or_default();
        ensure!(password.starts_with(['!', '*']), "a user has a password, or needs none: {line}");
    }
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root) {
        let entry = entry?;
        let path = entry.path().strip_prefix(root)?.to_string_lossy().into_owned();
        let name = entry.file_name().to_string_lossy();
        let is_tool = ["trivy", "goss", "cosign", "packer"].contains(&name.as_ref());
        let is_identity = name.starts_with("ssh_host_") || name == "authorized_keys" || name == "random-seed";
        let is_trace = name.ends_with("_history") || name == "credentials" || name == ".netrc";
        // systemd leaves empty folders.
        let is_temporary = (path.starts_with("tmp/") || path.starts_with("var/tmp/")) && !entry.file_type().is_dir();
        let is_cache = path.starts_with("var/lib/apt/lists/") && entry.file_type().is_file()
            || path.starts_with("var/cache/apt/archives/") && name.ends_with(".deb");
        let proxied = path.starts_with("etc/") && name.contains("fleetgen-proxy");
        if is_tool || is_identity || is_trace || is_temporary || is_cache || proxied {
            found.push(path);
        }
    }
    ensure!(found.is_empty(), "left over from the build or its machine: {found:?}");
    Ok(())
}

/// Settings that `sshd -T` must report.
const SSHD: &[&str] = &[
    "permitrootlogin no",
    "passwordauthentication no",
    "kbdinteractiveauthentication no",
    "permitemptypasswords no",
    "disableforwarding yes",
    "maxauthtries 4",
    "logingracetime 60",
    "hostbasedauthentication no",
    "permituserenvironment no",
    "loglevel VERBOSE",
];

/// Commands and their output on a machine of any layer.
const EVERYWHERE: &[(&str, &str)] = &[
    ("sshd -T | grep '^ciphers.*cbc' || true", ""),
    ("grep -c '^net.ipv4.conf.all.accept_redirects = 0$' /etc/sysctl.d/99-zz-hardening-network.conf", "1"),
    ("grep -c '^kernel.randomize_va_space = 2$' /etc/sysctl.d/99-zz-hardening-processes.conf", "1"),
    ("grep -c '^net.core.somaxconn = 4096$' /etc/sysctl.d/99-zz-layer-base.conf", "1"),
    ("getent passwd ops", "ops:x:2000:2000::/home/ops:/bin/bash"),
    ("awk -F: '$3 == 0 { print $1 }' /etc/passwd", "root"),
    ("passwd --status root | cut -d ' ' -f 2", "L"),
    ("stat -c '%a %U' /etc/shadow /etc/sudoers.d/60-fleetgen", "640 root\n440 root"),
    ("findmnt -no OPTIONS /tmp | tr , '\\n' | grep -Ec '^(noexec|nosuid|nodev)$'", "3"),
    ("command -v unattended-upgrade || true", ""),
    ("systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer || true", "masked\nmasked"),
    ("systemctl is-enabled auditd chrony docker", "enabled\nenabled\nenabled"),
    ("docker info -f '{{.LoggingDriver}} {{.LiveRestoreEnabled}}'", "local true"),
    // The daemon does not report it, and containers cannot run in this container.
    ("python3 -c 'import json; print(json.load(open(\"/etc/docker/daemon.json\"))[\"no-new-privileges\"])'", "True"),
    ("docker network inspect bridge -f '{{index .Options \"com.docker.network.bridge.enable_icc\"}}'", "false"),
    // A container cannot run auditd.
    ("systemctl --failed --no-legend --plain | awk '{ print $1 }' | grep -v '^auditd.service$' || true", ""),
];

/// Commands and their output on a machine of the application's layer.
const WEB: &[(&str, &str)] = &[
    ("getent passwd web", "web:x:2100:2100::/nonexistent:/usr/sbin/nologin"),
    ("systemctl is-active nginx hello beat words | sort -u", "active"),
    ("ps -o user= -C hello", "web"),
    ("stat -c '%a %U:%G' /usr/local/bin/hello /etc/nginx/conf.d/web.conf", "755 root:root\n644 root:root"),
    ("python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:18080/\").read().decode())'", "hello"),
];

/// Checks a machine that was started from the image.
fn at_machine(machine: &Machine, cloud: Cloud, layer: &str) -> anyhow::Result<()> {
    let sshd = machine.must(&[], "sshd -T")?;
    let sshd: BTreeSet<&str> = sshd.lines().collect();
    let ssh = if cloud == Cloud::Aws { "127.0.0.1:22" } else { "0.0.0.0:22" };
    let mut listens = vec![ssh];
    let mut checks = EVERYWHERE.to_vec();
    if layer == "web" {
        listens.extend(["127.0.0.1:18080", "127.0.0.1:18081"]);
        listens.sort_unstable();
        checks.extend(WEB);
    }
    let listens = listens.join("\n");
    checks.push(("ss -Hltun | awk '{ print $5 }' | sort -u", &listens));
    let mut problems: Vec<String> = SSHD
        .iter()
        .filter(|wanted| !sshd.contains(*wanted))
        .map(|wanted| format!("sshd -T does not report `{wanted}`"))
        .collect();
    for (command, wanted) in checks {
        let said = both(&machine.bash(&[], command)?);
        if said.trim() != wanted {
            problems.push(format!("{command}: {:?}, not {wanted:?}", said.trim()));
        }
    }
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}
