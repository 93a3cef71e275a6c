//! What a machine of a group does at boot: it mounts its disks, and fetches its secrets.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::machine::Machine;
use fleetgen_toolbox::process::{both, run};

/// Disks are mounted, and none with something on it is formatted. The kernel is this machine's.
pub(super) fn disks(machine: &Machine, root: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "bash"]).arg(root.join("tests/boot/disks.sh"));
    run(command.arg(machine.path("/"))).map(|_| ())
}

/// Secrets reach a service as they are, by the real clients, and nothing else does.
pub(super) fn secrets(machine: &Machine, root: &Path) -> anyhow::Result<()> {
    fs_err::copy(root.join("tests/boot/clouds.py"), machine.path("/root/clouds.py"))?;
    let start = "systemd-run --quiet --unit=clouds --property=StandardOutput=file:/root/port python3 /root/clouds.py; \
                 for attempt in $(seq 50); do [ -s /root/port ] && break; sleep 0.2; done; cat /root/port";
    let port = machine.must(&[], start)?;
    let host = format!("127.0.0.1:{}", port.trim());
    machine.must(
        &[],
        &format!(
            "mkdir -p /etc/systemd/system/fleet-secrets.service.d && printf '[Service]\nEnvironment=FLEET_ENDPOINT=http://{host} \
             GCE_METADATA_HOST={host} FLEET_ATTEMPTS=1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x\n' \
             >/etc/systemd/system/fleet-secrets.service.d/test.conf && systemctl daemon-reload"
        ),
    )?;
    machine.must(&[], "mkdir -p /etc/fleet")?;
    let fetch = |names: &str| -> anyhow::Result<std::process::Output> {
        write(&machine.path("/etc/fleet/secrets.json"), names)?;
        machine.bash(&[], "systemctl restart fleet-secrets.service")
    };
    let aws = r#"{"cloud": "aws", "place": "ap-northeast-1", "secrets": {
        "PASSWORD": {"name": "example/prod/database", "key": "password"}, "USER_NAME": {"name": "example/prod/database", "key": "user"}}}"#;
    let fetched = fetch(aws)?;
    ensure!(fetched.status.success(), "{}", both(&fetched));
    let mode = machine.must(&[], "stat --format='%U %a' /run/fleet/secrets.env /run/fleet")?;
    ensure!(mode == "root 600\nroot 700\n", "the secrets are readable: {mode}");
    // A service whose unit fleetgen writes.
    write(&machine.path("/etc/fleet/group.env"), "GREETING=\"of the group\"\n")?;
    // Until it has become its command, the process is systemd's.
    let restart = "systemctl restart beat.service; for attempt in $(seq 50); do \
                   [ \"$(cat /proc/$(systemctl show --property=MainPID --value beat)/comm)\" = sleep ] && break; sleep 0.1; done";
    machine.must(&[], restart)?;
    let environ = "tr '\\0' '\\n' </proc/$(systemctl show --property=MainPID --value beat)/environ";
    let seen = machine.must(&[], environ)?;
    for wanted in ["GREETING=of the group\n", "PASSWORD=a\"b\\c$d`e\nUser=root\n", "USER_NAME=web\n"] {
        ensure!(seen.contains(wanted), "the service lacks {wanted:?}: {seen}");
    }

    let gcp =
        r#"{"cloud": "gcp", "place": "example-fleet", "secrets": {"STREAM_KEY": {"name": "stream-key", "key": null}}}"#;
    ensure!(fetch(gcp)?.status.success(), "a secret of Google Cloud is not fetched");
    let written = machine.must(&[], "cat /run/fleet/secrets.env")?;
    ensure!(written == "STREAM_KEY=\"plain text\"\n", "the file is {written}");

    // Without its secrets, a service does not start, and the journal has nothing of a secret.
    for names in [aws.replace("password\"", "passphrase\""), aws.replace("prod", "stg")] {
        ensure!(!fetch(&names)?.status.success(), "what is missing is not noticed");
        let start = machine.bash(&[], "systemctl restart beat.service")?;
        ensure!(!start.status.success(), "a service starts without its secrets");
    }
    let journal = machine.must(&[], "journalctl --no-pager --unit=fleet-secrets.service")?;
    ensure!(journal.contains("not JSON with the key passphrase"), "the journal says {journal}");
    ensure!(!journal.contains("User=root"), "the journal has a secret: {journal}");

    machine
        .must(
            &[],
            "systemctl stop clouds.service; rm -rf /etc/systemd/system/fleet-secrets.service.d /etc/fleet /root/clouds.py /root/port; \
             systemctl daemon-reload; systemctl reset-failed; systemctl restart beat.service words.service hello.service; \
             rm -rf /run/fleet",
        )
        .context("putting everything back")
        .map(|_| ())
}
