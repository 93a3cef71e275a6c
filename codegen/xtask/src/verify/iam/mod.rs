//! The identities: on AWS what AWS's reference, parliament and moto say of their policies, and whom the applied roles trust.

mod google;
mod machines;
mod resource_policies;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_iam::{Identity, Policy, Principal, Request, ResourcePolicy, decide};
use fleetgen_state::resources;
use fleetgen_toolbox::calls::{Call, Needs, calls, needs, unneeded};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::run;
use serde_json::{Value, json};

use super::iam_data::Reference;
use super::{Check, CheckContext};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("iam: actions, resources and condition keys exist", exist),
        Check::new("iam: parliament", parliament),
        Check::new("iam: moto agrees on actions and resources", moto),
        Check::new("iam: roles trust their own jobs only", trust),
        Check::new("iam: machines open sessions, and control nothing", machines::machines),
        Check::new("iam: keys, buckets and endpoints let only their own callers pass", resource_policies::policies),
        Check::new("iam: plan reads and apply writes every type of resource", terraform),
        Check::new("iam: the same on GCP, and they may do no more", google::jobs),
    ]
}

/// The emitted policies, by file.
fn documents(root: &Path) -> anyhow::Result<Vec<(PathBuf, Value)>> {
    let mut documents = Vec::new();
    for entry in walkdir::WalkDir::new(root.join("generated/terraform/_accounts")).sort_by_file_name() {
        let path = entry?.into_path();
        let is_policy = path.parent().is_some_and(|folder| folder.ends_with("policies"));
        if is_policy && path.extension().is_some_and(|extension| extension == "json") {
            let document = serde_json::from_str(&fs_err::read_to_string(&path)?)?;
            documents.push((path.strip_prefix(root)?.to_owned(), document));
        }
    }
    ensure!(documents.len() > 5, "there are only {} policies", documents.len());
    Ok(documents)
}

/// A boundary limits, and allows nothing: it names whole services.
fn is_boundary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("boundary-"))
}

/// The policies that modules write, by their address in the state: those of machines.
fn of_machines(state: &Value) -> anyhow::Result<Vec<(PathBuf, Value)>> {
    let policies = resources(state)?.into_iter().filter(|resource| resource["type"] == "aws_iam_role_policy");
    let read = |resource: &Value| {
        let (address, text) = (resource["address"].as_str(), resource["values"]["policy"].as_str());
        let document = serde_json::from_str(text.context("a policy has a document")?)?;
        Ok((PathBuf::from(address.unwrap_or_default()), document))
    };
    policies.map(read).collect()
}

fn exist(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut reference = Reference::new(&context.tools.iam_data);
    let mut all = documents(context.root)?;
    for folder in ["generated/terraform/aws-tokyo/foundation", "generated/terraform/aws-tokyo/prod"] {
        let machines = of_machines(&*context.sandbox.applied(folder)?)?;
        ensure!(machines.len() > 1, "{folder} has only {} policies of machines", machines.len());
        all.extend(machines);
    }
    let mut found = Vec::new();
    for (path, document) in all.iter().filter(|(path, _)| !is_boundary(path)) {
        let problems = reference.problems(document)?;
        found.extend(problems.into_iter().map(|problem| format!("{}: {problem}", path.display())));
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    // Each kind of mistake is found.
    for (wrong, says) in [
        (json!({ "Action": "ec2:RunInstance", "Resource": "*" }), "there is no action"),
        (json!({ "Action": "ec3:RunInstances", "Resource": "*" }), "there is no service"),
        (json!({ "Action": "*", "Resource": "*" }), "allows every action"),
        (json!({ "Action": "ec2:TerminateInstances", "Resource": "*" }), "allows it on all"),
        (json!({ "Action": "ec2:DescribeImages", "Resource": "arn:aws:ec2:*::image/*" }), "takes no resource"),
        (json!({ "Action": "ec2:TerminateInstances", "Resource": "arn:aws:ec2:*:*:volume/*" }), "takes none of"),
        (
            json!({ "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/x", "Condition": { "StringEquals": { "ec2:CreateAction": "x" } } }),
            "has no condition key",
        ),
    ] {
        let found = reference.problems(&json!({ "Statement": [wrong] }))?.join("\n");
        ensure!(found.contains(says), "{wrong} is not found: {found}");
    }
    Ok(())
}

/// Whether a statement allows the action, on whatever resource.
fn allows(policy: &Value, action: &str) -> bool {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let statements = statements.filter(|statement| statement["Effect"] == "Allow");
    let of = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        one => vec![one.clone()],
    };
    statements.flat_map(of).any(|pattern| {
        let pattern = pattern.as_str().unwrap_or_default();
        pattern == action || pattern.strip_suffix('*').is_some_and(|prefix| action.starts_with(prefix))
    })
}

/// What jobs need for the types of resources in a cloud's roots.
#[derive(Default)]
struct Jobs {
    /// By job.
    used: BTreeMap<&'static str, BTreeSet<String>>,
    /// What is wrong.
    problems: BTreeSet<String>,
}

/// Every type of resource in the roots of an account, of a network and of a stack must be read by the job that plans, and those of
/// the stack written by the job that applies. `may` says what a job may do.
fn types(
    context: &CheckContext<'_>,
    [account, network]: [&str; 2],
    needs: &Needs,
    may: impl Fn(&str, &str) -> bool,
) -> anyhow::Result<Jobs> {
    let mut jobs = Jobs::default();
    let roots = [format!("_accounts/{account}"), format!("{network}/foundation"), format!("{network}/prod")];
    for (root, is_stack) in roots.iter().zip([false, false, true]) {
        let state = context.sandbox.applied(&format!("generated/terraform/{root}"))?;
        for resource in resources(&state)? {
            let kind = resource["type"].as_str().unwrap_or_default();
            let Some((read, write)) = needs.types.get(kind) else {
                jobs.problems.insert(format!("{kind}: what reads it?"));
                continue;
            };
            ensure!(!(is_stack && write.is_empty() && resource["mode"] == "managed"), "{kind}: what writes it?");
            let apply = read.iter().chain(write).filter(|_| is_stack).map(|action| ("apply", action));
            for (job, action) in read.iter().map(|action| ("plan", action)).chain(apply) {
                jobs.used.entry(job).or_default().insert(action.clone());
                if !may(job, action) {
                    jobs.problems.insert(format!("{job} needs {action} for {kind}"));
                }
            }
        }
    }
    Ok(jobs)
}

fn terraform(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let needs = needs(&fs_err::read_to_string(context.root.join("tests/iam/terraform.txt"))?)?;
    let policy = |name: &str| -> anyhow::Result<Value> {
        let path = format!("generated/terraform/_accounts/aws/policies/{name}.json");
        Ok(serde_json::from_str(&fs_err::read_to_string(context.root.join(path))?)?)
    };
    let (plan, apply) = (policy("plan")?, policy("apply-prod")?);
    let may = |job: &str, action: &str| allows(if job == "plan" { &plan } else { &apply }, action);
    let problems = types(context, ["aws", "aws-tokyo"], &needs, may)?.problems;
    ensure!(problems.is_empty(), "{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// The document answers every call as its table says, and the table needs each of its statements and conditions. `wrong` lists the
/// calls that a document answers wrongly.
fn judge<'a>(what: &str, document: &Value, wrong: impl Fn(&Value) -> Vec<&'a Call>) -> anyhow::Result<()> {
    let found: Vec<&str> = wrong(document).into_iter().map(|call| call.line.as_str()).collect();
    ensure!(found.is_empty(), "{what}: {}", found.join("\n"));
    let found = unneeded(document, wrong);
    ensure!(found.is_empty(), "{what}: {}", found.join("\n"));
    Ok(())
}

/// Every part of a table was about something.
fn all_asked(table: &[(String, Vec<Call>)], asked: &BTreeSet<&str>) -> anyhow::Result<()> {
    let unused: Vec<&String> =
        table.iter().map(|(what, _)| what).filter(|what| !asked.contains(what.as_str())).collect();
    ensure!(unused.is_empty(), "these parts of the table are about nothing: {unused:?}");
    Ok(())
}

/// What parliament's own data, which is older than the reference, gets wrong. The reference covers these.
const OLD_DATA: &[&str] = &["RESOURCE_MISMATCH", "RESOURCE_STAR", "UNKNOWN_CONDITION_FOR_ACTION"];
/// `iam:PermissionsBoundary` is compared as AWS's guide does.
const ACCEPTED: &[&str] = &["MISMATCHED_TYPE_BUT_USABLE"];

const PARLIAMENT: &str = r#"
import json, sys
from parliament import analyze_policy_string
for text in json.load(sys.stdin):
    print(json.dumps([f"{finding.issue} {finding.detail}" for finding in analyze_policy_string(text).findings]))
"#;

fn parliament(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let documents = documents(context.root)?;
    let wrong = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "ec2:RunInstance", "Resource": "*" }] });
    let texts: Vec<String> =
        documents.iter().map(|(_, document)| document).chain([&wrong]).map(Value::to_string).collect();
    let answers = python(context, "parliament", &context.tools.parliament, PARLIAMENT, &json!(texts))?;
    let mut found = Vec::new();
    for line in answers.lines() {
        let findings: Vec<String> = serde_json::from_str(line)?;
        let known = |finding: &&String| OLD_DATA.iter().chain(ACCEPTED).all(|kind| !finding.starts_with(kind));
        found.push(findings.iter().filter(known).cloned().collect::<Vec<_>>());
    }
    ensure!(found.pop().is_some_and(|last| !last.is_empty()), "parliament does not find an action that is not there");
    for ((path, _), findings) in documents.iter().zip(&found) {
        ensure!(findings.is_empty(), "{}: {}", path.display(), findings.join("\n"));
    }
    ensure!(found.len() == documents.len(), "parliament answered {} of {}", found.len(), documents.len());
    Ok(())
}

/// moto knows actions and resources, and no conditions and boundaries: both are left out here.
const MOTO: &str = r"
import json, sys
from moto.iam.access_control import IAMPolicy, PermissionResult
for policy, action, resource in json.load(sys.stdin):
    print(IAMPolicy(policy).is_action_permitted(action, resource) == PermissionResult.PERMITTED)
";

fn moto(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut asked = Vec::new();
    let mut ours = Vec::new();
    for (path, mut document) in documents(context.root)?.into_iter().filter(|(path, _)| !is_boundary(path)) {
        for statement in document["Statement"].as_array_mut().into_iter().flatten() {
            statement.as_object_mut().map(|statement| statement.remove("Condition"));
        }
        let identity = Identity { policies: vec![Policy::read("the policy", &document)?], boundary: None };
        let name = path.file_stem().context("a policy has a name")?.to_string_lossy();
        // Identities of stg have no table: they differ from those of prod by one word.
        let Ok(table) = fs_err::read_to_string(context.root.join(format!("tests/iam/{name}.txt"))) else { continue };
        for Call { request, .. } in calls(&table)? {
            asked.push(json!([document.to_string(), request.action, request.resource]));
            let bare = Request { context: BTreeMap::new(), ..request };
            ours.push(decide(&bare, &identity, None).is_allowed);
        }
    }
    let python_of_moto = context.tools.clouds.join("python");
    let theirs = python(context, "moto", &python_of_moto, MOTO, &json!(asked))?;
    let theirs: Vec<bool> = theirs.lines().map(|line| line == "True").collect();
    ensure!(theirs.len() == ours.len() && ours.len() > 100, "{} calls, {} answers", ours.len(), theirs.len());
    ensure!(ours.contains(&true) && ours.contains(&false), "all answers are the same");
    for ((call, ours), theirs) in asked.iter().zip(&ours).zip(&theirs) {
        ensure!(ours == theirs, "moto says {theirs}, and fleetgen {ours}: {} on {}", call[1], call[2]);
    }
    Ok(())
}

fn python(
    context: &CheckContext<'_>,
    name: &str,
    python: &Path,
    script: &str,
    input: &Value,
) -> anyhow::Result<String> {
    let file = context.sandbox.path(&format!("iam-{name}.json"));
    write(&file, &input.to_string())?;
    let mut command = Command::new("bash");
    command.args(["-c", "\"$1\" -W ignore -c \"$2\" <\"$3\"", "_"]).arg(python).arg(script).arg(&file);
    run(&mut command)
}

/// Every line of `tests/iam/trust.txt`: a subject of GitHub's tokens, the repository's id, and the roles that it gets.
fn trust(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let state = context.sandbox.applied("generated/terraform/_accounts/aws")?;
    let roles = fleetgen_iam::roles(&state, &BTreeMap::new())?;
    let provider = "https://token.actions.githubusercontent.com";
    let provider = resources(&state)?.into_iter().find(|resource| {
        resource["type"] == "aws_iam_openid_connect_provider" && resource["values"]["url"] == provider
    });
    let arn = provider.and_then(|found| found["values"]["arn"].as_str()).context("there is no provider")?;
    let key = |name: &str| format!("token.actions.githubusercontent.com:{name}");
    let mut seen = BTreeSet::new();
    let table = fs_err::read_to_string(context.root.join("tests/iam/trust.txt"))?;
    for line in table.lines().filter_map(|line| line.split('#').next()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [subject, id, audience, expected @ ..] = words.as_slice() else { continue };
        let request = Request {
            principal: Principal::Federated(arn.to_owned()),
            action: "sts:AssumeRoleWithWebIdentity".to_owned(),
            resource: "*".to_owned(),
            context: [(key("sub"), subject), (key("repository_id"), id), (key("aud"), audience)]
                .into_iter()
                .map(|(key, value)| (key, vec![(*value).to_owned()]))
                .collect(),
        };
        let gets = |(_, role): &(&String, &fleetgen_iam::Role)| {
            let trust = ResourcePolicy { policy: role.trust.clone(), must_allow: true };
            decide(&request, &Identity::default(), Some(&trust)).is_allowed
        };
        let gets: Vec<&str> = roles.iter().filter(gets).map(|(name, _)| name.as_str()).collect();
        ensure!(gets == expected, "{subject} of {id} for {audience} gets {gets:?}, not {expected:?}");
        seen.extend(gets.into_iter().map(str::to_owned));
    }
    // EC2 may assume the role of machines that build images, and no other. Every other role is a job's, and the table has it.
    for (name, role) in &roles {
        ensure!(role.identity.boundary.is_some(), "{name} has no boundary");
        let request = Request {
            principal: Principal::Service("ec2.amazonaws.com".to_owned()),
            action: "sts:AssumeRole".to_owned(),
            resource: "*".to_owned(),
            context: BTreeMap::new(),
        };
        let trust = ResourcePolicy { policy: role.trust.clone(), must_allow: true };
        let is_for_machines = decide(&request, &Identity::default(), Some(&trust)).is_allowed;
        ensure!(is_for_machines == (name == "example-build"), "{name}: may EC2 assume it? {is_for_machines}");
        ensure!(is_for_machines || seen.contains(name), "no line of trust.txt gets {name}");
    }
    Ok(())
}
