//! `cargo xtask conform aws|gcp` on stand-ins: it finds what is not as assumed, and removes what it made, also when it is interrupted.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use fleetgen_toolbox::machine::wait_for;
use fleetgen_toolbox::process::{both, output, run};

use super::moto::{CREDENTIALS, Moto};
use super::{Check, CheckContext};

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("conform: aws, on moto", aws), Check::new("conform: gcp, on a stand-in", gcp)]
}

/// moto makes a second version for a token that it knows, and has no instance refreshes.
fn aws(context: &CheckContext<'_>) -> anyhow::Result<()> {
    const ACCOUNT: &str = "123456789012";
    let moto = Moto::start(context, "example-conform")?;
    let aws = |words: &[&str]| {
        let mut aws = Command::new(context.tools.clouds.join("aws"));
        run(aws.args(["--endpoint-url", &moto.url, "--output", "text"]).args(words).envs(CREDENTIALS))
    };
    let subnet = aws(&["ec2", "describe-subnets", "--query", "Subnets[0].SubnetId"])?;
    let folder = tempfile::tempdir()?;
    let script = |account: &str| {
        let mut script = Command::new(context.tools.clouds.join("python"));
        script.arg(context.root.join("tests/conform/aws.py")).envs(CREDENTIALS).args(["--prefix=conform-1"]);
        script.args(["--region=us-east-1", "--poll=0.05", "--subnet", subnet.trim(), "--endpoint", &moto.url]);
        script.arg("--account").arg(account).arg("--fixtures").arg(folder.path().join("said.json"));
        script
    };
    let other = output(&mut script("999999999999"))?;
    ensure!(!other.status.success() && both(&other).contains("nothing was done"), "{}", both(&other));
    let all = output(&mut script(ACCOUNT))?;
    let said = both(&all);
    ensure!(!all.status.success(), "moto does not do everything that AWS does\n{said}");
    for line in [
        "BROKEN     CreateLaunchTemplateVersion with a token",
        "BROKEN     A refresh of an empty group",
        "held       A parameter of the type aws:ec2:image",
        "not tried  A token is forgotten",
    ] {
        ensure!(said.contains(line), "no line begins with `{line}`\n{said}");
    }
    let left = || {
        let templates = aws(&["ec2", "describe-launch-templates", "--query", "LaunchTemplates[].LaunchTemplateName"])?;
        let groups =
            ["autoscaling", "describe-auto-scaling-groups", "--query", "AutoScalingGroups[].AutoScalingGroupName"];
        let machines = ["ec2", "describe-instances", "--filters", "Name=instance-state-name,Values=running", "--query"];
        let machines = aws(&[&machines[..], &["Reservations[].Instances[].InstanceId"]].concat())?;
        Ok([templates, aws(&groups)?, machines].concat().split_whitespace().collect::<Vec<_>>().join(" "))
    };
    interrupted(&|| script(ACCOUNT), &left)
}

fn gcp(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let python = context.tools.clouds.join("python");
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let server =
        Command::new(&python).arg(context.root.join("tests/conform/compute.py")).arg(port.to_string()).spawn()?;
    let _server = Server(server);
    wait_for(|| std::net::TcpStream::connect(("127.0.0.1", port)).ok(), "the stand-in for Compute Engine")?;
    let folder = tempfile::tempdir()?;
    let endpoint = format!("http://127.0.0.1:{port}/compute/v1/");
    let script = || {
        let mut script = Command::new(&python);
        script.arg(context.root.join("tests/conform/gcp.py")).args(["--project=example-fleet", "--prefix=conform-1"]);
        script.args([
            "--region=asia-northeast1",
            "--subnetwork=projects/example-fleet/regions/asia-northeast1/subnetworks/none",
        ]);
        script.args(["--poll=0.01", "--endpoint", &endpoint]).arg("--fixtures").arg(folder.path().join("said.json"));
        script
    };
    let said = run(&mut script())?;
    ensure!(said.lines().filter(|line| line.starts_with("held")).count() == 11, "not everything is as assumed\n{said}");
    let left = || {
        let list = "import sys, urllib.request as r; print(*[r.urlopen(sys.argv[1] + k + '?filter=name+eq+\".*\"').read().decode() \
                    for k in ('instanceTemplates', 'instanceGroupManagers')])";
        let place = format!("{endpoint}projects/example-fleet/regions/asia-northeast1/");
        let items = run(Command::new(&python).args(["-c", list, &place]))?;
        Ok(items.replace(r#"{"items": []}"#, "").trim().to_owned())
    };
    interrupted(&script, &left)
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Interrupts a script after each of its first lines: nothing is left. A signal may come too late for a quick script, but not always.
fn interrupted(script: &dyn Fn() -> Command, left: &dyn Fn() -> anyhow::Result<String>) -> anyhow::Result<()> {
    let mut in_time = 0;
    for after in 1..=6 {
        let mut running = script().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(running.stdout.take().context("it has an output")?).lines();
        for _ in 0..after {
            lines.next().context("it ended early")??;
        }
        run(Command::new("kill").args(["-INT", &running.id().to_string()]))?;
        let rest = lines.collect::<Result<Vec<_>, _>>()?.join("\n");
        let errors = running.wait_with_output()?.stderr;
        let errors = String::from_utf8_lossy(&errors);
        in_time += usize::from(errors.contains("interrupted by SIGINT"));
        ensure!(
            rest.contains("everything with the prefix conform-1 is removed"),
            "after line {after}: {rest}\n{errors}"
        );
        let left = left()?;
        ensure!(left.is_empty(), "after line {after}, this is left: {left}");
    }
    ensure!(in_time > 0, "no signal came in time");
    Ok(())
}
