//! The self-hosted GitHub runner: what it reaches. Jobs fetch their tools from fixed places, and layers name the others, so fleet.yaml
//! need not list them.

use std::collections::BTreeMap;

use crate::choice::{Architecture, Cloud, ProxyClient};
use crate::model::{Fleet, Network};

/// What every runner reaches.
///
/// Sources: "Communicating with self-hosted runners" and `full_domains` of `https://api.github.com/meta`, both of GitHub, and
/// the URLs in `packer/runner/install-tools.sh`.
const ALWAYS: &[(&str, &str)] = &[
    ("github.com", "the repository, and tools"),
    ("api.github.com", "the runner's registration"),
    ("codeload.github.com", "actions"),
    ("release-assets.githubusercontent.com", "tools"),
    (".actions.githubusercontent.com", "jobs"),
    ("releases.hashicorp.com", "Packer"),
    ("awscli.amazonaws.com", "AWS's CLI"),
    ("s3.amazonaws.com", "Session Manager's plugin"),
    // Without a region, and without an endpoint.
    ("iam.amazonaws.com", "the instance profile of builds"),
];

/// GitHub's storage for logs, artifacts and caches of jobs: 20 accounts, and not all of Azure's.
const STORAGE: std::ops::Range<u32> = 0..20;

/// What builds and rollouts on Google Cloud reach.
const GOOGLE: &[(&str, &str)] = &[
    ("dl.google.com", "gcloud"),
    ("cloudkms.googleapis.com", "signatures"),
    ("compute.googleapis.com", "builds and rollouts"),
    ("iamcredentials.googleapis.com", "the job's identity"),
    ("iap.googleapis.com", "sessions"),
    ("oauth2.googleapis.com", "the job's identity"),
    ("oslogin.googleapis.com", "sessions"),
    ("storage.googleapis.com", "programs that go into images"),
    ("sts.googleapis.com", "the job's identity"),
    ("tunnel.cloudproxy.app", "sessions"),
];

/// Services of AWS that jobs call in a region, each where its endpoint is not.
const SERVICES: &[(&str, &str)] = &[
    ("autoscaling", "rollouts"),
    ("ec2", "copies of images"),
    ("elasticloadbalancing", "rollouts"),
    ("kms", "signatures and disks"),
    ("monitoring", "rollouts"),
    ("ssm", "rollouts"),
];

/// Services whose endpoints the runner's network must have, since a job would reach nothing without them.
pub(crate) const ENDPOINTS: &[(&str, &str)] = &[
    ("autoscaling", "ends its own machine"),
    ("ec2", "starts the machines that build images"),
    ("secretsmanager", "reads the key of the GitHub App"),
    ("sts", "gets the role of a job"),
];

/// The domains that the runner in a network connects to, each with its reason.
pub(crate) fn domains(fleet: &Fleet, network: &Network) -> BTreeMap<String, String> {
    let own = |(domain, reason): &(&str, &str)| ((*domain).to_owned(), (*reason).to_owned());
    let mut domains: BTreeMap<String, String> = ALWAYS.iter().map(own).collect();
    domains.extend(STORAGE.map(|number| {
        (format!("productionresultssa{number}.blob.core.windows.net"), "logs and artifacts of jobs".to_owned())
    }));
    for other in fleet.networks.values() {
        match other.cloud {
            Cloud::Gcp => domains.extend(GOOGLE.iter().map(own)),
            Cloud::Aws => {
                let is_near = |service| other.region == network.region && network.has_endpoint(service);
                let far = SERVICES.iter().filter(|(service, _)| !is_near(service));
                domains.extend(far.map(|(service, reason)| {
                    (format!("{service}.{}.amazonaws.com", other.region), (*reason).to_owned())
                }));
            }
        }
    }
    if let Some((_, region)) = fleet.signing.aws.as_ref().filter(|(_, region)| *region != network.region) {
        domains.insert(format!("kms.{region}.amazonaws.com"), "signatures and disks".to_owned());
    }
    if let Some((bucket, region, _)) = fleet.rollout.journal.s3().filter(|(_, region, _)| **region != network.region) {
        domains.insert(format!("{bucket}.s3.{region}.amazonaws.com"), "journals of rollouts".to_owned());
    }
    for layer in fleet.layers.values() {
        let urls = layer.binaries.values().flat_map(|binary| binary.url.values().chain(binary.signature.values()));
        let hosts = urls.filter_map(|url| url.as_str().strip_prefix("https://")?.split('/').next());
        domains.extend(hosts.map(|host| (host.to_owned(), format!("a program of the layer {}", layer.name))));
        let images = layer.containers.values().filter(|image| image.ecr().is_none());
        let hosts = images.filter_map(|image| image.as_str().split(['/', ':']).next());
        domains.extend(hosts.map(|host| (host.to_owned(), format!("a container of the layer {}", layer.name))));
    }
    if let Some((layer, ..)) = fleet.vendor_image(Cloud::Aws, Architecture::Amd64) {
        domains.insert(layer.os.snapshot_host.to_owned(), "packages of the runner".to_owned());
    }
    let allowed = fleet.proxy.domains_in(network).filter(|entry| entry.clients.contains(&ProxyClient::Runner));
    domains.extend(allowed.map(|entry| (entry.domain.to_string(), entry.reason.to_string())));
    let wide: Vec<String> = domains.keys().filter(|domain| domain.starts_with('.')).cloned().collect();
    domains
        .retain(|domain, _| !wide.iter().any(|wide| domain != wide && format!(".{domain}").ends_with(wide.as_str())));
    domains
}
