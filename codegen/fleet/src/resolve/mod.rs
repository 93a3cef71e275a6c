//! From what is written to what is meant: references and defaults.
//!
//! Wrong values have been reported and are absent. Whatever needs one of them is left out here, and the rest is resolved all
//! the same, so that the rules see as much as possible.

mod fleet;
mod layer;
mod network;
mod service;

pub(crate) use layer::layer_file;

use std::collections::BTreeMap;

use fleetgen_problem::{Problem, has_errors};
use rayon::prelude::*;

use crate::decode::{Missing, decode};
use crate::draft::{CheckContext, Draft, GroupDraft};
use crate::file::FleetFile;
use crate::group::{self, Profiles};
use crate::rules;
use crate::yaml::{Key, Node, Value};
use crate::{ExplainedFleet, Sources};

/// A resolved tree: the fleet, unless there are errors.
pub(crate) struct Resolved {
    pub(crate) fleet: Option<ExplainedFleet>,
    pub(crate) problems: Vec<Problem>,
}

/// Resolves a tree and checks every rule. `record` says whether to record where the values of groups come from.
pub(crate) fn resolve(root: &Node<'_>, context: CheckContext<'_>, record: bool) -> Resolved {
    let mut problems = Vec::new();
    let fleet = fleet(root, context, record, &mut problems);
    Resolved { fleet, problems }
}

fn fleet(
    root: &Node<'_>,
    context: CheckContext<'_>,
    record: bool,
    problems: &mut Vec<Problem>,
) -> Option<ExplainedFleet> {
    let file: FleetFile = decode(&[root], root.span, Missing::Report, None, problems)?;
    let tags = fleet::tags(&file);
    let networks = network::networks(&file, problems);
    let layers = layer::layers(&file, problems);
    let profiles = Profiles::new(entries(root, "profiles"), problems);
    let references =
        group::Context { file: &file, tags: &tags, networks: &networks, layers: &layers, profiles: &profiles, record };
    // Groups are most of a large file, and none needs another.
    let resolved: Vec<(Option<GroupDraft>, Vec<Problem>)> = entries(root, "groups")
        .par_iter()
        .map(|(key, node)| {
            let mut problems = Vec::new();
            (group::resolve(&references, key, node, &mut problems), problems)
        })
        .collect();
    let mut groups = BTreeMap::new();
    for (draft, more) in resolved {
        problems.extend(more);
        groups.extend(draft.map(|draft| (draft.group.name.clone(), draft)));
    }
    let mut draft = Draft { file: &file, context, tags, networks, layers, groups };
    rules::check(&draft, problems);
    if has_errors(problems) {
        return None;
    }
    let mut groups = BTreeMap::new();
    let mut sources = BTreeMap::new();
    for (name, GroupDraft { group, profiles, origins }) in std::mem::take(&mut draft.groups) {
        groups.insert(name.clone(), group);
        sources.insert(name, Sources { profiles, origins });
    }
    Some(ExplainedFleet { fleet: fleet::assemble(draft, groups)?, sources })
}

/// The entries of a mapping at the top of the file.
fn entries<'a>(root: &'a Node<'a>, section: &str) -> &'a [(Key<'a>, Node<'a>)] {
    let Value::Map(sections) = &root.value else { return &[] };
    match sections.iter().find(|(key, _)| key.name == section).map(|(_, node)| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}
