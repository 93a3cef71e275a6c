//! What identities of an AWS account may do: GitHub's jobs and operators. Also the boundaries of jobs and of machines. The
//! documents are data, in `data/policies/`; `${…}` are this fleet's values.

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{
    AwsAccount, AwsAccounts, Environment, Fleet, Group, LoadBalancerTarget, Scope, Target, resource_name,
};
use serde::Serialize;
use serde_json::Value;

use super::existing;

/// The build's calls, as the rehearsal records and enforces them.
const BUILD: &str = include_str!("../../data/policies/build.json");
const PLAN: &str = include_str!("../../data/policies/plan.json");
const APPLY: &str = include_str!("../../data/policies/apply.json");
const ROLLOUT: &str = include_str!("../../data/policies/rollout.json");
const SWEEP: &str = include_str!("../../data/policies/sweep.json");
const START_RUNNER: &str = include_str!("../../data/policies/start-runner.json");
const OPERATORS: &str = include_str!("../../data/policies/operators.json");
const JOBS_BOUNDARY: &str = include_str!("../../data/policies/boundary-jobs.json");
const MACHINES_BOUNDARY: &str = include_str!("../../data/policies/boundary-machines.json");

/// For how many hours the credentials of a build are good.
pub(crate) const BUILD_HOURS: u32 = 3;

/// A job of GitHub's and its role.
#[derive(Debug, Clone, Serialize)]
pub struct Job {
    /// The end of the role's name, after the fleet's, such as `apply-prod`.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The ends of the subjects in its tokens, after the repository, such as `environment:images`.
    pub subjects: Vec<String>,
    /// For how many hours its credentials are good.
    pub hours: u32,
    /// What it may do, as a policy document; in a file beside the root.
    #[serde(skip)]
    pub policy: Value,
}

/// Everything that says what identities of an account may do, as policy documents.
#[derive(Debug, Clone)]
pub struct Policies {
    /// GitHub's jobs.
    pub jobs: Vec<Job>,
    /// Operators, by environment.
    pub operators: BTreeMap<String, Value>,
    /// The most that a job can do.
    pub jobs_boundary: Value,
    /// The most that a machine can do.
    pub machines_boundary: Value,
}

impl Policies {
    /// Jobs and operators: the name, the policy, and the boundary if it has one. Operators have none: their permission set is not
    /// fleetgen's.
    pub fn identities(&self) -> impl Iterator<Item = (String, &Value, Option<&Value>)> {
        let jobs = self.jobs.iter().map(|job| (job.name.clone(), &job.policy, Some(&self.jobs_boundary)));
        let operators = self.operators.iter().map(|(name, policy)| (format!("operators-{name}"), policy, None));
        jobs.chain(operators)
    }
}

/// What the identities of an account may do.
///
/// # Errors
/// A bug in fleetgen.
pub fn policies(fleet: &Fleet, aws: &AwsAccounts, account: &AwsAccount) -> Result<Policies, String> {
    let builds = aws.builds_in(account);
    let general = Values::of(fleet, aws, account);
    let job = |name: &str, description: &str, subjects: &[&str], policy: Value| Job {
        name: name.to_owned(),
        description: description.to_owned(),
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        hours: 1,
        policy,
    };
    let mut jobs =
        vec![job("plan", "plans every root", &["pull_request", "environment:drift"], general.document(PLAN)?)];
    if builds {
        let build = job("build-runner", "builds images", &["environment:images"], general.document(BUILD)?);
        // A build takes longer than an hour.
        jobs.push(Job { hours: BUILD_HOURS, ..build });
        let subjects = &["environment:sweep"];
        jobs.push(job("sweep", "removes what builds left behind", subjects, general.document(SWEEP)?));
    }
    if builds && fleet.runner.is_some() {
        // A hosted job, in the environment of the job that it starts a machine for.
        let rollouts = fleet.environments.iter().map(|environment| format!("environment:rollout-{}", environment.name));
        let subjects: Vec<String> = std::iter::once("environment:images".to_owned()).chain(rollouts).collect();
        let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
        jobs.push(job("start-runner", "starts runners", &subjects, general.document(START_RUNNER)?));
    }
    let mut operators = BTreeMap::new();
    for environment in &fleet.environments {
        let groups: Vec<&Group> =
            fleet.groups.values().filter(|group| is_in(fleet, group, account, environment)).collect();
        if groups.is_empty() {
            continue;
        }
        let values = general.in_environment(fleet, environment, &groups);
        let name = &environment.name;
        for (purpose, document, description) in [
            ("apply", APPLY, format!("applies the groups of {name}")),
            ("rollout", ROLLOUT, format!("rolls images out to {name}")),
        ] {
            let subject = format!("environment:{purpose}-{name}");
            let mut policy = values.document(document)?;
            if let Some(statements) = policy["Statement"].as_array_mut() {
                statements.extend(existing::statements(fleet, account, &groups, purpose == "apply"));
            }
            jobs.push(job(&format!("{purpose}-{name}"), &description, &[&subject], policy));
        }
        operators.insert(name.to_string(), values.document(OPERATORS)?);
    }
    Ok(Policies {
        jobs,
        operators,
        jobs_boundary: general.document(JOBS_BOUNDARY)?,
        machines_boundary: general.document(MACHINES_BOUNDARY)?,
    })
}

/// What the job that builds images may do, as a policy document.
///
/// # Errors
/// A bug in fleetgen, or a fleet without an AWS account.
pub fn build_policy(fleet: &Fleet) -> Result<Value, String> {
    let aws = fleet.aws.as_ref().ok_or("the fleet has no AWS account")?;
    Values::of(fleet, aws, &aws.builder).document(BUILD)
}

fn is_in(fleet: &Fleet, group: &Group, account: &AwsAccount, environment: &Environment) -> bool {
    let network = fleet.networks.get(&group.network);
    group.environment == environment.name && network.is_some_and(|network| network.account == account.name)
}

/// The names in `${…}` and their values: one, several, or none if the fleet does not have the thing.
#[derive(Clone)]
struct Values {
    by_name: BTreeMap<&'static str, Vec<String>>,
    /// Keys that fleet.yaml names by ARN, by the Sid of the statement about them. A condition on an alias would never match these.
    keys: BTreeMap<&'static str, String>,
}

impl Values {
    fn of(fleet: &Fleet, aws: &AwsAccounts, account: &AwsAccount) -> Self {
        let networks = || fleet.networks_of(&account.name);
        let build_network = fleet.build_network(Cloud::Aws);
        let builds = aws.builds_in(account);
        let signing = fleet.signing.aws.as_ref();
        let journal = fleet.rollout.journal.s3().map(|(bucket, _, prefix)| (bucket.to_string(), prefix.to_string()));
        let (journal, prefix) = journal.unzip();
        let one = |value: Option<String>| value.into_iter().collect::<Vec<_>>();
        let artifacts = aws.artifact_bucket.as_ref().map(ToString::to_string);
        let reports = aws.report_bucket.as_ref().map(ToString::to_string);
        let mut regions: BTreeSet<String> = networks().map(|network| network.region.to_string()).collect();
        regions.insert(account.state_region.to_string());
        if builds {
            // Images are copied to every region that runs them.
            regions.extend(fleet.networks_on(Cloud::Aws).map(|network| network.region.to_string()));
            regions.extend(signing.map(|(_, region)| region.to_string()));
        }
        let state_bucket = account.state_bucket.to_string();
        let buckets: BTreeSet<&String> =
            [&state_bucket].into_iter().chain(&artifacts).chain(&reports).chain(&journal).collect();
        let buckets = buckets.into_iter().flat_map(|name| ["", "/*"].map(|end| format!("arn:aws:s3:::{name}{end}")));
        let buckets = buckets.collect();
        let disk_key = account.disk_key.as_ref().map(ToString::to_string);
        let repositories = if builds { fleet.ecr_repositories() } else { Vec::new() };
        let runner_network = build_network.filter(|_| builds && fleet.runner.is_some());
        let registry_region = build_network.filter(|_| !repositories.is_empty());
        let by_name = BTreeMap::from([
            ("account", vec![account.account.to_string()]),
            ("artifact_bucket", one(artifacts)),
            ("build_network", one(build_network.map(|it| resource_name::build_network(&fleet.name, &it.name)))),
            ("buckets", buckets),
            ("disk_alias", one(disk_key.as_deref().map(alias))),
            ("fleet", vec![fleet.name.to_string()]),
            ("identity", vec![resource_name::build_identity(&fleet.name)]),
            ("journal_bucket", one(journal)),
            ("journal_prefix", one(prefix)),
            ("machines_boundary", vec![resource_name::machines_boundary(&fleet.name)]),
            ("region", one(build_network.map(|network| network.region.to_string()))),
            ("app_key", one(runner_network.and(fleet.runner.as_ref()).map(|runner| runner.app_key.to_string()))),
            ("networks_path", vec![resource_name::network_identity_path(&fleet.name)]),
            ("regions", regions.into_iter().collect()),
            ("registry_region", one(registry_region.map(|network| network.region.to_string()))),
            (
                "runner_group",
                one(runner_network.map(|network| resource_name::runner_group(&fleet.name, &network.name))),
            ),
            ("report_bucket", one(reports)),
            ("repositories", repositories),
            ("session_buckets", vec![resource_name::session_buckets(&fleet.name, &account.account)]),
            ("session_logs", vec![resource_name::session_logs(&fleet.name)]),
            ("session_alias", vec![format!("alias/{}", resource_name::session_key(&fleet.name))]),
            ("signing_alias", one(signing.map(|(key, _)| alias(key.as_str())))),
            ("state_alias", vec![format!("alias/{}", resource_name::state_key(&account.state_bucket))]),
            ("state_bucket", vec![state_bucket]),
            ("trail_bucket", vec![resource_name::trail_bucket(&fleet.name, &account.account)]),
            ("state_region", vec![account.state_region.to_string()]),
        ]);
        let keys = [("EncryptDisks", disk_key), ("Sign", signing.map(|(key, _)| key.to_string()))];
        let keys = keys.into_iter().filter_map(|(sid, key)| Some((sid, key.filter(|key| key.contains(":key/"))?)));
        Self { by_name, keys: keys.collect() }
    }

    fn in_environment(&self, fleet: &Fleet, environment: &Environment, groups: &[&Group]) -> Self {
        let mut values = self.clone();
        let states: BTreeSet<String> = groups.iter().map(|group| Scope::of(group).state_key(&fleet.name)).collect();
        let balancers: BTreeSet<&str> = groups.iter().flat_map(|group| listens_on(fleet, group)).collect();
        let aws = groups.iter().filter_map(|group| match &group.target {
            Target::Aws(aws) => Some(aws),
            Target::Gcp(_) => None,
        });
        let policies: BTreeSet<&str> = aws.flat_map(|aws| &aws.policies).map(AsRef::as_ref).collect();
        values.by_name.extend([
            ("environment", vec![environment.name.to_string()]),
            ("load_balancers", balancers.into_iter().map(str::to_owned).collect()),
            ("policies", policies.into_iter().map(str::to_owned).collect()),
            ("path", vec![resource_name::identity_path(&fleet.name, &environment.name)]),
            ("states", states.into_iter().collect()),
        ]);
        values
    }

    /// A document with its values. A statement about something that the fleet does not have is left out, and of several
    /// resources those that it does not have.
    fn document(&self, text: &str) -> Result<Value, String> {
        let mut policy: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let statements = policy["Statement"].as_array_mut().ok_or("the policy has no statements")?;
        for statement in statements.iter_mut() {
            let arn = statement["Sid"].as_str().and_then(|sid| self.keys.get(sid));
            if let Some(arn) = arn {
                statement["Resource"] = Value::String(arn.clone());
                if let Some(condition) = statement["Condition"].as_object_mut() {
                    condition.retain(|_, keys| !keys.to_string().contains("Alias"));
                }
            }
            *statement = self.fill(statement).unwrap_or_default();
        }
        statements.retain(|statement| !statement.is_null());
        // Variables of IAM stay.
        let text = policy.to_string().replace("${aws:", "");
        match text.split_once("${").and_then(|(_, rest)| rest.split_once('}')) {
            Some((name, _)) => Err(format!("a policy has no value for `{name}`")),
            None => Ok(policy),
        }
    }

    /// The value with this fleet's values; nothing if it needs one that the fleet does not have.
    fn fill(&self, value: &Value) -> Option<Value> {
        match value {
            Value::String(text) => match self.texts(text).as_slice() {
                [] => None,
                [text] => Some(Value::String(text.clone())),
                several => Some(several.iter().cloned().map(Value::String).collect()),
            },
            Value::Array(items) => {
                let filled: Vec<Value> = items
                    .iter()
                    .filter_map(|item| self.fill(item))
                    .flat_map(|item| match item {
                        Value::Array(items) => items,
                        item => vec![item],
                    })
                    .collect();
                (!filled.is_empty()).then_some(Value::Array(filled))
            }
            Value::Object(entries) => {
                let filled = entries.iter().map(|(key, value)| Some((key.clone(), self.fill(value)?)));
                filled.collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        }
    }

    /// The text with each combination of its values.
    fn texts(&self, text: &str) -> Vec<String> {
        let mut texts = vec![text.to_owned()];
        for (name, values) in &self.by_name {
            let placeholder = format!("${{{name}}}");
            if text.contains(&placeholder) {
                texts = texts
                    .iter()
                    .flat_map(|text| values.iter().map(|value| text.replace(&placeholder, value)))
                    .collect();
            }
        }
        texts
    }
}

/// The load balancers to which a group adds listeners.
fn listens_on<'a>(fleet: &'a Fleet, group: &'a Group) -> impl Iterator<Item = &'a str> {
    let network = fleet.networks.get(&group.network);
    let backends = super::backends(group).filter(|(_, backend)| backend.listener_port.is_some());
    backends.filter_map(move |(_, backend)| match &network?.load_balancers.get(&backend.name)?.target {
        LoadBalancerTarget::Aws { arn, .. } => Some(arn.as_str()),
        LoadBalancerTarget::Gcp { .. } => None,
    })
}

/// The alias of a key that is given by its alias, or by the alias's ARN.
fn alias(key: &str) -> String {
    key.rsplit_once(':').map_or(key, |(_, alias)| alias).to_owned()
}
