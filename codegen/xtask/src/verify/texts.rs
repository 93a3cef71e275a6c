//! Static checks: formatting, schema, workflows, scripts, spelling, and our own dependencies.

use std::process::Command;

use anyhow::{bail, ensure};

use super::{Check, CheckContext};
use fleetgen_toolbox::files::write;
use fleetgen_toolbox::process::{both, output, run};
use fleetgen_toolbox::repository;

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("terraform fmt", format),
        Check::new("fleet.yaml against generated/fleet.schema.json", schema),
        Check::new("draw: Mermaid reads the pictures", pictures),
        Check::new(".github/workflows: actionlint", actionlint),
        Check::new(".github/workflows: zizmor", zizmor),
        Check::new(".ci/run: shellcheck", shellcheck),
        Check::new("spelling", spelling),
        Check::new("dependencies: cargo-deny", deny),
        Check::new("dependencies: cargo-machete", machete),
    ]
}

fn format(context: &CheckContext<'_>) -> anyhow::Result<()> {
    for folder in ["terraform", "generated/terraform"] {
        run(&mut context.sandbox.terraform(&context.root.join(folder), &["fmt", "-check", "-recursive", "-diff"]))?;
    }
    Ok(())
}

/// An editor that uses the schema accepts what fleetgen accepts, and marks what it refuses.
fn schema(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let check = |file: &std::path::Path| {
        let mut command = Command::new(&context.tools.check_jsonschema);
        command.arg("--schemafile").arg(context.root.join("generated/fleet.schema.json")).arg(file);
        output(&mut command)
    };
    let fleet = context.root.join("fleet.yaml");
    let accepted = check(&fleet)?;
    if !accepted.status.success() {
        bail!("{}", both(&accepted));
    }
    let wrong = context.sandbox.path("wrong.yaml");
    write(&wrong, &fs_err::read_to_string(&fleet)?.replacen("machine:", "machin:", 1))?;
    ensure!(!check(&wrong)?.status.success(), "the schema accepts an unknown key");
    Ok(())
}

/// Of this fleet, of each of its networks, and of one with several accounts and projects.
fn pictures(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let read = |picture: &str| -> anyhow::Result<std::process::Output> {
        let file = context.sandbox.path("picture.mmd");
        write(&file, picture)?;
        output(Command::new("node").arg(&context.tools.mermaid).arg(file))
    };
    let mut pictures = Vec::new();
    for name in ["fleet.yaml", super::accounts::FLEET] {
        let fleet = repository::parse(name, &fs_err::read_to_string(context.root.join(name))?)?;
        pictures.push(fleetgen_emit::draw(&fleet, None));
        pictures.extend(fleet.networks.values().map(|network| fleetgen_emit::draw(&fleet, Some(network))));
    }
    // A name that Mermaid would not take for an id.
    let strange = fs_err::read_to_string(context.root.join(super::accounts::FLEET))?.replace("gcp-osaka", "end--o");
    pictures.push(fleetgen_emit::draw(&repository::parse("end--o", &strange)?, None));
    for picture in &pictures {
        let output = read(picture)?;
        ensure!(output.status.success(), "{}\n{picture}", both(&output));
    }
    ensure!(!read(&pictures[0].replace("-->", "-~>"))?.status.success(), "Mermaid reads what is not its language");
    Ok(())
}

fn actionlint(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.actionlint);
    command.current_dir(context.root).arg("-shellcheck").arg(&context.tools.shellcheck);
    run(&mut command).map(|_| ())
}

fn zizmor(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.zizmor);
    command.args(["--offline", "--no-progress", "--persona=pedantic"]).arg(context.root.join(".github"));
    run(&mut command).map(|_| ())
}

fn shellcheck(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.shellcheck);
    run(command.arg("--severity=style").arg(context.root.join(".ci/run"))).map(|_| ())
}

fn spelling(context: &CheckContext<'_>) -> anyhow::Result<()> {
    run(Command::new(&context.tools.typos).current_dir(context.root)).map(|_| ())
}

/// Licences, duplicates and sources. Advisories are checked on GitHub, where their database is.
fn deny(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let mut command = Command::new(&context.tools.cargo_deny);
    command.current_dir(context.root).args([
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]);
    run(&mut command).map(|_| ())
}

/// Dependencies that nothing uses.
fn machete(context: &CheckContext<'_>) -> anyhow::Result<()> {
    run(Command::new(&context.tools.cargo_machete).current_dir(context.root).arg("--with-metadata")).map(|_| ())
}
