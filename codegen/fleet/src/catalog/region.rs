//! Regions and their zones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::choice::Cloud;

static AWS: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../data/aws-zones.json")).unwrap_or_default());

/// The regions of GCP. A region has the zones a, b and c, but for those named in [`gcp_zones`].
const GCP: &[&str] = &[
    "africa-south1",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-south2",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-north2",
    "europe-southwest1",
    "europe-west1",
    "europe-west10",
    "europe-west12",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "northamerica-south1",
    "southamerica-east1",
    "southamerica-west1",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
];

/// The zones of a region of GCP.
pub fn gcp_zones(region: &str) -> Vec<String> {
    let letters: &[char] = match region {
        "us-central1" => &['a', 'b', 'c', 'f'],
        "us-east1" | "europe-west1" => &['b', 'c', 'd'],
        _ => &['a', 'b', 'c'],
    };
    letters.iter().map(|letter| format!("{region}-{letter}")).collect()
}

/// The zones of every region of a cloud.
pub fn zones(cloud: Cloud) -> BTreeMap<String, Vec<String>> {
    match cloud {
        Cloud::Aws => AWS.clone(),
        Cloud::Gcp => GCP.iter().map(|region| ((*region).to_owned(), gcp_zones(region))).collect(),
    }
}
