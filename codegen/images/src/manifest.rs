//! The manifest that Packer's post-processor of that name writes: as it comes, nothing of it believed.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Refusal;

/// One image that Packer made. Packer 1.16: `post-processor/manifest/artifact.go`.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    /// The source's name: the architecture.
    pub(crate) name: String,
    /// The source's type.
    pub(crate) builder_type: String,
    /// The ids: `REGION:AMI` with commas between, or the name of an image.
    pub(crate) artifact_id: String,
    packer_run_uuid: String,
    /// What the template says of the build.
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
pub(crate) fn parse(bytes: &[u8]) -> Result<Entry, Refusal> {
    let again = "build again with packer/runner/build.sh, which keeps a manifest for each source";
    let manifest: Manifest = serde_json::from_slice(bytes)
        .map_err(|error| Refusal::new(format!("it is no manifest of Packer: {error}"), again))?;
    let mut last = manifest.builds.into_iter().filter(|entry| entry.packer_run_uuid == manifest.last_run_uuid);
    match (last.next(), last.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => Err(Refusal::new("its last run made no image: the build failed", again)),
        (Some(_), Some(_)) => Err(Refusal::new("it is of more than one source", again)),
    }
}
