//! Checks with the real tools. Each check is a named function. A missing tool is a failure, never a skip.

mod access_log;
mod accounts;
mod affected;
mod boot;
mod bootstrap;
mod clone;
mod clouds;
mod conform;
mod fleets;
mod hostile;
mod iam;
mod iam_data;
mod journals;
mod layers;
mod modules;
mod moto;
mod one_job;
mod reach;
mod registry;
mod roots;
mod runner;
mod sandbox;
mod scanners;
mod scripts;
mod squid;
mod texts;
mod workflows;

use std::path::Path;
use std::time::Instant;

use anyhow::bail;
use rayon::prelude::*;

use fleetgen_toolbox::tools::{self, Tools};
use sandbox::Sandbox;

/// Which checks to run, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Use the real providers from the Terraform registry instead of recorded schemas; nothing is applied then
    #[arg(long)]
    registry: bool,
    /// Only checks whose name contains this
    #[arg(value_name = "NAME")]
    only: Option<String>,
}

/// What every check is given.
pub(crate) struct CheckContext<'a> {
    /// The repository, which no check changes.
    pub(crate) root: &'a Path,
    pub(crate) tools: &'a Tools,
    /// A copy of what Terraform reads, in a folder where it may write.
    pub(crate) sandbox: &'a Sandbox,
    /// Whether the real providers are used.
    pub(crate) registry: bool,
}

type Run = Box<dyn Fn(&CheckContext<'_>) -> anyhow::Result<()> + Send + Sync>;

/// A check.
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) run: Run,
}

impl Check {
    pub(crate) fn new(
        name: impl Into<String>,
        run: impl Fn(&CheckContext<'_>) -> anyhow::Result<()> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), run: Box::new(run) }
    }
}

/// Runs every check, and reports each that fails.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let tools = tools::install(root)?;
    fleetgen_toolbox::repository::build(root)?;
    let sandbox = Sandbox::new(root, &tools, args.registry)?;
    let context = CheckContext { root, tools: &tools, sandbox: &sandbox, registry: args.registry };
    let mut checks = texts::checks();
    checks.extend(clouds::checks());
    checks.extend(conform::checks());
    checks.extend(journals::checks());
    checks.extend(layers::checks());
    checks.extend(workflows::checks());
    checks.extend(scripts::checks());
    checks.extend(runner::checks());
    checks.extend(squid::checks());
    checks.extend(access_log::checks());
    checks.extend(one_job::checks());
    checks.extend(modules::checks(root)?);
    if !args.registry {
        checks.extend(affected::checks());
        checks.extend(accounts::checks());
        checks.extend(fleets::checks());
        checks.extend(bootstrap::checks());
        checks.extend(iam::checks());
        checks.extend(reach::checks());
    }
    checks.extend(roots::checks(root, args.registry)?);
    checks.extend(scanners::checks(root, args.registry)?);
    if !args.registry {
        checks.extend(hostile::checks());
    }
    if let Some(only) = &args.only {
        checks.retain(|check| check.name.contains(only.as_str()));
    }
    let failed: usize = checks
        .par_iter()
        .map(|check| {
            let start = Instant::now();
            let result = (check.run)(&context);
            let seconds = start.elapsed().as_secs_f32();
            match result {
                Ok(()) => println!("ok    {:<64} {seconds:>6.1} s", check.name),
                Err(ref error) => println!("FAIL  {:<64} {seconds:>6.1} s\n{error:#}\n", check.name),
            }
            usize::from(result.is_err())
        })
        .sum();
    println!("verify: {} passed, {failed} failed", checks.len() - failed);
    if failed > 0 || checks.is_empty() {
        bail!("{failed} of {} checks failed", checks.len());
    }
    Ok(())
}
