//! The repository that a command works on: its fleet.yaml, the files that it wants, and the files that exist.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fleetgen_emit::{HandWritten, StartImages};
use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_fleet::{CheckContext, ExplainedFleet, Fleet, Group, Loaded, resource_name};
use fleetgen_images::Records;
use fleetgen_problem::{Code, Place, Problem, Severity, SourceFile, Unreadable};
use fleetgen_tree::{Changes, DiskState, File};

use crate::arguments::Global;
use crate::clock;
use crate::error::Failure;
use crate::records::Recorded;
use crate::ui::Ui;

/// A valid fleet.yaml, with its text.
pub(crate) struct Project<F = Fleet> {
    pub(crate) root: PathBuf,
    pub(crate) source: SourceFile,
    pub(crate) fleet: F,
}

/// A repository before its fleet.yaml is understood.
struct Unread<'a> {
    global: &'a Global,
    source: SourceFile,
}

impl<'a> Unread<'a> {
    fn read(global: &'a Global) -> Result<Self, Failure> {
        if !global.directory.is_dir() {
            return Err(Failure::usage(
                format!("there is no directory `{}`", global.directory.display()),
                Some("name the repository's directory with `-C`".to_owned()),
            ));
        }
        let name = global.fleet.display().to_string();
        let source = read(&global.directory.join(&global.fleet), &name)
            .map_err(|problem| Failure::Problems(vec![*problem], None))?;
        Ok(Self { global, source })
    }

    /// Understands it, and shows its warnings.
    fn load<F>(
        self,
        load: impl FnOnce(&SourceFile, CheckContext<'_>) -> Result<Loaded<F>, Vec<Problem>>,
        expired: Severity,
        ui: &mut Ui,
    ) -> Result<Project<F>, Failure> {
        let today = clock::today()?;
        let Self { global, source } = self;
        match load(&source, CheckContext { today: Some(&today), expired }) {
            Ok(Loaded { fleet, warnings }) => {
                if !warnings.is_empty() {
                    ui.problems(&warnings, Some(&source))?;
                }
                Ok(Project { root: global.directory.clone(), source, fleet })
            }
            Err(problems) => Err(Failure::Problems(problems, Some(Box::new(source)))),
        }
    }
}

impl Project {
    /// Reads and checks fleet.yaml.
    pub(crate) fn load(global: &Global, ui: &mut Ui) -> Result<Self, Failure> {
        Unread::read(global)?.load(fleetgen_fleet::load, Severity::Warning, ui)
    }

    /// Reads fleet.yaml and the records of images, and decides what has to be done to make the tree what it wants. `expired` is how bad an expired
    /// entry of `scan.ignore` is.
    pub(crate) fn load_with_changes(
        global: &Global,
        expired: Severity,
        ui: &mut Ui,
    ) -> Result<(Self, Recorded, Changes), Failure> {
        // Reading YAML keeps one core busy. Another reads the files that were generated before.
        let (project, state) = rayon::join(
            || Unread::read(global)?.load(fleetgen_fleet::load, expired, ui),
            || DiskState::read(&global.directory),
        );
        let project = project?;
        let recorded = Recorded::read(&project.root, &project.fleet)?;
        let wanted = wanted(&project.fleet, &hand_written(&project.root)?, &recorded)?;
        let changes = fleetgen_tree::compare(&project.root, state?, wanted)?;
        if !changes.kept.is_empty() {
            ui.problems(&changes.kept, None)?;
        }
        Ok((project, recorded, changes))
    }
}

/// The fleet, for commands that are not about it: its warnings are not shown.
#[cfg(feature = "bucket")]
pub(crate) fn fleet(global: &Global) -> Result<Fleet, Failure> {
    let source = Unread::read(global)?.source;
    let context = CheckContext { today: None, expired: Severity::Warning };
    match fleetgen_fleet::load(&source, context) {
        Ok(loaded) => Ok(loaded.fleet),
        Err(problems) => Err(Failure::Problems(problems, Some(Box::new(source)))),
    }
}

impl Project {
    /// The key of each layer, as it is now.
    pub(crate) fn keys(&self) -> Result<BTreeMap<LayerName, Key>, Failure> {
        let keys = fleetgen_emit::layer_keys(&self.fleet, &hand_written(&self.root)?)?;
        Ok(keys.into_iter().map(|(layer, key)| Ok((layer, key.key.parse()?))).collect::<anyhow::Result<_>>()?)
    }
}

impl Project<ExplainedFleet> {
    /// Reads and checks fleet.yaml, and records where each value of a group comes from.
    pub(crate) fn load_explained(global: &Global, ui: &mut Ui) -> Result<Self, Failure> {
        Unread::read(global)?.load(fleetgen_fleet::load_explained, Severity::Warning, ui)
    }
}

/// The files that a fleet wants.
pub(crate) fn wanted(fleet: &Fleet, scripts: &HandWritten, recorded: &Recorded) -> Result<Vec<File>, Failure> {
    Ok(fleetgen_emit::emit(fleet, scripts, &start_images(fleet, recorded))?)
}

/// The images that new groups start with: those that a rollout would move them to.
fn start_images(fleet: &Fleet, recorded: &Recorded) -> StartImages {
    let records = Records::new(&recorded.layers);
    let name = |group: &Group| {
        let (image, _) = fleetgen_rollout::choose(&records, fleet, group).ok()?;
        let architecture = group.machine.architecture;
        Some(resource_name::image(&fleet.name, &group.layer, architecture, image.key.as_str()))
    };
    // A group that lives stays as it is when its image is revoked.
    let was_promoted =
        |group: &&Group| records.layer(&group.layer).iter().any(|image| image.promotion(&group.environment).is_some());
    let groups = fleet.groups.values().filter(was_promoted);
    groups.map(|group| (group.name.clone(), name(group))).collect()
}

/// Reads the hand-written scripts and checks that are part of images. Links are not followed.
pub(crate) fn hand_written(root: &Path) -> anyhow::Result<HandWritten> {
    let mut files = BTreeMap::new();
    for directory in HandWritten::DIRECTORIES {
        if !root.join(directory).is_dir() {
            continue;
        }
        for entry in walkdir::WalkDir::new(root.join(directory)).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file()
                && let Some(path) = entry.path().strip_prefix(root)?.to_str()
            {
                files.insert(path.to_owned(), fs_err::read(entry.path())?);
            }
        }
    }
    Ok(HandWritten(files))
}

fn read(path: &Path, name: &str) -> Result<SourceFile, Box<Problem>> {
    let problem = |message: String, hint: &str| {
        Box::new(Problem::new(Code::Unreadable, Place::File(name.to_owned()), message).hint(hint))
    };
    if path.is_dir() {
        return Err(problem(format!("`{name}` is a directory"), "name a file with `--fleet`"));
    }
    // Opening a named pipe waits until another program writes to it.
    #[cfg(unix)]
    if fs_err::metadata(path).is_ok_and(|found| std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())) {
        return Err(problem(format!("`{name}` is a named pipe"), "write it to a file"));
    }
    // The size is checked first: a file that is far too large is not worth the memory.
    let too_large = |size| {
        problem(format!("`{name}` has {size} bytes; the limit is 16 MiB"), "a fleet of 10,000 groups has about 2 MiB")
    };
    let size = fs_err::metadata(path).map_or(0, |metadata| metadata.len());
    if size > SourceFile::MAX_BYTES as u64 {
        return Err(too_large(size));
    }
    let bytes = read_bounded(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => problem(
            format!("there is no `{name}`"),
            "run fleetgen where fleet.yaml is, name the directory with `-C`, or write one with `fleetgen init`",
        ),
        _ => problem(format!("`{name}` cannot be read: {error}"), "check its permissions"),
    })?;
    SourceFile::from_bytes(name, bytes).map_err(|unreadable| match unreadable {
        Unreadable::TooLarge(size) => too_large(size as u64),
        Unreadable::NotUtf8(at) => {
            problem(format!("`{name}` is not UTF-8: the byte at offset {at} is invalid"), "save it as UTF-8")
        }
    })
}

/// Reads a file up to the limit: something without a size, such as a pipe, may never end.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = SourceFile::MAX_BYTES as u64 + 1;
    fs_err::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
