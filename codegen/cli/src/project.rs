//! The repository that a command works on: its fleet.yaml, what that wants, and what is there.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;

use fleetgen_emit::HandWritten;
use fleetgen_fleet::scalar::Date;
use fleetgen_fleet::{Diagnostic, Fleet, Report, Rule, SourceFile, Span, Unreadable};
use fleetgen_tree::{Changes, Found};

use crate::arguments::{Format, Global};
use crate::clock;
use crate::error::Failure;
use crate::ui::Ui;

/// A fleet.yaml that holds, with its text for telling places.
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) source: SourceFile,
    pub(crate) fleet: Fleet,
}

type Load = fn(&SourceFile, Option<&Date>) -> Result<Fleet, Report>;

impl Project {
    /// Reads and checks fleet.yaml.
    pub(crate) fn load(global: &Global, ui: &Ui) -> Result<Self, Failure> {
        Self::load_by(fleetgen_fleet::load, global, ui)
    }

    /// Reads and checks fleet.yaml, and remembers where each value of a group came from.
    pub(crate) fn load_with_places(global: &Global, ui: &Ui) -> Result<Self, Failure> {
        Self::load_by(fleetgen_fleet::load_with_places, global, ui)
    }

    fn load_by(load: Load, global: &Global, ui: &Ui) -> Result<Self, Failure> {
        let name = global.fleet.display().to_string();
        let render = |report: &Report, source: &SourceFile| Failure::Invalid {
            report: report.render(
                source,
                match ui.format {
                    Format::Human => fleetgen_fleet::Format::Human { color: ui.colors_problems() },
                    Format::Json => fleetgen_fleet::Format::Json,
                    Format::Github => fleetgen_fleet::Format::Github,
                },
            ),
        };
        if !global.directory.is_dir() {
            return Err(Failure::Usage {
                message: format!("there is no directory `{}`", global.directory.display()),
                hint: Some("give the repository's directory after -C".to_owned()),
            });
        }
        let source = match read(&global.directory.join(&global.fleet), &name) {
            Ok(source) => source,
            Err(diagnostic) => {
                let source = SourceFile::from_bytes(name, Vec::new())
                    .map_err(|_| anyhow::anyhow!("an empty file cannot be read"))?;
                return Err(render(&Report { diagnostics: vec![*diagnostic] }, &source));
            }
        };
        match load(&source, Some(&clock::today()?)) {
            Ok(fleet) => Ok(Self { root: global.directory.clone(), source, fleet }),
            Err(report) => Err(render(&report, &source)),
        }
    }

    /// Reads fleet.yaml, and says what is to be done to make the tree what it wants.
    ///
    /// Reading YAML keeps one core busy; another reads meanwhile what was generated before.
    pub(crate) fn load_with_changes(global: &Global, ui: &Ui) -> Result<(Self, Changes), Failure> {
        let (project, found) = rayon::join(|| Self::load(global, ui), || Found::read(&global.directory));
        let project = project?;
        let wanted = fleetgen_emit::emit(&project.fleet, &hand_written(&project.root)?)?;
        let changes = fleetgen_tree::compare(&project.root, found?, wanted)?;
        if changes.conflicts.is_empty() { Ok((project, changes)) } else { Err(Failure::Conflicts(changes.conflicts)) }
    }
}

/// Reads the hand-written scripts and checks that take part in images. Links are not followed.
pub(crate) fn hand_written(root: &std::path::Path) -> anyhow::Result<HandWritten> {
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

fn read(path: &std::path::Path, name: &str) -> Result<SourceFile, Box<Diagnostic>> {
    let problem =
        |message: String, hint: &str| Box::new(Diagnostic::new(Rule::Unreadable, Span::default(), message).hint(hint));
    if path.is_dir() {
        return Err(problem(format!("`{name}` is a directory"), "name a file with --fleet"));
    }
    // The size is looked at first: a file far too large is not worth its memory.
    let too_large = |size| {
        problem(
            format!("`{name}` has {size} bytes, more than the 16 MiB that are read"),
            "a fleet of 10,000 groups has about 2 MiB",
        )
    };
    let size = fs_err::metadata(path).map_or(0, |metadata| metadata.len());
    if size > SourceFile::MAX_BYTES as u64 {
        return Err(too_large(size));
    }
    let bytes = read_bounded(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            problem(format!("there is no `{name}`"), "run fleetgen where fleet.yaml is, or name the directory with -C")
        }
        _ => problem(format!("`{name}` cannot be read: {error}"), "look at its permissions"),
    })?;
    SourceFile::from_bytes(name, bytes).map_err(|unreadable| match unreadable {
        Unreadable::TooLarge(size) => too_large(size as u64),
        Unreadable::NotUtf8(at) => {
            problem(format!("`{name}` is not UTF-8: the byte at {at} is not part of a character"), "save it as UTF-8")
        }
    })
}

/// Reads a file, but not without end: what has no size of its own, such as a pipe, may have none.
fn read_bounded(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = SourceFile::MAX_BYTES as u64 + 1;
    fs_err::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
