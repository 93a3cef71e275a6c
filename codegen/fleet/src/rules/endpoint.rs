//! Interface endpoints of networks on AWS: the services exist, and what needs one has it.

use fleetgen_problem::{Code, Problem, Span, suggest};

use super::Problems;
use crate::draft::{Draft, GroupDraft};
use crate::field::Field;
use crate::group::Target;
use crate::model::Network;

/// Services with interface endpoints that machines of a fleet may use.
///
/// Source: the list of services that integrate with `PrivateLink`, in AWS's VPC guide.
const SERVICES: &[&str] = &[
    "athena",
    "autoscaling",
    "backup",
    "bedrock-runtime",
    "cloudformation",
    "cloudtrail",
    "config",
    "dms",
    "dynamodb-streams",
    "ebs",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticache",
    "elasticfilesystem",
    "elasticloadbalancing",
    "events",
    "execute-api",
    "fis",
    "glue",
    "guardduty-data",
    "imagebuilder",
    "inspector2",
    "kafka",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds",
    "rds-data",
    "redshift",
    "redshift-data",
    "resource-groups",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "servicediscovery",
    "sns",
    "sqs",
    "ssm",
    "ssm-contacts",
    "ssmmessages",
    "states",
    "sts",
    "synthetics",
    "xray",
];

/// Services that some regions do not have. The others of [`SERVICES`] are everywhere, or AWS's list was too uncertain to refuse
/// them.
///
/// Source: `endpoints.json` of botocore 1.44.
const ABSENT: &[(&str, &[&str])] = &[
    ("inspector2", &["ap-southeast-6"]),
    (
        "ssm-contacts",
        &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-3",
            "ap-south-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-west-1",
            "eu-central-2",
            "eu-south-1",
            "eu-south-2",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
        ],
    ),
];

/// The services that pulling from Amazon ECR needs.
pub(super) const ECR: [&str; 2] = ["ecr.api", "ecr.dkr"];

/// Every listed service exists, and its network's region has it.
pub(super) fn services(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written) in draft.written_networks() {
        for service in written.endpoints.iter().filter_map(Field::get).flatten() {
            let Some(wanted) = service.get() else { continue };
            let absent = ABSENT.iter().find(|(name, _)| *name == wanted.as_str()).map(|(_, regions)| *regions);
            let region = written.region.get().filter(|region| absent.is_some_and(|it| it.contains(&region.as_str())));
            if let Some(region) = region {
                problems.push(
                    Problem::new(Code::Endpoint, service.span, format!("AWS has no `{wanted}` in {region}"))
                        .label("no endpoint to connect to")
                        .related(written.region.span, "the network's region")
                        .hint("remove it"),
                );
            }
            if !SERVICES.contains(&wanted.as_str()) {
                problems.push(
                    Problem::new(
                        Code::Endpoint,
                        service.span,
                        format!("fleetgen knows no endpoint service `{wanted}`"),
                    )
                    .label("not a service of AWS that machines reach in a network")
                    .maybe_hint(match wanted.as_str() {
                        "s3" => Some("remove it: every network has an endpoint for S3".to_owned()),
                        other => suggest(other, SERVICES.iter().copied()),
                    }),
                );
            }
        }
    }
}

/// The problem with what needs a service that its network does not reach; nothing if it does.
pub(super) fn missing(network: &Network, service: &str, at: Span, message: impl Into<String>) -> Option<Problem> {
    (!network.has_endpoint(service)).then(|| {
        Problem::new(Code::Endpoint, at, message)
            .hint(format!("add `{service}` to `networks.{}.endpoints`", network.name))
    })
}

/// A group whose machines complete lifecycle hooks reaches Auto Scaling.
pub(super) fn hooks(draft: &Draft<'_>, group: &GroupDraft, problems: &mut Problems) {
    let Target::Aws(aws) = &group.target else { return };
    let Some(network) = draft.networks.get(&group.network) else { return };
    if aws.lifecycle_hooks.is_empty() {
        return;
    }
    let at = group.origins.span("aws.lifecycle_hooks");
    let message = format!(
        "machines of `{}` cannot complete lifecycle hooks: `{}` has no endpoint for Auto Scaling",
        group.name, group.network
    );
    let Some(problem) = missing(network, "autoscaling", at, message) else { return };
    let problem = problem.label("the machine calls CompleteLifecycleAction");
    let written = draft.written_networks().find(|(name, _)| **name == group.network).map(|(_, network)| network);
    let endpoints = written.and_then(|network| network.endpoints.as_ref()).map(|field| field.span);
    problems.push(match endpoints {
        Some(endpoints) => problem.related(endpoints, "the network's endpoints"),
        None => problem,
    });
}
