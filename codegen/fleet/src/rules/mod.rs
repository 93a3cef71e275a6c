//! What must hold between values. One file per subject; each has functions that look at the draft and report problems.

mod account;
mod build;
mod config;
mod content;
mod disk;
mod endpoint;
mod environment;
mod existing;
mod expiry;
mod file;
mod health;
mod identity;
mod key;
mod layer;
mod machine;
mod name;
mod network;
mod port;
mod proxy;
mod registry;
mod rollout;
mod runner;
mod scaling;
mod service;
mod size;
mod stack;
mod tag;

use fleetgen_problem::Problem;
use rayon::prelude::*;

use crate::draft::{Draft, GroupDraft};

/// What a rule reports to.
pub(crate) type Problems = Vec<Problem>;

/// Rules on the fleet as a whole. A function that is not listed is dead code, which does not pass the lints.
const FLEET: &[fn(&Draft<'_>, &mut Problems)] = &[
    account::accounts,
    account::load_balancers,
    account::networks,
    account::regions,
    account::repository,
    account::unique,
    build::artifacts,
    build::domains,
    build::networks,
    build::zones,
    content::changes,
    content::checks,
    content::packages,
    content::ports,
    content::services,
    content::sysctl,
    endpoint::services,
    existing::identity,
    existing::places,
    existing::settings,
    environment::environments,
    environment::freezes,
    environment::gates,
    environment::windows,
    expiry::scan,
    expiry::updates,
    file::paths,
    file::places,
    health::listeners,
    identity::files,
    identity::services,
    identity::users,
    key::disks,
    key::shared,
    key::signing,
    layer::additions,
    layer::agents,
    layer::binaries,
    layer::builders,
    layer::exceptions,
    layer::ignored,
    layer::vendors,
    name::images,
    name::renamed,
    name::service_accounts,
    name::unique,
    network::addresses,
    network::clouds,
    network::destinations,
    network::listeners,
    network::overlaps,
    network::peers,
    network::zones,
    proxy::domains,
    proxy::images,
    proxy::layer,
    proxy::machines,
    proxy::shadows,
    registry::containers,
    runner::clients,
    runner::machine,
    runner::network,
    rollout::journal,
    service::commands,
    service::cycles,
    service::names,
    service::requirements,
    service::types,
    stack::stacks,
];

/// Rules on one group.
const GROUP: &[fn(&Draft<'_>, &GroupDraft, &mut Problems)] = &[
    account::certificate,
    account::policies,
    config::cloud_init,
    config::metadata,
    config::files,
    config::secrets,
    config::size,
    config::variables,
    disk::disks,
    disk::instance_store,
    disk::mounts,
    endpoint::hooks,
    health::balancer,
    health::check,
    health::clients,
    health::encryption,
    machine::architecture,
    machine::driver,
    machine::gpu,
    machine::others,
    machine::source,
    name::fixed,
    name::limits,
    port::descriptions,
    port::egress,
    port::ports,
    rollout::floor,
    rollout::limits,
    rollout::progress,
    scaling::clashes,
    scaling::growth,
    scaling::queues,
    scaling::schedules,
    scaling::targets,
    size::order,
    tag::tags,
];

/// Checks every rule.
pub(crate) fn check(draft: &Draft<'_>, problems: &mut Problems) {
    for rule in FLEET {
        rule(draft, problems);
    }
    let groups: Vec<&GroupDraft> = draft.groups.values().collect();
    problems.par_extend(groups.par_iter().flat_map_iter(|group| {
        let mut problems = Vec::new();
        for rule in GROUP {
            rule(draft, group, &mut problems);
        }
        for problem in &mut problems {
            name_the_group(group, problem);
        }
        problems
    }));
}

/// If a message points at what a profile sets, it must name the group as well.
fn name_the_group(group: &GroupDraft, problem: &mut Problem) {
    let name = group.origins.name;
    let Some(span) = problem.span() else { return };
    if group.origins.is_inherited(span) && problem.related.iter().all(|(span, _)| *span != name) {
        problem.related.push((name, "in this group".to_owned()));
    }
}
