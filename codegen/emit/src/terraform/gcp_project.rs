//! The roots of GCP projects. What a job may do is data, in `data/roles/`; `${…}` are this fleet's values. Beside each root, a file has the
//! roles of each job.
//!
//! Source of the permissions: the pages of the methods in Compute Engine's reference, under "IAM permissions".

use std::collections::{BTreeMap, BTreeSet};

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{Environment, Fleet, GcpAccount, GcpAccounts, Group, Scope, Target, resource_name};
use fleetgen_tree::{File, Origin, Subject};
use serde::Serialize;
use serde_json::Value;

use super::account::{GithubValues, github};
use crate::EmitError;

const PLAN: &str = include_str!("../../data/roles/plan.json");
const APPLY: &str = include_str!("../../data/roles/apply.json");
const ROLLOUT: &str = include_str!("../../data/roles/rollout.json");
const BUILD: &str = include_str!("../../data/roles/build.json");
const SWEEP: &str = include_str!("../../data/roles/sweep.json");

/// The job that builds images.
pub(super) const BUILD_JOB: &str = "build-runner";
/// The jobs of an environment that create machines, without its name.
const MACHINE_JOBS: [&str; 2] = ["apply", "rollout"];

/// A job of GitHub's and its service account.
#[derive(Debug, Clone, Serialize)]
pub(super) struct GcpJob {
    /// The end of the account's name, after the fleet's, such as `apply-prod`.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The ends of the subjects in its tokens, after the repository, such as `environment:images`.
    pub subjects: Vec<String>,
    /// It creates machines that build images, and signs.
    pub starts_builds: bool,
    /// The permissions of its custom role, and predefined roles.
    #[serde(skip)]
    pub roles: Value,
}

/// The jobs of a project.
///
/// # Errors
/// A bug in fleetgen.
pub(super) fn gcp_jobs(fleet: &Fleet, gcp: &GcpAccounts, project: &GcpAccount) -> Result<Vec<GcpJob>, String> {
    let builds = gcp.builder.name == project.name;
    let artifacts = gcp.artifact_bucket.as_ref().map(ToString::to_string);
    let roles = |document: &str, environment: Option<&Environment>| {
        let values = [
            ("state_bucket", Some(project.state_bucket.to_string())),
            ("artifact_bucket", artifacts.clone()),
            ("report_bucket", gcp.report_bucket.as_ref().filter(|_| builds).map(ToString::to_string)),
            ("states", environment.map(|environment| states(fleet, project, environment))),
        ];
        fill(document, &values)
    };
    let job = |name: String, description: String, subjects: &[&str], roles: Value| GcpJob {
        name,
        description,
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        starts_builds: false,
        roles,
    };
    let subjects = ["pull_request", "environment:drift"];
    let mut jobs = vec![job("plan".to_owned(), "plans every root".to_owned(), &subjects, roles(PLAN, None)?)];
    if builds {
        let subjects = ["environment:images"];
        let build = job(BUILD_JOB.to_owned(), "builds images".to_owned(), &subjects, roles(BUILD, None)?);
        jobs.push(GcpJob { starts_builds: true, ..build });
        let description = "removes what builds left behind".to_owned();
        jobs.push(job("sweep".to_owned(), description, &["environment:sweep"], roles(SWEEP, None)?));
    }
    for environment in environments_in(fleet, project) {
        let name = &environment.name;
        for (purpose, document, description) in [
            ("apply", APPLY, format!("applies the groups of {name}")),
            ("rollout", ROLLOUT, format!("rolls images out to {name}")),
        ] {
            let subject = format!("environment:{purpose}-{name}");
            let roles = roles(document, Some(environment))?;
            jobs.push(job(format!("{purpose}-{name}"), description, &[&subject], roles));
        }
    }
    Ok(jobs)
}

/// The permissions of the job that builds images, in its custom role.
///
/// # Errors
/// A bug in fleetgen, or a fleet without a GCP project.
pub fn build_permissions(fleet: &Fleet) -> Result<Vec<String>, String> {
    let gcp = fleet.gcp.as_ref().ok_or("the fleet has no GCP project")?;
    let jobs = gcp_jobs(fleet, gcp, &gcp.builder)?;
    let build = jobs.into_iter().find(|job| job.starts_builds).ok_or("no job builds images")?;
    let permissions = build.roles["permissions"].as_array().ok_or("the job has no permissions")?;
    Ok(permissions.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Whether an object is in the state of one of an environment's roots in a project, in CEL.
fn states(fleet: &Fleet, project: &GcpAccount, environment: &Environment) -> String {
    let groups = groups_in(fleet, project).filter(|group| group.environment == environment.name);
    let scopes: BTreeSet<Scope> = groups.map(Scope::of).collect();
    let objects = format!("projects/_/buckets/{}/objects", project.state_bucket);
    let starts =
        scopes.iter().map(|scope| format!("resource.name.startsWith('{objects}/{}/')", scope.state_key(&fleet.name)));
    starts.collect::<Vec<_>>().join(" || ")
}

/// The groups in a project.
fn groups_in<'a>(fleet: &'a Fleet, project: &'a GcpAccount) -> impl Iterator<Item = &'a Group> {
    fleet
        .groups
        .values()
        .filter(|group| fleet.networks.get(&group.network).is_some_and(|network| network.account == project.name))
}

/// The environments that have groups in a project.
fn environments_in<'a>(fleet: &'a Fleet, project: &'a GcpAccount) -> impl Iterator<Item = &'a Environment> {
    let has_groups =
        |environment: &Environment| groups_in(fleet, project).any(|group| group.environment == environment.name);
    fleet.environments.iter().filter(move |environment| has_groups(environment))
}

/// The accounts of the jobs that create machines of groups in a project.
pub(super) fn machine_users(fleet: &Fleet, project: &GcpAccount) -> Vec<String> {
    let jobs = environments_in(fleet, project)
        .flat_map(|environment| MACHINE_JOBS.map(|job| format!("{job}-{}", environment.name)));
    let account =
        |job: String| resource_name::service_account(&project.project, &resource_name::job_identity(&fleet.name, &job));
    jobs.map(account).collect()
}

/// Puts values in place of `${…}`. Whatever names a thing that the fleet does not have is left out of its list.
fn fill(document: &str, values: &[(&str, Option<String>)]) -> Result<Value, String> {
    fn filled(value: &Value, values: &[(&str, Option<String>)]) -> Option<Value> {
        match value {
            Value::String(text) => {
                let mut text = text.clone();
                for (name, value) in values {
                    let place = format!("${{{name}}}");
                    if text.contains(&place) {
                        text = text.replace(&place, value.as_deref()?);
                    }
                }
                Some(Value::String(text))
            }
            Value::Array(items) => Some(items.iter().filter_map(|item| filled(item, values)).collect()),
            Value::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| Some((key.clone(), filled(value, values)?)));
                Some(Value::Object(entries.collect::<Option<_>>()?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        }
    }
    let document = serde_json::from_str(document).map_err(|error| error.to_string())?;
    filled(&document, values).ok_or_else(|| "a document of roles names what the fleet does not have".to_owned())
}

/// The roots of all projects.
pub(super) fn emit(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let mut files = Vec::new();
    let Some(gcp) = &fleet.gcp else { return Ok(files) };
    for project in gcp.accounts() {
        let scope = Scope::Account(project.name.clone());
        let subject = Subject::Root(scope.directory());
        let path = format!("{}/main.tf", scope.directory());
        let jobs = gcp_jobs(fleet, gcp, project).map_err(|message| EmitError::fault(&path, message))?;
        files.push(super::render(path, subject.clone(), "gcp/account.tf", values(fleet, gcp, project, &jobs))?);
        for job in &jobs {
            let path = format!("{}/roles/{}.json", scope.directory(), job.name);
            let (content, subject) = (format!("{:#}\n", job.roles), subject.clone());
            files.push(File { path, content, subject, origin: Origin::Rendered });
        }
    }
    Ok(files)
}

#[derive(Serialize)]
pub(super) struct ProjectValues<'a> {
    bucket: &'a str,
    prefix: String,
    project: &'a str,
    region: Option<&'a str>,
    fleet: &'a str,
    github: GithubValues<'a>,
    jobs: &'a [GcpJob],
    /// Images are built here.
    builds: bool,
    /// Other projects that run them, and their jobs.
    image_projects: Vec<&'a str>,
    image_users: Vec<String>,
    machines: Vec<MachineValues<'a>>,
    disk_key: Option<KeyValues<'a>>,
    signing_key: Option<KeyValues<'a>>,
    repositories: Option<RepositoryValues<'a>>,
    /// Machines of other projects.
    repository_readers: Vec<String>,
    /// The locations of buckets, by name.
    buckets: BTreeMap<&'a str, &'a str>,
    members: Vec<&'a str>,
    log_retention_days: u32,
    labels: BTreeMap<&'a str, &'a str>,
}

/// The service account of a group's machines.
#[derive(Serialize)]
struct MachineValues<'a> {
    name: String,
    description: String,
    roles: Vec<&'a str>,
    secrets: BTreeSet<&'a str>,
    jobs: [String; 2],
}

/// Repositories of Artifact Registry.
#[derive(Serialize)]
struct RepositoryValues<'a> {
    names: Vec<&'a str>,
    location: &'a str,
}

/// A key in a key ring of fleetgen's.
#[derive(Serialize)]
struct KeyValues<'a> {
    name: &'a str,
    location: &'a str,
}

/// The values of a project's root; nothing if it refers to something that does not exist.
pub(super) fn values<'a>(
    fleet: &'a Fleet,
    gcp: &'a GcpAccounts,
    project: &'a GcpAccount,
    jobs: &'a [GcpJob],
) -> Option<ProjectValues<'a>> {
    let builds = gcp.builder.name == project.name;
    let region = fleet.networks_of(&project.name).next().map(|network| network.region.as_str());
    let build_region = fleet.build_network(Cloud::Gcp).map(|network| network.region.as_str());
    // The state bucket comes from terraform/bootstrap, and one bucket may serve two purposes.
    let buckets = gcp.artifact_bucket.iter().chain(&gcp.report_bucket);
    let buckets = buckets.filter(|bucket| builds && **bucket != project.state_bucket);
    let runs = |other: &&GcpAccount| builds && fleet.networks_of(&other.name).next().is_some();
    Some(ProjectValues {
        bucket: project.state_bucket.as_str(),
        prefix: Scope::Account(project.name.clone()).state_key(&fleet.name),
        project: project.project.as_str(),
        region,
        fleet: fleet.name.as_str(),
        github: github(fleet)?,
        jobs,
        builds,
        image_projects: gcp.others.iter().filter(runs).map(|other| other.project.as_str()).collect(),
        image_users: gcp.others.iter().filter(runs).flat_map(|other| machine_users(fleet, other)).collect(),
        machines: machines(fleet, project),
        disk_key: project.disk_key.as_ref().and_then(|key| own(project, key.as_str(), resource_name::GCP_DISK_KEY)),
        signing_key: fleet
            .signing
            .gcp
            .as_ref()
            .filter(|_| builds)
            .and_then(|key| own(project, key.as_str(), resource_name::GCP_SIGNING_KEY)),
        repositories: match build_region {
            Some(location) if builds && !gcp.artifact_repositories.is_empty() => {
                let names = gcp.artifact_repositories.iter().map(AsRef::as_ref).collect();
                Some(RepositoryValues { names, location })
            }
            _ => None,
        },
        repository_readers: gcp.others.iter().filter(runs).flat_map(|other| machine_accounts(fleet, other)).collect(),
        buckets: buckets.filter_map(|bucket| Some((bucket.as_ref(), build_region?))).collect(),
        members: fleet.access.gcp_members.iter().map(AsRef::as_ref).collect(),
        log_retention_days: fleet.access.log_retention.seconds.div_ceil(86_400).min(3_650),
        labels: super::fleet_tags(fleet),
    })
}

/// The accounts of the machines in a project.
fn machine_accounts(fleet: &Fleet, project: &GcpAccount) -> Vec<String> {
    let account = |group| resource_name::service_account(&project.project, &resource_name::group(&fleet.name, group));
    groups_in(fleet, project).map(account).collect()
}

/// By the name of their account, which a renamed group keeps.
fn machines<'a>(fleet: &'a Fleet, project: &'a GcpAccount) -> Vec<MachineValues<'a>> {
    let mut machines: Vec<_> = groups_in(fleet, project).map(|group| machine(fleet, group)).collect();
    machines.sort_by(|one, other| one.name.cmp(&other.name));
    machines
}

fn machine<'a>(fleet: &Fleet, group: &'a Group) -> MachineValues<'a> {
    let name = resource_name::group(&fleet.name, group);
    let roles = match &group.target {
        Target::Gcp(gcp) => gcp.roles.iter().map(AsRef::as_ref).collect(),
        Target::Aws(_) => Vec::new(),
    };
    let jobs = MACHINE_JOBS.map(|purpose| format!("{purpose}-{}", group.environment));
    let secrets = group.config.secrets.values().map(|secret| secret.name.as_str()).collect();
    MachineValues { description: format!("Machines of {name}"), name, roles, secrets, jobs }
}

/// A key, if it has the name that fleetgen gives and is in this project: such a key is its root to create.
fn own<'a>(project: &GcpAccount, path: &'a str, key: &str) -> Option<KeyValues<'a>> {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["projects", owner, "locations", location, "keyRings", ring, "cryptoKeys", name, ..] => {
            let is_own = owner == project.project.as_str() && ring == resource_name::GCP_KEY_RING && name == key;
            is_own.then_some(KeyValues { name, location })
        }
        _ => None,
    }
}
