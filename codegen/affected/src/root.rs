//! Roots that Terraform has to look at.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::{AccountName, EnvironmentName};
use fleetgen_fleet::{Fleet, Scope};
use serde::Serialize;

use crate::{Change, FileChange, Side};

/// A root whose files or modules change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RootChange {
    /// The root, such as `aws-tokyo/prod`. Its directory is below generated/terraform.
    pub root: String,
    /// What happens to it.
    pub change: Change,
    /// The cloud.
    pub cloud: Cloud,
    /// The account or project.
    pub account: AccountName,
    /// The environments of its groups; none for an account's or a network's own root.
    pub environments: Vec<EnvironmentName>,
    /// Its files that change.
    pub files: Vec<String>,
    /// The modules that it uses and that change.
    pub modules: Vec<String>,
}

const MODULES: &str = "terraform/modules/";

/// `generated` and `written` are the files that differ.
pub(crate) fn changes(
    before: &Side,
    after: &Side,
    generated: &[FileChange],
    written: &[FileChange],
) -> Vec<RootChange> {
    let modules = changed_modules(after, written);
    let old = before.fleet.scopes();
    let mut scopes = after.fleet.scopes();
    let gone: Vec<Scope> = old.iter().filter(|scope| !scopes.contains(scope)).cloned().collect();
    scopes.extend(gone);
    let changed = scopes.iter().filter_map(|scope| {
        let folder = scope.directory() + "/";
        let own = generated.iter().filter_map(|file| file.path.strip_prefix(&folder));
        let own: Vec<String> = own.map(str::to_owned).collect();
        let exists = after.generated.keys().any(|path| path.starts_with(&folder));
        let used = uses(&after.generated, &folder);
        let modules: Vec<String> = used.intersection(&modules).cloned().collect();
        if own.is_empty() && modules.is_empty() {
            return None;
        }
        let change = match (old.contains(scope), exists) {
            (_, false) => Change::Removed,
            (false, true) => Change::Created,
            (true, true) => Change::Changed,
        };
        let fleet = if exists { &after.fleet } else { &before.fleet };
        let (cloud, account) = place(fleet, scope)?;
        let environments = environments(fleet, scope);
        Some(RootChange { root: scope.to_string(), change, cloud, account, environments, files: own, modules })
    });
    changed.collect()
}

/// The cloud and the account of a root.
pub(crate) fn place(fleet: &Fleet, scope: &Scope) -> Option<(Cloud, AccountName)> {
    match scope {
        Scope::Account(account) => {
            let is_aws = fleet.aws.as_ref().is_some_and(|aws| aws.accounts().any(|it| it.name == *account));
            Some((if is_aws { Cloud::Aws } else { Cloud::Gcp }, account.clone()))
        }
        Scope::Network(network) | Scope::Stack(network, _) => {
            let network = fleet.networks.get(network)?;
            Some((network.cloud, network.account.clone()))
        }
    }
}

pub(crate) fn environments(fleet: &Fleet, scope: &Scope) -> Vec<EnvironmentName> {
    let groups = fleet.groups.values().filter(|group| Scope::of(group) == *scope);
    let names: BTreeSet<&EnvironmentName> = groups.map(|group| &group.environment).collect();
    names.into_iter().cloned().collect()
}

/// The modules that a root calls, and those that they call.
fn uses(generated: &BTreeMap<String, String>, folder: &str) -> BTreeSet<String> {
    let files = generated.range(folder.to_owned()..).take_while(|(path, _)| path.starts_with(folder));
    files.flat_map(|(_, text)| called(text, MODULES)).collect()
}

/// The names behind a prefix in the sources of modules.
fn called(text: &str, prefix: &str) -> Vec<String> {
    let sources = text.lines().filter_map(|line| line.trim_start().strip_prefix("source"));
    let sources = sources.filter_map(|rest| rest.trim_start().strip_prefix('=')?.split('"').nth(1));
    sources.filter_map(|source| Some(source.split_once(prefix)?.1.trim_end_matches('/').to_owned())).collect()
}

/// The module that a file is a part of. Its tests and its documents change nothing.
pub(crate) fn module_of(path: &str) -> Option<&str> {
    let (module, file) = path.strip_prefix(MODULES)?.split_once('/')?;
    let is_document = std::path::Path::new(file).extension().is_some_and(|extension| extension == "md");
    let is_code = !file.starts_with("tests/") && !is_document && !file.starts_with('.');
    is_code.then_some(module)
}

/// The modules that change, with those that call them.
fn changed_modules(after: &Side, written: &[FileChange]) -> BTreeSet<String> {
    let own = written.iter().filter_map(|file| module_of(&file.path));
    let mut changed: BTreeSet<String> = own.map(str::to_owned).collect();
    let calls: Vec<(String, String)> = after
        .written
        .iter()
        .filter_map(|(path, bytes)| Some((module_of(path)?, String::from_utf8_lossy(bytes))))
        .flat_map(|(module, text)| {
            called(&text, "../").into_iter().map(|name| (module.to_owned(), name)).collect::<Vec<_>>()
        })
        .collect();
    loop {
        let more = calls.iter().filter(|(caller, name)| changed.contains(name) && !changed.contains(caller));
        let more: BTreeSet<String> = more.map(|(caller, _)| caller.clone()).collect();
        if more.is_empty() {
            return changed;
        }
        changed.extend(more);
    }
}
