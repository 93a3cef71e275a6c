//! What holds of any two trees: writing one over the other gives just the second, and writing it again changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use fleetgen_tree::{DiskState, File, Origin, Subject, compare};
use proptest::prelude::*;

/// Files of a few names in a few directories, so that two trees have some in common.
fn tree() -> impl Strategy<Value = BTreeMap<String, String>> {
    let path = (prop::collection::vec("[a-c]", 0..3), "[a-d]").prop_map(|(directories, name)| {
        let directories: String = directories.iter().flat_map(|directory| [directory.as_str(), ".d/"]).collect();
        format!("generated/{directories}{name}.tf")
    });
    prop::collection::btree_map(path, "[xy]{0,2}", 0..12)
}

fn files(tree: &BTreeMap<String, String>) -> Vec<File> {
    let file = |(path, content): (&String, &String)| File {
        path: path.clone(),
        content: content.clone(),
        subject: Subject::Fleet,
        origin: Origin::Rendered,
    };
    tree.iter().map(file).collect()
}

fn write(root: &Path, tree: &BTreeMap<String, String>) {
    let changes = compare(root, DiskState::read(root).unwrap(), files(tree)).unwrap();
    changes.apply(root, &|_| {}).unwrap();
}

/// Every file below a directory but the manifest; and no directory may be empty.
fn read(root: &Path, directory: &Path, found: &mut BTreeMap<String, String>) {
    let entries: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!entries.is_empty(), "{} is empty", directory.display());
    for path in entries {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_dir() {
            read(root, &path, found);
        } else if name != "generated/MANIFEST" {
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_last_tree_is_what_is_there(first in tree(), second in tree()) {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &first);
        write(folder.path(), &second);
        let mut found = BTreeMap::new();
        if folder.path().join("generated").exists() {
            read(folder.path(), &folder.path().join("generated"), &mut found);
        }
        prop_assert_eq!(&found, &second);
        let again = compare(folder.path(), DiskState::read(folder.path()).unwrap(), files(&second)).unwrap();
        prop_assert!(again.is_empty());
    }
}
