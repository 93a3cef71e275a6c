//! The repository at one time, for `affected`: a commit, or what is here.

use std::collections::BTreeMap;

use fleetgen_affected::{Side, WRITTEN};
use fleetgen_emit::{HandWritten, layer_keys};
use fleetgen_fleet::scalar::LayerName;
use fleetgen_fleet::{CheckContext, Fleet};
use fleetgen_images::Images;
use fleetgen_problem::{Severity, SourceFile};

use crate::arguments::Global;
use crate::error::Failure;
use crate::git::{self, Commit, usage};
use crate::project::{Project, hand_written, wanted};
use crate::records::Recorded;
use crate::ui::Ui;

/// Where generated files are.
const GENERATED: &[&str] = &["generated", ".github/workflows", OWNERS];
const OWNERS: &str = ".github/CODEOWNERS";

/// The repository at a commit, and its fleet.yaml. `now` are the scripts that there are now: one that did not exist yet counts as empty.
pub(crate) fn at(global: &Global, commit: &Commit<'_>, now: &HandWritten) -> Result<(SourceFile, Side), Failure> {
    // One process of Git reads everything.
    let mut files = commit.below(&[GENERATED, WRITTEN, &["images"]].concat())?;
    let (source, fleet) = fleet_at(global, commit)?;
    let is_written = |path: &String, _: &mut Vec<u8>| WRITTEN.iter().any(|part| path.starts_with(&format!("{part}/")));
    let written: BTreeMap<String, Vec<u8>> = files.extract_if(.., is_written).collect();
    let keys = keys_of(&fleet, &written, now, commit)?;
    let mut records: BTreeMap<String, Vec<u8>> = files.extract_if(.., |path, _| path.starts_with("images/")).collect();
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into())
    };
    let generated = files.into_iter().filter(|(path, _)| is_generated(path));
    let mut generated: BTreeMap<String, String> = generated.map(|(path, bytes)| (path, text(bytes))).collect();
    generated.retain(|path, text| path != OWNERS || is_ours(text));
    if generated.is_empty() {
        return Err(usage(format!("there are no generated files at {}", commit.name), LATER));
    }
    let mut images = BTreeMap::new();
    for layer in fleet.layers.keys() {
        if let Some(bytes) = records.remove(&Images::path(layer)) {
            let record = Images::parse(layer, &String::from_utf8_lossy(&bytes));
            let unreadable = |_| usage(format!("`{}` at {} cannot be read", Images::path(layer), commit.name), LATER);
            images.insert(layer.clone(), record.map_err(unreadable)?);
        }
    }
    Ok((source, Side { fleet, keys, generated, written, images }))
}

/// The repository as it is here, with the files that its fleet.yaml wants.
pub(crate) fn here(global: &Global, ui: &mut Ui) -> Result<(SourceFile, Side), Failure> {
    let project = Project::load(global, ui)?;
    let recorded = Recorded::read(&project.root, &project.fleet)?;
    let scripts = hand_written(&project.root)?;
    let keys = layer_keys(&project.fleet, &scripts)?;
    let generated = wanted(&project.fleet, &scripts, &recorded)?;
    let generated = generated.into_iter().map(|file| (file.path, file.content));
    // The user's own stays.
    let own = fs_err::read_to_string(project.root.join(OWNERS)).is_ok_and(|text| !is_ours(&text));
    let generated = generated.filter(|(path, _)| !own || path != OWNERS).collect();
    let mut written = BTreeMap::new();
    for path in git::tracked(global, WRITTEN)? {
        let file = project.root.join(&path);
        // One that is deleted is still in Git's index.
        if file.is_file() {
            written.insert(path, fs_err::read(file)?);
        }
    }
    Ok((project.source, Side { fleet: project.fleet, keys, generated, written, images: recorded.layers }))
}

const LATER: &str = "name a later revision";

/// The fleet.yaml of a commit.
pub(crate) fn fleet_at(global: &Global, commit: &Commit<'_>) -> Result<(SourceFile, Fleet), Failure> {
    let name = global.fleet.display().to_string();
    let text = commit.file(&name)?.ok_or_else(|| usage(format!("there is no `{name}` at {}", commit.name), LATER))?;
    let unreadable = || usage(format!("this fleetgen cannot read `{name}` at {}", commit.name), LATER);
    let source = SourceFile::from_bytes(name.clone(), text).map_err(|_| unreadable())?;
    // What has expired since then had not expired then.
    let context = CheckContext { today: None, expired: Severity::Warning };
    let fleet = fleetgen_fleet::load(&source, context).map_err(|_| unreadable())?.fleet;
    Ok((source, fleet))
}

/// The keys of a fleet with the scripts of its time, and with this program's templates and pinned tools.
pub(crate) fn keys_of(
    fleet: &Fleet,
    written: &BTreeMap<String, Vec<u8>>,
    now: &HandWritten,
    commit: &Commit<'_>,
) -> Result<BTreeMap<LayerName, fleetgen_emit::LayerKey>, Failure> {
    let mut files: BTreeMap<String, Vec<u8>> = now.0.keys().map(|path| (path.clone(), Vec::new())).collect();
    let is_script = |path: &str| HandWritten::DIRECTORIES.iter().any(|part| path.starts_with(&format!("{part}/")));
    files.extend(written.iter().filter(|(path, _)| is_script(path)).map(|(path, bytes)| (path.clone(), bytes.clone())));
    layer_keys(fleet, &HandWritten(files)).map_err(|error| {
        let message = format!("the keys at {} cannot be computed: {error}", commit.name);
        usage(message, "name a revision that has these files")
    })
}

/// Whether fleetgen has written a file of owners.
fn is_ours(text: &str) -> bool {
    text.starts_with("# Written by fleetgen")
}

/// Whether fleetgen has written a file. The manifest lists them; it says nothing itself.
fn is_generated(path: &str) -> bool {
    let is_workflow = path.starts_with(".github/workflows/fleet-");
    is_workflow || path == OWNERS || (path.starts_with("generated/") && path != "generated/MANIFEST")
}
