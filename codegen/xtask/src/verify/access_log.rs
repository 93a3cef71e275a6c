//! What the proxies install to send their log: only what Amazon's key has signed.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::ensure;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::{both, output, run};

use super::{Check, CheckContext};

const SCRIPT: &str = "terraform/modules/aws-proxy/ship-access-log.sh";

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("squid: only a signed agent sends the log", signed)]
}

/// What the script does if Amazon's bucket has the given files: a key, and a package that the key has signed.
struct Bucket {
    folder: tempfile::TempDir,
    script: String,
}

impl Bucket {
    fn new(context: &CheckContext<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let bucket = Self { folder, script: fs_err::read_to_string(context.root.join(SCRIPT))? };
        let version = bucket.script.lines().find_map(|line| line.strip_prefix("version="));
        let version = version.ok_or_else(|| anyhow::anyhow!("{SCRIPT} has no version"))?;
        // A dpkg that notes what it is asked to install, in place of this machine's.
        let make = format!(
            r#"cd "$1"
export GNUPGHOME=$1/keys
mkdir --mode=0700 keys
gpg --quiet --batch --passphrase '' --quick-generate-key agent@example.com rsa2048 sign never
for system in ubuntu debian; do
  mkdir --parents "$system/amd64/{version}"
  echo package >"$system/amd64/{version}/amazon-cloudwatch-agent.deb"
  gpg --quiet --batch --detach-sign --output "$system/amd64/{version}/amazon-cloudwatch-agent.deb.sig" "$system/amd64/{version}/amazon-cloudwatch-agent.deb"
done
mkdir assets bin
gpg --quiet --batch --armor --export >assets/amazon-cloudwatch-agent.gpg
printf '%s\n' '#!/bin/sh' '[ "$1" = --install ] && cp "$2" "{folder}/installed" || echo amd64' >bin/dpkg
chmod 0755 bin/dpkg
gpg --batch --with-colons --list-keys | awk -F: '/^fpr/ {{ print $10 }}' >fingerprint
gpgconf --kill all"#,
            folder = bucket.path().display(),
        );
        run(Command::new("bash").args(["-euc", &make, "make"]).arg(bucket.path()))?;
        Ok(bucket)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the script. It cannot end well, since the package is not the agent.
    fn run(&self, script: &str) -> anyhow::Result<(Output, bool)> {
        let file = self.path().join("ship-access-log");
        write(&file, script)?;
        let path = format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH")?);
        let mut command = Command::new("bash");
        command.arg(file).arg("/etc/fleet/access-log.json").env("PATH", path);
        let done = output(command.env("AGENT_SOURCE", format!("file://{}", self.path().display())))?;
        let installed = self.path().join("installed");
        let is_installed = installed.exists();
        // For the next run.
        run(Command::new("rm").arg("--force").arg(installed))?;
        Ok((done, is_installed))
    }
}

fn signed(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let bucket = Bucket::new(context)?;
    let (done, installed) = bucket.run(&bucket.script)?;
    ensure!(!installed && both(&done).contains("is not 9376"), "another key was accepted:\n{}", both(&done));
    let own = fs_err::read_to_string(bucket.path().join("fingerprint"))?;
    let trusting = bucket.script.replace("937616F3450B7D806CBD9725D58167303B789C72", own.trim());
    let (done, installed) = bucket.run(&trusting)?;
    ensure!(installed, "a signed package was not installed:\n{}", both(&done));
    for system in ["ubuntu", "debian"] {
        let package = "find \"$1\" -name amazon-cloudwatch-agent.deb -exec sh -c 'echo more >>\"$1\"' sh {} +";
        run(Command::new("sh").args(["-ec", package, "sh"]).arg(bucket.path().join(system)))?;
    }
    let (done, installed) = bucket.run(&trusting)?;
    ensure!(!installed, "a package that was changed was installed:\n{}", both(&done));
    Ok(())
}
