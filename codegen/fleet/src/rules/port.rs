//! Open ports.

use std::collections::BTreeSet;

use fleetgen_problem::{Code, Problem};

use super::Problems;
use crate::choice::{Cloud, Transport};
use crate::draft::{Draft, GroupDraft};

/// A port is opened once, and not past the load balancer.
pub(super) fn ports(_: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    let behind = group.load_balancer.as_ref().map(|backend| backend.port);
    for (index, port) in group.ports.iter().enumerate() {
        let number = port.port.get();
        let mut report = |key: &str, message: String, hint: &str| {
            let at = group.origins.span(&format!("ports[{index}]{key}"));
            problems.push(Problem::new(Code::Port, at, message).hint(hint));
        };
        if !seen.insert((port.port, port.protocol)) {
            let message = format!("port {number}/{} is opened twice", port.protocol);
            report(".port", message, "list all sources in one `from`");
        }
        if Some(port.port) == behind
            && port.protocol == Transport::Tcp
            && port.from.iter().any(|from| from.prefix() == 0)
        {
            let message = format!("port {number} is open to everybody, bypassing the load balancer");
            report(".from", message, "remove it from `ports`: the load balancer can already connect");
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
