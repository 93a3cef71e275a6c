//! The machines behind the instances of the emulated clouds: a container each, or a virtual machine. The clouds say what
//! happens to an instance (`tests/rehearsal/clouds/spool.py`), and one thread for each cloud does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::rehearsal::{copy, first_boot};
use crate::stage::{Image, Stage};
use crate::world::{ADDRESS, Emulated as _, Oddities, SESSION_PORT, curl};
use fleetgen_fleet::choice::Cloud;
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::machine::{self, Machine, in_network};
use fleetgen_toolbox::process::run;
use fleetgen_toolbox::virtual_machine::{self, VirtualMachine};
use serde_json::json;

/// What a cloud does to an instance.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Start,
    Stop,
    /// An image is made of its disk.
    Image,
    /// It is gone, with its disk.
    End,
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "event")]
    what: What,
    instance: String,
    /// The name of the image that it starts from, or that is made of it.
    image: Option<String>,
    /// The keys that may log in.
    key: Option<String>,
}

/// What the threads share with the rehearsal.
#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    problems: Mutex<Vec<String>>,
    /// The files of the images that were made here, by cloud and name.
    images: Mutex<BTreeMap<(Cloud, String), PathBuf>>,
    /// The clouds whose machines must restart now.
    restarts: Mutex<BTreeSet<Cloud>>,
}

pub(crate) struct Machines {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Machines {
    /// Follows what the clouds write to their spools. `network` is a process in the network of the clouds.
    pub(crate) fn follow(
        stage: &Stage,
        folder: &Path,
        network: u32,
        images: &[Image],
        oddities: &Oddities,
    ) -> anyhow::Result<Self> {
        let shared = Arc::<Shared>::default();
        let mut threads = Vec::new();
        for cloud in Cloud::ALL {
            let spool = spool(folder, cloud);
            fs_err::create_dir_all(&spool)?;
            let host = Host {
                cloud,
                spool,
                folder: folder.join("machines"),
                network,
                silent: oddities.unreachable,
                plant: oddities.plant,
                virtual_machines: oddities.virtual_machines,
                root: stage.root.clone(),
                cache: stage.tools.cache.clone(),
                python: stage.tools.clouds.join("python"),
                proxy: stage.proxy_host(cloud),
                given: images.to_vec(),
                shared: Arc::clone(&shared),
                running: BTreeMap::new(),
            };
            threads.push(
                std::thread::Builder::new().name(format!("machines of {}", cloud.as_str())).spawn(|| host.run())?,
            );
        }
        Ok(Self { shared, threads })
    }

    /// The files of an image that was made here.
    pub(crate) fn image(&self, cloud: Cloud, name: &str) -> Option<PathBuf> {
        lock(&self.shared.images).get(&(cloud, name.to_owned())).cloned()
    }

    /// What went wrong with machines.
    pub(crate) fn problems(&self) -> Vec<String> {
        lock(&self.shared.problems).clone()
    }

    /// Restarts the machines of a cloud without its knowledge. Their agents do not say goodbye.
    pub(crate) fn restart(&self, cloud: Cloud) {
        lock(&self.shared.restarts).insert(cloud);
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Where a cloud writes what happens to its machines.
pub(crate) fn spool(folder: &Path, cloud: Cloud) -> PathBuf {
    folder.join("spool").join(cloud.as_str())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The machines of one cloud.
struct Host {
    cloud: Cloud,
    spool: PathBuf,
    folder: PathBuf,
    network: u32,
    /// No agent of Session Manager reports, and nothing answers.
    silent: bool,
    plant: &'static str,
    virtual_machines: bool,
    root: PathBuf,
    cache: PathBuf,
    python: PathBuf,
    proxy: String,
    given: Vec<Image>,
    shared: Arc<Shared>,
    running: BTreeMap<String, Running>,
}

struct Running {
    body: Body,
    /// The agent of Session Manager, beside a container. A virtual machine has it on its disk.
    agent: Option<Child>,
}

enum Body {
    Container(Machine),
    Virtual(VirtualMachine),
}

impl Host {
    fn run(mut self) {
        let mut next = 1;
        while !self.shared.ended.load(Ordering::Relaxed) {
            let file = self.spool.join(format!("{next:04}.json"));
            if let Ok(text) = fs_err::read_to_string(&file) {
                next += 1;
                let done = serde_json::from_str(&text).map_err(anyhow::Error::from).and_then(|event| self.does(&event));
                self.note(done.with_context(|| text));
                self.note(write(&file.with_extension("done"), ""));
            }
            if lock(&self.shared.restarts).remove(&self.cloud) {
                let restarted = self.restart();
                self.note(restarted);
            }
            let watched = self.watch_for_reboots();
            self.note(watched);
            std::thread::sleep(Duration::from_millis(50));
        }
        for (_, running) in std::mem::take(&mut self.running) {
            end_agent(running.agent);
        }
    }

    fn note(&self, result: anyhow::Result<()>) {
        if let Err(error) = result {
            lock(&self.shared.problems).push(format!("a machine on {}: {error:#}", self.cloud.as_str()));
        }
    }

    fn does(&mut self, event: &Event) -> anyhow::Result<()> {
        let files = self.folder.join(format!("{}-{}", self.cloud.as_str(), event.instance));
        let image = event.image.clone().unwrap_or_default();
        match event.what {
            What::Start if self.silent => Ok(()),
            What::Start => self.start(event, &files, &image),
            What::Stop => match self.running.remove(&event.instance) {
                Some(running) => {
                    end_agent(running.agent);
                    match running.body {
                        Body::Container(machine) => machine.stop(),
                        Body::Virtual(machine) => machine.stop(),
                    }
                }
                None => Ok(()),
            },
            What::Image => {
                lock(&self.shared.images).insert((self.cloud, image), files);
                Ok(())
            }
            What::End => {
                if let Some(running) = self.running.remove(&event.instance) {
                    end_agent(running.agent);
                }
                let is_kept = lock(&self.shared.images).values().any(|kept| *kept == files);
                if !is_kept && files.exists() {
                    fs_err::remove_dir_all(files)?;
                }
                Ok(())
            }
        }
    }

    fn start(&mut self, event: &Event, files: &Path, image: &str) -> anyhow::Result<()> {
        let own = lock(&self.shared.images).get(&(self.cloud, image.to_owned())).cloned();
        let given = self.given.iter().find(|given| given.cloud == self.cloud && given.name == image);
        let given = given.with_context(|| format!("there is no image {image}"));
        let from = match own {
            Some(own) => Some(own),
            None => given?.layer.clone().map(|(_, files)| files),
        };
        if self.virtual_machines {
            let machine = self.start_virtual(event, files, from.as_deref())?;
            let running = Running { body: Body::Virtual(machine), agent: None };
            self.running.insert(event.instance.clone(), running);
            return Ok(());
        }
        if let Some(from) = from {
            copy(&from, files)?;
        } else {
            machine::unpack(&self.cache, files)?;
            run(Command::new("chroot").arg(files).args(["bash", "-euc", self.plant]))?;
        }
        first_boot(
            &self.root,
            self.cloud,
            files,
            &event.instance,
            &self.proxy,
            event.key.as_deref().unwrap_or_default(),
        )?;
        write(&files.join("etc/resolv.conf"), &format!("nameserver {ADDRESS}\n"))?;
        let machine = Machine::boot_connected(files, "builds", &|outer| self.connect(outer))?;
        let agent = self.agent(&event.instance, &machine)?;
        self.running.insert(event.instance.clone(), Running { body: Body::Container(machine), agent });
        Ok(())
    }

    /// Starts a virtual machine from the disk of an image, or from the vendor's. `files` is the machine's folder.
    fn start_virtual(&self, event: &Event, files: &Path, from: Option<&Path>) -> anyhow::Result<VirtualMachine> {
        let (disk, seed) = (files.join("disk.raw"), files.join("seed"));
        fs_err::create_dir_all(&seed)?;
        match from {
            Some(from) => {
                run(Command::new("cp").arg("--sparse=always").arg(from.join("disk.raw")).arg(&disk))?;
            }
            None => virtual_machine::disk(&self.cache, &disk, |root| self.dress(root))?,
        }
        let keys: Vec<&str> = event.key.as_deref().unwrap_or_default().lines().collect();
        let about = json!({ "instance-id": event.instance, "local-hostname": event.instance, "public-keys": keys });
        write(&seed.join("meta-data"), &about.to_string())?;
        let user = json!({
            "user": { "name": self.cloud.user(), "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL" },
            // In production, the network's private zone has the name of the proxy.
            "bootcmd": [format!("grep -q registry /etc/hosts || echo {ADDRESS} registry.localhost {} >>/etc/hosts", self.proxy)],
        });
        write(&seed.join("user-data"), &format!("#cloud-config\n{user}\n"))?;
        let there = |program: &str| in_network(self.network, program);
        let interface = format!("to-{}", self.cloud.as_str());
        let script =
            "ip link delete \"$1\" 2>/dev/null; ip tuntap add \"$1\" mode tap && ip link set \"$1\" master builds up";
        run(there("bash").args(["-c", script, "_", &interface]))?;
        let start = virtual_machine::Start { disk: &disk, seed: &seed, interface: &interface, folder: files };
        VirtualMachine::start(&self.cache, &start, there)
    }

    /// Gives a vendor's disk a network, and an agent of Session Manager.
    fn dress(&self, root: &Path) -> anyhow::Result<()> {
        let network = format!(
            "[Match]\nName=e*\n[Network]\nAddress={}/24\nGateway={ADDRESS}\nIPv6AcceptRA=no\n",
            self.cloud.address()
        );
        write(&root.join("etc/systemd/network/10-all.network"), &network)?;
        write(&root.join("etc/resolv.conf"), &format!("nameserver {ADDRESS}\n"))?;
        let agent = root.join("usr/lib/amazon-ssm-agent");
        fs_err::create_dir_all(&agent)?;
        fs_err::copy(self.root.join("tests/rehearsal/clouds/session.py"), agent.join("session.py"))?;
        let unit = format!(
            "[Unit]\nAfter=cloud-init.service\n[Service]\nExecStart=/bin/sh -c 'exec python3 -B /usr/lib/amazon-ssm-agent/session.py 0.0.0.0:{SESSION_PORT} {} $(cat /var/lib/cloud/data/instance-id) {}:{SESSION_PORT}'\nRestart=always\nRestartSec=2\n[Install]\nWantedBy=multi-user.target\n",
            self.cloud.endpoint(),
            self.cloud.address(),
        );
        write(&root.join("etc/systemd/system/amazon-ssm-agent.service"), &unit)?;
        let script = format!("systemctl --quiet enable amazon-ssm-agent.service\n{}", self.plant);
        run(Command::new("chroot").arg(root).args(["bash", "-euc", &script])).map(|_| ())
    }

    /// Connects a machine to the network of the clouds, from where only the proxy leads further.
    fn connect(&self, machine: u32) -> anyhow::Result<()> {
        let name = format!("to-{}", self.cloud.as_str());
        let script = "ip link delete \"$1\" 2>/dev/null; ip link add \"$1\" type veth peer name builds netns \"$2\" && ip link set \"$1\" master builds up";
        run(in_network(self.network, "bash").args(["-c", script, "_", &name, &machine.to_string()]))?;
        let script = "ip address add \"$1/24\" dev builds && ip link set builds up && ip route add default via \"$2\"";
        run(in_network(machine, "bash").args(["-c", script, "_", self.cloud.address(), ADDRESS])).map(|_| ())
    }

    /// Starts Session Manager's agent. It runs in the machine's network, but is not on its disk.
    fn agent(&self, instance: &str, machine: &Machine) -> anyhow::Result<Option<Child>> {
        if self.cloud != Cloud::Aws {
            return Ok(None);
        }
        let mut agent = in_network(machine.init(), &self.python);
        agent.arg("-B").arg(self.root.join("tests/rehearsal/clouds/session.py"));
        agent.args([format!("{}:{SESSION_PORT}", self.cloud.address()), self.cloud.endpoint(), instance.to_owned()]);
        Ok(Some(agent.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    fn restart(&mut self) -> anyhow::Result<()> {
        for (instance, running) in &mut self.running {
            let Body::Container(machine) = &running.body else { continue };
            end_agent(running.agent.take());
            lost(self.network, self.cloud, instance)?;
            // The first process of the container ends at once, as at a reset.
            let _ = machine.bash(&[], "systemctl reboot --force --force");
        }
        Ok(())
    }

    /// A machine that reboots loses its agent, and gets another one when it is up again.
    fn watch_for_reboots(&mut self) -> anyhow::Result<()> {
        let is_gone = |running: &Running| matches!(&running.body, Body::Container(machine) if machine.is_gone());
        let gone: Vec<String> =
            self.running.iter().filter(|(_, running)| is_gone(running)).map(|(name, _)| name.clone()).collect();
        for instance in gone {
            let Some(mut running) = self.running.remove(&instance) else { continue };
            end_agent(running.agent.take());
            if self.cloud == Cloud::Aws {
                lost(self.network, self.cloud, &instance)?;
            }
            if let Body::Container(machine) = &mut running.body {
                machine.wait_until_up()?;
                running.agent = self.agent(&instance, machine)?;
            }
            self.running.insert(instance, running);
        }
        Ok(())
    }
}

/// Tells a cloud that the agent on an instance is gone.
fn lost(network: u32, cloud: Cloud, instance: &str) -> anyhow::Result<()> {
    run(curl(network).arg(format!("http://{}/rehearsal/lost/{instance}", cloud.endpoint()))).map(|_| ())
}

fn end_agent(agent: Option<Child>) {
    if let Some(mut agent) = agent {
        let _ = agent.kill();
        let _ = agent.wait();
    }
}
