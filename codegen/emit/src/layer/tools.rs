//! The pinned tools that verify an image: `data/tools.json` has the URLs and digests that their publishers list.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleetgen_fleet::choice::Architecture;
use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("../../data/tools.json");

/// A tool, at one version.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) version: String,
    amd64: Release,
    arm64: Release,
}

/// The download for one architecture.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    pub(super) url: String,
    /// The digest of the download.
    pub(super) sha256: String,
}

impl Tool {
    pub(super) fn release(&self, architecture: Architecture) -> &Release {
        match architecture {
            Architecture::Amd64 => &self.amd64,
            Architecture::Arm64 => &self.arm64,
        }
    }
}

/// By name.
pub(super) fn tools() -> &'static BTreeMap<String, Tool> {
    static TOOLS: LazyLock<BTreeMap<String, Tool>> = LazyLock::new(|| serde_json::from_str(DATA).unwrap_or_default());
    &TOOLS
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tools_are_there() {
        let names: Vec<&str> = super::tools().keys().map(String::as_str).collect();
        assert_eq!(names, ["cosign", "goss", "trivy"]);
    }
}
