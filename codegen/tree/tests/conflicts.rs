//! Faults of a producer, which the program as a whole cannot show.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use fleetgen_tree::{File, Found, Reason, compare};

fn conflicts(files: &[(&str, &'static str)]) -> Vec<Reason> {
    let folder = tempfile::tempdir().unwrap();
    let files = files
        .iter()
        .map(|(path, producer)| File { path: (*path).to_owned(), content: String::new(), producer })
        .collect();
    let changes = compare(folder.path(), Found::read(folder.path()).unwrap(), files).unwrap();
    assert!(changes.apply(folder.path(), &|step| panic!("{step:?}")).is_err());
    changes.conflicts.into_iter().map(|conflict| conflict.reason).collect()
}

#[test]
fn two_producers_of_one_path() {
    assert_eq!(conflicts(&[("generated/a", "one"), ("generated/a", "two")]), [Reason::TwoProducers("one", "two")]);
}

#[test]
fn paths_outside_of_the_tree() {
    for path in
        ["../a", "/etc/passwd", "generated/../a", "fleet.yaml", "generated/MANIFEST", ".github/workflows/ci.yml"]
    {
        assert_eq!(conflicts(&[(path, "one")]), [Reason::UnsafePath], "{path}");
    }
}
