//! What rollouts assume of the clouds, tried by the scripts in tests/conform.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use clap::Args;
use fleetgen_toolbox::tools;

/// Where to try what is assumed of AWS.
#[derive(Debug, Args)]
pub(crate) struct Aws {
    /// The account, which must be the one of the credentials
    #[arg(long, value_name = "ID")]
    account: String,
    /// The region
    #[arg(long)]
    region: String,
    /// The name of everything that is made, and the value of its tag `fleetgen-conform`, such as `conform-1`
    #[arg(long)]
    prefix: String,
    /// The subnets for machines, with a comma between them; machines need no way out
    #[arg(long, value_name = "SUBNETS")]
    subnet: String,
}

/// Where to try what is assumed of Google Cloud.
#[derive(Debug, Args)]
pub(crate) struct Gcp {
    /// The project
    #[arg(long)]
    project: String,
    /// The region
    #[arg(long)]
    region: String,
    /// What the names of everything that is made begin with, such as `conform-1`
    #[arg(long)]
    prefix: String,
    /// The subnetwork for machines, from `projects/` on; machines need no way out
    #[arg(long)]
    subnetwork: String,
}

impl Aws {
    pub(crate) fn run(&self, root: &Path) -> anyhow::Result<()> {
        let Self { account, region, prefix, subnet } = self;
        run(root, "aws", &[("account", account), ("region", region), ("prefix", prefix), ("subnet", subnet)])
    }
}

impl Gcp {
    pub(crate) fn run(&self, root: &Path) -> anyhow::Result<()> {
        let Self { project, region, prefix, subnetwork } = self;
        run(root, "gcp", &[("project", project), ("region", region), ("prefix", prefix), ("subnetwork", subnetwork)])
    }
}

/// Becomes the script, so that Ctrl-C reaches it, which then removes what it made.
fn run(root: &Path, cloud: &str, options: &[(&str, &String)]) -> anyhow::Result<()> {
    let python = tools::install_clouds(root)?.join("python");
    let fixtures = root.join(".fleetgen/conform");
    fs_err::create_dir_all(&fixtures)?;
    let mut script = Command::new(python);
    script.arg(root.join("tests/conform").join(cloud).with_extension("py"));
    script.arg("--fixtures").arg(fixtures.join(cloud).with_extension("json"));
    for (name, value) in options {
        script.arg(format!("--{name}={value}"));
    }
    Err(script.exec()).context("cannot run the script")
}
