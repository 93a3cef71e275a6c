//! Security scanners over the modules and over plans.
//!
//! Plans show what modules hide, such as a value that only a group sets. Checkov reads a plan as JSON. Trivy reads the
//! saved plan: in JSON it does not find what is inside modules.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use fleetgen_toolbox::files::{copy, write};
use fleetgen_toolbox::process::{output, run};
use tempfile::TempDir;

use super::modules::examples;
use super::roots::fleet;
use super::{Check, CheckContext};

/// The module and the setting with which both scanners are shown to fail.
const MODULE: &str = "terraform/modules/aws-compute-group";
const SAFE: &str = r#"http_tokens                 = "required""#;
const UNSAFE: &str = r#"http_tokens                 = "optional""#;

pub(super) fn checks(root: &Path, registry: bool) -> anyhow::Result<Vec<Check>> {
    let mut checks = vec![Check::new("terraform/modules: checkov and trivy", modules)];
    if !registry {
        let folders = planned(root)?;
        checks.push(Check::new("plans: checkov and trivy", move |context| plans(context, &folders)));
        checks.push(Check::new("plans: checkov and trivy find an unsafe launch template", unsafe_plan));
    }
    Ok(checks)
}

/// Every generated root, and every example of a module.
fn planned(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut folders: Vec<String> = fleet(root)?.scopes().into_iter().map(|scope| scope.directory()).collect();
    folders.extend(examples(root)?);
    Ok(folders)
}

fn modules(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let modules = context.root.join("terraform/modules");
    let mut checkov = Command::new(&context.tools.checkov);
    checkov.args(["--framework", "terraform", "--quiet", "--compact", "--skip-download", "--directory"]);
    run(checkov.arg(&modules))?;
    run(&mut trivy(context, &modules)).map(|_| ())
}

fn plans(context: &CheckContext<'_>, folders: &[String]) -> anyhow::Result<()> {
    let copied = tempfile::tempdir_in(context.sandbox.path(""))?;
    for tree in ["terraform", "generated"] {
        copy(&context.root.join(tree), &copied.path().join(tree))?;
    }
    let plans = Plans::new()?;
    for folder in folders {
        plans.add(context, &copied.path().join(folder), &folder.replace('/', "-"))?;
    }
    run(&mut plans.checkov(context))?;
    run(&mut trivy(context, plans.saved.path())).map(|_| ())
}

/// Both scanners must refuse a group that takes metadata requests without a token.
fn unsafe_plan(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let copied = tempfile::tempdir_in(context.sandbox.path(""))?;
    copy(&context.root.join("terraform"), &copied.path().join("terraform"))?;
    let module = copied.path().join(MODULE);
    let template = fs_err::read_to_string(module.join("main.tf"))?;
    ensure!(template.contains(SAFE), "{MODULE}/main.tf does not contain `{SAFE}`");
    write(&module.join("main.tf"), &template.replace(SAFE, UNSAFE))?;
    let plans = Plans::new()?;
    plans.add(context, &module.join("examples/minimal"), "unsafe")?;
    for (mut scanner, finding) in
        [(plans.checkov(context), "CKV_AWS_79"), (trivy(context, plans.saved.path()), "AWS-0130")]
    {
        let output = output(&mut scanner)?;
        let report = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.code() == Some(1) && report.contains(finding),
            "expected {finding}, but the scanner reported:\n{report}"
        );
    }
    Ok(())
}

/// Plans, as each scanner reads them.
struct Plans {
    json: TempDir,
    saved: TempDir,
}

impl Plans {
    fn new() -> anyhow::Result<Self> {
        Ok(Self { json: tempfile::tempdir()?, saved: tempfile::tempdir()? })
    }

    /// Plans a folder.
    fn add(&self, context: &CheckContext<'_>, folder: &Path, name: &str) -> anyhow::Result<()> {
        context.sandbox.init_local(folder)?;
        let saved = self.saved.path().join(format!("{name}.tfplan"));
        let saved = saved.to_str().context("a temporary folder has a UTF-8 path")?;
        run(&mut context.sandbox.terraform(folder, &["plan", "-input=false", "-out", saved]))?;
        let mut show = context.sandbox.terraform(folder, &["show", "-json"]);
        write(&self.json.path().join(format!("{name}.json")), &run(show.arg(saved))?)
    }

    fn checkov(&self, context: &CheckContext<'_>) -> Command {
        let mut command = Command::new(&context.tools.checkov);
        command.arg("--config-file").arg(context.root.join("tests/tools/checkov/plans.yaml"));
        command.arg("--directory").arg(self.json.path());
        command
    }
}

/// Trivy with the policies that it was built with, since others would be a download.
fn trivy(context: &CheckContext<'_>, folder: &Path) -> Command {
    let mut command = Command::new(&context.tools.trivy);
    command.args(["config", "--quiet", "--exit-code=1", "--skip-check-update", "--skip-version-check"]);
    command.arg("--cache-dir").arg(context.sandbox.path("trivy-cache")).arg(folder);
    command
}
