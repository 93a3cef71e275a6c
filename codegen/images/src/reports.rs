//! The reports of a build: complete, and from a build that passed.

use std::collections::BTreeMap;

use fleetgen_fleet::scalar::Sha256;
use fleetgen_problem::Problem;
use serde::Deserialize;
use serde_json::Value;

use crate::{REPORTS, attestation, digest, refusal};

const AGAIN: &str = "keep what a build leaves together: the reports belong beside manifest.json";

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

/// The digests of everything that the build left, or what is wrong with it.
pub(crate) fn judge(
    manifest: &[u8],
    reports: &BTreeMap<&str, Vec<u8>>,
) -> Result<BTreeMap<String, Sha256>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut digests = BTreeMap::from([("manifest".to_owned(), digest(manifest))]);
    for (name, file) in REPORTS {
        match reports.get(file) {
            Some(bytes) if !bytes.is_empty() => {
                problems.extend(read(file, bytes).err());
                digests.insert((*name).to_owned(), digest(bytes));
            }
            Some(_) => problems.push(refusal(format!("{file} is empty"), AGAIN)),
            None if *name == "attestation" => problems.push(refusal(
                format!("{file} is missing"),
                "sign what the build left with `packer/runner/attest.sh LAYER`",
            )),
            None if *name == "boot" => problems.push(refusal(
                format!("{file} is missing: no machine was started from the image"),
                "build the layer again; packer/runner/build.sh boots every image, and removes one that does not",
            )),
            None => problems.push(refusal(format!("{file} is missing: the build did not finish"), AGAIN)),
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

/// What a machine says that was started from the image: the image, and what its own /etc/fleet-release says.
#[derive(Deserialize)]
struct Boot {
    image: String,
    key: String,
    commit: String,
}

/// The machine that wrote the report was started from this image: its id in the region of the build, or its name.
pub(crate) fn booted(report: &[u8], image: &str, key: &str, commit: &str) -> Result<(), Problem> {
    let boot: Boot =
        serde_json::from_slice(report).map_err(|_| refusal("boot.json is not a report of a boot", AGAIN))?;
    for (what, found, wanted) in
        [("image", &boot.image, image), ("key", &boot.key, key), ("commit", &boot.commit, commit)]
    {
        if found != wanted {
            return Err(refusal(format!("boot.json is about the {what} `{found}`, not `{wanted}`"), AGAIN));
        }
    }
    Ok(())
}

/// A report is of its kind, and from a build that passed. Trivy's lists ignored vulnerabilities as well; the build's gate has
/// judged them.
fn read(file: &str, bytes: &[u8]) -> Result<(), Problem> {
    let other = |what: &str| refusal(format!("{file} is not {what}"), AGAIN);
    let json = || serde_json::from_slice::<Value>(bytes).ok();
    match file {
        "sbom.cdx.json" if json().is_none_or(|sbom| sbom["bomFormat"] != "CycloneDX") => Err(other("a CycloneDX SBOM")),
        "trivy.json" if json().is_none_or(|report| report["SchemaVersion"].is_null()) => Err(other("a Trivy report")),
        "goss.json" => {
            let Summary { failed, skipped, all } =
                serde_json::from_slice::<Goss>(bytes).map_err(|_| other("a Goss report"))?.summary;
            if failed == 0 && skipped < all {
                return Ok(());
            }
            let message = if failed > 0 {
                format!("the build failed: {failed} of {all} Goss checks did")
            } else {
                "Goss checked nothing".to_owned()
            };
            Err(refusal(message, "see goss.xml, and build the layer again"))
        }
        _ => Ok(()),
    }
}
