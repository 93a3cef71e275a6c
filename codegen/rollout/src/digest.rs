//! Digests of canonical JSON. The types have a fixed order of fields, ordered maps and whole numbers only, so a value has
//! exactly one text.

use fleetgen_fleet::scalar::Sha256;
use serde::Serialize;

/// The canonical JSON of a value: compact, with the fields in the order of their types.
pub(crate) fn canonical(value: &impl Serialize) -> String {
    // Maps have string keys and no value fails to serialize, so this cannot fail; an empty text would match no digest.
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn sha256(text: &str) -> Sha256 {
    use sha2::Digest as _;
    Sha256::from(<[u8; 32]>::from(sha2::Sha256::digest(text.as_bytes())))
}
