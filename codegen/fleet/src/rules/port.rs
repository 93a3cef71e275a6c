//! Open ports.

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::choice::Cloud;
use crate::draft::{Draft, GroupDraft};
use crate::group::{Egress, OpenPort};

/// A port is opened once, and not past the load balancer.
pub(super) fn ports(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let behind = |port: &OpenPort| {
        let mut backends = group.all_backends().map(|(_, backend)| backend);
        backends.any(|backend| {
            port.port.overlaps(backend.port.into()) && backend.protocol.transports().contains(&port.protocol)
        })
    };
    for (index, port) in group.ports.iter().enumerate() {
        let number = port.port;
        let mut report = |key: &str, message: String, hint: &str| {
            let at = group.origins.span(&format!("ports[{index}]{key}"));
            problems.push(Problem::new(Code::Port, at, message).hint(hint));
        };
        let opened = |other: &&OpenPort| other.protocol == port.protocol && other.port.overlaps(number);
        if let Some(other) = group.ports[..index].iter().find(opened) {
            let message = if other.port == number {
                format!("port {number}/{} is opened twice", port.protocol)
            } else {
                format!("the ports {number} and {} of {} overlap", other.port, port.protocol)
            };
            report(".port", message, "list all sources in one `from`");
        }
        if behind(port) && port.from.iter().any(|from| from.prefix() == 0) {
            let message = format!("port {number} is open to everybody, bypassing the load balancer");
            report(".from", message, "remove it from `ports`: the load balancer can already connect");
        }
    }
}

/// What machines may connect to is said once.
pub(super) fn egress(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    for (index, egress) in group.egress.iter().enumerate() {
        let same = |other: &&Egress| {
            other.to == egress.to && other.protocol == egress.protocol && other.port.overlaps(egress.port)
        };
        if group.egress[..index].iter().any(|other| same(&other)) {
            let message = format!("port {}/{} of `{}` is named twice", egress.port, egress.protocol, egress.to);
            let at = group.origins.span(&format!("egress[{index}].port"));
            problems.push(Problem::new(Code::Port, at, message).hint("remove one of them"));
        }
    }
}

/// On AWS, descriptions have only characters that security group rules allow (botocore 1.44, `CidrIp.Description`).
pub(super) fn descriptions(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    if group.cloud() != Cloud::Aws {
        return;
    }
    for (index, port) in group.ports.iter().enumerate() {
        let Some(description) = &port.description else { continue };
        let allowed =
            |character: char| character.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(character);
        if !description.as_str().chars().all(allowed) {
            problems.push(
                Problem::new(
                    Code::Port,
                    group.origins.span(&format!("ports[{index}].description")),
                    format!("AWS does not allow the port description `{description}`"),
                )
                .hint("use letters, digits, spaces and `. _ - : / ( ) # , @ [ ] + = & ; { } ! $ *`"),
            );
        }
    }
}
