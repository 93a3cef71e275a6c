//! What tests of this crate share.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "no test needs all of it")]

use std::collections::BTreeMap;

use fleetgen_emit::HandWritten;
use fleetgen_fleet::{CheckContext, Fleet};
use fleetgen_problem::{Format, Severity, SourceFile, render};

/// The fleet of a fleet.yaml.
pub(crate) fn fleet(text: &str) -> Fleet {
    let source = SourceFile::from_bytes("fleet.yaml", text.as_bytes().to_vec()).unwrap();
    let context = CheckContext { today: None, expired: Severity::Warning };
    match fleetgen_fleet::load(&source, context) {
        Ok(loaded) => loaded.fleet,
        Err(problems) => panic!("{}", render(&problems, Some(&source), Format::Human { color: false })),
    }
}

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
