//! What applying a change does, where its lines do not say so.

use fleetgen_affected::Setting;
use fleetgen_fleet::scalar::GroupName;
use fleetgen_fleet::{Fleet, Group};
use fleetgen_report::count;
use fleetgen_tree::{Change, Subject};

/// The settings of a group's module that Terraform cannot change in place, and what it does instead.
///
/// Source: the arguments that force a new resource, in the documentation of the providers aws 6 (`aws_lb_target_group`: port, protocol)
/// and google 7 (`google_compute_region_instance_group_manager`: region, `distribution_policy_zones`), and every resource's name. The
/// modules set `prevent_destroy` on groups.
const REPLACING: &[(&str, &[&str], &str)] = &[
    ("aws", &["name"], REPLACED),
    ("gcp", &["name", "project", "region", "zones"], REPLACED),
    (
        "aws",
        &["load_balancer.port", "load_balancer.protocol"],
        "applying this replaces its target group, which has no targets until machines register",
    ),
];
const REPLACED: &str = "Terraform cannot change this in a group that exists, and refuses to destroy it: add a new group, and remove this one";

/// The effects of a change to a file, each a sentence without a period.
pub(crate) fn of(
    fleet: &Fleet,
    directory: &str,
    change: &Change,
    subject: &Subject,
    settings: &[Setting],
) -> Vec<String> {
    match (change, subject) {
        (Change::Delete { .. }, Subject::Group(name)) => vec![match heir(fleet, name) {
            Some(heir) => format!("it is now `{}`, and its machines stay", heir.name),
            None => "applying this destroys the group's machines".to_owned(),
        }],
        (Change::Delete { .. }, Subject::Root(_)) => vec![format!(
            "this removes the last group of {directory}: before merging, delete the group's file there and run `terraform apply`, since no \
             root is left to do it afterwards"
        )],
        (Change::Create { .. }, Subject::Group(name)) => {
            let former = former(fleet, name).map(|former| format!("it was `{former}`: Terraform moves its state"));
            former.into_iter().collect()
        }
        (Change::Update { new, .. }, Subject::Group(_)) => {
            let cloud = if new.content.contains("modules/aws-compute-group") { "aws" } else { "gcp" };
            let replaces = |(at, paths, _): &&(&str, &[&str], &str)| {
                *at == cloud
                    && settings.iter().any(|setting| setting.old.is_some() && paths.contains(&setting.path.as_str()))
            };
            REPLACING.iter().filter(replaces).map(|(_, _, effect)| (*effect).to_owned()).collect()
        }
        (Change::Update { old, new }, Subject::Layer(layer)) if key(old) != key(&new.content) => {
            let groups = fleet.groups.values().filter(|group| group.layer.as_str() == layer).count();
            vec![format!("its images are built again, and {} get them with a rollout", count(groups, "group"))]
        }
        _ => Vec::new(),
    }
}

/// What a group was called.
pub(crate) fn former<'a>(fleet: &'a Fleet, name: &str) -> Option<&'a GroupName> {
    fleet.groups.get(name)?.renamed_from.as_ref()
}

/// What a group is called now.
fn heir<'a>(fleet: &'a Fleet, former: &str) -> Option<&'a Group> {
    fleet.groups.values().find(|group| group.renamed_from.as_ref().is_some_and(|name| name.as_str() == former))
}

/// The line of a layer's template that has its key.
fn key(template: &str) -> Option<&str> {
    template.lines().find(|line| line.trim_start().starts_with("\"key\""))
}
