//! Compares the wanted files with the disk, and decides what to change.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;

use fleetgen_problem::{Problem, Severity};
use rayon::prelude::*;

use crate::change::{Change, Changes};
use crate::conflict::{Reason, conflict};
use crate::disk::{Disk, Kind};
use crate::manifest::{self, Hash, Listed, MANIFEST, PENDING};
use crate::path::RelPath;
use crate::{File, Origin};

/// The state of the disk: the manifests, and the files that they list. Another thread can read it while fleet.yaml is
/// parsed.
#[derive(Debug)]
pub struct DiskState {
    ours: Ours,
    disk: Disk,
    contents: HashMap<RelPath, Vec<u8>>,
    conflicts: Vec<Problem>,
}

impl DiskState {
    /// Reads the manifests and the files that they list. Links are not followed.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut conflicts = Vec::new();
        let ours = Ours::read(root, &mut conflicts)?;
        let mut listed: Vec<&RelPath> = ours.manifest.keys().chain(ours.pending.keys()).collect();
        listed.sort_unstable();
        listed.dedup();
        let mut disk = Disk::default();
        disk.read(root, listed.iter().copied())?;
        listed.retain(|path| disk.obstacle(path).is_none() && disk.kind(path.as_str()) == Some(Kind::File));
        let contents = listed
            .into_par_iter()
            .map(|path| Ok((path.clone(), fs_err::read(root.join(path.as_str()))?)))
            .collect::<io::Result<_>>()?;
        Ok(Self { ours, disk, contents, conflicts })
    }
}

/// Why there are no changes to apply.
#[derive(Debug)]
pub enum CompareError {
    /// Files that cannot be touched.
    Conflicts(Vec<Problem>),
    /// A file or directory cannot be read.
    Io(io::Error),
}

impl From<io::Error> for CompareError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Compares the wanted files with the disk and the manifest.
///
/// # Errors
/// There are conflicts, or the disk cannot be read.
pub fn compare(root: &Path, state: DiskState, wanted: Vec<File>) -> Result<Changes, CompareError> {
    let DiskState { ours, mut disk, contents, mut conflicts } = state;
    let wanted = claim(wanted, &mut conflicts);
    let paths: Vec<&RelPath> = {
        let mut paths: Vec<_> = wanted.keys().chain(ours.manifest.keys()).chain(ours.pending.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    };
    disk.read(root, paths.iter().copied())?;
    conflicts.extend(strays(&disk, &wanted, &paths));
    // Ours, and on the way out. A file may become a directory, and the other way round.
    let going: HashSet<&str> = contents
        .iter()
        .filter(|(path, content)| !wanted.contains_key(path) && ours.wrote(path, &manifest::hash(content)))
        .map(|(path, _)| path.as_str())
        .collect();
    // Mostly hashing, and each file is independent.
    let decided: Vec<(RelPath, Decision)> = paths
        .into_par_iter()
        .map(|path| Ok((path.clone(), decide(root, &disk, &ours, &going, path, contents.get(path), wanted.get(path))?)))
        .collect::<io::Result<_>>()?;

    let mut files = BTreeMap::new();
    let mut gone = Vec::new();
    let mut hashes = Listed::new();
    let mut kept = Vec::new();
    for (path, decision) in decided {
        if let Some(hash) = decision.wanted {
            hashes.insert(path.clone(), vec![hash]);
        }
        match decision.outcome {
            Outcome::Change(change) => {
                files.insert(path, change);
            }
            Outcome::Conflict(problem) => conflicts.push(problem),
            Outcome::Gone => gone.push(path),
            Outcome::Kept(problem) => kept.push(problem),
        }
    }
    if !conflicts.is_empty() {
        // One obstacle may be in the way of many files.
        conflicts.dedup();
        return Err(CompareError::Conflicts(conflicts));
    }
    let mut pending = ours.pending;
    for (path, hashes) in hashes.iter().filter(|(path, _)| files.get(path) != Some(&Change::Unchanged)) {
        pending.entry(path.clone()).or_default().extend(hashes);
    }
    Ok(Changes {
        pending,
        manifest_stale: ours.manifest != hashes || ours.manifest_missing,
        manifest: hashes,
        interrupted: ours.interrupted,
        leftovers: disk.leftovers,
        gone,
        files,
        kept,
    })
}

/// Files with the extensions that we write, in directories that we write to, that are neither wanted nor known: a tool that
/// reads the whole directory would read them too.
fn strays(disk: &Disk, wanted: &BTreeMap<RelPath, File>, known: &[&RelPath]) -> Vec<Problem> {
    let extension = |name: &str| name.rsplit_once('.').map(|(_, extension)| extension.to_owned());
    let mut directories: BTreeMap<&str, (BTreeSet<String>, HashSet<&str>)> = BTreeMap::new();
    for path in wanted.keys().filter(|path| path.as_str().starts_with("generated/")) {
        let (directory, name) = path.split();
        directories.entry(directory).or_default().0.extend(extension(name));
    }
    for path in known {
        let (directory, name) = path.split();
        if let Some((_, names)) = directories.get_mut(directory) {
            names.insert(name);
        }
    }
    let mut strays = Vec::new();
    for (directory, (kinds, names)) in directories {
        for (name, _) in disk.entries(directory).filter(|(name, _)| !names.contains(name.as_str())) {
            if !name.starts_with('.') && extension(name).is_some_and(|extension| kinds.contains(&extension)) {
                strays.push(conflict(&format!("{directory}/{name}"), &Reason::Stray));
            }
        }
    }
    strays
}

/// Gives each path to one file.
fn claim(wanted: Vec<File>, conflicts: &mut Vec<Problem>) -> BTreeMap<RelPath, File> {
    let mut claimed: BTreeMap<RelPath, File> = BTreeMap::new();
    for file in wanted {
        let path = RelPath::parse(&file.path).filter(|path| ![MANIFEST, PENDING].contains(&path.as_str()));
        let Some(path) = path else {
            conflicts.push(conflict(&file.path, &Reason::UnsafePath));
            continue;
        };
        if let Some(other) = claimed.get(&path) {
            let reason = Reason::TwoProducers(other.subject.clone(), file.subject);
            conflicts.push(conflict(&file.path, &reason));
            continue;
        }
        claimed.insert(path, file);
    }
    claimed
}

/// The files that we wrote, or were about to write.
#[derive(Debug)]
struct Ours {
    manifest: Listed,
    pending: Listed,
    manifest_missing: bool,
    interrupted: bool,
}

impl Ours {
    fn read(root: &Path, conflicts: &mut Vec<Problem>) -> io::Result<Self> {
        let manifest = list(root, MANIFEST, conflicts)?;
        let pending = list(root, PENDING, conflicts)?;
        Ok(Self {
            manifest_missing: manifest.is_none(),
            interrupted: pending.is_some(),
            manifest: manifest.unwrap_or_default(),
            pending: pending.unwrap_or_default(),
        })
    }

    fn wrote(&self, path: &RelPath, hash: &Hash) -> bool {
        [&self.manifest, &self.pending]
            .into_iter()
            .any(|listed| listed.get(path).is_some_and(|hashes| hashes.contains(hash)))
    }

    fn knows(&self, path: &RelPath) -> bool {
        self.manifest.contains_key(path) || self.pending.contains_key(path)
    }
}

/// Reads a manifest; nothing if there is none.
fn list(root: &Path, path: &'static str, conflicts: &mut Vec<Problem>) -> io::Result<Option<Listed>> {
    let mut refuse = |reason| {
        conflicts.push(conflict(path, &reason));
        Ok(None)
    };
    // Not through a link, be it the file or the directory.
    for part in ["generated", path] {
        match fs_err::symlink_metadata(root.join(part)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(found) if found.is_symlink() => return refuse(Reason::Symlink),
            Ok(found) if part == path && !found.is_file() => return refuse(Reason::InTheWay),
            Ok(_) => {}
        }
    }
    let bytes = fs_err::read(root.join(path))?;
    let Ok(text) = String::from_utf8(bytes) else { return refuse(Reason::DamagedManifest(1)) };
    match manifest::read(&text) {
        Ok(listed) => Ok(Some(listed)),
        Err(manifest::Damaged(line)) => refuse(Reason::DamagedManifest(line)),
    }
}

struct Decision {
    outcome: Outcome,
    /// The digest of the wanted file, if there is one.
    wanted: Option<Hash>,
}

enum Outcome {
    Change(Change),
    Conflict(Problem),
    /// The user's own, which stays, with a warning.
    Kept(Problem),
    /// Neither wanted nor there.
    Gone,
}

fn decide(
    root: &Path,
    disk: &Disk,
    ours: &Ours,
    going: &HashSet<&str>,
    path: &RelPath,
    content: Option<&Vec<u8>>,
    wanted: Option<&File>,
) -> io::Result<Decision> {
    let hash = wanted.map(|file| manifest::hash(file.content.as_bytes()));
    let outcome = |outcome| Ok(Decision { outcome, wanted: hash });
    let refuse = |path: &str, reason| outcome(Outcome::Conflict(conflict(path, &reason)));

    let keep = |path| {
        let kept = conflict(path, &Reason::Kept).severity(Severity::Warning);
        Ok(Decision { outcome: Outcome::Kept(kept), wanted: None })
    };
    if let Some(File { origin: Origin::Offered(elsewhere), .. }) = wanted
        && disk.kind(path.as_str()).is_none()
        && let Some(other) = elsewhere.iter().find(|path| root.join(path).exists())
    {
        return keep(*other);
    }
    if let Some((above, kind)) = disk.obstacle(path).filter(|(above, _)| !going.contains(above.as_str())) {
        return refuse(&above, if kind == Kind::Symlink { Reason::Symlink } else { Reason::InTheWay });
    }
    match disk.kind(path.as_str()) {
        None => outcome(match wanted {
            Some(new) => Outcome::Change(Change::Create { new: new.clone() }),
            None => Outcome::Gone,
        }),
        Some(Kind::Symlink) => refuse(path.as_str(), Reason::Symlink),
        Some(Kind::Directory) if wanted.is_some() && disk.has_only(path.as_str(), going) => outcome(match wanted {
            Some(new) => Outcome::Change(Change::Create { new: new.clone() }),
            None => Outcome::Gone,
        }),
        Some(Kind::Directory | Kind::Other) => refuse(path.as_str(), Reason::InTheWay),
        Some(Kind::File) => {
            let current = match content {
                Some(content) => Cow::Borrowed(content),
                None => Cow::Owned(fs_err::read(root.join(path.as_str()))?),
            };
            if wanted.is_some_and(|file| file.content.as_bytes() == current.as_slice()) {
                return outcome(Outcome::Change(Change::Unchanged));
            }
            let is_ours = ours.wrote(path, &manifest::hash(&current));
            if !is_ours && matches!(wanted, Some(File { origin: Origin::Offered(_), .. })) {
                return keep(path.as_str());
            }
            if !ours.knows(path) {
                return refuse(path.as_str(), Reason::NotOurs);
            }
            if !is_ours {
                return refuse(path.as_str(), Reason::Edited);
            }
            // We wrote it, so it is text.
            let old = String::from_utf8_lossy(&current).into_owned();
            outcome(Outcome::Change(match wanted {
                Some(new) => Change::Update { old, new: new.clone() },
                None => Change::Delete { old },
            }))
        }
    }
}
