//! `fleetgen roots`.

use std::collections::BTreeSet;

use clap::ValueEnum;
use fleetgen_affected::{Affected, Change, Root, RootKind, roots, shards};
use serde_json::json;

use crate::arguments::{Format, Global};
use crate::command::groups::known;
use crate::error::Outcome;
use crate::exit::Exit;
use crate::git::Commit;
use crate::project::{Project, hand_written};
use crate::side;
use crate::table::table;
use crate::ui::Ui;

/// List the Terraform roots, in the order in which they are applied
///
/// JSON also has them in portions for the jobs of a workflow, with who the job is in each account.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only roots whose files or modules have changed since this commit, branch or tag
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Only roots of this kind
    #[arg(long, value_name = "KIND")]
    kind: Vec<Kind>,
    /// Only stacks with groups of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Who works on them: `plan`, or a job such as `apply-prod`
    #[arg(long, value_name = "JOB", default_value = "plan")]
    job: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Accounts and projects
    Account,
    /// Networks
    Network,
    /// Compute groups
    Stack,
}

impl Kind {
    fn is(self, root: &Root) -> bool {
        match self {
            Self::Account => root.kind == RootKind::Account,
            Self::Network => root.kind == RootKind::Network,
            Self::Stack => root.kind == RootKind::Stack,
        }
    }
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let project = Project::load(global, ui)?;
    let names = project.fleet.environments.iter().map(|environment| environment.name.as_str());
    known("environment", args.environment.as_deref(), names)?;
    let changed = match &args.since {
        Some(revision) => {
            let commit = Commit::find(global, revision)?;
            let scripts = hand_written(&global.directory)?;
            let (before, after) = rayon::join(|| side::at(global, &commit, &scripts), || side::here(global, ui));
            let ((_, before), (_, after)) = (before?, after?);
            let affected = Affected::new(&before, &after, &|_, _| None);
            let roots = affected.roots.into_iter().filter(|root| root.change != Change::Removed);
            Some(roots.map(|root| root.root).collect::<BTreeSet<_>>())
        }
        None => None,
    };
    let all = roots(&project.fleet);
    let is_asked_for = |root: &&Root| {
        (args.kind.is_empty() || args.kind.iter().any(|kind| kind.is(root)))
            && args.environment.as_ref().is_none_or(|name| root.environments.contains(name))
            && changed.as_ref().is_none_or(|changed| changed.contains(&root.root))
    };
    let asked: Vec<&Root> = all.iter().filter(is_asked_for).collect();
    match ui.format {
        Format::Json => {
            let shards = shards(&project.fleet, &asked, &args.job);
            ui.json(json!({ "roots": asked, "shards": shards }))?;
        }
        Format::Human | Format::Github if asked.is_empty() => ui.note("no root is like that")?,
        Format::Human | Format::Github => {
            let rows = asked.iter().map(|root| {
                vec![root.root.clone(), root.cloud.to_string(), root.account.to_string(), root.environments.join(", ")]
            });
            ui.print(&table(&["ROOT", "CLOUD", "ACCOUNT", "ENVIRONMENTS"], rows.collect(), &[]))?;
        }
    }
    Ok(Exit::Ok)
}
