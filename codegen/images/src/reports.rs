//! The reports of a build: whole, and of a build that passed.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::Sha256;
use serde::Deserialize;
use serde_json::Value;

use crate::{REPORTS, Refusal, attestation, digest};

const AGAIN: &str = "keep what a build leaves in one place: the reports stand beside manifest.json";

#[derive(Deserialize)]
struct Goss {
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    #[serde(rename = "failed-count")]
    failed: u64,
    #[serde(rename = "skipped-count")]
    skipped: u64,
    #[serde(rename = "test-count")]
    all: u64,
}

/// The digests of everything that the build left, and what is wrong with it.
pub(crate) fn judge(
    manifest: &[u8],
    reports: &BTreeMap<&str, Vec<u8>>,
) -> Result<BTreeMap<String, Sha256>, Vec<Refusal>> {
    let mut problems = Vec::new();
    let mut digests = BTreeMap::from([("manifest".to_owned(), digest(manifest))]);
    for (name, file) in REPORTS {
        match reports.get(file) {
            Some(bytes) if !bytes.is_empty() => {
                problems.extend(read(file, bytes).err());
                digests.insert((*name).to_owned(), digest(bytes));
            }
            Some(_) => problems.push(Refusal::new(format!("{file} is empty"), AGAIN)),
            None if *name == "attestation" => problems.push(Refusal::new(
                format!("{file} is not there"),
                "sign what the build left: packer/runner/attest.sh LAYER",
            )),
            None => problems.push(Refusal::new(format!("{file} is not there: the build did not end well"), AGAIN)),
        }
    }
    if problems.is_empty() {
        let signed = digests.iter().filter(|(name, _)| *name != "attestation");
        let signed = signed.map(|(name, digest)| (name.clone(), digest.clone())).collect();
        problems =
            reports.get("attestation.sigstore.json").map(|it| attestation::problems(it, &signed)).unwrap_or_default();
    }
    if problems.is_empty() { Ok(digests) } else { Err(problems) }
}

/// A report is of its kind, and of a build that passed. Trivy's lists what was let pass, too; the gate judged that.
fn read(file: &str, bytes: &[u8]) -> Result<(), Refusal> {
    let other = |what: &str| Refusal::new(format!("{file} is no {what}"), AGAIN);
    let json = || serde_json::from_slice::<Value>(bytes).ok();
    match file {
        "sbom.cdx.json" if json().is_none_or(|sbom| sbom["bomFormat"] != "CycloneDX") => {
            Err(other("SBOM of CycloneDX"))
        }
        "trivy.json" if json().is_none_or(|report| report["SchemaVersion"].is_null()) => Err(other("report of Trivy")),
        "goss.json" => {
            let Summary { failed, skipped, all } =
                serde_json::from_slice::<Goss>(bytes).map_err(|_| other("report of Goss"))?.summary;
            if failed == 0 && skipped < all {
                return Ok(());
            }
            let message = if failed > 0 {
                format!("the build failed: {failed} of {all} checks of Goss did")
            } else {
                "Goss checked nothing".to_owned()
            };
            Err(Refusal::new(message, "see goss.xml, and build the layer anew"))
        }
        _ => Ok(()),
    }
}
