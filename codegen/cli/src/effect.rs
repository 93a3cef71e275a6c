//! What applying a change does, where its lines do not say so.

use fleetgen_affected::{Setting, settings};
use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::scalar::GroupName;
use fleetgen_fleet::{Fleet, Group, Scope, resource_name};
use fleetgen_report::count;
use fleetgen_tree::{Change, Changes, RelPath, Subject};

/// The settings of a group's module that Terraform cannot change in place, or that a living group cannot follow, and what happens.
///
/// Source: the arguments that force a new resource, in the documentation of the providers aws 6 (`aws_lb_target_group`: port, protocol)
/// and google 7 (`google_compute_region_instance_group_manager`: region, `distribution_policy_zones`), and every resource's name. The
/// modules set `prevent_destroy` on groups.
const REPLACING: &[(Cloud, &[&str], &str)] = &[
    (Cloud::Aws, &["name"], REFUSED),
    (Cloud::Gcp, &["name", "project", "region", "zones"], REFUSED),
    (
        Cloud::Aws,
        &["backends.*.port", "backends.*.protocol"],
        "applying this replaces its target group, which has no targets until machines register",
    ),
    (
        Cloud::Aws,
        &["bootstrap_image.architecture"],
        "until the next rollout, no new machine can start: the group's image is for another processor",
    ),
];
const REFUSED: &str = "Terraform cannot change this in a group that exists, and refuses to destroy it: add a new group, and remove this one";

/// What changes, and the fleet that wants it.
pub(crate) struct Effects<'a> {
    pub(crate) fleet: &'a Fleet,
    pub(crate) changes: &'a Changes,
}

impl Effects<'_> {
    /// The effects of a change to a file, each a sentence without a period.
    pub(crate) fn of(&self, path: &RelPath, change: &Change, subject: &Subject, settings: &[Setting]) -> Vec<String> {
        let directory = path.directory();
        match (change, subject) {
            (Change::Delete { old }, Subject::Group(name)) => vec![self.removed(directory, name, old)],
            (Change::Delete { .. }, Subject::Root(_)) => vec![format!(
                "this removes the last group of {directory}: before merging, delete the group's file there and run `terraform apply`, \
                 since no root is left to do it afterwards"
            )],
            (Change::Create { .. }, Subject::Group(name)) => self.created(directory, name).into_iter().collect(),
            (Change::Update { .. }, Subject::Group(name)) => {
                let cloud = self.fleet.groups.get(name.as_str()).map(Group::cloud);
                let changes = |path: &&str| settings.iter().any(|it| it.old.is_some() && matches(path, &it.path));
                let replacing =
                    REPLACING.iter().filter(|(at, paths, _)| cloud == Some(*at) && paths.iter().any(changes));
                replacing.map(|(_, _, effect)| (*effect).to_owned()).collect()
            }
            (Change::Update { old, new }, Subject::Layer(layer)) if key(old) != key(&new.content) => {
                let groups = self.fleet.groups.values().filter(|group| group.layer.as_str() == layer).count();
                let follow = if groups == 0 {
                    String::new()
                } else {
                    format!(", and {} get them with a rollout", count(groups, "group"))
                };
                vec![format!("its images are built again{follow}")]
            }
            _ => Vec::new(),
        }
    }

    fn removed(&self, directory: &str, name: &str, old: &str) -> String {
        let here = |group: &&Group| Scope::of(group).directory() == directory;
        let groups = || self.fleet.groups.values();
        let is_heir = |group: &&Group| group.renamed_from.as_ref().is_some_and(|former| former.as_str() == name);
        if let Some(heir) = groups().filter(here).find(is_heir) {
            return format!("it is now `{}`, and its machines stay", heir.name);
        }
        let leaves = settings(old, "", &format!("module.{name}."));
        let resources = leaves.iter().find(|leaf| leaf.path == "name").and_then(|leaf| leaf.old.as_ref()?.as_str());
        let has_its_name = |group: &&Group| Some(&*resource_name::group(&self.fleet.name, group)) == resources;
        let twin = groups().filter(here).find(has_its_name);
        let twin = twin.map(|twin| format!("; to keep them, add `renamed_from: {name}` to `{}`", twin.name));
        format!("applying this destroys the group's machines{}", twin.unwrap_or_default())
    }

    fn created(&self, directory: &str, name: &str) -> Option<String> {
        let former = self.fleet.groups.get(name)?.renamed_from.as_ref()?;
        Some(if self.former(directory, name).is_some() {
            format!("it was `{former}`: Terraform moves its state")
        } else {
            format!("`renamed_from` has no effect: `{former}` was not in {directory}")
        })
    }

    /// What a group was called, and the file that it had then, if it was in the same root.
    pub(crate) fn former(&self, directory: &str, name: &str) -> Option<(&GroupName, &str)> {
        let former = self.fleet.groups.get(name)?.renamed_from.as_ref()?;
        let file = format!("{directory}/{former}.tf");
        self.changes.pending().find_map(|(path, change)| match change {
            Change::Delete { old } if path.as_str() == file => Some((former, old.as_str())),
            _ => None,
        })
    }
}

/// Whether a path is the one of a pattern, in which `*` is any name.
fn matches(pattern: &str, path: &str) -> bool {
    let (wanted, names): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), path.split('.').collect());
    wanted.len() == names.len() && wanted.iter().zip(names).all(|(wanted, name)| *wanted == "*" || *wanted == name)
}

/// The line of a layer's template that has its key.
fn key(template: &str) -> Option<&str> {
    template.lines().find(|line| line.trim_start().starts_with("\"key\""))
}
