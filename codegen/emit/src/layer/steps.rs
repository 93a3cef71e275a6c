//! Which hand-written scripts and checks a layer uses.

use fleetgen_fleet::catalog::hardening;
use fleetgen_fleet::choice::Docker;
use fleetgen_fleet::{Fleet, Layer};

/// What every build runs before and after its layer's own scripts. `packer/scripts/start/cloud-init.sh` runs before anything
/// is uploaded; the reboot, the checks and the cleaning are separate steps of the template.
const FRAME: &[&str] = &[
    "lib.sh",
    "start/cloud-init.sh",
    "start/unpack.sh",
    "start/proxy.sh",
    "verify/reboot.sh",
    "verify/rebooted.sh",
    "verify/old-kernels.sh",
    "verify/goss.sh",
    "verify/trivy.sh",
    "verify/gate.sh",
    "verify/boot.sh",
    "verify/collect-logs.sh",
    "clean/clean.sh",
    "clean/check.sh",
];

/// The hand-written files that a layer uses.
pub(super) struct Steps {
    /// The layer's own scripts, in the order in which they run.
    pub(super) scripts: Vec<String>,
    /// The layer's own checks.
    pub(super) checks: Vec<String>,
    /// Whether it installs a kernel or a driver, so that the machine must reboot.
    pub(super) reboots: bool,
}

impl Steps {
    /// Every hand-written file of the build.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        let frame = FRAME.iter().map(|name| script(name));
        frame.chain(self.scripts.iter().cloned()).chain(self.checks.iter().cloned())
    }
}

fn script(name: &str) -> String {
    format!("packer/scripts/{name}")
}

/// What a layer needs in addition to the layers it is built on.
pub(super) fn steps(fleet: &Fleet, layer: &Layer) -> Steps {
    let parent = fleet.parent(layer);
    let mut scripts = Vec::new();
    let mut checks = Vec::new();
    if parent.is_none() {
        scripts.extend([
            "base/upgrades-off.sh",
            "base/sources.sh",
            "base/updates.sh",
            "base/agents.sh",
            "base/proxy.sh",
            "base/disks.sh",
            "base/secrets.sh",
            "base/boot.sh",
            "base/access.sh",
        ]);
        checks.push("base");
    }
    let sections: Vec<_> =
        hardening::sections(layer).filter(|_| parent.is_none()).map(|section| section.name).collect();
    let had_docker = parent.is_some_and(|parent| parent.docker != Docker::None);
    match layer.docker {
        Docker::DockerCe if !had_docker => scripts.extend(["docker/docker-ce.sh", "docker/daemon.sh"]),
        Docker::Distribution if !had_docker => scripts.extend(["docker/distribution.sh", "docker/daemon.sh"]),
        Docker::DockerCe | Docker::Distribution | Docker::None => {}
    }
    if layer.docker != Docker::None && !had_docker {
        checks.push("docker");
    }
    if layer.ecr_registry().is_some() {
        scripts.push("docker/ecr.sh");
        checks.push("docker-ecr");
    }
    if layer.artifact_registry().is_some() {
        scripts.push("docker/artifact-registry.sh");
        checks.push("docker-artifact-registry");
    }
    let nvidia = layer.nvidia.as_ref().filter(|_| parent.is_none_or(|parent| parent.nvidia.is_none()));
    if let Some(nvidia) = nvidia {
        scripts.push("nvidia/driver.sh");
        checks.push("nvidia");
        if nvidia.container_toolkit {
            scripts.push("nvidia/container-toolkit.sh");
            checks.push("nvidia-container-toolkit");
        }
        if nvidia.fabric_manager {
            scripts.push("nvidia/fabric-manager.sh");
            checks.push("nvidia-fabric-manager");
        }
    }
    Steps {
        scripts: scripts
            .into_iter()
            .map(script)
            .chain(sections.iter().map(|name| script(&format!("hardening/{name}.sh"))))
            .collect(),
        checks: checks
            .into_iter()
            .map(|name| format!("goss/{name}.yaml"))
            .chain(sections.iter().map(|name| format!("goss/hardening/{name}.yaml")))
            .collect(),
        reboots: parent.is_none() || nvidia.is_some(),
    }
}
