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
use crate::world::{Emulated as _, Oddities, World};
use fleetgen_fleet::choice::Cloud;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::machine::{self, Machine};
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::repository;

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
    pub(crate) machines: BTreeMap<Cloud, Machine>,
    pub(crate) world: World,
    /// For each layer, the lines of its template that differ from production.
    pub(crate) overlays: BTreeMap<String, Vec<String>>,
    folder: PathBuf,
}

impl<'a> Rehearsal<'a> {
    /// Lays out the repository, starts the clouds with these images, and publishes the program.
    pub(crate) fn new(stage: &'a Stage, plan: &'a Plan, images: &[Image]) -> anyhow::Result<Self> {
        let folder = stage.folder.join(&plan.name);
        let world = stage.timings.time(&plan.name, "rehearsal", "start the clouds", || {
            World::start(stage, &folder.join("world"), images, &plan.oddities)
        })?;
        let repository = folder.join("repository");
        let mut rehearsal =
            Self { stage, plan, repository, machines: BTreeMap::new(), world, overlays: BTreeMap::new(), folder };
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
        let settings = overlay::settings(self.plan.oddities.unreachable);
        for layer in self.stage.fleet.layers.keys() {
            let path = self.repository.join(format!("generated/packer/{layer}/build.pkr.hcl"));
            let (laid, changed) = overlay::lay(&fs_err::read_to_string(&path)?, &settings)?;
            write(&path, &laid)?;
            self.overlays.insert(layer.to_string(), changed);
        }
        run(&mut self.git(&["init", "--quiet"]))?;
        self.commit("rehearsal")
    }

    /// Commits everything: a build needs a clean tree.
    pub(crate) fn commit(&self, message: &str) -> anyhow::Result<()> {
        run(&mut self.git(&["add", "--all"]))?;
        run(&mut self.git(&["commit", "--quiet", "--message", message])).map(|_| ())
    }

    /// Git, without the user's configuration.
    fn git(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.repository).env("HOME", &self.folder).env("GIT_CONFIG_NOSYSTEM", "1");
        command.args(["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com"]).args(words);
        command
    }

    /// Signs the program as its publisher would, and uploads it to the URL in fleet.yaml.
    fn publish(&self) -> anyhow::Result<()> {
        let key = match self.plan.signer {
            Signer::Ours => "ours.key",
            Signer::Theirs => "theirs.key",
        };
        let program = self.folder.join("hello-1.0.0");
        fs_err::copy(&self.stage.tools.hello, &program)?;
        let mut sign = self.runner("packer/runner/sign.sh");
        run(sign.env("SIGNING_KEY", self.stage.folder.join(key)).arg(&program))?;
        run(self.runner("aws").args(["s3", "mb", "s3://example-releases"]))?;
        for file in ["hello-1.0.0", "hello-1.0.0.sigstore.json"] {
            let to = format!("s3://example-releases/{file}");
            run(self.runner("aws").args(["s3", "cp", "--only-show-errors"]).arg(self.folder.join(file)).arg(to))?;
        }
        Ok(())
    }

    /// A program on the machine that runs Packer, with its tools and a clean environment.
    fn runner(&self, program: &str) -> Command {
        let tools = &self.stage.tools;
        let packer = tools.packer.parent().unwrap_or(Path::new("/"));
        let path =
            format!("{}:{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", tools.clouds.display(), packer.display());
        let mut command = self.world.command("env");
        command.current_dir(&self.repository).env_clear().env("PATH", path).env("HOME", &self.folder);
        command.env("COSIGN", &tools.cosign).env("GOSS", &tools.goss).env("TRIVY", &tools.trivy);
        command.env("COSIGN_KEY", self.stage.folder.join("ours.pub"));
        command.env("SIGNING_KEY", self.stage.folder.join("ours.key")).env("COSIGN_PASSWORD", "");
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

    /// Boots the machines that a build uses as its instances, from the parent's image or a vendor's.
    pub(crate) fn boot(&mut self, layer: &str) -> anyhow::Result<()> {
        let parent = self.stage.parent(layer);
        for cloud in self.plan.clouds.clone() {
            let root = self.folder.join("machines").join(format!("{}-{layer}", cloud.as_str()));
            let what = format!("{layer} {}", cloud.source());
            let machine =
                self.stage.timings.time(&self.plan.name, &what, "boot the machine", || -> anyhow::Result<_> {
                    match &parent {
                        None => machine::unpack(&self.stage.tools.cache, &root)?,
                        Some(parent) => {
                            let files = self.stage.files(cloud, parent);
                            copy(&files.with_context(|| format!("there is no image of {parent}"))?, &root)?;
                        }
                    }
                    first_boot(self.stage, cloud, &root, layer)?;
                    Machine::boot(&root)
                })?;
            self.world.connect(self.stage, &machine, cloud)?;
            self.machines.insert(cloud, machine);
        }
        Ok(())
    }

    /// Builds a layer with the production build script. Kills Packer when every source has reached the step `dies_at`.
    pub(crate) fn build(&self, layer: &str, dies_at: Option<&str>) -> anyhow::Result<Built> {
        let mut command = Command::new("timeout");
        let mut build = self.runner("packer/runner/build.sh");
        build.args([layer, "-var", "aws_proxy=", "-var", "gcp_proxy="]);
        if let [cloud] = *self.plan.clouds {
            build.arg(format!("-only={}", cloud.source()));
        }
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
                if dies_at.is_some_and(|words| step.contains(words)) {
                    reached.insert(source);
                    // Wait until the other cloud has its instance, too.
                    if reached.len() == self.plan.clouds.len() {
                        kill_packer(group)?;
                    }
                }
            }
        }
        follower.finish();
        let succeeded = child.wait()?.success();
        Ok(Built { succeeded, log, reports: self.repository.join(format!(".fleetgen/{layer}/reports")) })
    }

    /// Stops everything and removes the folder.
    pub(crate) fn remove(self) -> anyhow::Result<()> {
        let Self { world, machines, folder, .. } = self;
        drop(world);
        drop(machines);
        Ok(fs_err::remove_dir_all(folder)?)
    }

    /// Keeps the machines' files as the images.
    pub(crate) fn keep(&mut self, layer: &str) -> anyhow::Result<()> {
        self.world.end_session();
        for (cloud, machine) in std::mem::take(&mut self.machines) {
            let files = machine.path("/");
            self.stage.timings.time(
                &self.plan.name,
                &format!("{layer} {}", cloud.source()),
                "stop the machine",
                || machine.stop(),
            )?;
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

/// Does what a cloud does at a machine's first boot.
pub(crate) fn first_boot(stage: &Stage, cloud: Cloud, root: &Path, host: &str) -> anyhow::Result<()> {
    let script = fs_err::read_to_string(stage.root.join("tests/rehearsal/first-boot.sh"))?;
    let mut chroot = Command::new("chroot");
    chroot.arg(root).args(["bash", "-c", &script, "_", cloud.as_str(), cloud.user(), host]);
    chroot.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    run(&mut chroot).map(|_| ())
}

/// Kills Packer and its plugins, as if the runner had crashed.
fn kill_packer(group: i32) -> anyhow::Result<()> {
    for entry in fs_err::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Ok(name) = fs_err::read_to_string(format!("/proc/{process}/comm")) else { continue };
        let process = nix::unistd::Pid::from_raw(process);
        if name.starts_with("packer") && nix::unistd::getpgid(Some(process)) == Ok(nix::unistd::Pid::from_raw(group)) {
            // It may have ended in the meantime.
            let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL);
        }
    }
    Ok(())
}
