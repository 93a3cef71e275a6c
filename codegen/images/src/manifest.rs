//! The manifest that Packer's manifest post-processor writes. Nothing in it is trusted.

use std::collections::BTreeMap;

use fleetgen_problem::Problem;
use serde::Deserialize;

use crate::refusal;

/// One image that Packer built. Packer 1.16: `post-processor/manifest/artifact.go`.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    /// The source's name: the architecture.
    pub(crate) name: String,
    /// The source's type.
    pub(crate) builder_type: String,
    /// The ids: `REGION:AMI` with commas between, or the name of an image.
    pub(crate) artifact_id: String,
    packer_run_uuid: String,
    /// What the template says about the build.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) custom_data: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(deserialize_with = "or_default")]
    builds: Vec<Entry>,
    last_run_uuid: String,
}

/// Go writes `null` for what is empty.
fn or_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The one image of the last run.
pub(crate) fn parse(bytes: &[u8]) -> Result<Entry, Problem> {
    let again = "build again with packer/runner/build.sh, which keeps a manifest for each source";
    let manifest: Manifest = serde_json::from_slice(bytes)
        .map_err(|error| refusal(format!("this is not a Packer manifest: {error}"), again))?;
    let mut last = manifest.builds.into_iter().filter(|entry| entry.packer_run_uuid == manifest.last_run_uuid);
    match (last.next(), last.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => Err(refusal("the last run in the manifest built no image: it failed", again)),
        (Some(_), Some(_)) => Err(refusal("the last run in the manifest built more than one source", again)),
    }
}
