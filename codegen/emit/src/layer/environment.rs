//! The environment variables of a build's scripts.

use fleetgen_fleet::choice::Severity;
use fleetgen_fleet::{Fleet, Layer};

use super::tools;

/// What the scripts of a layer read, besides the cloud and the architecture.
pub(super) fn environment(fleet: &Fleet, layer: &Layer) -> Vec<(&'static str, String)> {
    let os = &layer.os;
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let counted = severities.into_iter().filter(|severity| *severity >= layer.scan.fail_on).map(Severity::as_str);
    let version = |tool: &str| tools::tools().get(tool).map_or_else(String::new, |tool| tool.version.clone());
    let mut environment = vec![
        ("FLEET", fleet.name.to_string()),
        ("LAYER", layer.name.to_string()),
        ("DISTRIBUTION", os.distribution.to_owned()),
        ("CODENAME", os.codename.to_owned()),
        ("SNAPSHOT_HOST", os.snapshot_host.to_owned()),
        ("ARCHIVE", os.archive.to_owned()),
        ("SECURITY_ARCHIVE", os.security_archive.to_owned()),
        ("SECURITY_MIRROR", os.security_mirror.to_owned()),
        ("COMPONENTS", os.components.to_owned()),
        ("KEYRING", os.keyring.to_owned()),
        ("DOCKER_RELEASE", os.docker_release.to_owned()),
        ("UPDATES_UNTIL", layer.updates_until.to_string()),
        ("MIRROR", layer.mirror.as_ref().map_or("", AsRef::as_ref).to_owned()),
        ("TRIVY_VERSION", version("trivy")),
        ("TRIVY_DATABASE", layer.scan.database.to_string()),
        ("TRIVY_SEVERITIES", counted.collect::<Vec<_>>().join(",").to_uppercase()),
        ("TRIVY_UNFIXED", layer.scan.unfixed.to_string()),
    ];
    if let Some(registry) = layer.ecr_registry() {
        environment.push(("ECR_REGISTRY", registry.to_owned()));
    }
    if let Some(registry) = layer.artifact_registry() {
        environment.push(("ARTIFACT_REGISTRY", registry.to_owned()));
    }
    if let Some(nvidia) = &layer.nvidia {
        environment.push(("NVIDIA_BRANCH", nvidia.branch.to_string()));
    }
    environment
}
