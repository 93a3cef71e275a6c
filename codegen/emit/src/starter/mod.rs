//! A fleet.yaml to start from.

use fleetgen_fleet::scalar::{AccountId, FleetName, GcpProject, Owner, Region, RepositoryName};
use fleetgen_tree::Subject;
use serde::Serialize;

use crate::EmitError;
use crate::language::{Language, Templates};

/// The vendor's images of the example, and the day on which they were built. A test compares them.
const IMAGES: Images = Images {
    aws: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101",
    gcp: "ubuntu-2404-noble-amd64-v20261101",
    day: "2026-11-01",
};

#[derive(Serialize)]
struct Images {
    aws: &'static str,
    gcp: &'static str,
    day: &'static str,
}

/// What is known of a new fleet.
#[derive(Debug, Clone)]
pub struct Starter {
    /// Its name.
    pub name: FleetName,
    /// Its repository on GitHub.
    pub repository: RepositoryName,
    /// Who reviews its changes.
    pub owner: Owner,
    /// The account on AWS, and the region.
    pub aws: Option<(AccountId, Region)>,
    /// The project on Google Cloud, and the region.
    pub gcp: Option<(GcpProject, Region)>,
}

#[derive(Serialize)]
struct Values<'a> {
    name: &'a str,
    repository: &'a str,
    owner: &'a str,
    aws: Option<Aws<'a>>,
    gcp: Option<Gcp<'a>>,
    images: Images,
}

#[derive(Serialize)]
struct Aws<'a> {
    account: &'a str,
    region: &'a str,
    zones: Vec<String>,
}

#[derive(Serialize)]
struct Gcp<'a> {
    project: &'a str,
    region: &'a str,
    zones: Vec<String>,
}

impl Starter {
    /// Its fleet.yaml: one layer, one network and one group on each cloud.
    ///
    /// # Errors
    /// A bug in fleetgen.
    pub fn fleet_yaml(&self) -> Result<String, EmitError> {
        const NAME: &str = "fleet.yaml";
        let templates = Templates::new(Language::Yaml, &[(NAME, include_str!("fleet.yaml.tera"))])?;
        let zones = |region: &Region, separator: &str, letters: &[char]| {
            letters.iter().map(|letter| format!("{region}{separator}{letter}")).collect()
        };
        let values = Values {
            name: self.name.as_ref(),
            repository: self.repository.as_ref(),
            owner: self.owner.as_ref(),
            aws: self.aws.as_ref().map(|(account, region)| Aws {
                account: account.as_ref(),
                region: region.as_str(),
                // New accounts do not have ap-northeast-1b.
                zones: zones(region, "", if region.as_str() == "ap-northeast-1" { &['a', 'c'] } else { &['a', 'b'] }),
            }),
            gcp: self.gcp.as_ref().map(|(project, region)| Gcp {
                project: project.as_str(),
                region: region.as_str(),
                // The regions that do not begin with a: https://cloud.google.com/compute/docs/regions-zones
                zones: match region.as_str() {
                    "us-east1" | "europe-west1" => zones(region, "-", &['b', 'c', 'd']),
                    _ => zones(region, "-", &['a', 'b', 'c']),
                },
            }),
            images: IMAGES,
        };
        Ok(templates.file(NAME.to_owned(), Subject::Fleet, NAME, &values)?.content)
    }
}
