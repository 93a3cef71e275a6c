//! What is out of reach where the checks run, tried where it is not: a machine with access to the internet.

mod clouds;
mod ubuntu;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use clap::Subcommand;
use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::process::run as run_command;
use fleetgen_toolbox::repository;

use ubuntu::ASSUMPTIONS;

/// What to try.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// Download the pinned tools of the machine that runs Packer, and compare their digests
    Tools,
    /// Boot Ubuntu's cloud image, and try every assumption of docs/ubuntu.md, the base layer and its checks
    Ubuntu {
        /// An image that is here already, instead of Ubuntu's newest for noble
        #[arg(long, value_name = "FILE")]
        image: Option<PathBuf>,
    },
    /// In a real account, try what rollouts assume of AWS; half an hour, and less than a dollar
    Aws(clouds::Aws),
    /// In a real project, try what rollouts assume of Google Cloud; half an hour, and less than a dollar
    Gcp(clouds::Gcp),
}

const IMAGES: &str = "https://cloud-images.ubuntu.com/noble/current";
const IMAGE: &str = "noble-server-cloudimg-amd64.img";
const LAYER: &str = "base";

/// Tries it, and reports everything that is not as assumed.
pub(crate) fn run(root: &Path, what: &What) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("fleetgen-conform-").tempdir()?;
    match what {
        What::Tools => {
            let mut install = Command::new(root.join("packer/runner/install-tools.sh"));
            print!("{}", run_command(install.arg(folder.path()))?);
            Ok(())
        }
        What::Ubuntu { image } => {
            let image = match image {
                Some(image) => image.clone(),
                None => download(folder.path())?,
            };
            conform(root, folder.path(), &image)
        }
        What::Aws(aws) => aws.run(root),
        What::Gcp(gcp) => gcp.run(root),
    }
}

/// Downloads Ubuntu's image, and checks its digest.
fn download(folder: &Path) -> anyhow::Result<PathBuf> {
    println!("downloading {IMAGES}/{IMAGE} (600 MB)");
    let fetch = "curl --fail --silent --show-error --location --remote-name \"$1/$2\" --remote-name \"$1/SHA256SUMS\" \
        && grep \" [*]$2$\" SHA256SUMS | sha256sum --check --quiet --strict";
    run_command(Command::new("bash").current_dir(folder).args(["-euc", fetch, "_", IMAGES, IMAGE]))?;
    Ok(folder.join(IMAGE))
}

fn conform(root: &Path, folder: &Path, image: &Path) -> anyhow::Result<()> {
    let seed = folder.join("seed");
    lay_out(root, folder, &seed)?;
    let mut qemu = Command::new("timeout");
    qemu.args(["7200", "qemu-system-x86_64", "-accel", "kvm", "-accel", "tcg,thread=multi", "-cpu", "max"]);
    qemu.args(["-m", "2048", "-smp", "2", "-nodefaults", "-nographic", "-serial", "stdio"]);
    qemu.args(["-drive", &format!("if=virtio,snapshot=on,file={}", image.display())]);
    let seed = format!("if=none,id=seed,driver=vvfat,read-only=on,label=CIDATA,dir={}", seed.display());
    qemu.args(["-drive", &seed, "-device", "virtio-blk-pci,drive=seed"]);
    qemu.args(["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"]);
    println!("booting {}; without KVM, this takes half an hour or more", image.display());
    let done = qemu.stdin(Stdio::null()).output().context("cannot start qemu-system-x86_64")?;
    let console = String::from_utf8_lossy(&done.stdout).replace('\r', "");
    report(&console)
}

/// What the machine said on its console.
fn report(console: &str) -> anyhow::Result<()> {
    let mut broken = 0;
    for (number, assumption) in ASSUMPTIONS.iter().enumerate() {
        let said = |word: &str| console.lines().any(|line| line.ends_with(&format!("CONFORM {word} {number}")));
        let word = match (assumption.probe.is_empty(), said("held")) {
            (true, _) => "not tried",
            (false, true) => "held  ",
            (false, false) => "BROKEN",
        };
        broken += usize::from(word == "BROKEN");
        println!("{word}  {} ({}; {})", assumption.what, assumption.file, assumption.source);
    }
    for (step, what) in [("layer", "the scripts of the base layer"), ("goss", "Goss, after a reboot")] {
        let said = |word: &str| console.lines().find(|line| line.contains(&format!("CONFORM {step} {word}")));
        match (said("held"), said("broken")) {
            (Some(_), None) => println!("held    {what}"),
            (_, line) => {
                broken += 1;
                println!("BROKEN  {what}: {}", line.unwrap_or("the machine did not get that far"));
            }
        }
    }
    if broken > 0 {
        let last: Vec<&str> = console.lines().rev().take(60).collect();
        println!("\nThe end of the console:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        bail!("{broken} assumptions do not hold");
    }
    Ok(())
}

/// Lays out what the machine reads: cloud-init's files, the repository, and the script that tries everything.
fn lay_out(root: &Path, folder: &Path, seed: &Path) -> anyhow::Result<()> {
    let repository = folder.join("repository");
    fs_err::create_dir_all(&repository)?;
    fs_err::create_dir_all(seed)?;
    for part in ["packer", "goss", "generated"] {
        copy(&root.join(part), &repository.join(part))?;
    }
    let template = fs_err::read_to_string(repository.join(format!("generated/packer/{LAYER}/build.pkr.hcl")))?;
    let (scripts, environment) = repository::scripts_of(&template, LAYER, DIRECTORY)?;
    ensure!(scripts.len() > 5, "the template names no scripts");
    run_command(
        Command::new("tar")
            .args(["--create", "--gzip", "--directory"])
            .arg(&repository)
            .arg("--file")
            .arg(seed.join("repository.tgz"))
            .arg("."),
    )?;
    write(&seed.join("meta-data"), "instance-id: conform\nlocal-hostname: conform\n")?;
    let start =
        "mkdir -p /mnt/seed && mount -o ro LABEL=CIDATA /mnt/seed && bash /mnt/seed/conform.sh >/dev/ttyS0 2>&1";
    write(&seed.join("user-data"), &format!("#cloud-config\nruncmd:\n- [sh, -c, {start:?}]\n"))?;
    write(&seed.join("conform.sh"), &script(&scripts, &environment))
}

/// Where the machine has the repository.
const DIRECTORY: &str = "/var/tmp/fleetgen";

fn script(scripts: &[String], environment: &[(String, String)]) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let probe = |(number, assumption): (usize, &ubuntu::Assumption)| {
        let probe = quote(assumption.probe);
        format!(
            "timeout 120 bash -c {probe} >/dev/null 2>&1 && echo CONFORM held {number} || echo CONFORM broken {number}"
        )
    };
    let export = |(name, value): &(String, String)| format!("export {name}={}", quote(value));
    // A machine that no cloud started has no cloud's agent.
    let scripts = scripts.iter().filter(|script| !script.ends_with("agents.sh"));
    let step = |script: &String| format!("bash {script} || {{ echo CONFORM layer broken: {script}; poweroff; exit; }}");
    let goss = pinned("goss");
    let again = AGAIN.replace("DIRECTORY", DIRECTORY);
    let again = again.replace("GOSS_URL", &goss["url"]).replace("GOSS_SHA256", &goss["sha256"]);
    let lines = ASSUMPTIONS.iter().enumerate().filter(|(_, assumption)| !assumption.probe.is_empty()).map(probe);
    let lines = lines.chain([UNPACK.replace("DIRECTORY", DIRECTORY)]).chain(environment.iter().map(export));
    let lines: Vec<String> = lines.chain(scripts.map(step)).chain([again]).collect();
    lines.join("\n") + "\n"
}

/// The release for amd64 of a tool that fleetgen pins: its `url` and `sha256`.
fn pinned(tool: &str) -> BTreeMap<String, String> {
    let pins: serde_json::Value = serde_json::from_str(PINS).unwrap_or_default();
    serde_json::from_value(pins[tool]["amd64"].clone()).unwrap_or_default()
}

const PINS: &str = include_str!("../../../emit/data/tools.json");

const UNPACK: &str = "mkdir -p DIRECTORY/reports DIRECTORY/artifacts
tar -xzf /mnt/seed/repository.tgz -C DIRECTORY";

/// Goss comes with the tools of a build. It runs after a reboot, from a unit.
const AGAIN: &str = "echo CONFORM layer held
curl -fsSL -o DIRECTORY/artifacts/goss 'GOSS_URL' && echo 'GOSS_SHA256  DIRECTORY/artifacts/goss' | sha256sum -c || poweroff
export -p | grep -v 'BASH\\|PWD' >DIRECTORY/environment
cat >DIRECTORY/again.sh <<'END'
. DIRECTORY/environment
bash DIRECTORY/packer/scripts/verify/goss.sh
[ \"$(cat DIRECTORY/reports/goss.status)\" = 0 ] && echo CONFORM goss held || echo CONFORM goss broken
poweroff
END
cat >/etc/systemd/system/conform.service <<'END'
[Service]
Type=oneshot
TimeoutStartSec=30min
ExecStart=/bin/sh -c 'bash DIRECTORY/again.sh >/dev/ttyS0 2>&1'
[Install]
WantedBy=multi-user.target
END
systemctl enable conform.service
reboot";

#[cfg(test)]
mod tests {
    use super::{ASSUMPTIONS, pinned, report, script};

    /// People's own machines get the cosign that builds are checked with.
    #[test]
    fn the_runner_s_cosign_is_the_pinned_one() {
        let install = include_str!("../../../../packer/runner/install-tools.sh");
        let cosign = pinned("cosign");
        assert!(install.contains(&cosign["url"]) && install.contains(&cosign["sha256"]));
    }

    #[test]
    fn the_script_is_bash_and_its_words_are_understood() {
        let text =
            script(&["/x/base/agents.sh".to_owned(), "/x/layer.sh".to_owned()], &[("A".to_owned(), "it's".to_owned())]);
        let bash = std::process::Command::new("bash").args(["-n", "-c", &text]).output().unwrap();
        assert!(bash.status.success(), "{}", String::from_utf8_lossy(&bash.stderr));
        assert!(!text.contains("agents.sh") && text.contains("export A='it'\\''s'"), "{text}");
        let held: Vec<String> = (0..ASSUMPTIONS.len()).map(|number| format!("[ 9.1] CONFORM held {number}")).collect();
        let held = held.join("\n") + "\nCONFORM layer held\n";
        assert!(report(&(held.clone() + "CONFORM goss held\n")).is_ok());
        assert!(report(&(held + "CONFORM goss broken\n")).is_err());
        assert!(report("").is_err());
    }
}
