//! Containers in the clouds' own registries: the build can log in, reach them, and may pull.

use fleetgen_problem::{Code, Problem, Span, suggest};

use super::build::build_networks;
use super::{Problems, endpoint};
use crate::choice::Cloud;
use crate::draft::Draft;
use crate::field::{Entries, Field};
use crate::model::Layer;
use crate::scalar::{AccountName, ArtifactImage, EcrImage, ImageReference};

/// Containers in a cloud's own registry are in a repository of the account or project that builds images, and the builds of their
/// layer reach it.
pub(super) fn containers(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let containers = written.containers.iter().filter_map(Field::get).flat_map(Entries::iter);
        let images =
            containers.filter_map(|(_, container)| Some((place(container.image.get()?)?, container.image.span)));
        for container in written.containers.iter().filter_map(Field::get).flat_map(Entries::iter).map(|(_, it)| it) {
            let Some(image) = container.image.get() else { continue };
            if image.registry().is_none() {
                problems.push(
                    Problem::new(
                        Code::InvalidValue,
                        container.image.span,
                        "the image does not say which registry it is in",
                    )
                    .label("Docker would ask Docker Hub")
                    .hint(format!("write the registry first, such as `docker.io/{image}`")),
                );
            }
        }
        let mut pulled = None;
        for (place, at) in images {
            match repository(draft, &place, at) {
                Some(problem) => problems.push(problem),
                None => pulled = pulled.or(Some((place.cloud, at))),
            }
        }
        // Once for each layer.
        if let Some((cloud, at)) = pulled {
            networks(draft, layer, cloud, at, problems);
        }
    }
}

/// Where an image is in a cloud's own registry.
struct Place<'a> {
    cloud: Cloud,
    /// Its account or project.
    owner: &'a str,
    region: &'a str,
    repository: &'a str,
}

fn place(image: &ImageReference) -> Option<Place<'_>> {
    let ecr = image.ecr().map(|EcrImage { account: owner, region, repository, .. }| Place {
        cloud: Cloud::Aws,
        owner,
        region,
        repository,
    });
    let artifact_registry = || {
        let ArtifactImage { project: owner, location: region, repository, .. } = image.artifact_registry()?;
        Some(Place { cloud: Cloud::Gcp, owner, region, repository })
    };
    ecr.or_else(artifact_registry)
}

/// The account or project in which images are built, and the names of its repositories.
fn builder<'a>(draft: &Draft<'a>, cloud: Cloud) -> Option<(&'a str, Vec<&'a str>)> {
    match cloud {
        Cloud::Aws => {
            let account = draft.aws_account()?;
            Some((account.account.get()?.as_str(), names(account.ecr_repositories.as_ref())))
        }
        Cloud::Gcp => {
            let account = draft.gcp_account()?;
            Some((account.project.get()?.as_str(), names(account.artifact_repositories.as_ref())))
        }
    }
}

fn names<T: AsRef<str>>(listed: Option<&Field<Vec<Field<T>>>>) -> Vec<&str> {
    listed.and_then(Field::get).into_iter().flatten().filter_map(Field::get).map(AsRef::as_ref).collect()
}

/// The problem with a container that is not in a repository that builds may pull from.
fn repository(draft: &Draft<'_>, place: &Place<'_>, at: Span) -> Option<Problem> {
    let Place { cloud, owner, region, repository } = *place;
    let (builder, listed) = builder(draft, cloud)?;
    let network = draft.build_network(cloud)?;
    if owner != builder {
        let (message, label, home) = match cloud {
            Cloud::Aws => (
                format!(
                    "this registry is in the AWS account {owner}, and builds log in to `{}` only",
                    AccountName::builder(cloud)
                ),
                "in another account",
                builder.to_owned(),
            ),
            Cloud::Gcp => (
                format!("this registry is in the project `{owner}`, and builds read `{builder}` only"),
                "in another project",
                format!("`{builder}`"),
            ),
        };
        let hint = format!("copy the image to a repository of {home} in {}", network.region);
        return Some(Problem::new(Code::Cloud, at, message).label(label).hint(hint));
    }
    if region != network.region.as_str() {
        let message = format!("this registry is in {region}, and images are built in {}", network.region);
        let hint = format!("copy the image to a repository in {}", network.region);
        return Some(Problem::new(Code::Cloud, at, message).label("in another region").hint(hint));
    }
    if listed.contains(&repository) {
        return None;
    }
    let (key, creator) = match cloud {
        Cloud::Aws => ("clouds.aws.ecr_repositories", "account"),
        Cloud::Gcp => ("clouds.gcp.artifact_repositories", "project"),
    };
    let add = || format!("add `{repository}` to `{key}`; the {creator}'s root creates it");
    let message = format!("builds may not pull from `{repository}`, which is not one of the fleet's repositories");
    Some(
        Problem::new(Code::UnknownReference, at, message)
            .label(format!("not in `{key}`"))
            .hint(suggest(repository, listed).unwrap_or_else(add)),
    )
}

/// The builds of a layer log in to its registry, and reach it.
fn networks(draft: &Draft<'_>, layer: &Layer, cloud: Cloud, at: Span, problems: &mut Problems) {
    let registry = match cloud {
        Cloud::Aws => "Amazon ECR",
        Cloud::Gcp => "Artifact Registry",
    };
    for network in build_networks(draft, layer) {
        if network.cloud != cloud {
            let there = network.cloud.title();
            problems.push(
                Problem::new(
                    Code::Layer,
                    at,
                    format!("`{}` is also built on {there}, which cannot log in to {registry}", layer.name),
                )
                .label(registry)
                .hint("use a registry that needs no login, or a layer for each cloud"),
            );
            continue;
        }
        // Google's own registry is reached inside the network.
        for service in endpoint::ECR.iter().filter(|_| cloud == Cloud::Aws) {
            let message = format!(
                "the build of `{}` cannot pull this container: `{}` has no endpoint `{service}`",
                layer.name, network.name
            );
            let problem = endpoint::missing(network, service, at, message);
            problems.extend(problem.map(|problem| problem.label("the build pulls from Amazon ECR")));
        }
    }
}
