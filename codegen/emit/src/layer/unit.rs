//! Units of systemd: services with their sandbox, timers, and what a package's unit waits for.

use fleetgen_fleet::choice::{Sandbox, ServiceType};
use fleetgen_fleet::scalar::ServiceName;
use fleetgen_fleet::{Layer, Service};
use serde::Serialize;

use super::machine::{MachineFile, ours};
use super::render::UNITS;
use crate::EmitError;
use crate::language::argument;

/// The units of a layer's services.
pub(super) fn files(layer: &Layer) -> Result<Vec<MachineFile>, EmitError> {
    let mut files = Vec::new();
    for (name, service) in &layer.services {
        let path = |file: &str| format!("etc/systemd/system/{name}.{file}");
        if service.command.is_empty() {
            if !service.after.is_empty() || !service.requires.is_empty() {
                files.push(ours(
                    &UNITS,
                    path(&format!("service.d/{}", Service::DROP_IN)),
                    "drop-in.conf",
                    &needs(service),
                )?);
            }
            continue;
        }
        files.push(ours(&UNITS, path("service"), "unit.service", &unit(layer, name, service))?);
        if service.timer.is_some() {
            files.push(ours(&UNITS, path("timer"), "unit.timer", service)?);
        }
    }
    Ok(files)
}

/// The unit that starts a service, which is enabled and checked.
pub(super) fn starter(name: &ServiceName, service: &Service) -> String {
    if service.timer.is_some() { format!("{name}.timer") } else { name.to_string() }
}

#[derive(Serialize)]
struct Needs {
    after: Vec<String>,
    requires: Vec<String>,
}

fn needs(service: &Service) -> Needs {
    let units = |names: &[ServiceName]| names.iter().map(|name| format!("{name}.service")).collect::<Vec<_>>();
    let requires = units(&service.requires);
    let mut after = units(&service.after);
    after.extend(requires.iter().filter(|unit| !after.contains(unit)).cloned().collect::<Vec<_>>());
    Needs { after, requires }
}

#[derive(Serialize)]
struct Unit<'a> {
    name: &'a str,
    service: &'a Service,
    #[serde(flatten)]
    needs: Needs,
    command: Vec<String>,
    before_start: Vec<Vec<String>>,
    user: &'a str,
    environment: Vec<(&'a str, &'a str)>,
    /// One that has ended counts as active until the machine stops.
    remains: bool,
    capabilities: Vec<&'static str>,
    gpu: bool,
    docker: bool,
    /// What the sandbox leaves out.
    without: Without,
}

/// Parts of the sandbox that a service cannot run in.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one line of a unit")]
struct Without {
    devices: bool,
    home: bool,
    kernel_tunables: bool,
    control_groups: bool,
    processes: bool,
    temporary_files: bool,
    namespaces: bool,
    realtime: bool,
    address_families: bool,
    system_calls: bool,
}

fn unit<'a>(layer: &'a Layer, name: &'a ServiceName, service: &'a Service) -> Unit<'a> {
    let words = |command: &[fleetgen_fleet::scalar::Text]| -> Vec<String> {
        command.iter().map(|word| argument(word.as_str())).collect()
    };
    let program = service.command.first().map_or("", AsRef::as_ref);
    let process = program.rsplit('/').next().unwrap_or(program);
    // Only a service that listens below 1024 gets the capability to.
    let low_port = layer.ports.iter().any(|port| {
        port.port.get() < 1024 && port.process.as_ref().is_some_and(|name| process.starts_with(name.as_str()))
    });
    let without = |part: Sandbox| service.sandbox_exceptions.contains_key(&part);
    let mut capabilities = Vec::new();
    if low_port {
        capabilities.push("CAP_NET_BIND_SERVICE");
    }
    if without(Sandbox::NetworkAdministration) {
        capabilities.extend(["CAP_NET_ADMIN", "CAP_NET_RAW"]);
    }
    Unit {
        name: name.as_str(),
        service,
        needs: needs(service),
        command: words(&service.command),
        before_start: service.before_start.iter().map(|command| words(command)).collect(),
        user: service.user.as_ref().map_or("root", AsRef::as_ref),
        environment: service.environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        remains: service.kind == ServiceType::Oneshot && service.timer.is_none(),
        capabilities,
        gpu: layer.nvidia.is_some(),
        docker: process == "docker",
        without: Without {
            devices: without(Sandbox::Devices),
            home: without(Sandbox::Home),
            kernel_tunables: without(Sandbox::KernelTunables),
            control_groups: without(Sandbox::ControlGroups),
            processes: without(Sandbox::Processes),
            temporary_files: without(Sandbox::TemporaryFiles),
            namespaces: without(Sandbox::Namespaces),
            realtime: without(Sandbox::Realtime),
            address_families: without(Sandbox::AddressFamilies),
            system_calls: without(Sandbox::SystemCalls),
        },
    }
}
