//! What a build needs around it: emulated clouds, a registry with Trivy's database, and a private network with the machines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use serde::Deserialize;
use serde_json::json;

use crate::machines::{self, Machines};
use crate::proxy;
use crate::stage::{Image, Stage};
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{Fleet, resource_name};
use fleetgen_toolbox::calls::needs;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::machine::{in_network, internet, wait_for};
use fleetgen_toolbox::process::run;

/// The address of the clouds and the registry in the private network.
pub(crate) const ADDRESS: &str = "10.99.0.1";
/// The port at which the machine on AWS accepts SSH. Its sshd listens only on localhost, for Session Manager's agent.
pub(crate) const SESSION_PORT: u16 = 2222;

/// How an emulated cloud is reached.
pub(crate) trait Emulated: Copy {
    /// The source in the Packer template.
    fn source(self) -> &'static str;

    /// The region in which images are built.
    fn region(self) -> &'static str;

    /// The address of its machine.
    fn address(self) -> &'static str;

    /// The user that Packer logs in as: that of the vendor's image, or the one that OS Login gives a service account.
    fn user(self) -> &'static str;

    /// The address and port of its API.
    fn endpoint(self) -> String;
}

impl Emulated for Cloud {
    fn source(self) -> &'static str {
        match self {
            Self::Aws => "amazon-ebs.amd64",
            Self::Gcp => "googlecompute.amd64",
        }
    }

    fn region(self) -> &'static str {
        match self {
            Self::Aws => "ap-northeast-1",
            Self::Gcp => "asia-northeast1",
        }
    }

    fn address(self) -> &'static str {
        match self {
            Self::Aws => "10.99.0.11",
            Self::Gcp => "10.99.0.12",
        }
    }

    fn user(self) -> &'static str {
        match self {
            Self::Aws => "admin",
            Self::Gcp => "sa_100000000000000000001",
        }
    }

    fn endpoint(self) -> String {
        let port = match self {
            Self::Aws => 5001,
            Self::Gcp => 5002,
        };
        format!("{ADDRESS}:{port}")
    }
}

/// Permissions of the job that builds images; on AWS the statement and the action.
#[derive(Debug, Deserialize)]
pub(crate) struct Permissions {
    pub(crate) used: BTreeSet<String>,
    pub(crate) unused: BTreeSet<String>,
}

/// A resource in a cloud.
#[derive(Debug, Deserialize)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Fields that only one of the clouds reports.
    #[serde(flatten)]
    pub(crate) more: serde_json::Map<String, serde_json::Value>,
}

/// How this world differs from the usual one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Oddities {
    /// API actions to refuse, each in a region or, with "", everywhere.
    pub(crate) refuse: &'static [(&'static str, &'static str)],
    /// Trivy's database: one advisory a line, in the format of `tests/tools/trivy`.
    pub(crate) advisories: &'static str,
    /// No machine answers, and no agent of Session Manager reports.
    pub(crate) unreachable: bool,
    /// What to do on a vendor's machine before it boots, in bash.
    pub(crate) plant: &'static str,
    /// Instances are virtual machines, not containers.
    pub(crate) virtual_machines: bool,
    /// Session Manager carries as much as it can, not 1 MB/s.
    pub(crate) fast: bool,
}

pub(crate) struct World {
    folder: PathBuf,
    /// Keeps the network namespace alive.
    holder: Child,
    servers: Vec<Child>,
    machines: Option<Machines>,
    name: String,
}

impl World {
    /// Starts the clouds with these images.
    pub(crate) fn start(
        stage: &Stage,
        name: &str,
        folder: &Path,
        images: &[Image],
        oddities: &Oddities,
    ) -> anyhow::Result<Self> {
        fs_err::create_dir_all(folder)?;
        let mut holder = Command::new("unshare");
        holder.args(["--net", "sleep", "infinity"]).stdin(Stdio::null());
        let holder = holder.spawn().context("cannot start unshare")?;
        let name = name.to_owned();
        let mut world = Self { folder: folder.to_owned(), holder, servers: Vec::new(), machines: None, name };
        world.network()?;
        world.servers.push(internet(world.holder.id())?);
        let squid = proxy::start(&stage.fleet, folder, &world.name, |program| world.command(program))?;
        world.servers.push(squid);
        for cloud in Cloud::ALL {
            let settings = world.settings(stage, cloud, images, oddities)?;
            let script = match cloud {
                Cloud::Aws => "ec2.py",
                Cloud::Gcp => "compute.py",
            };
            world.serve(stage, script, &settings)?;
        }
        let database = folder.join("database");
        stage.tools.trivy_database(&database, "now", oddities.advisories)?;
        world.serve(stage, "registry.py", &json!({ "address": format!("{ADDRESS}:5000"), "database": database }))?;
        for cloud in Cloud::ALL {
            world.state(cloud)?;
        }
        world.machines = Some(Machines::follow(stage, folder, world.holder.id(), images, oddities)?);
        world.get(&format!("{ADDRESS}:5000/v2/"))?;
        Ok(world)
    }

    fn network(&self) -> anyhow::Result<()> {
        let is_apart = || {
            fs_err::read_link(format!("/proc/{}/ns/net", self.holder.id())).ok()
                != fs_err::read_link("/proc/self/ns/net").ok()
        };
        wait_for(|| is_apart().then_some(()), "the network of the clouds")?;
        let script = "ip link set lo up && ip link add builds type bridge && ip link set builds up && ip address add \"$1/24\" dev builds";
        run(self.command("bash").args(["-c", script, "_", ADDRESS])).map(|_| ())
    }

    fn settings(
        &self,
        stage: &Stage,
        cloud: Cloud,
        images: &[Image],
        oddities: &Oddities,
    ) -> anyhow::Result<serde_json::Value> {
        let of_cloud = images.iter().filter(|image| image.cloud == cloud);
        let spool = machines::spool(&self.folder, cloud);
        let Fleet { name, networks, .. } = &stage.fleet;
        let region = cloud.region();
        let network = networks.values().find(|network| network.cloud == cloud && network.region.as_str() == region);
        let network = &network.with_context(|| format!("the rehearsal's fleet has no network in {region}"))?.name;
        let build = resource_name::build_network(name, network);
        Ok(match cloud {
            Cloud::Aws => json!({
                "address": cloud.endpoint(),
                "account": stage.account,
                "region": region,
                "regions": ["us-west-2"],
                "vpc": resource_name::network(name, network),
                "subnet": format!("{build}-a"),
                "security_group": build,
                "instance_profile": resource_name::build_identity(name),
                "images": of_cloud.map(|image| json!({
                    "name": image.name, "owner": image.owner, "architecture": "x86_64", "tags": image.tags,
                })).collect::<Vec<_>>(),
                "spool": spool,
                "refuse": oddities.refuse,
                "signing_alias": stage.signing_alias(),
                "fleet": name,
                // What the account's root gives the job that builds images.
                "policy": fleetgen_emit::build_policy(&stage.fleet).map_err(anyhow::Error::msg)?,
            }),
            Cloud::Gcp => json!({
                "address": cloud.endpoint(),
                "machine": cloud.address(),
                "images": of_cloud.map(|image| json!({
                    "project": image.owner, "name": image.name, "labels": image.tags,
                })).collect::<Vec<_>>(),
                "subnetworks": [build],
                "spool": spool,
                "user": cloud.user(),
                "refuse": oddities.refuse.iter().map(|(method, _)| method).collect::<Vec<_>>(),
                // What the project's root gives the job that builds images, and what each method asks for.
                "permissions": fleetgen_emit::build_permissions(&stage.fleet).map_err(anyhow::Error::msg)?,
                "needs": needs(&fs_err::read_to_string(stage.root.join("tests/iam/google.txt"))?)?.methods,
            }),
        })
    }

    /// Starts one of the servers of `tests/rehearsal/clouds`.
    fn serve(&mut self, stage: &Stage, script: &str, settings: &serde_json::Value) -> anyhow::Result<()> {
        let file = self.folder.join(script).with_extension("json");
        write(&file, &settings.to_string())?;
        let log = fs_err::File::create(self.folder.join(script).with_extension("log"))?.into_parts().0;
        let mut command = self.command(stage.tools.clouds.join("python"));
        // -B: write no compiled files into the repository.
        command.arg("-B").arg(stage.root.join("tests/rehearsal/clouds").join(script)).arg(file);
        let server = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        self.servers.push(server);
        Ok(())
    }

    /// A command in the network of the clouds.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        in_network(self.holder.id(), program)
    }

    /// The machines of the clouds.
    pub(crate) fn machines(&self) -> anyhow::Result<&Machines> {
        self.machines.as_ref().context("the world has no machines")
    }

    /// Ends all sessions of Session Manager, as if the service had lost them.
    pub(crate) fn cut_sessions(&self) -> anyhow::Result<()> {
        self.get(&format!("{}/rehearsal/cut", Cloud::Aws.endpoint())).map(|_| ())
    }

    /// Refuses nothing any more.
    pub(crate) fn allow_everything(&self) -> anyhow::Result<()> {
        self.get(&format!("{}/rehearsal/allow", Cloud::Aws.endpoint())).map(|_| ())
    }

    /// What machines sent past the proxy must be expected.
    pub(crate) fn judge_packets(&self) -> anyhow::Result<()> {
        proxy::judge(&self.name, |program| self.command(program))
    }

    /// The permissions of the build's job that a cloud saw in use, and those it did not.
    pub(crate) fn permissions(&self, cloud: Cloud) -> anyhow::Result<Permissions> {
        Ok(serde_json::from_str(&self.get(&format!("{}/rehearsal", cloud.endpoint()))?)?)
    }

    /// Whether a process is in the network of the clouds.
    pub(crate) fn has(&self, process: i32) -> bool {
        let network = |process: &str| fs_err::read_link(format!("/proc/{process}/ns/net")).ok();
        let ours = network(&self.holder.id().to_string());
        ours.is_some() && network(&process.to_string()) == ours
    }

    /// The resources of a cloud.
    ///
    /// # Errors
    /// The cloud does not answer, or a request did not fit its API.
    pub(crate) fn state(&self, cloud: Cloud) -> anyhow::Result<Vec<Resource>> {
        #[derive(Deserialize)]
        struct State {
            found: Vec<Resource>,
            problems: Vec<String>,
        }
        let State { found, mut problems } =
            serde_json::from_str(&self.get(&format!("{}/rehearsal", cloud.endpoint()))?)?;
        problems.extend(self.machines.iter().flat_map(Machines::problems));
        anyhow::ensure!(problems.is_empty(), "requests that do not fit the API of {}: {problems:?}", cloud.as_str());
        Ok(found)
    }

    fn get(&self, url: &str) -> anyhow::Result<String> {
        run(curl(self.holder.id()).arg(format!("http://{url}"))).with_context(|| {
            let logs = ["ec2", "compute", "registry"]
                .map(|name| fs_err::read_to_string(self.folder.join(name).with_extension("log")).unwrap_or_default());
            format!("a server of the rehearsal does not answer:\n{}", logs.join("\n"))
        })
    }
}

/// curl in a network, which waits for a server that is still starting.
pub(crate) fn curl(network: u32) -> Command {
    let mut curl = in_network(network, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]);
    curl.args(["--retry", "60", "--retry-connrefused", "--retry-delay", "1"]);
    curl
}

impl Drop for World {
    fn drop(&mut self) {
        self.machines = None;
        for child in self.servers.iter_mut().chain([&mut self.holder]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
