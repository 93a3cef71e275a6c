//! Modules and their examples: validate, test, lint, plan, and READMEs that match the code.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::{Check, CheckContext};
use fleetgen_toolbox::process::run;

/// The checks of every module.
pub(super) fn checks(root: &Path) -> anyhow::Result<Vec<Check>> {
    let mut checks = Vec::new();
    for module in directories(&root.join("terraform/modules"))? {
        let below = format!("terraform/modules/{module}");
        let folder = below.clone();
        checks.push(Check::new(format!("{below}: validate and test"), move |context| test(context, &folder)));
        let folder = below.clone();
        checks.push(Check::new(format!("{below}: lint"), move |context| lint(context, &folder)));
        let folder = below.clone();
        checks.push(Check::new(format!("{below}: README"), move |context| readme(context, &folder)));
    }
    for folder in examples(root)? {
        checks.push(Check::new(format!("{folder}: plan"), move |context| plan(context, &folder)));
    }
    Ok(checks)
}

/// The folders of all examples.
pub(super) fn examples(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut folders = Vec::new();
    for module in directories(&root.join("terraform/modules"))? {
        let examples = format!("terraform/modules/{module}/examples");
        folders.extend(directories(&root.join(&examples))?.into_iter().map(|example| format!("{examples}/{example}")));
    }
    Ok(folders)
}

/// The names of the directories in a directory, sorted.
fn directories(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs_err::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn test(context: &CheckContext<'_>, module: &str) -> anyhow::Result<()> {
    let directory = context.sandbox.path(module);
    context.sandbox.init(&directory)?;
    run(&mut context.sandbox.terraform(&directory, &["validate"]))?;
    let report = run(&mut context.sandbox.terraform(&directory, &["test"]))?;
    let passed =
        report.lines().find_map(|line| line.strip_prefix("Success! ")).context("terraform test ran nothing")?;
    ensure!(!passed.starts_with("0 "), "terraform test ran nothing");
    Ok(())
}

/// Plans an example, since only a plan evaluates the module's conditions.
fn plan(context: &CheckContext<'_>, example: &str) -> anyhow::Result<()> {
    let directory = context.sandbox.path(example);
    context.sandbox.init(&directory)?;
    run(&mut context.sandbox.terraform(&directory, &["validate"]))?;
    if !context.registry {
        run(&mut context.sandbox.terraform(&directory, &["plan", "-input=false"]))?;
    }
    Ok(())
}

/// tflint, with every rule of the bundled ruleset.
pub(super) fn lint(context: &CheckContext<'_>, folder: &str) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.tflint);
    command.arg(format!("--chdir={}", context.root.join(folder).display()));
    command.arg(format!("--config={}", context.root.join("tests/tools/tflint/tflint.hcl").display()));
    run(command.args(["--no-color", "--call-module-type=none"])).map(|_| ())
}

fn readme(context: &CheckContext<'_>, module: &str) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.terraform_docs);
    command.args([
        "markdown",
        "table",
        "--output-check",
        "--output-file=README.md",
        "--output-mode=inject",
        "--lockfile=false",
        "--hide=resources,data-sources",
    ]);
    run(command.arg(context.root.join(module)))
        .with_context(|| format!("the tables of {module}/README.md are stale: run terraform-docs as this check does, without --output-check"))
        .map(|_| ())
}
