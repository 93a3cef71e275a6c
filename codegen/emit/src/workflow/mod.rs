//! GitHub's workflows: `.github/workflows/fleet-*.yml`. What they do is in fleetgen's commands and in `.github/scripts`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleetgen_fleet::choice::Cloud;
use fleetgen_fleet::{Environment, Fleet, resource_name};
use fleetgen_tree::{File, Subject};
use serde::{Deserialize, Serialize};

use crate::EmitError;
use crate::language::{Language, Templates};
use crate::terraform::BUILD_HOURS;

/// The actions that workflows use, by the commits that their versions named.
const ACTIONS: &str = include_str!("../../data/actions.json");

/// The workflows, and whether each needs the clouds' clients.
const WORKFLOWS: &[(&str, bool)] = &[
    ("fleet-pr", false),
    ("fleet-build", false),
    ("fleet-apply", false),
    ("fleet-rollout", true),
    ("fleet-drift", true),
    ("fleet-sweep", true),
];

/// The job that looks at everything.
const PLAN: &str = "plan";

macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("templates/", $name, ".tera")))
    };
}

static TEMPLATES: LazyLock<Result<Templates, String>> = LazyLock::new(|| {
    let templates = [
        template!("program.yml"),
        template!("get_program.yml"),
        template!("checkout.yml"),
        template!("checkout_all.yml"),
        template!("terraform.yml"),
        template!("login.yml"),
        template!("app_token.yml"),
        template!("notify.yml"),
        template!("start.yml"),
        template!("fleet-pr.yml"),
        template!("fleet-build.yml"),
        template!("fleet-apply.yml"),
        template!("fleet-rollout.yml"),
        template!("fleet-drift.yml"),
        template!("fleet-sweep.yml"),
    ];
    // A part replaces a line.
    let templates =
        templates.map(|(name, text)| (name, if name.starts_with("fleet-") { text } else { text.trim_end() }));
    Templates::new(Language::Workflow, &templates).map_err(|error| error.to_string())
});

#[derive(Deserialize)]
struct Action {
    repository: String,
    version: String,
    commit: String,
}

/// What one workflow has.
#[derive(Serialize)]
struct Values<'a> {
    #[serde(flatten)]
    common: &'a Common<'a>,
    /// The features that fleetgen is built with.
    features: Option<&'static str>,
    /// Whether a push starts the workflow. Then only one to the default branch does anything.
    on_push: bool,
}

/// What all have.
#[derive(Serialize)]
struct Common<'a> {
    actions: BTreeMap<String, Pin>,
    /// Numbers of the stages in which layers are built.
    stages: Vec<usize>,
    environments: Vec<EnvironmentValues>,
    runs_on: String,
    runner: Option<RunnerValues>,
    /// How long a build may take.
    build_minutes: u32,
    aws: Option<AwsValues<'a>>,
    gcp: Option<GcpValues<'a>>,
    /// Where builds keep their reports: the URL of a bucket.
    reports: Option<String>,
}

/// `actions/checkout@COMMIT # v7.0.1`. The comment is ours, so it is not escaped.
#[derive(Serialize)]
#[serde(transparent)]
struct Pin(String);

#[derive(Serialize)]
struct EnvironmentValues {
    name: String,
    /// The environment before it.
    before: Option<String>,
    /// Whether it has groups on AWS, where the runner is.
    on_runner: bool,
    aws_role: Option<String>,
    aws_region: Option<String>,
    gcp_account: Option<String>,
    gcp_project: Option<String>,
    gcp_provider: Option<String>,
    /// Who may look at its groups.
    aws_plan_role: Option<String>,
    gcp_plan_account: Option<String>,
    /// For how long credentials are good.
    seconds: u32,
}

#[derive(Serialize)]
struct RunnerValues {
    start_role: String,
    region: String,
    group: String,
    machines: u32,
}

#[derive(Serialize)]
struct AwsValues<'a> {
    build_role: String,
    plan_role: String,
    sweep_role: String,
    region: &'a str,
    build_seconds: u32,
    report_bucket: Option<&'a str>,
}

#[derive(Serialize)]
struct GcpValues<'a> {
    build_account: String,
    plan_account: String,
    sweep_account: String,
    project: &'a str,
    report_bucket: Option<&'a str>,
}

/// The workflows of a fleet.
///
/// # Errors
/// A bug in fleetgen.
pub(crate) fn emit(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let templates = TEMPLATES.as_ref().map_err(|message| EmitError::fault("templates", message))?;
    let actions: BTreeMap<String, Action> =
        serde_json::from_str(ACTIONS).map_err(|error| EmitError::fault("actions.json", error.to_string()))?;
    let pin = |action: Action| Pin(format!("{}@{} # {}", action.repository, action.commit, action.version));
    let actions: BTreeMap<String, Pin> = actions.into_iter().map(|(name, action)| (name, pin(action))).collect();
    let common = Common {
        actions,
        stages: (1..=fleet.depth()).collect(),
        environments: environments(fleet),
        runs_on: match &fleet.runner {
            Some(_) => resource_name::runner_label(&fleet.name),
            None => "ubuntu-24.04".to_owned(),
        },
        runner: runner(fleet),
        build_minutes: BUILD_HOURS * 60,
        aws: aws(fleet),
        gcp: gcp(fleet),
        reports: reports(fleet),
    };
    let workflow = |(name, clouds): &(&str, bool)| {
        let values = Values {
            common: &common,
            features: clouds.then(|| features(fleet)),
            on_push: matches!(*name, "fleet-build" | "fleet-apply" | "fleet-rollout"),
        };
        let path = format!(".github/workflows/{name}.yml");
        templates.file(path, Subject::Workflow((*name).to_owned()), &format!("{name}.yml"), &values)
    };
    WORKFLOWS.iter().map(workflow).collect()
}

/// The clients that the fleet needs.
fn features(fleet: &Fleet) -> &'static str {
    match (&fleet.aws, &fleet.gcp) {
        (Some(_), None) => "aws",
        (None, Some(_)) => "gcp",
        _ => "aws,gcp",
    }
}

fn environments(fleet: &Fleet) -> Vec<EnvironmentValues> {
    let mut before = None;
    let values = |environment: &Environment| {
        let job = format!("rollout-{}", environment.name);
        let networks = fleet.groups.values().filter(|group| group.environment == environment.name);
        let networks: Vec<_> = networks.filter_map(|group| fleet.networks.get(&group.network)).collect();
        // One run uses one account of each cloud: docs/rollout.md.
        let aws = networks.iter().find(|network| network.cloud == Cloud::Aws).and_then(|it| fleet.aws_account(it));
        let gcp = networks.iter().find(|network| network.cloud == Cloud::Gcp).and_then(|it| fleet.gcp_account(it));
        let name = environment.name.to_string();
        EnvironmentValues {
            before: before.replace(name.clone()),
            name,
            on_runner: fleet.runner.is_some() && aws.is_some(),
            aws_role: aws.map(|account| resource_name::job_role(&fleet.name, &account.account, &job)),
            aws_region: aws.map(|account| account.state_region.to_string()),
            gcp_account: gcp.map(|account| resource_name::job_account(&fleet.name, &account.project, &job)),
            gcp_project: gcp.map(|account| account.project.to_string()),
            gcp_provider: gcp.map(|account| fleet.provider_variable(&account.name)),
            aws_plan_role: aws.map(|account| resource_name::job_role(&fleet.name, &account.account, PLAN)),
            gcp_plan_account: gcp.map(|account| resource_name::job_account(&fleet.name, &account.project, PLAN)),
            seconds: 60 * 60,
        }
    };
    fleet.environments.iter().map(values).collect()
}

fn runner(fleet: &Fleet) -> Option<RunnerValues> {
    let (runner, aws) = (fleet.runner.as_ref()?, fleet.aws.as_ref()?);
    let network = fleet.build_network(Cloud::Aws)?;
    Some(RunnerValues {
        start_role: resource_name::job_role(&fleet.name, &aws.builder.account, "start-runner"),
        region: network.region.to_string(),
        group: resource_name::runner_group(&fleet.name, &network.name),
        machines: runner.machines,
    })
}

fn aws(fleet: &Fleet) -> Option<AwsValues<'_>> {
    let aws = fleet.aws.as_ref()?;
    let role = |job| resource_name::job_role(&fleet.name, &aws.builder.account, job);
    Some(AwsValues {
        build_role: role("build-runner"),
        plan_role: role(PLAN),
        sweep_role: role("sweep"),
        region: fleet.build_network(Cloud::Aws)?.region.as_str(),
        build_seconds: BUILD_HOURS * 60 * 60,
        report_bucket: aws.report_bucket.as_ref().map(AsRef::as_ref),
    })
}

/// Both buckets get the reports. One is enough to read them from.
fn reports(fleet: &Fleet) -> Option<String> {
    let on_aws = fleet.aws.as_ref().and_then(|aws| aws.report_bucket.as_ref());
    let on_gcp = fleet.gcp.as_ref().and_then(|gcp| gcp.report_bucket.as_ref());
    on_aws.map(|bucket| format!("s3://{bucket}")).or_else(|| on_gcp.map(|bucket| format!("gs://{bucket}")))
}

fn gcp(fleet: &Fleet) -> Option<GcpValues<'_>> {
    let gcp = fleet.gcp.as_ref()?;
    let project = &gcp.builder.project;
    let account = |job| resource_name::job_account(&fleet.name, project, job);
    Some(GcpValues {
        build_account: account("build-runner"),
        plan_account: account(PLAN),
        sweep_account: account("sweep"),
        project: project.as_str(),
        report_bucket: gcp.report_bucket.as_ref().map(AsRef::as_ref),
    })
}
