//! What tests of this crate share.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use fleetgen_emit::HandWritten;

/// The repository's own scripts and checks.
pub(crate) fn scripts() -> HandWritten {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = BTreeMap::new();
    for directory in HandWritten::DIRECTORIES {
        for entry in walkdir::WalkDir::new(root.join(directory)).into_iter().map(Result::unwrap) {
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                files.insert(path, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    HandWritten(files)
}
