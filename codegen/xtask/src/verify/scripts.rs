//! The scripts on a real machine: they are idempotent, their checks pass, and the gates end a bad build.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::{Context, ensure};

use super::{Check, CheckContext, boot, registry};
use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::machine::{self, Machine};
use fleetgen_toolbox::process::both;
use fleetgen_toolbox::repository;

/// Where a build keeps its files on the machine.
const DIRECTORY: &str = "/var/tmp/fleetgen";

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("scripts: two layers on a machine, each twice", scripts),
        Check::new("scripts: the root layer on Debian 13, twice", trixie),
    ]
}

type Environment = Vec<(String, String)>;

/// The layers of `tests/rehearsal/fleet.yaml`, as Packer would build them.
struct Build<'a> {
    context: &'a CheckContext<'a>,
    machine: Machine,
    repository: PathBuf,
}

fn scripts(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let folder = context.sandbox.path("scripts");
    fs_err::create_dir_all(&folder)?;
    let repository = folder.join("repository");
    fs_err::create_dir(&repository)?;
    repository::lay_out(context.root, &repository, &repository::fleet(context.root, &context.tools.hello)?, &[])?;
    let root = folder.join("machine");
    machine::unpack(&context.tools.cache, &root)?;
    let build = Build { context, machine: Machine::boot(&root)?, repository };
    for layer in ["base", "web"] {
        build.twice(layer).with_context(|| format!("the layer {layer}"))?;
    }
    build.text_is_inert()?;
    boot::disks(&build.machine, context.root).context("the disks of a group")?;
    boot::secrets(&build.machine, context.root).context("the secrets of a group")?;
    registry::logins(&build.machine, context.root, &build.template("web")?.1, DIRECTORY).context("the login to ECR")?;
    build.gates("web")?;
    build.cleaning("web")
}

/// Another operating system is only data: the same scripts and checks, on a real one.
fn trixie(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let folder = context.sandbox.path("scripts-trixie");
    let repository = folder.join("repository");
    fs_err::create_dir_all(&repository)?;
    let fleet = repository::fleet(context.root, &context.tools.hello)?;
    let fleet = fleet.replace("debian-12", "debian-13").replace("bookworm", "trixie");
    // Its Docker does not start in a container.
    let fleet = fleet.replace("    docker: distribution\n", "").replace("    services:\n      docker: {}\n", "");
    repository::lay_out(context.root, &repository, &fleet, &[])?;
    let root = folder.join("machine");
    machine::unpack_release(&context.tools.cache, "trixie", &root)?;
    Build { context, machine: Machine::boot(&root)?, repository }.twice("base")
}

impl Build<'_> {
    /// The layer's own scripts and their environment, from its template.
    fn template(&self, layer: &str) -> anyhow::Result<(Vec<String>, Environment)> {
        let text = fs_err::read_to_string(self.repository.join(format!("generated/packer/{layer}/build.pkr.hcl")))?;
        let (scripts, mut environment) = repository::scripts_of(&text, layer, DIRECTORY)?;
        environment.push(("GOSS_WAIT".to_owned(), "5s".to_owned()));
        Ok((scripts, environment))
    }

    /// Copies to the machine what Packer would upload.
    fn upload(&self, layer: &str, environment: &Environment) -> anyhow::Result<()> {
        let start = self.machine.path("/root/cloud-init.sh");
        fs_err::copy(self.repository.join("packer/scripts/start/cloud-init.sh"), &start)?;
        self.machine.must(environment, "bash /root/cloud-init.sh && rm /root/cloud-init.sh")?;
        let directory = self.machine.path(DIRECTORY);
        for part in [
            "packer/scripts".to_owned(),
            "goss".to_owned(),
            "generated/goss".to_owned(),
            format!("generated/packer/{layer}"),
        ] {
            copy(&self.repository.join(&part), &directory.join(&part))?;
        }
        for (program, name) in [(&self.context.tools.goss, "goss"), (&self.context.tools.trivy, "trivy")] {
            fs_err::copy(program, directory.join("artifacts").join(name))?;
        }
        fs_err::create_dir_all(directory.join("artifacts/bin"))?;
        fs_err::copy(&self.context.tools.hello, directory.join("artifacts/bin/hello"))?;
        Ok(())
    }

    /// Runs a layer's scripts twice: the second run must change nothing. Then its checks must pass.
    fn twice(&self, layer: &str) -> anyhow::Result<()> {
        let (scripts, environment) = self.template(layer)?;
        ensure!(scripts.len() >= 2, "the template names no scripts");
        // clean.sh leaves a parent image like this.
        self.machine.must(&[], "rm -rf /var/lib/apt/lists/*")?;
        self.upload(layer, &environment)?;
        for script in &scripts {
            self.machine.must(&environment, &format!("bash {script}"))?;
        }
        let before = self.state()?;
        let known: HashSet<&str> = before.lines().collect();
        for script in &scripts {
            self.machine.must(&environment, &format!("bash {script}"))?;
            let after = self.state()?;
            let changed: Vec<_> = after.lines().filter(|line| !known.contains(line)).collect();
            ensure!(changed.is_empty(), "a second run of {script} changes:\n{}", changed.join("\n"));
        }
        self.verify(layer, &environment, "", "")?;
        let found = self.machine.must(&environment, "cat $DIRECTORY/reports/goss.xml")?;
        ensure!(found.contains("<testsuite"), "goss.xml is not JUnit");
        let bom: serde_json::Value =
            serde_json::from_str(&self.machine.must(&environment, "cat $DIRECTORY/reports/sbom.cdx.json")?)?;
        ensure!(bom["components"].as_array().is_some_and(|found| found.len() > 100), "the SBOM lists too little");
        Ok(())
    }

    /// Every persistent file with its mode, owner, size and time. A second run must not even rewrite one.
    fn state(&self) -> anyhow::Result<String> {
        self.machine.must(
            &[],
            "cd / && find . -xdev '(' -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./var/log \
             -o -path ./var/tmp -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/docker -o -path ./var/lib/containerd \
             -o -path ./var/lib/systemd -o -path ./var/lib/chrony -o -path ./var/lib/nginx ')' -prune -o -printf '%p %m %u %g %l ' '(' -type f \
             -printf '%T@ %s' -o -true ')' -printf '\\n' | sort",
        )
    }

    /// Creates Trivy's database: one vulnerability a line.
    fn database(&self, updated: &str, advisories: &str) -> anyhow::Result<()> {
        self.context.tools.trivy_database(&self.machine.path(&format!("{DIRECTORY}/trivy")), updated, advisories)
    }

    /// Runs the checks and the gate. It must pass or, with `words`, fail and say them.
    fn verify(&self, layer: &str, environment: &Environment, advisories: &str, words: &str) -> anyhow::Result<()> {
        self.database("now", advisories)?;
        for check in ["goss", "trivy"] {
            // As over SSH: in a user's home, since Trivy takes relative paths from where it runs.
            let script = format!("cd /home/ops && bash $DIRECTORY/packer/scripts/verify/{check}.sh");
            self.machine.must(environment, &script)?;
        }
        let gate = self.machine.bash(environment, "bash $DIRECTORY/packer/scripts/verify/gate.sh")?;
        if words.is_empty() {
            let failures = || {
                self.machine.must(environment, "grep --before-context=1 '<failure' $DIRECTORY/reports/goss.xml || true")
            };
            ensure!(gate.status.success(), "{layer} does not pass: {}{}", both(&gate), failures()?);
        } else {
            ensure!(
                !gate.status.success() && both(&gate).contains(words),
                "the gate should say {words:?}, but says: {}",
                both(&gate)
            );
        }
        Ok(())
    }

    /// A fault on the machine must end the build.
    fn gates(&self, layer: &str) -> anyhow::Result<()> {
        let (_, environment) = self.template(layer)?;
        let nginx = "debian 12\tnginx\tCVE-2026-0001\tHIGH\t99.0\n";
        self.verify(layer, &environment, nginx, "Trivy found HIGH,CRITICAL vulnerabilities")?;
        self.verify(layer, &environment, &nginx.replace("HIGH", "LOW"), "")
            .context("a vulnerability below the gate")?;
        self.verify(layer, &environment, &nginx.replace("99.0", ""), "").context("a vulnerability without a fix")?;
        let ignore = self.machine.path(&format!("{DIRECTORY}/generated/packer/{layer}/trivyignore.yaml"));
        for (until, words) in [("2999-01-01", ""), ("2026-01-01", "Trivy found HIGH,CRITICAL vulnerabilities")] {
            write(
                &ignore,
                &format!("vulnerabilities:\n  - id: CVE-2026-0001\n    statement: x\n    expired_at: {until}\n"),
            )?;
            self.verify(layer, &environment, nginx, words).with_context(|| format!("an entry until {until}"))?;
        }
        self.vendors(layer, &environment).context("a vendor's program")?;
        let secret = self.machine.path("/etc/creds");
        // Put together here, so that secret scanners do not find it in this file.
        write(&secret, &format!("GITHUB_TOKEN=ghp_{}\n", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"))?;
        self.verify(layer, &environment, "", "Trivy found a secret")?;
        self.machine.must(&[], "rm /etc/creds")?;

        for (breaks, fixes) in [
            ("chmod 0666 /etc/nginx/conf.d/web.conf", "chmod 0644 /etc/nginx/conf.d/web.conf"),
            ("systemctl stop nginx", "systemctl start nginx"),
            ("echo Ciphers aes256-cbc >/etc/ssh/sshd_config.d/00-x.conf", "rm /etc/ssh/sshd_config.d/00-x.conf"),
            ("usermod --password '' web", "usermod --password '!' web"),
        ] {
            self.machine.must(&[], breaks)?;
            self.verify(layer, &environment, "", "Goss: the machine is not").with_context(|| breaks.to_owned())?;
            self.machine.must(&[], fixes)?;
        }
        self.verify(layer, &environment, "", "").context("after everything was fixed")?;

        self.database("4 days ago", "")?;
        let old = self.machine.bash(&environment, "bash $DIRECTORY/packer/scripts/verify/trivy.sh")?;
        ensure!(!old.status.success() && both(&old).contains("more than three days old"), "{}", both(&old));
        Ok(())
    }

    /// A vendor's program is ignored until a day, by its path. A layer's own program never is.
    fn vendors(&self, layer: &str, environment: &Environment) -> anyhow::Result<()> {
        let go = "go::of the checks\tstdlib\tCVE-2026-0003\tCRITICAL\t99.0\n";
        let found = "Trivy found HIGH,CRITICAL vulnerabilities";
        self.machine.must(&[], "cp /usr/local/bin/hello /usr/bin/docker-of-a-vendor")?;
        self.verify(layer, environment, go, found).context("our own program")?;
        let ignore = self.machine.path(&format!("{DIRECTORY}/generated/packer/{layer}/trivyignore.yaml"));
        let own = "vulnerabilities:\n  - { id: CVE-2026-0003, paths: [usr/local/bin/hello], expired_at: 2999-01-01 }\n";
        write(&ignore, own)?;
        // Trivy must not stop at a Java archive.
        let archive = "import zipfile; zipfile.ZipFile('/usr/share/some.jar', 'w').writestr('a', 'b')";
        self.machine.must(&[], &format!("python3 -c \"{archive}\""))?;
        self.verify(layer, environment, go, "")?;
        self.machine.must(&[], "rm /usr/share/some.jar")?;
        let programs =
            format!("sed --in-place s/2999-01-01/2026-01-01/ {DIRECTORY}/generated/packer/{layer}/programs.tpl");
        self.machine.must(&[], &programs)?;
        self.verify(layer, environment, go, found).context("after the day")?;
        write(&ignore, "vulnerabilities: []\n")?;
        self.machine.must(&[], "rm /usr/bin/docker-of-a-vendor").map(|_| ())
    }

    /// Text of fleet.yaml reaches a service unchanged.
    fn text_is_inert(&self) -> anyhow::Result<()> {
        let text = "tr '\\0' '\\n' </proc/$(systemctl show --property=MainPID --value beat)/environ";
        let environment = self.machine.must(&[], text)?;
        let greeting = r#"GREETING=a "b" $HOME %h \ c"#;
        ensure!(environment.lines().any(|line| line == greeting), "the service's environment is {environment}");
        let command =
            self.machine.must(&[], "tr '\\0' '|' </proc/$(systemctl show --property=MainPID --value words)/cmdline")?;
        let words = r#"/bin/sh|-c|sleep infinity|$HOME ${PATH} %h ; ' " \|;|{{ .Env }}|"#;
        ensure!(command == words, "the service was started with {command}");
        Ok(())
    }

    /// Cleaning leaves nothing, and check.sh reports every leftover.
    fn cleaning(&self, layer: &str) -> anyhow::Result<()> {
        let (_, environment) = self.template(layer)?;
        for script in ["clean", "check"] {
            let from = self.repository.join(format!("packer/scripts/clean/{script}.sh"));
            fs_err::copy(from, self.machine.path(&format!("/root/script_{script}.sh")))?;
        }
        let check = || self.machine.bash(&environment, "bash /root/script_check.sh");
        ensure!(!check()?.status.success(), "check.sh accepts a machine that was not cleaned");
        self.machine.must(&environment, "echo ls >/root/.bash_history; bash /root/script_clean.sh")?;
        let clean = check()?;
        ensure!(clean.status.success(), "{}", both(&clean));
        for (plants, words) in [
            ("mkdir -p /root/.ssh && echo key >/root/.ssh/authorized_keys", "authorized keys"),
            ("touch /etc/ssh/ssh_host_rsa_key", "host keys"),
            ("echo 0123 >/etc/machine-id", "a machine id"),
            ("touch /home/ops/.bash_history", "a shell history"),
            ("echo 'Acquire::http::Proxy \"http://192.0.2.1\";' >/etc/apt/apt.conf.d/95x", "the build's proxy"),
            ("touch /usr/local/bin/trivy", "a build tool"),
            ("mkdir -p /root/.aws && touch /root/.aws/credentials", "a credential"),
            (
                "mkdir -p /home/ops/.docker && echo '{\"auths\": {}}' >/home/ops/.docker/config.json",
                "a registry's password",
            ),
            ("touch /var/tmp/x", "temporary files"),
            (
                "mount --bind / /mnt && touch /mnt/tmp/x && umount /mnt && { mountpoint -q /tmp || mount -t tmpfs tmpfs /tmp; }",
                "hidden temporary files",
            ),
        ] {
            self.machine.must(&[], plants)?;
            let report = both(&check()?);
            ensure!(report.contains(words), "check.sh should report {words}, but reports: {report}");
        }
        Ok(())
    }
}
