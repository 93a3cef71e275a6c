//! Containers in the clouds' own registries: the build can log in, reach them, and may pull.

use fleetgen_problem::{Code, Problem, Span, suggest};

use super::build::build_networks;
use super::{Problems, endpoint};
use crate::choice::Cloud;
use crate::draft::Draft;
use crate::field::{Entries, Field};
use crate::model::Layer;
use crate::scalar::{AccountName, ArtifactImage, EcrImage};

/// Containers in ECR are in a repository of the account that builds images, and the build network reaches it.
pub(super) fn containers(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let containers = written.containers.iter().filter_map(Field::get).flat_map(Entries::iter);
        let images =
            containers.filter_map(|(_, container)| Some((container.image.get()?.ecr()?, container.image.span)));
        let mut pulled = None;
        for (image, at) in images {
            match repository(draft, &image, at) {
                Some(problem) => problems.push(problem),
                None => pulled = pulled.or(Some(at)),
            }
        }
        // Once for each layer.
        if let Some(at) = pulled {
            networks(draft, layer, at, problems);
        }
    }
}

/// Containers in Artifact Registry are in a repository of the project that builds images, in the build network's region, and in layers
/// on GCP only.
pub(super) fn artifacts(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let containers = written.containers.iter().filter_map(Field::get).flat_map(Entries::iter);
        let images = containers
            .filter_map(|(_, container)| Some((container.image.get()?.artifact_registry()?, container.image.span)));
        let mut pulled = None;
        for (image, at) in images {
            match artifact_repository(draft, &image, at) {
                Some(problem) => problems.push(problem),
                None => pulled = pulled.or(Some(at)),
            }
        }
        let is_on_aws = build_networks(draft, layer).iter().any(|network| network.cloud == Cloud::Aws);
        if let Some(at) = pulled.filter(|_| is_on_aws) {
            problems.push(
                Problem::new(
                    Code::Layer,
                    at,
                    format!("`{}` is also built on AWS, which cannot log in to Artifact Registry", layer.name),
                )
                .label("Artifact Registry")
                .hint("use a registry that needs no login, or a layer for each cloud"),
            );
        }
    }
}

/// The problem with a container that is not in a repository that builds may pull from.
fn artifact_repository(draft: &Draft<'_>, image: &ArtifactImage<'_>, at: Span) -> Option<Problem> {
    let account = draft.gcp_account()?;
    let (project, network) = account.project.get().zip(draft.build_network(Cloud::Gcp))?;
    if project.as_str() != image.project {
        let message = format!("this registry is in the project `{}`, and builds read `{project}` only", image.project);
        let hint = format!("copy the image to a repository of `{project}` in {}", network.region);
        return Some(Problem::new(Code::Cloud, at, message).label("in another project").hint(hint));
    }
    if network.region.as_str() != image.location {
        let message = format!("this registry is in {}, and images are built in {}", image.location, network.region);
        let hint = format!("copy the image to a repository in {}", network.region);
        return Some(Problem::new(Code::Cloud, at, message).label("in another region").hint(hint));
    }
    let listed = || account.artifact_repositories.iter().filter_map(Field::get).flatten().filter_map(Field::get);
    if listed().any(|listed| listed.as_str() == image.repository) {
        return None;
    }
    let add =
        || format!("add `{}` to `clouds.gcp.artifact_repositories`; the project's root creates it", image.repository);
    let message =
        format!("builds may not pull from `{}`, which is not one of the fleet's repositories", image.repository);
    Some(
        Problem::new(Code::UnknownReference, at, message)
            .label("not in `clouds.gcp.artifact_repositories`")
            .hint(suggest(image.repository, listed().map(AsRef::as_ref)).unwrap_or_else(add)),
    )
}

/// The problem with a container that is not in a repository that builds may pull from.
fn repository(draft: &Draft<'_>, image: &EcrImage<'_>, at: Span) -> Option<Problem> {
    let builder = AccountName::builder(Cloud::Aws);
    let account = draft.aws_account()?;
    let (id, network) = account.account.get().zip(draft.build_network(Cloud::Aws))?;
    if id.as_str() != image.account {
        let message =
            format!("this registry is in the AWS account {}, and builds log in to `{builder}` only", image.account);
        let hint = format!("copy the image to a repository of {id} in {}", network.region);
        return Some(Problem::new(Code::Cloud, at, message).label("in another account").hint(hint));
    }
    if network.region.as_str() != image.region {
        let message = format!("this registry is in {}, and images are built in {}", image.region, network.region);
        let hint = format!("copy the image to a repository in {}", network.region);
        return Some(Problem::new(Code::Cloud, at, message).label("in another region").hint(hint));
    }
    let listed = || account.ecr_repositories.iter().filter_map(Field::get).flatten().filter_map(Field::get);
    if listed().any(|listed| listed.as_str() == image.repository) {
        return None;
    }
    let add = || format!("add `{}` to `clouds.aws.ecr_repositories`; the account's root creates it", image.repository);
    let message =
        format!("builds may not pull from `{}`, which is not one of the fleet's repositories", image.repository);
    Some(
        Problem::new(Code::UnknownReference, at, message)
            .label("not in `clouds.aws.ecr_repositories`")
            .hint(suggest(image.repository, listed().map(AsRef::as_ref)).unwrap_or_else(add)),
    )
}

fn networks(draft: &Draft<'_>, layer: &Layer, at: Span, problems: &mut Problems) {
    for network in build_networks(draft, layer) {
        if network.cloud == Cloud::Gcp {
            problems.push(
                Problem::new(
                    Code::Layer,
                    at,
                    format!("`{}` is also built on GCP, which cannot log in to Amazon ECR", layer.name),
                )
                .label("Amazon ECR")
                .hint("use a registry that needs no login, or a layer for each cloud"),
            );
            continue;
        }
        for service in endpoint::ECR {
            let message = format!(
                "the build of `{}` cannot pull this container: `{}` has no endpoint `{service}`",
                layer.name, network.name
            );
            let problem = endpoint::missing(network, service, at, message);
            problems.extend(problem.map(|problem| problem.label("the build pulls from Amazon ECR")));
        }
    }
}
