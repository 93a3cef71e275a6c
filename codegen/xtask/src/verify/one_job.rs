//! The GitHub runner's script on a machine, with the metadata service, AWS and GitHub beside it.

use anyhow::ensure;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::machine::{self, Machine};
use fleetgen_toolbox::process::both;

use super::{Check, CheckContext};

const SCRIPT: &str = "terraform/modules/aws-runner/run-one-job.sh";

/// As cloud-init would write it.
const SETTINGS: &str = "export APP='Iv23liExample'
export APP_KEY='example/github-app'
export LABEL='example-runner'
export REGION='ap-northeast-1'
export REPOSITORY='example/fleet'
export https_proxy=''
export no_proxy=''
export PATIENCE=6
";

/// A runner that does what GitHub's does with one job, and what a hostile job would try.
const JOB: &str = r"#!/bin/sh
mkdir --parents _diag
env | sort >_diag/env
id --user --name >_diag/user
curl --silent --max-time 5 --request PUT http://169.254.169.254/latest/api/token >_diag/metadata
touch _diag/Worker_1.log
sleep 8
touch _diag/done
";

/// One to which GitHub gives no job.
const IDLE: &str = "#!/bin/sh\nmkdir --parents _diag\nsleep 600\n";

const START: &str = r#"cd /root/world
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
apt-get install --quiet=2 --yes curl jq nftables openssl python3 >/dev/null
ip address add 169.254.169.254/32 dev lo
hosts='api.github.com github.com autoscaling.ap-northeast-1.amazonaws.com secretsmanager.ap-northeast-1.amazonaws.com'
echo "127.0.0.3 $hosts" >>/etc/hosts
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -days 2 -subj /CN=world \
  -addext "subjectAltName=DNS:$(echo "$hosts" | sed 's/ /,DNS:/g')" 2>/dev/null
cp certificate /usr/local/share/ca-certificates/world.crt
update-ca-certificates >/dev/null 2>&1
openssl genrsa -out app.key 2048 2>/dev/null
openssl rsa -in app.key -pubout -out app.pub 2>/dev/null
systemd-run --quiet --unit=world --working-directory=/root/world \
  python3 world.py certificate key runner.tar.gz app.pub app.key log"#;

/// Packs the runner and runs the script, as it is but for the archive's digest, once the world answers.
const RUN: &str = r#"cd /root/world
userdel --remove runner 2>/dev/null || true
nft delete table inet fleet 2>/dev/null || true
chmod 0755 run.sh
tar --create --gzip --file runner.tar.gz run.sh
for attempt in $(seq 50); do curl --silent --output /dev/null https://github.com && break; sleep 0.2; done
rm --force log
digest=$(sha256sum runner.tar.gz | cut --delimiter=' ' --fields=1)
sed "s/^sha256=.*/sha256=$digest/" run-one-job.sh >changed.sh
bash changed.sh
cat log"#;

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("runner: registers, runs one job without the machine's identity, and ends", one_job)]
}

fn one_job(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let root = context.sandbox.path("runner").join("machine");
    fs_err::create_dir_all(&root)?;
    machine::unpack(&context.tools.cache, &root)?;
    let machine = Machine::boot(&root)?;
    let path = |name: &str| machine.path(&format!("/root/world/{name}"));
    fs_err::create_dir_all(path(""))?;
    fs_err::create_dir_all(machine.path("/etc/fleet"))?;
    write(&machine.path("/etc/fleet/runner.env"), SETTINGS)?;
    fs_err::copy(context.root.join("tests/runner/world.py"), path("world.py"))?;
    fs_err::copy(context.root.join(SCRIPT), path("run-one-job.sh"))?;
    machine.must(&[], START)?;
    let ends = "POST autoscaling.ap-northeast-1.amazonaws.com / 200";

    write(&path("run.sh"), JOB)?;
    let log = machine.must(&[], RUN)?;
    ensure!(log.contains(ends) && !log.contains(" 403 "), "the machine does not end itself, or asks in vain:\n{log}");
    ensure!(log.contains("DELETE api.github.com /installation/token 204"), "the token lives on:\n{log}");
    let seen = |name: &str| machine.must(&[], &format!("cat /home/runner/runner/_diag/{name}"));
    ensure!(seen("done").is_ok(), "the job was not waited for");
    ensure!(seen("metadata")?.is_empty(), "the job reached the metadata service");
    ensure!(seen("user")?.trim() == "runner", "the job runs as {}", seen("user")?);
    let environment = seen("env")?;
    ensure!(environment.contains("ACTIONS_RUNNER_INPUT_JITCONFIG=configuration-of-the-runner"), "{environment}");
    ensure!(!environment.contains("APP_KEY"), "the job sees the machine's settings:\n{environment}");
    let key = "runuser --user runner -- cat /etc/fleet/runner.env /root/world/app.key";
    ensure!(!machine.bash(&[], key)?.status.success(), "the job can read the key of the app");

    write(&path("run.sh"), IDLE)?;
    let log = machine.must(&[], RUN)?;
    ensure!(log.contains("no job came") && log.contains(ends), "an idle machine does not end:\n{log}");

    let other = machine
        .must(&[], "cd /root/world && rm --force log && userdel --remove runner && bash run-one-job.sh; cat log");
    let said = other.unwrap_or_else(|error| error.to_string());
    ensure!(!said.contains("generate-jitconfig") && said.contains(ends), "another archive was accepted:\n{said}");
    let forged = machine
        .must(&[], "cd /root/world && openssl genrsa -out app.key 2048 2>/dev/null")
        .and_then(|_| machine.bash(&[], &RUN.replace("bash changed.sh", "timeout 120 bash changed.sh")));
    let said = both(&forged?);
    ensure!(said.contains("/repos/example/fleet/installation 403"), "GitHub's stand-in was not asked:\n{said}");
    ensure!(!said.contains("access_tokens 201"), "GitHub's stand-in accepts any key:\n{said}");
    machine.stop()
}
