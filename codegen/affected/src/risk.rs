//! What a reviewer looks at first.

mod fleet;
mod group;

use serde::Serialize;

use crate::Side;
use crate::group::former;

/// What kind of risk, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskKind {
    /// Something is destroyed.
    Destroyed,
    /// Something is replaced: it is destroyed, and another one created.
    Replaced,
    /// Fewer machines.
    Capacity,
    /// Something can be reached, or done, by more than before.
    Exposure,
    /// Something that protected is gone or weaker.
    Protection,
    /// A vulnerability is ignored, or a section of the hardening left out.
    Ignored,
}

impl RiskKind {
    /// Every kind, the worst first.
    pub const ALL: [Self; 6] =
        [Self::Destroyed, Self::Replaced, Self::Capacity, Self::Exposure, Self::Protection, Self::Ignored];

    /// What happened to a number of things, such as `2 exposures widened`.
    pub fn count(self, number: usize) -> String {
        let s = if number == 1 { "" } else { "s" };
        match self {
            Self::Destroyed => format!("{number} destroyed"),
            Self::Replaced => format!("{number} replaced"),
            Self::Capacity => format!("{number} with less capacity"),
            Self::Exposure => format!("{number} exposure{s} widened"),
            Self::Protection => format!("{number} protection{s} removed"),
            Self::Ignored => format!("{number} ignore{s} added"),
        }
    }

    /// The word before it in a list.
    pub fn title(self) -> &'static str {
        match self {
            Self::Destroyed => "destroyed",
            Self::Replaced => "replaced",
            Self::Capacity => "less capacity",
            Self::Exposure => "exposure",
            Self::Protection => "protection",
            Self::Ignored => "ignored",
        }
    }
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Risk {
    /// What kind.
    pub kind: RiskKind,
    /// The line of fleet.yaml that says so; nothing if a line was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What happens, in words.
    pub what: String,
    /// What it is about, such as `group web-tokyo`: everything to which the line does the same.
    pub about: Vec<String>,
}

/// Finds risks, each with its line.
struct Finder<'a> {
    line: &'a dyn Fn(&str, Option<&str>) -> Option<usize>,
    risks: Vec<Risk>,
}

impl Finder<'_> {
    /// Adds a risk that a value below a path of fleet.yaml shows.
    fn add(&mut self, kind: RiskKind, about: &str, what: impl Into<String>, path: &str, value: Option<&str>) {
        let line = (self.line)(path, value);
        self.risks.push(Risk { kind, line, what: what.into(), about: vec![about.to_owned()] });
    }
}

pub(crate) fn risks(before: &Side, after: &Side, line: &dyn Fn(&str, Option<&str>) -> Option<usize>) -> Vec<Risk> {
    let mut finder = Finder { line, risks: Vec::new() };
    fleet::find(&mut finder, &before.fleet, &after.fleet);
    for group in before.fleet.groups.values() {
        group::find(&mut finder, before, after, group);
    }
    for group in after.fleet.groups.values().filter(|group| former(&before.fleet, group).is_none()) {
        group::opened(&mut finder, &[], group);
    }
    let stacks = |side: &Side| side.fleet.stacks().into_keys().collect::<Vec<_>>();
    let is = stacks(after);
    for stack in stacks(before).iter().filter(|stack| !is.contains(stack)) {
        let what = "it loses its last group: before merging, delete the group's file there and run `terraform apply`, since no root is \
                    left to do it afterwards";
        finder.add(RiskKind::Destroyed, &format!("root {stack}"), what, "groups", None);
    }
    let mut risks = finder.risks;
    risks.sort();
    risks.dedup_by(|next, first| {
        let is_same = (next.kind, next.line, &next.what) == (first.kind, first.line, &first.what);
        if is_same {
            first.about.append(&mut next.about);
        }
        is_same
    });
    risks
}

/// What is in a list and was not.
fn added<'a, T: PartialEq>(before: &[T], after: &'a [T]) -> impl Iterator<Item = &'a T> {
    after.iter().filter(|item| !before.contains(item))
}
