//! Files that are judged by reading them: format, schema, workflows, scripts.

use std::process::Command;

use anyhow::{bail, ensure};

use super::{Bench, Check};
use crate::process::{output, run};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("terraform fmt", format),
        Check::new("fleet.yaml against generated/fleet.schema.json", schema),
        Check::new(".github/workflows: actionlint", actionlint),
        Check::new(".github/workflows: zizmor", zizmor),
        Check::new(".ci/run: shellcheck", shellcheck),
    ]
}

fn format(bench: &Bench<'_>) -> anyhow::Result<()> {
    for folder in ["terraform", "generated/terraform"] {
        run(&mut bench.sandbox.terraform(&bench.root.join(folder), &["fmt", "-check", "-recursive", "-diff"]))?;
    }
    Ok(())
}

/// What the program takes, an editor must take as well; and what it refuses, an editor should mark.
fn schema(bench: &Bench<'_>) -> anyhow::Result<()> {
    let check = |file: &std::path::Path| {
        let mut command = Command::new(&bench.tools.check_jsonschema);
        command.arg("--schemafile").arg(bench.root.join("generated/fleet.schema.json")).arg(file);
        output(&mut command)
    };
    let fleet = bench.root.join("fleet.yaml");
    let accepted = check(&fleet)?;
    if !accepted.status.success() {
        bail!("{}", crate::process::both(&accepted));
    }
    let wrong = bench.sandbox.path("wrong.yaml");
    super::sandbox::write(&wrong, &fs_err::read_to_string(&fleet)?.replacen("machine:", "machin:", 1))?;
    ensure!(!check(&wrong)?.status.success(), "the schema takes an unknown key");
    Ok(())
}

fn actionlint(bench: &Bench<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&bench.tools.actionlint);
    command.current_dir(bench.root).arg("-shellcheck").arg(&bench.tools.shellcheck);
    run(&mut command).map(|_| ())
}

fn zizmor(bench: &Bench<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&bench.tools.zizmor);
    command.args(["--offline", "--no-progress", "--persona=pedantic"]).arg(bench.root.join(".github/workflows"));
    run(&mut command).map(|_| ())
}

fn shellcheck(bench: &Bench<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&bench.tools.shellcheck);
    run(command.arg("--severity=style").arg(bench.root.join(".ci/run"))).map(|_| ())
}
