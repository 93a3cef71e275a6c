//! `fleetgen init`.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use clap::ValueEnum;
use fleetgen_emit::Starter;
use fleetgen_fleet::CheckContext;
use fleetgen_fleet::scalar::{AccountId, FleetName, GcpProject, Owner, Region, RepositoryName};
use fleetgen_problem::{Problem, Severity, SourceFile};
use fleetgen_tree::AtomicFile;

use crate::arguments::Global;
use crate::error::{Failure, Outcome};
use crate::exit::Exit;
use crate::ui::Ui;

/// Write a small fleet.yaml to start from: a layer, and a network and a group on each cloud
///
/// Asks for what is not given, on a terminal. Keeps a fleet.yaml that exists. docs/start.md describes what to do next.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The clouds
    #[arg(long, value_enum)]
    cloud: Option<Clouds>,
    /// The fleet's name: the prefix of every resource
    #[arg(long)]
    name: Option<FleetName>,
    /// The repository on GitHub, such as `example/fleet`
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<RepositoryName>,
    /// Who reviews changes, such as `@example/platform`
    #[arg(long)]
    owner: Option<Owner>,
    /// The AWS account
    #[arg(long, value_name = "ID")]
    aws_account: Option<AccountId>,
    /// The region on AWS
    #[arg(long, value_name = "REGION")]
    aws_region: Option<Region>,
    /// The Google Cloud project
    #[arg(long, value_name = "ID")]
    gcp_project: Option<GcpProject>,
    /// The region on Google Cloud
    #[arg(long, value_name = "REGION")]
    gcp_region: Option<Region>,
}

/// Where a fleet runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clouds {
    Aws,
    Gcp,
    Both,
}

impl FromStr for Clouds {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        <Self as ValueEnum>::from_str(text, false)
            .map_err(|_| Problem::invalid(format!("`{text}` is none of them"), "answer aws, gcp or both"))
    }
}

pub(crate) fn run(global: &Global, args: &Args, ui: &mut Ui) -> Outcome {
    let path = global.directory.join(&global.fleet);
    let name = global.fleet.display();
    if has_content(&path)? {
        let hint = "change it; docs/start.md says how to start over in a clone".to_owned();
        return Err(Failure::usage(format!("{name} exists"), Some(hint)));
    }
    let mut asked = Asked { ui, missing: Vec::new() };
    let starter = asked.starter(args)?;
    let Some(starter) = starter else {
        let missing = asked.missing.iter().map(|option| format!("`{option}`")).collect::<Vec<_>>().join(", ");
        let hint = "give them, or run `fleetgen init` on a terminal, where it asks".to_owned();
        return Err(Failure::usage(format!("these options are missing: {missing}"), Some(hint)));
    };
    let text = starter.fleet_yaml()?;
    // A region that no cloud has, say: nothing is written then.
    let source = SourceFile::from_bytes(name.to_string(), text.clone().into_bytes());
    let source = source.map_err(|_| anyhow::anyhow!("{name} would be too large"))?;
    let context = CheckContext { today: None, expired: Severity::Warning };
    let fleet = match fleetgen_fleet::load(&source, context) {
        Ok(loaded) => loaded.fleet,
        Err(problems) => return Err(Failure::Problems(problems, Some(Box::new(source)))),
    };
    AtomicFile::stage(&path, text.as_bytes())?.sync()?.commit().with_context(|| format!("cannot write {name}"))?;
    ui.note(&format!("wrote {name}, with {}", fleetgen_report::count(fleet.groups.len(), "group")))?;
    ui.note("next: read it, and run `fleetgen generate`")?;
    Ok(Exit::Ok)
}

/// Whether there is something to keep.
fn has_content(path: &Path) -> anyhow::Result<bool> {
    match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
        Ok(found) if found.is_file() && found.len() < 4_096 => {
            Ok(!fs_err::read(path)?.iter().all(u8::is_ascii_whitespace))
        }
        Ok(_) => Ok(true),
    }
}

/// Options, and answers where they are missing.
struct Asked<'u> {
    ui: &'u mut Ui,
    missing: Vec<&'static str>,
}

impl Asked<'_> {
    /// What is known of the fleet; nothing if an option is missing, and there is no terminal to ask on.
    fn starter(&mut self, args: &Args) -> anyhow::Result<Option<Starter>> {
        let clouds = self.get(args.cloud, "--cloud", "Clouds (aws, gcp or both)", Some("both"))?;
        let name = self.get(args.name.clone(), "--name", "Name of the fleet, the prefix of every resource", None)?;
        let repository =
            self.get(args.repository.clone(), "--repository", "Repository on GitHub, such as example/fleet", None)?;
        let owner = self.get(args.owner.clone(), "--owner", "Who reviews changes, such as @example/platform", None)?;
        let on = |cloud| clouds.is_none_or(|clouds| clouds == cloud || clouds == Clouds::Both);
        let mut aws = None;
        if on(Clouds::Aws) {
            let account = self.get(args.aws_account.clone(), "--aws-account", "AWS account, 12 digits", None)?;
            let region = self.get(args.aws_region.clone(), "--aws-region", "Region on AWS", Some("us-west-2"))?;
            aws = account.zip(region);
        }
        let mut gcp = None;
        if on(Clouds::Gcp) {
            let project = self.get(args.gcp_project.clone(), "--gcp-project", "Google Cloud project", None)?;
            let question = "Region on Google Cloud";
            let region = self.get(args.gcp_region.clone(), "--gcp-region", question, Some("us-central1"))?;
            gcp = project.zip(region);
        }
        if !self.missing.is_empty() {
            return Ok(None);
        }
        let starter = || Some(Starter { name: name?, repository: repository?, owner: owner?, aws, gcp });
        Ok(starter())
    }

    /// An option, or the answer to a question, which is asked until it is a value.
    fn get<T: FromStr<Err: Display>>(
        &mut self,
        given: Option<T>,
        option: &'static str,
        question: &str,
        default: Option<&str>,
    ) -> anyhow::Result<Option<T>> {
        if given.is_some() {
            return Ok(given);
        }
        if !self.ui.is_terminal() {
            self.missing.push(option);
            return Ok(None);
        }
        loop {
            let answer = self.ui.question(question, default)?.context("the answers ended")?;
            match answer.parse() {
                Ok(value) => return Ok(Some(value)),
                Err(problem) => self.ui.warn(&problem.to_string())?,
            }
        }
    }
}
