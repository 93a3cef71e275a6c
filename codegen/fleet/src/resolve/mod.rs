//! From what is written to what is meant: inheritance, references, defaults.
//!
//! Values that were wrong have been reported and are absent; whatever needs one of them is left out here, and the rest is
//! resolved all the same, so that the rules see as much as there is.

mod group;
mod layer;
pub(crate) mod parts;
mod profile;
pub(crate) mod taker;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::decode::decode;
use crate::diagnostic::Diagnostic;
use crate::file::FleetFile;
use crate::model::{Fleet, Group, Layer, Network};
use crate::rules;
use crate::scalar::{Date, GroupName, LayerName, NetworkName, TagKey, Text};
use crate::yaml::{Key, Node, Value};

/// What could be resolved, for the rules.
pub(crate) struct Draft<'a> {
    pub(crate) file: &'a FleetFile,
    /// The day on which it is looked at, where that matters.
    pub(crate) today: Option<&'a Date>,
    pub(crate) tags: BTreeMap<TagKey, Text>,
    pub(crate) networks: BTreeMap<NetworkName, Network>,
    pub(crate) layers: BTreeMap<LayerName, Layer>,
    pub(crate) groups: BTreeMap<GroupName, Group>,
}

/// Resolves a tree. What is wrong goes to `found`; a fleet comes out only where nothing is.
pub(crate) fn resolve(root: &Node, today: Option<&Date>, found: &mut Vec<Diagnostic>) -> Option<Fleet> {
    let file: FleetFile = decode(&[root], root.span, found)?;
    let tags = parts::tags(&file);
    let networks = parts::networks(&file, found);
    let layers = layer::layers(&file, found);
    let profiles = profile::Profiles::new(entries(root, "profiles"), found);
    let context =
        group::Context { file: &file, tags: &tags, networks: &networks, layers: &layers, profiles: &profiles };
    // Groups are most of a large file, and none needs another.
    let resolved: Vec<(Option<Group>, Vec<Diagnostic>)> = entries(root, "groups")
        .par_iter()
        .map(|(key, node)| {
            let mut found = Vec::new();
            (group::group(&context, key, node, &mut found), found)
        })
        .collect();
    let mut groups = BTreeMap::new();
    for (group, more) in resolved {
        found.extend(more);
        groups.extend(group.map(|group| (group.name.clone(), group)));
    }
    let draft = Draft { file: &file, today, tags, networks, layers, groups };
    rules::check(&draft, found);
    if found.is_empty() { parts::assemble(draft) } else { None }
}

/// The entries of a mapping at the top of the file.
fn entries<'a>(root: &'a Node, section: &str) -> &'a [(Key, Node)] {
    let Value::Map(sections) = &root.value else { return &[] };
    match sections.iter().find(|(key, _)| key.name == section).map(|(_, node)| &node.value) {
        Some(Value::Map(entries)) => entries,
        _ => &[],
    }
}
