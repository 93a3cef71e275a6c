//! Files that are judged by reading them: format, schema, workflows, scripts.

use std::process::Command;

use anyhow::{bail, ensure};

use super::{Check, CheckContext};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::{output, run};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("terraform fmt", format),
        Check::new("fleet.yaml against generated/fleet.schema.json", schema),
        Check::new(".github/workflows: actionlint", actionlint),
        Check::new(".github/workflows: zizmor", zizmor),
        Check::new(".ci/run: shellcheck", shellcheck),
    ]
}

fn format(context: &CheckContext<'_>) -> anyhow::Result<()> {
    for folder in ["terraform", "generated/terraform"] {
        run(&mut context.sandbox.terraform(&context.root.join(folder), &["fmt", "-check", "-recursive", "-diff"]))?;
    }
    Ok(())
}

/// What the program takes, an editor must take as well; and what it refuses, an editor should mark.
fn schema(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let check = |file: &std::path::Path| {
        let mut command = Command::new(&context.tools.check_jsonschema);
        command.arg("--schemafile").arg(context.root.join("generated/fleet.schema.json")).arg(file);
        output(&mut command)
    };
    let fleet = context.root.join("fleet.yaml");
    let accepted = check(&fleet)?;
    if !accepted.status.success() {
        bail!("{}", fleetgen_toolbox::process::both(&accepted));
    }
    let wrong = context.sandbox.path("wrong.yaml");
    write(&wrong, &fs_err::read_to_string(&fleet)?.replacen("machine:", "machin:", 1))?;
    ensure!(!check(&wrong)?.status.success(), "the schema takes an unknown key");
    Ok(())
}

fn actionlint(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.actionlint);
    command.current_dir(context.root).arg("-shellcheck").arg(&context.tools.shellcheck);
    run(&mut command).map(|_| ())
}

fn zizmor(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.zizmor);
    command.args(["--offline", "--no-progress", "--persona=pedantic"]).arg(context.root.join(".github/workflows"));
    run(&mut command).map(|_| ())
}

fn shellcheck(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.shellcheck);
    run(command.arg("--severity=style").arg(context.root.join(".ci/run"))).map(|_| ())
}
