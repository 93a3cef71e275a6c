//! The GitHub runner: its network reaches what every job needs.

use fleetgen_problem::{Code, Problem};

use super::{Problems, endpoint};
use crate::catalog;
use crate::choice::{Architecture, Cloud, ProxyClient};
use crate::draft::Draft;
use crate::field::Field;
use crate::runner::ENDPOINTS;

/// The network in which images are built on AWS exists, and has the endpoints that a job needs.
pub(super) fn network(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(field) = &draft.file.runner else { return };
    let Some(network) = draft.build_network(Cloud::Aws) else {
        problems.push(
            Problem::new(Code::Cloud, field.span, "the runner needs a network on AWS in which images are built")
                .label("there is none")
                .hint("add a network with `cloud: aws`, or remove `runner`"),
        );
        return;
    };
    let ecr = draft.aws_account().is_some_and(|account| account.ecr_repositories.is_some());
    let registry = endpoint::ECR.map(|service| (service, "verifies containers in Amazon ECR"));
    for (service, purpose) in ENDPOINTS.iter().copied().chain(registry.into_iter().filter(|_| ecr)) {
        let message = format!("the runner {purpose}, and `{}` has no endpoint `{service}`", network.name);
        let problem = endpoint::missing(network, service, field.span, message);
        problems.extend(problem.map(|problem| problem.label(format!("needs `{service}`"))));
    }
}

/// Its machine type exists and has the architecture of the tools, and there is an image to start from.
pub(super) fn machine(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(runner) = &draft.file.runner else { return };
    let image = draft.vendor_image(Cloud::Aws, Architecture::Amd64);
    if let Some(layer) = image.filter(|layer| !layer.os.curl_signs) {
        problems.push(
            Problem::new(
                Code::Machine,
                runner.span,
                format!(
                    "the runner would start from the image of `{}`, whose curl cannot sign requests to AWS",
                    layer.name
                ),
            )
            .label(layer.os.title)
            .hint("add a layer with a later system whose name comes first"),
        );
    }
    // If a layer is wrong, that is the problem to report.
    if draft.has_all_layers() && image.is_none() {
        problems.push(
            Problem::new(
                Code::Machine,
                runner.span,
                "no layer has a vendor's image on AWS for amd64, which the runner starts from",
            )
            .label("needs an image on AWS")
            .hint("add amd64 to `source.aws` of a layer"),
        );
    }
    let Some(field) = runner.get().and_then(|runner| runner.machine.as_ref()) else { return };
    let Some(machine) = field.get() else { return };
    match catalog::machine(Cloud::Aws, machine) {
        Err(unknown) => problems.push(unknown.at(field.span)),
        Ok(facts) if facts.architecture != Architecture::Amd64 => problems.push(
            Problem::new(
                Code::Machine,
                field.span,
                format!("the runner's tools are for amd64, and `{machine}` is not"),
            )
            .label(facts.architecture.as_str())
            .hint("choose a machine type of amd64, such as m7i.large"),
        ),
        Ok(_) => {}
    }
}

/// Domains are allowed for a runner only if there is one.
pub(super) fn clients(draft: &Draft<'_>, problems: &mut Problems) {
    if draft.file.runner.is_some() {
        return;
    }
    let domains = draft.file.proxy.get().and_then(|proxy| proxy.domains.get()).into_iter().flatten();
    let clients = domains.filter_map(Field::get).filter_map(|domain| domain.clients.as_ref()?.get()).flatten();
    for client in clients.filter(|client| client.get() == Some(&ProxyClient::Runner)) {
        problems.push(
            Problem::new(Code::UnknownReference, client.span, "the fleet has no runner")
                .label("allows nothing")
                .hint("remove it, or add the section `runner`"),
        );
    }
}
