//! Decides what is to be done.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::Path;

use rayon::prelude::*;

use crate::File;
use crate::change::{Change, Changes, Conflict, Reason};
use crate::disk::{Disk, Kind};
use crate::manifest::{self, Hash, Listed, MANIFEST, PENDING};
use crate::path::RelPath;

/// What is on the disk of what we wrote: the manifests, and the files that they list.
///
/// It can be read before it is known what is wanted, while something else goes on.
#[derive(Debug)]
pub struct Found {
    ours: Ours,
    disk: Disk,
    contents: HashMap<RelPath, Vec<u8>>,
    conflicts: Vec<Conflict>,
}

impl Found {
    /// Reads the manifests and the files that they list. Links are not followed: what is behind one is not read.
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
        disk.look(root, listed.iter().copied())?;
        listed.retain(|path| disk.obstacle(path).is_none() && disk.kind(path.as_str()) == Some(Kind::File));
        let contents = listed
            .into_par_iter()
            .map(|path| Ok((path.clone(), fs_err::read(root.join(path.as_str()))?)))
            .collect::<io::Result<_>>()?;
        Ok(Self { ours, disk, contents, conflicts })
    }
}

/// Compares what is wanted with what is on the disk and with the manifest.
///
/// # Errors
/// A file or directory cannot be read.
pub fn compare(root: &Path, found: Found, wanted: Vec<File>) -> io::Result<Changes> {
    let Found { ours, mut disk, contents, mut conflicts } = found;
    let wanted = claim(wanted, &mut conflicts);
    let paths: Vec<&RelPath> = {
        let mut paths: Vec<_> = wanted.keys().chain(ours.manifest.keys()).chain(ours.pending.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    };
    disk.look(root, paths.iter().copied())?;
    conflicts.extend(strays(&disk, &wanted, &paths));
    // Hashing is most of what is left, and each file is on its own.
    let decided: Vec<(RelPath, Decision)> = paths
        .into_par_iter()
        .map(|path| {
            let wanted = wanted.get(path).map(|file| file.content.as_str());
            Ok((path.clone(), decide(root, &disk, &ours, path, contents.get(path), wanted)?))
        })
        .collect::<io::Result<_>>()?;

    let mut files = BTreeMap::new();
    let mut gone = Vec::new();
    let mut hashes = Listed::new();
    for (path, decision) in decided {
        if let Some(hash) = decision.wanted {
            hashes.insert(path.clone(), vec![hash]);
        }
        match decision.outcome {
            Outcome::Change(change) => {
                files.insert(path, change);
            }
            Outcome::Conflict(conflict) => conflicts.push(conflict),
            Outcome::Gone => gone.push(path),
        }
    }
    // One obstacle stands in the way of many files.
    conflicts.dedup();
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
        conflicts,
    })
}

/// Files of the kinds that we write, in directories that we write to, which are neither wanted nor known: a tool that reads
/// the whole directory would take them for ours.
fn strays(disk: &Disk, wanted: &BTreeMap<RelPath, File>, known: &[&RelPath]) -> Vec<Conflict> {
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
                strays.push(Conflict { path: format!("{directory}/{name}"), reason: Reason::NotOurs });
            }
        }
    }
    strays
}

/// Gives each path to one file.
fn claim(wanted: Vec<File>, conflicts: &mut Vec<Conflict>) -> BTreeMap<RelPath, File> {
    let mut claimed: BTreeMap<RelPath, File> = BTreeMap::new();
    for file in wanted {
        let path = RelPath::parse(&file.path).filter(|path| ![MANIFEST, PENDING].contains(&path.as_str()));
        let Some(path) = path else {
            conflicts.push(Conflict { path: file.path, reason: Reason::UnsafePath });
            continue;
        };
        if let Some(other) = claimed.get(&path) {
            let reason = Reason::TwoProducers(other.producer, file.producer);
            conflicts.push(Conflict { path: file.path, reason });
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
    fn read(root: &Path, conflicts: &mut Vec<Conflict>) -> io::Result<Self> {
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

/// Reads a manifest; nothing where there is none.
fn list(root: &Path, path: &'static str, conflicts: &mut Vec<Conflict>) -> io::Result<Option<Listed>> {
    let mut refuse = |reason| {
        conflicts.push(Conflict { path: path.to_owned(), reason });
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
    /// The digest of what is wanted, where something is.
    wanted: Option<Hash>,
}

enum Outcome {
    Change(Change),
    Conflict(Conflict),
    /// No longer wanted, and not there either.
    Gone,
}

fn decide(
    root: &Path,
    disk: &Disk,
    ours: &Ours,
    path: &RelPath,
    content: Option<&Vec<u8>>,
    wanted: Option<&str>,
) -> io::Result<Decision> {
    let hash = wanted.map(|content| manifest::hash(content.as_bytes()));
    let outcome = |outcome| Ok(Decision { outcome, wanted: hash });
    let refuse = |path: &str, reason| outcome(Outcome::Conflict(Conflict { path: path.to_owned(), reason }));

    if let Some((above, kind)) = disk.obstacle(path) {
        return refuse(&above, if kind == Kind::Symlink { Reason::Symlink } else { Reason::InTheWay });
    }
    match disk.kind(path.as_str()) {
        None => outcome(match wanted {
            Some(new) => Outcome::Change(Change::Create { new: new.to_owned() }),
            None => Outcome::Gone,
        }),
        Some(Kind::Symlink) => refuse(path.as_str(), Reason::Symlink),
        Some(Kind::Directory | Kind::Other) => refuse(path.as_str(), Reason::InTheWay),
        Some(Kind::File) => {
            let found = match content {
                Some(content) => Cow::Borrowed(content),
                None => Cow::Owned(fs_err::read(root.join(path.as_str()))?),
            };
            if wanted.is_some_and(|wanted| wanted.as_bytes() == found.as_slice()) {
                return outcome(Outcome::Change(Change::Unchanged));
            }
            if !ours.knows(path) {
                return refuse(path.as_str(), Reason::NotOurs);
            }
            if !ours.wrote(path, &manifest::hash(&found)) {
                return refuse(path.as_str(), Reason::Edited);
            }
            // We wrote it, so it is text.
            let old = String::from_utf8_lossy(&found).into_owned();
            outcome(Outcome::Change(match wanted {
                Some(new) => Change::Update { old, new: new.to_owned() },
                None => Change::Delete { old },
            }))
        }
    }
}
