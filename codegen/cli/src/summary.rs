//! What changes, in a few lines: by group and root, and setting by setting. Both sides of a file are parsed as HCL, so a
//! value that only moved is not a change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleetgen_affected::{Setting, group_settings, settings};
use fleetgen_tree::{Change, Changes, RelPath, Subject};

use crate::effect::Effects;

/// More files than this are summarised by what they are about.
const MOST_LINES: usize = 20;

/// The word for a change.
pub(crate) fn verb(change: &Change) -> &'static str {
    match change {
        Change::Create { .. } => "create",
        Change::Update { .. } => "update",
        Change::Delete { .. } => "delete",
        Change::Unchanged => "unchanged",
    }
}

/// The changed files, one per line, or their numbers by root, layer and so on if there are many.
pub(crate) fn list(changes: &Changes) -> String {
    let pending: Vec<_> = changes.pending().collect();
    if pending.len() <= MOST_LINES {
        return pending.iter().fold(String::new(), |mut text, (path, change)| {
            let _ = writeln!(text, "{:<6} {path}", verb(change));
            text
        });
    }
    let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (path, change) in pending {
        *counts.entry((verb(change), place(path, change))).or_default() += 1;
    }
    let mut text = String::new();
    for ((verb, place), count) in counts {
        let _ = writeln!(text, "{verb:<6} {place}  ({count} {})", if count == 1 { "file" } else { "files" });
    }
    text.push_str("`fleetgen diff --stat` lists every file\n");
    text
}

/// Where a file is counted: groups and roots in their directory, the files of a layer together.
fn place(path: &RelPath, change: &Change) -> String {
    match subject(change) {
        Some(Subject::Layer(layer)) => format!("layer {layer}"),
        Some(Subject::Group(_) | Subject::Root(_) | Subject::Workflow(_) | Subject::Fleet) | None => {
            path.directory().to_owned()
        }
    }
}

/// What a file is about. Of a file that is no longer wanted, only its old content can tell.
fn subject(change: &Change) -> Option<Subject> {
    match change {
        Change::Create { new } | Change::Update { new, .. } => Some(new.subject.clone()),
        Change::Delete { old } => fleetgen_emit::subject_of(old),
        Change::Unchanged => None,
    }
}

/// What changes in one file.
#[derive(Debug)]
pub(crate) struct FileSummary {
    path: String,
    verb: &'static str,
    subject: Option<Subject>,
    /// The settings that differ, if both sides exist.
    pub(crate) settings: Vec<Setting>,
    /// What applying the change does, where its lines do not say so.
    pub(crate) effects: Vec<String>,
}

/// Summarises a change.
pub(crate) fn of(effects: &Effects<'_>, path: &RelPath, change: &Change) -> FileSummary {
    let subject = subject(change);
    let settings = match (change, &subject) {
        (Change::Update { old, new }, Some(Subject::Group(group))) => group_settings(old, group, &new.content, group),
        (Change::Update { old, new }, Some(Subject::Root(_))) => settings(old, &new.content, ""),
        (Change::Create { new }, Some(Subject::Group(group))) => {
            let former = effects.former(path.directory(), group);
            former.map_or_else(Vec::new, |(former, old)| group_settings(old, former.as_str(), &new.content, group))
        }
        _ => Vec::new(),
    };
    let effects = subject.iter().flat_map(|subject| effects.of(path, change, subject, &settings)).collect();
    FileSummary { path: path.to_string(), verb: verb(change), subject, settings, effects }
}

impl FileSummary {
    /// The group that the file belongs to, if it belongs to one.
    pub(crate) fn group(&self) -> Option<&str> {
        match &self.subject {
            Some(Subject::Group(group)) => Some(group),
            Some(Subject::Root(_) | Subject::Layer(_) | Subject::Workflow(_) | Subject::Fleet) | None => None,
        }
    }
}

impl std::fmt::Display for FileSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.group() {
            Some(group) => writeln!(f, "{} {group}  ({})", self.verb, self.path)?,
            None => writeln!(f, "{} {}", self.verb, self.path)?,
        }
        for effect in &self.effects {
            writeln!(f, "  {effect}")?;
        }
        for setting in &self.settings {
            writeln!(f, "  {setting}")?;
        }
        Ok(())
    }
}
