//! The name contract: every name that one part creates and another looks up, in one place. Templates, rules and checks call
//! these functions; the Terraform modules add what [`of_group`] lists, and `cargo xtask verify` compares the two.

use crate::choice::{Architecture, Cloud};
use crate::group::Group;
use crate::scalar::{
    AccountId, AccountName, Bucket, EnvironmentName, FleetName, GcpProject, LayerName, NetworkName, Region,
};

/// The key ring on GCP, if fleetgen creates it. A key ring can never be deleted.
pub const GCP_KEY_RING: &str = "fleet";
/// The key in it for disks and images.
pub const GCP_DISK_KEY: &str = "disks";
/// The key in it that signs what goes into images.
pub const GCP_SIGNING_KEY: &str = "image-signing";

/// The e-mail address of a service account on GCP.
pub fn service_account(project: &GcpProject, id: &str) -> String {
    format!("{id}@{project}.iam.gserviceaccount.com")
}

/// The name of a group's resources, or the prefix of their names: fleet, environment and group, or what fleet.yaml says.
pub fn group(fleet: &FleetName, group: &Group) -> String {
    match &group.resource_name {
        Some(name) => name.to_string(),
        None => format!("{fleet}-{}-{}", group.environment, group.name),
    }
}

/// How the names of an environment's resources begin. The roles of jobs are bound to it.
pub fn in_environment(fleet: &FleetName, group: &Group) -> String {
    format!("{fleet}-{}-", group.environment)
}

/// A network: the `Name` of a VPC on AWS, the name of a network on GCP.
pub fn network(fleet: &FleetName, network: &NetworkName) -> String {
    format!("{fleet}-{network}")
}

/// What image builds use in a network: on AWS the security group and the prefix of the subnets, on GCP the subnetwork.
pub fn build_network(fleet: &FleetName, network: &NetworkName) -> String {
    format!("{fleet}-{network}-build")
}

/// Who machines that build images are: the instance profile on AWS, the account id of the service account on GCP.
pub fn build_identity(fleet: &FleetName) -> String {
    format!("{fleet}-build")
}

/// Who a job of GitHub's is: its role on AWS, the account id of its service account on GCP.
pub fn job_identity(fleet: &FleetName, job: &str) -> String {
    format!("{fleet}-{job}")
}

/// The variable of GitHub's that has the full name of a project's identity provider, which has the project's number. The project that
/// builds images has no name in it.
pub fn provider_variable(project: Option<&AccountName>) -> String {
    let name = project.map(|name| format!("_{}", name.as_str().to_uppercase().replace('-', "_")));
    format!("FLEET_GCP_PROVIDER{}", name.unwrap_or_default())
}

/// The role of a job of GitHub's on AWS: its ARN.
pub fn job_role(fleet: &FleetName, account: &AccountId, job: &str) -> String {
    format!("arn:aws:iam::{account}:role/{}", job_identity(fleet, job))
}

/// The service account of a job of GitHub's on GCP: its address.
pub fn job_account(fleet: &FleetName, project: &GcpProject, job: &str) -> String {
    format!("{}@{project}.iam.gserviceaccount.com", job_identity(fleet, job))
}

/// The prefix of an instance on GCP that builds an image, and so of its disk, which has no labels.
pub fn build_instance(fleet: &FleetName, layer: &LayerName, architecture: Architecture) -> String {
    format!("{fleet}-{layer}-build-{architecture}")
}

/// The host name of a network's egress proxy, inside the network.
pub fn proxy_host(fleet: &FleetName, network: &NetworkName) -> String {
    format!("proxy.{}", zone(fleet, network))
}

/// The private DNS zone of a network.
pub fn zone(fleet: &FleetName, network: &NetworkName) -> String {
    format!("{network}.{fleet}.internal")
}

/// The alias, without `alias/`, of the KMS key for disks and images on AWS, if fleetgen creates it.
pub fn disk_key(fleet: &FleetName) -> String {
    format!("{fleet}-disks")
}

/// The alias, without `alias/`, of the key of a state bucket on AWS: an alias has no dots.
pub fn state_key(bucket: &Bucket) -> String {
    bucket.as_str().replace('.', "-")
}

/// The path in IAM of the identities of an environment's machines. A path keeps `prod` apart from `prod-eu`, which a prefix of
/// names does not.
pub fn identity_path(fleet: &FleetName, environment: &EnvironmentName) -> String {
    format!("/{fleet}/{environment}/")
}

/// The parameter in AWS Systems Manager with the id of the image that a group runs.
pub fn image_parameter(fleet: &FleetName, group: &Group) -> String {
    let name = self::group(fleet, group);
    let own = name.strip_prefix(&in_environment(fleet, group)).unwrap_or(&name);
    format!("/{fleet}/{}/{own}/image", group.environment)
}

/// The path in IAM of the identities of networks' proxies.
pub fn network_identity_path(fleet: &FleetName) -> String {
    format!("/{fleet}/_networks/")
}

/// The name of the permissions boundary of machines on AWS.
pub fn machines_boundary(fleet: &FleetName) -> String {
    format!("{fleet}-machines")
}

/// The ARN of the permissions boundary of machines.
pub fn machines_boundary_arn(fleet: &FleetName, account: &AccountId) -> String {
    format!("arn:aws:iam::{account}:policy/{}", machines_boundary(fleet))
}

/// The label of the GitHub runner, which jobs name in `runs-on`.
pub fn runner_label(fleet: &FleetName) -> String {
    format!("{fleet}-runner")
}

/// The Auto Scaling group of the GitHub runner.
pub fn runner_group(fleet: &FleetName, name: &NetworkName) -> String {
    format!("{}-runner", network(fleet, name))
}

/// The ARN of a repository in Amazon ECR.
pub fn ecr_repository_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:ecr:{region}:{account}:repository/{name}")
}

/// The alias, without `alias/`, of the signing key on AWS, if fleetgen creates it.
pub fn signing_key(fleet: &FleetName) -> String {
    format!("{fleet}-image-signing")
}

/// The alias, without `alias/`, of the KMS key that logs on AWS are encrypted with.
pub fn log_key(fleet: &FleetName) -> String {
    format!("{fleet}-logs")
}

/// The log group that sessions on AWS are recorded in.
pub fn session_logs(fleet: &FleetName) -> String {
    format!("/{fleet}/sessions")
}

/// The bucket with logs of sessions in a region. Names of buckets are unique in all of AWS, so the account is in it.
pub fn session_bucket(fleet: &FleetName, account: &AccountId, region: &Region) -> String {
    format!("{fleet}-sessions-{account}-{region}")
}

/// A pattern of the buckets with logs of sessions in every region.
pub fn session_buckets(fleet: &FleetName, account: &AccountId) -> String {
    format!("{fleet}-sessions-{account}-*")
}

/// The bucket with the account's trail.
pub fn trail_bucket(fleet: &FleetName, account: &AccountId) -> String {
    format!("{fleet}-trail-{account}")
}

/// The alias, without `alias/`, of the KMS key that sessions on AWS are encrypted with.
pub fn session_key(fleet: &FleetName) -> String {
    format!("{fleet}-sessions")
}

/// What Packer builds an image with, as `packer build -only` and `packer/runner/build.sh` name it.
pub fn source(cloud: Cloud, architecture: &str) -> String {
    let builder = match cloud {
        Cloud::Aws => "amazon-ebs",
        Cloud::Gcp => "googlecompute",
    };
    format!("{builder}.{architecture}")
}

/// An image: fleet, layer, architecture, and twelve digits of the layer's key.
pub fn image(fleet: &FleetName, layer: &LayerName, architecture: Architecture, key: &str) -> String {
    format!("{}-{}", image_family(fleet, layer, architecture), key.get(..12).unwrap_or(key))
}

/// The family of a layer's images on GCP.
pub fn image_family(fleet: &FleetName, layer: &LayerName, architecture: Architecture) -> String {
    format!("{fleet}-{layer}-{architecture}")
}

/// The most characters of an image's name: GCP's limit. AWS allows 128.
pub const LONGEST_IMAGE: usize = 63;

/// A resource's kind, its name, and the cloud's limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName {
    /// The kind, in the cloud's own words.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// The most characters.
    pub limit: usize,
}

/// The names of a group's resources that have a limit worth checking. `base` is [`group`].
///
/// Sources: botocore 1.44.5 (`Name` of target groups 32, roles 64, instance profiles 128, launch templates 128, Auto
/// Scaling groups and security groups 255); Google's compute API (RFC 1035 names 63, base instance names 58, service
/// accounts 30); the Google provider (a name prefix longer than 37 gets a shorter, less unique suffix).
pub fn of_group(base: &str, group: &Group) -> Vec<ResourceName> {
    let name = |kind, suffix: &str, limit| ResourceName { kind, name: format!("{base}{suffix}"), limit };
    match group.cloud() {
        Cloud::Aws => {
            let mut names = vec![
                name("IAM role", "", 64),
                name("launch template", "", 128),
                name("Auto Scaling group", "", 255),
                name("security group", "", 255),
            ];
            // With the port, where that fits: terraform/modules/aws-compute-group.
            let main = group.load_balancer.iter().map(|backend| (String::new(), backend));
            let others = group.backends.iter().map(|(name, backend)| (format!("-{name}"), backend));
            for (suffix, backend) in main.chain(others) {
                let with_port = format!("{suffix}-{}", backend.port.get());
                let suffix = if base.len() + with_port.len() <= 32 { with_port } else { suffix };
                names.push(name("target group", &suffix, 32));
            }
            names
        }
        Cloud::Gcp => {
            let mut names = vec![
                name("service account", "", 30),
                name("instance template prefix", "-", 37),
                name("managed instance group", "", 63),
            ];
            if group.health.is_some() {
                names.push(name("firewall rule", "-health", 63));
            }
            if group.load_balancer.is_some() {
                names.push(name("firewall rule", "-load-balancer", 63));
            }
            for port in &group.ports {
                names.push(name("firewall rule", &format!("-{}-{}", port.protocol, port.port), 63));
            }
            for backend in group.backends.keys() {
                names.push(name("firewall rule", &format!("-backend-{backend}"), 63));
            }
            for egress in &group.egress {
                let suffix = format!("-to-{}-{}-{}", egress.to, egress.protocol, egress.port);
                names.push(name("firewall rule", &suffix, 63));
            }
            names
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tier;

    /// The longest and the shortest names that fleet.yaml allows are within the clouds' limits, so no rule has to check them.
    #[test]
    fn names_of_networks_fit_by_construction() {
        let longest: (FleetName, NetworkName) = ("f".repeat(16).parse().unwrap(), "n".repeat(31).parse().unwrap());
        for tier in [Tier::Machines, Tier::Build, Tier::Proxy, Tier::ProxyOnly] {
            let subnetwork = format!("{}-{}", network(&longest.0, &longest.1), tier.as_str());
            assert!(subnetwork.len() <= 63, "names on GCP: {subnetwork}");
        }
        assert!(build_network(&longest.0, &longest.1).len() <= 63);
        assert!(proxy_host(&longest.0, &longest.1).split('.').all(|label| label.len() <= 63), "labels in DNS");
        let shortest: FleetName = "f".parse().unwrap();
        for fleet in [&shortest, &longest.0] {
            assert!((6..=30).contains(&build_identity(fleet).len()), "service accounts on GCP");
        }
    }
}
