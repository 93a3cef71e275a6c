//! systemd services of layers.

use crate::choice::{Restart, ServiceType};
use crate::field::{Field, Optional as _, entries, list};
use crate::file;
use crate::model::{Limits, Service, Timer};
use crate::scalar::{Duration, Lasting, Number, ServiceName};

pub(super) fn service(name: &ServiceName, service: &file::Service) -> Option<Service> {
    let package = match (&service.package, &service.command) {
        (Some(package), None) => Some(package.value.clone()?),
        (None, None) => name.as_str().parse().ok(),
        (_, Some(_)) => None,
    };
    let timer = match service.timer.read()? {
        Some(timer) => Some(self::timer(&timer)?),
        None => None,
    };
    let kind = service.kind.default_to(if timer.is_some() { ServiceType::Oneshot } else { ServiceType::Service })?;
    let restart = match kind {
        ServiceType::Service => Restart::OnFailure,
        ServiceType::Oneshot => Restart::No,
    };
    let before_start = service.before_start.iter().filter_map(Field::get).flatten();
    Some(Service {
        package,
        description: service.description.as_ref().and_then(|text| text.value.clone()),
        command: list(service.command.as_ref()),
        user: service.user.as_ref().and_then(|user| user.value.clone()),
        environment: entries(service.environment.as_ref())
            .iter()
            .filter_map(|(name, value)| Some((name.value.clone()?, value.value.clone()?)))
            .collect(),
        enabled: service.enabled.default_to(true)?,
        after: list(service.after.as_ref()),
        requires: list(service.requires.as_ref()),
        kind,
        timer,
        before_start: before_start.map(|command| list(Some(command))).collect(),
        start_timeout: service.start_timeout.read()?.map(|Lasting(duration)| duration),
        stop_timeout: service.stop_timeout.read()?.map(|Lasting(duration)| duration),
        restart: service.restart.default_to(restart)?,
        limits: limits(&*service.limits.section()?)?,
        writable: list(service.writable.as_ref()),
        sandbox_exceptions: entries(service.sandbox_exceptions.as_ref())
            .iter()
            .filter_map(|(part, reason)| Some((part.value?, reason.value.clone()?)))
            .collect(),
    })
}

fn timer(timer: &file::Timer) -> Option<Timer> {
    Some(Timer {
        calendar: timer.calendar.value.clone()?,
        delay: timer.delay.default_to(Lasting(Duration::from_seconds(0)))?.0,
        catch_up: timer.catch_up.default_to(false)?,
    })
}

fn limits(limits: &file::Limits) -> Option<Limits> {
    Some(Limits {
        open_files: limits.open_files.read()?.map(|Number(files)| files),
        processes: limits.processes.read()?.map(|Number(processes)| processes),
        memory: limits.memory.read()?,
        cpu: limits.cpu.read()?.map(|Number(percent)| percent),
    })
}
