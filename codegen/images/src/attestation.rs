//! What a build signed: that these digests belong together. Cosign verifies the signature itself.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleetgen_fleet::scalar::Sha256;
use fleetgen_problem::Problem;
use serde::Deserialize;

use crate::{ATTESTATION_TYPE, refusal};

/// The payload type of an in-toto statement.
const STATEMENT: &str = "application/vnd.in-toto+json";

/// A Sigstore bundle with a DSSE envelope.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    dsse_envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    subject: Vec<Subject>,
    predicate: BTreeMap<String, Sha256>,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

/// What does not agree with the signed statement. `digests` are those of the manifest and the reports, by their names in the
/// statement.
pub(crate) fn problems(bundle: &[u8], digests: &BTreeMap<String, Sha256>) -> Vec<Problem> {
    let again =
        "copy the reports again from where the build left them, or sign them with `packer/runner/attest.sh LAYER`";
    let Some(statement) = read(bundle) else {
        return vec![refusal("attestation.sigstore.json is not the attestation of a build", again)];
    };
    let manifest = digests.get("manifest").map(Sha256::as_str);
    let is_of_manifest =
        matches!(&statement.subject[..], [subject] if subject.digest.get("sha256").map(String::as_str) == manifest);
    let mut problems = Vec::new();
    if !is_of_manifest {
        problems.push(refusal("attestation.sigstore.json belongs to another manifest", again));
    }
    for (name, _) in digests.iter().filter(|(name, digest)| statement.predicate.get(*name) != Some(*digest)) {
        problems.push(refusal(format!("the {name} report is not the one that the build signed"), again));
    }
    problems
}

fn read(bundle: &[u8]) -> Option<Statement> {
    let envelope = serde_json::from_slice::<Bundle>(bundle).ok()?.dsse_envelope;
    let statement: Statement = serde_json::from_slice(&STANDARD.decode(envelope.payload).ok()?).ok()?;
    (envelope.payload_type == STATEMENT && statement.predicate_type == ATTESTATION_TYPE).then_some(statement)
}
