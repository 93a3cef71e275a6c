//! What must hold between values. One file a subject; each has functions that look at the draft and report.

mod account;
mod build;
mod content;
mod health;
mod layer;
mod machine;
mod name;
mod network;
mod proxy;
mod rollout;
mod scaling;
mod size;
mod stack;
mod tag;

use rayon::prelude::*;

use crate::diagnostic::Diagnostic;
use crate::model::Group;
use crate::resolve::Draft;

/// What a rule reports to.
pub(crate) type Found = Vec<Diagnostic>;

/// Rules on the fleet as a whole. A function that is not listed is dead code, which does not pass the lints.
const FLEET: &[fn(&Draft<'_>, &mut Found)] = &[
    account::accounts,
    account::environments,
    account::regions,
    account::disk_key,
    account::load_balancers,
    build::networks,
    build::domains,
    content::additions,
    content::checks,
    content::sysctl,
    content::expiry,
    content::names,
    health::listeners,
    layer::layers,
    name::unique,
    network::zones,
    network::addresses,
    network::overlaps,
    network::clouds,
    proxy::proxy,
    proxy::access,
    stack::stacks,
];

/// Rules on one group.
const GROUP: &[fn(&Draft<'_>, &Group, &mut Found)] = &[
    account::certificate,
    health::health,
    health::load_balancer,
    health::ports,
    machine::architecture,
    machine::gpu,
    machine::others,
    machine::source,
    name::limits,
    rollout::progress,
    rollout::limits,
    scaling::scaling,
    size::order,
    size::disk,
    tag::tags,
];

/// Checks every rule.
pub(crate) fn check(draft: &Draft<'_>, found: &mut Found) {
    for rule in FLEET {
        rule(draft, found);
    }
    let groups: Vec<&Group> = draft.groups.values().collect();
    found.par_extend(groups.par_iter().flat_map_iter(|group| {
        let mut found = Vec::new();
        for rule in GROUP {
            rule(draft, group, &mut found);
        }
        for diagnostic in &mut found {
            name_the_group(group, diagnostic);
        }
        found
    }));
}

/// Where a message points at what a profile says, the group must be told as well.
fn name_the_group(group: &Group, diagnostic: &mut Diagnostic) {
    let name = group.origins.name;
    if group.origins.is_inherited(diagnostic.span) && diagnostic.related.iter().all(|(span, _)| *span != name) {
        diagnostic.related.push((name, "in this group".to_owned()));
    }
}
