//! A run that is killed at any step loses nothing, and the next run finishes the work.
//!
//! The test starts itself again as a child, which aborts before the n-th step that changes the disk, for every n.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use fleetgen_tree::{Change, DiskState, File, Origin, Step, Subject, compare};

fn file(path: &str, content: &str) -> File {
    File { path: path.to_owned(), content: content.to_owned(), subject: Subject::Fleet, origin: Origin::Rendered }
}

/// The tree before, the one that is wanted, and the one that is wanted after fleet.yaml has changed once more.
fn generation(number: usize) -> Vec<File> {
    let same = file("generated/same.tf", "same\n");
    match number {
        0 => vec![same, file("generated/a/b/gone.tf", "old\n"), file("generated/changed.tf", "0\n")],
        1 => vec![
            same,
            file("generated/changed.tf", "1\n"),
            file("generated/c/new.tf", "new\n"),
            file("generated/d.tf", "d\n"),
        ],
        _ => vec![same, file("generated/changed.tf", "2\n"), file("generated/e/last.tf", "last\n")],
    }
}

fn write(root: &Path, number: usize, before: &(dyn Fn(Step<'_>) + Sync)) {
    let changes = compare(root, DiskState::read(root).unwrap(), generation(number)).unwrap();
    changes.apply(root, before).unwrap();
}

/// Everything below a directory, without the manifest.
fn contents(root: &Path) -> Vec<(PathBuf, Option<String>)> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                directories.push(path);
                found.push((name, None));
            } else {
                found.push((name, Some(std::fs::read_to_string(path).unwrap())));
            }
        }
    }
    found.sort();
    found
}

fn expected(number: usize) -> Vec<(PathBuf, Option<String>)> {
    let fresh = tempfile::tempdir().unwrap();
    write(fresh.path(), number, &|_| {});
    contents(fresh.path())
}

const ROOT: &str = "FLEETGEN_TEST_ROOT";
const STEP: &str = "FLEETGEN_TEST_STEP";

/// The child: writes generation 1, and dies before the given step.
#[test]
fn child() {
    let (Ok(root), Ok(step)) = (std::env::var(ROOT), std::env::var(STEP)) else { return };
    let last: usize = step.parse().unwrap();
    let done = AtomicUsize::new(0);
    write(Path::new(&root), 1, &|_| {
        if done.fetch_add(1, Ordering::SeqCst) == last {
            std::process::abort();
        }
    });
}

/// Kills a run before step `step`; tells whether there was such a step.
fn killed(root: &Path, step: usize) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child"])
        .env(ROOT, root)
        .env(STEP, step.to_string())
        .output()
        .unwrap();
    !output.status.success()
}

#[test]
fn a_run_killed_at_any_step_is_finished_by_the_next() {
    let mut step = 0;
    loop {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, 0, &|_| {});
        let died = killed(root, step);
        // Every file is the old or the new one, whole.
        for (path, content) in contents(root) {
            let name = path.to_string_lossy().into_owned();
            let known = [0, 1]
                .iter()
                .flat_map(|number| generation(*number))
                .any(|file| file.path == name && Some(&file.content) == content.as_ref());
            assert!(
                known || content.is_none() || name.contains("MANIFEST") || name.contains("/.fleetgen-"),
                "{name}: {content:?}"
            );
        }
        // Either the same fleet once more, or another one: both find their way.
        for next in [1, 2] {
            let copy = tempfile::tempdir().unwrap();
            let status = Command::new("cp").arg("-a").arg(root.join("generated")).arg(copy.path()).status().unwrap();
            assert!(status.success());
            write(copy.path(), next, &|_| {});
            assert_eq!(contents(copy.path()), expected(next), "killed before step {step}, then generation {next}");
        }
        if !died {
            break;
        }
        step += 1;
    }
    assert!(step >= 12, "there were only {step} steps to die at");
}

#[test]
fn a_run_killed_twice_is_finished_too() {
    let mut deaths = 0;
    for first in 0..12 {
        for second in 0..12 {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), 0, &|_| {});
            killed(folder.path(), first);
            deaths += usize::from(killed(folder.path(), second));
            write(folder.path(), 2, &|_| {});
            assert_eq!(contents(folder.path()), expected(2), "killed before steps {first} and {second}");
        }
    }
    assert!(deaths >= 60, "only {deaths} runs died twice");
}

#[test]
fn nothing_is_done_where_nothing_is_to_be_done() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 0, &|_| {});
    let changes = compare(folder.path(), DiskState::read(folder.path()).unwrap(), generation(0)).unwrap();
    assert!(changes.is_empty());
    assert!(changes.files.values().all(|change| *change == Change::Unchanged));
    changes.apply(folder.path(), &|step| panic!("{step:?}")).unwrap();
}
