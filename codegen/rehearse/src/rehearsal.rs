//! One rehearsal: a repository, the emulated clouds, and the machines in them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::overlay;
use crate::stage::{Image, Stage};
use crate::timings::Follower;
use crate::workflow;
use crate::world::{Emulated as _, Oddities, World};
use fleetgen_fleet::choice::Cloud;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository;

/// The tag of the commit before the overlays.
pub(crate) const PRODUCTION: &str = "production";

/// Something that happens to a build.
pub(crate) type Accident = fn(&Rehearsal<'_>, i32) -> anyhow::Result<()>;

/// Whose key signs the published program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    Ours,
    Theirs,
}

/// How a rehearsal differs from the good one.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) clouds: Vec<Cloud>,
    pub(crate) signer: Signer,
    pub(crate) oddities: Oddities,
    /// Replacements in fleet.yaml.
    pub(crate) fleet: &'static [(&'static str, &'static str)],
    /// The environment in which `fleetgen generate` runs.
    pub(crate) generate: &'static [(&'static str, &'static str)],
    /// Waiting times that the overlay shortens.
    pub(crate) waits: &'static [(&'static str, &'static str)],
    /// What happens when every source has reached a step, given the process group of the build.
    pub(crate) accident: Option<(&'static str, Accident)>,
    /// A script of the repository that does nothing.
    pub(crate) emptied: Option<&'static str>,
    /// Text to append to files of the repository.
    pub(crate) scripts: &'static [(&'static str, &'static str)],
}

impl Plan {
    pub(crate) fn good(name: &str, clouds: &[Cloud]) -> Self {
        Self {
            name: name.to_owned(),
            clouds: clouds.to_vec(),
            signer: Signer::Ours,
            oddities: Oddities::default(),
            fleet: &[],
            generate: &[],
            scripts: &[],
            waits: &[],
            accident: None,
            emptied: None,
        }
    }
}

/// How a build ended, and its log.
pub(crate) struct Built {
    pub(crate) succeeded: bool,
    pub(crate) log: String,
    /// Has a folder for each source.
    pub(crate) reports: PathBuf,
}

impl Built {
    pub(crate) fn manifests(&self, clouds: &[Cloud]) -> Vec<PathBuf> {
        let manifest = |cloud: &Cloud| self.reports.join(cloud.source()).join("manifest.json");
        clouds.iter().map(manifest).filter(|manifest| manifest.exists()).collect()
    }

    pub(crate) fn last_words(&self) -> String {
        let lines: Vec<&str> = self.log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

pub(crate) struct Rehearsal<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) plan: &'a Plan,
    pub(crate) repository: PathBuf,
    pub(crate) world: World,
    /// For each layer, the lines of its template that differ from production.
    pub(crate) overlays: BTreeMap<String, Vec<String>>,
    pub(crate) folder: PathBuf,
}

impl<'a> Rehearsal<'a> {
    /// Lays out the repository, starts the clouds with these images, and publishes the program.
    pub(crate) fn new(stage: &'a Stage, plan: &'a Plan, images: &[Image]) -> anyhow::Result<Self> {
        let folder = stage.folder.join(&plan.name);
        let world = stage.timings.time(&plan.name, "rehearsal", "start the clouds", || {
            World::start(stage, &plan.name, &folder.join("world"), images, &plan.oddities)
        })?;
        let repository = folder.join("repository");
        let mut rehearsal = Self { stage, plan, repository, world, overlays: BTreeMap::new(), folder };
        stage.timings.time(&plan.name, "rehearsal", "generate, overlay and commit", || rehearsal.lay_out())?;
        stage.timings.time(&plan.name, "rehearsal", "sign and publish the program", || rehearsal.publish())?;
        Ok(rehearsal)
    }

    fn lay_out(&mut self) -> anyhow::Result<()> {
        let mut text = self.stage.text.clone();
        for (from, to) in self.plan.fleet {
            anyhow::ensure!(
                text.matches(from).count() == 1,
                "{from:?} must occur exactly once in the rehearsal's fleet.yaml"
            );
            text = text.replace(from, to);
        }
        fs_err::create_dir_all(&self.repository)?;
        repository::lay_out(&self.stage.root, &self.repository, &text, self.plan.generate)?;
        for (path, more) in self.plan.scripts {
            let path = self.repository.join(path);
            write(&path, &format!("{}{more}", fs_err::read_to_string(&path)?))?;
        }
        if let Some(path) = self.plan.emptied {
            write(&self.repository.join(path), "#!/usr/bin/env bash\n")?;
        }
        run(&mut self.git(&["init", "--quiet", "--initial-branch=main"]))?;
        self.commit("what production has")?;
        run(&mut self.git(&["tag", PRODUCTION]))?;
        let settings = overlay::settings(self.plan.waits);
        for layer in self.stage.fleet.layers.keys() {
            let changed = self.overlay(layer.as_str(), &settings)?;
            self.overlays.insert(layer.to_string(), changed);
        }
        self.commit("rehearsal")
    }

    /// Changes settings of a layer's template. Returns the lines that differ.
    fn overlay(&self, layer: &str, settings: &[overlay::Setting]) -> anyhow::Result<Vec<String>> {
        let path = self.repository.join(format!("generated/packer/{layer}/build.pkr.hcl"));
        let (laid, changed) = overlay::lay(&fs_err::read_to_string(&path)?, settings)?;
        write(&path, &laid)?;
        Ok(changed)
    }

    /// Shortens how long the boot of a layer's image waits for SSH. Packer has read the template for the image by then.
    pub(crate) fn boot_impatiently(&self, layer: &str) -> anyhow::Result<()> {
        let waits = ["amazon-ebs", "googlecompute"].map(|kind| (kind, "ssh_timeout", "\"20s\"".to_owned()));
        self.overlay(layer, &waits).map(|_| ())
    }

    /// Commits everything: a build needs a clean tree.
    pub(crate) fn commit(&self, message: &str) -> anyhow::Result<()> {
        run(&mut self.git(&["add", "--all"]))?;
        run(&mut self.git(&["commit", "--quiet", "--message", message])).map(|_| ())
    }

    /// Git, without the user's configuration.
    pub(crate) fn git(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.repository).env("HOME", &self.folder).env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com"]).args(words);
        command
    }

    /// A program on the machine of the publisher, who has other AWS credentials than the runner.
    pub(crate) fn publisher(&self, program: &str) -> Command {
        let mut command = self.runner(program);
        command.env("AWS_ACCESS_KEY_ID", "publisher");
        command
    }

    /// Signs the program as its publisher would, and uploads it to the URL in fleet.yaml.
    fn publish(&self) -> anyhow::Result<()> {
        let program = self.folder.join("hello-1.0.0");
        fs_err::copy(&self.stage.tools.hello, &program)?;
        let bucket = self.stage.artifact_bucket(Cloud::Aws);
        for bucket in [&bucket, workflow::REPORTS] {
            run(self.publisher("aws").args(["s3", "mb", &format!("s3://{bucket}")]))?;
        }
        for cloud in Cloud::ALL {
            // Each cloud's bucket has the signature that the cloud's key made.
            let mut sign = self.publisher("packer/runner/sign.sh");
            sign.env("COSIGN_KEY", cloud.as_str());
            if self.plan.signer == Signer::Theirs {
                sign.env("SIGNING_KEY", self.stage.folder.join("theirs.key"));
            }
            run(sign.arg(&program))?;
            for file in ["hello-1.0.0", "hello-1.0.0.sigstore.json"] {
                let mut upload = match cloud {
                    Cloud::Aws => self.publisher("aws"),
                    Cloud::Gcp => self.publisher("gcloud"),
                };
                let to = match cloud {
                    Cloud::Aws => format!("s3://{bucket}/{file}"),
                    Cloud::Gcp => format!("gs://{}/{file}", self.stage.artifact_bucket(cloud)),
                };
                let words: &[&str] = match cloud {
                    Cloud::Aws => &["s3", "cp", "--only-show-errors"],
                    Cloud::Gcp => &["storage", "cp"],
                };
                run(upload.args(words).arg(self.folder.join(file)).arg(to))?;
            }
        }
        Ok(())
    }

    /// A program on the machine that runs Packer, with its tools and a clean environment.
    pub(crate) fn runner(&self, program: &str) -> Command {
        let tools = &self.stage.tools;
        let packer = tools.packer.parent().unwrap_or(Path::new("/"));
        let stand_ins = self.stage.root.join("tests/rehearsal/clouds/bin");
        let path = format!(
            "{}:{}:{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            stand_ins.display(),
            tools.clouds.display(),
            packer.display()
        );
        let mut command = self.world.command("env");
        command.current_dir(&self.repository).env_clear().env("PATH", path).env("HOME", &self.folder);
        command.env("REHEARSAL_COSIGN", &tools.cosign).env("REHEARSAL_KEY", self.stage.folder.join("ours"));
        command.env("GOSS", &tools.goss).env("TRIVY", &tools.trivy);
        if self.plan.oddities.fast {
            command.env("REHEARSAL_RATE", "1e9");
        }
        command.env("REHEARSAL_BUCKETS", self.folder.join("buckets"));
        command.env("AGENT_POLL", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", format!("http://{}/compute/v1/", Cloud::Gcp.endpoint()));
        // Keep their temporary files in the run's folder.
        command.env("TMPDIR", std::env::temp_dir());
        command
            .env("PACKER_PLUGIN_PATH", self.stage.plugins())
            .env("CHECKPOINT_DISABLE", "1")
            .env("PACKER_NO_COLOR", "1");
        command
            .env("AWS_ENDPOINT_URL", format!("http://{}", Cloud::Aws.endpoint()))
            .env("AWS_REGION", "ap-northeast-1");
        command.env("AWS_ACCESS_KEY_ID", "rehearsal").env("AWS_SECRET_ACCESS_KEY", "rehearsal");
        command.arg(program);
        command
    }

    /// Builds a layer with the production build script.
    pub(crate) fn build(&self, layer: &str) -> anyhow::Result<Built> {
        let mut build = self.runner("packer/runner/build.sh");
        build.arg(layer);
        if let [cloud] = *self.plan.clouds {
            build.arg(cloud.as_str());
        }
        self.run_build(layer, &build, self.repository.join(format!(".fleetgen/{layer}/reports")))
    }

    /// Runs a command that builds a layer, and follows what it says.
    pub(crate) fn run_build(&self, layer: &str, build: &Command, reports: PathBuf) -> anyhow::Result<Built> {
        let mut command = Command::new("timeout");
        // Merge the streams to keep their lines in order.
        command.args(["--kill-after=10", "1500", "bash", "-c", "exec \"$@\" 2>&1", "_"]);
        command.arg(build.get_program()).args(build.get_args()).current_dir(&self.repository).env_clear();
        command.envs(build.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn()?;
        let group = i32::try_from(child.id())?;
        let mut file = fs_err::File::create(self.stage.logs.join(format!("{}-{layer}.log", self.plan.name)))?;
        let mut follower = Follower::new(&self.stage.timings, &self.plan.name, layer);
        let mut log = String::new();
        let mut reached = BTreeSet::new();
        let output = child.stdout.take().context("the build has no output")?;
        for line in BufReader::new(output).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            writeln!(file, "{line}")?;
            log += &line;
            log.push('\n');
            if let Some((source, step)) = follower.line(&line) {
                eprintln!("[{}] {layer} {source}: {step}", self.plan.name);
                if let Some((words, accident)) = &self.plan.accident
                    && step.contains(words)
                    && reached.insert(source)
                    // Wait until the other cloud has its instance, too.
                    && reached.len() == self.plan.clouds.len()
                {
                    accident(self, group)?;
                }
            }
        }
        follower.finish();
        let succeeded = child.wait()?.success();
        Ok(Built { succeeded, log, reports })
    }

    /// Stops everything and removes the folder.
    pub(crate) fn remove(self) -> anyhow::Result<()> {
        let Self { world, folder, .. } = self;
        drop(world);
        Ok(fs_err::remove_dir_all(folder)?)
    }

    /// Keeps the images of a layer, and the files that the clouds made them of, for the layers on it.
    pub(crate) fn keep(&mut self, layer: &str) -> anyhow::Result<()> {
        for cloud in self.plan.clouds.clone() {
            let found: Vec<_> = self.world.state(cloud)?.into_iter().filter(|found| found.kind == "image").collect();
            let image = found
                .into_iter()
                .rfind(|image| image.tags.get("layer").is_some_and(|tag| tag == layer))
                .with_context(|| format!("{} has no image of {layer}", cloud.as_str()))?;
            let (name, owner) = match cloud {
                Cloud::Aws => (image.more["name"].as_str().unwrap_or_default().to_owned(), self.stage.account.clone()),
                Cloud::Gcp => {
                    let name = image.id.rsplit('/').next().unwrap_or_default().to_owned();
                    (name, image.id.split('/').nth(1).unwrap_or_default().to_owned())
                }
            };
            let files = self.world.machines()?.image(cloud, &name);
            let files = files.with_context(|| format!("no machine was made into {name}"))?;
            self.stage.put(Image { cloud, name, owner, tags: image.tags, layer: Some((layer.to_owned(), files)) });
        }
        Ok(())
    }
}

/// Copies a machine's files, by reflink where the file system can.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs_err::create_dir_all(to.parent().unwrap_or(to))?;
    run(Command::new("cp").args(["--archive", "--reflink=auto", "--no-target-directory"]).arg(from).arg(to)).map(|_| ())
}

/// Does what a cloud does at a machine's first boot. `repository` is this repository.
pub(crate) fn first_boot(
    repository: &Path,
    cloud: Cloud,
    root: &Path,
    host: &str,
    proxy: &str,
    keys: &str,
) -> anyhow::Result<()> {
    let script = fs_err::read_to_string(repository.join("tests/rehearsal/first-boot.sh"))?;
    let mut chroot = Command::new("chroot");
    chroot.arg(root).args(["bash", "-c", &script, "_", cloud.as_str(), cloud.user(), host, proxy, keys]);
    chroot.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    run(&mut chroot).map(|_| ())
}

/// Kills Packer, its plugins and their tunnels, as if the runner had crashed.
pub(crate) fn kill_packer(rehearsal: &Rehearsal<'_>, group: i32) -> anyhow::Result<()> {
    for entry in fs_err::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(name) = fs_err::read_to_string(format!("/proc/{process}/comm")) else { continue };
        let id = nix::unistd::Pid::from_raw(process);
        let is_packer =
            name.starts_with("packer") && nix::unistd::getpgid(Some(id)) == Ok(nix::unistd::Pid::from_raw(group));
        // The stand-ins are scripts, so their name is that of Python.
        let words = fs_err::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let is_tunnel = ["/bin/session-manager-plugin", "/bin/gcloud"].iter().any(|tunnel| words.contains(tunnel));
        if is_packer || is_tunnel && rehearsal.world.has(process) {
            // It may have ended in the meantime.
            let _ = nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL);
        }
    }
    Ok(())
}
