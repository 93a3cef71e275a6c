//! What a build signed: that these digests belong together. The signature itself is Cosign's to verify.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::Refusal;

/// The names in the statement that `packer/runner/attest.sh` signs, and the files they stand for.
const SIGNED: &[(&str, &str)] = &[
    ("manifest", "manifest.json"),
    ("sbom", "sbom.cdx.json"),
    ("trivy", "trivy.json"),
    ("goss", "goss.json"),
    ("junit", "goss.xml"),
];

/// A bundle of Sigstore with a DSSE envelope.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
struct Envelope {
    payload: String,
}

/// A statement of in-toto, with a predicate of digests.
#[derive(Deserialize)]
struct Statement {
    predicate: BTreeMap<String, String>,
}

/// Files that are not those that were signed.
pub(crate) fn problems(bundle: &[u8], digests: &BTreeMap<&str, String>) -> Vec<Refusal> {
    let again = "build again, or fetch the reports again from where the build left them";
    let statement = serde_json::from_slice::<Bundle>(bundle)
        .ok()
        .and_then(|bundle| STANDARD.decode(bundle.dsse_envelope.payload).ok())
        .and_then(|payload| serde_json::from_slice::<Statement>(&payload).ok());
    let Some(statement) = statement else {
        return vec![Refusal::new("attestation.sigstore.json is no attestation of a build", again)];
    };
    let differs = |(name, file): &&(&str, &str)| statement.predicate.get(*name) != digests.get(file);
    let refusal =
        |(_, file): &(&str, &str)| Refusal::new(format!("{file} is not the one that the build signed"), again);
    SIGNED.iter().filter(differs).map(refusal).collect()
}
