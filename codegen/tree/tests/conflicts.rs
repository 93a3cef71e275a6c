//! Faults of a producer, which the program as a whole cannot show.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use fleetgen_tree::{CompareError, DiskState, File, Origin, Subject, compare};

fn conflicts(files: &[(&str, Subject)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let files = files
        .iter()
        .map(|(path, subject)| File {
            path: (*path).to_owned(),
            content: String::new(),
            subject: subject.clone(),
            origin: Origin::Rendered,
        })
        .collect();
    match compare(folder.path(), DiskState::read(folder.path()).unwrap(), files) {
        Err(CompareError::Conflicts(problems)) => problems.into_iter().map(|problem| problem.message).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_producers_of_one_path() {
    let files = [("generated/a", Subject::Group("web".to_owned())), ("generated/a", Subject::Layer("base".to_owned()))];
    assert_eq!(conflicts(&files), ["generated/a is wanted twice, for the group web and for the layer base"]);
}

#[test]
fn paths_outside_of_the_tree() {
    for path in
        ["../a", "/etc/passwd", "generated/../a", "fleet.yaml", "generated/MANIFEST", ".github/workflows/ci.yml"]
    {
        assert_eq!(conflicts(&[(path, Subject::Fleet)]), [format!("`{path}` is not a place for generated files")]);
    }
}
