//! Other fleets than the example: in `tests/fleets/`, and the one that `fleetgen init` writes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use fleetgen_fleet::Scope;
use fleetgen_toolbox::files::copy;
use fleetgen_toolbox::process::{output, run};
use fleetgen_toolbox::repository::{cargo_apart, fleetgen, lay_out, parse};

use super::{Check, CheckContext, layers, roots};

/// A fleet with nothing of the example.
const EUROPE: &str = "tests/fleets/europe.yaml";

/// Fleets that real ones look like, and what each shows.
const FLEETS: &[(&str, &str)] = &[
    ("europe", EUROPE),
    ("trial, 12 groups with what few fleets need,", "tests/fleets/trial.yaml"),
    ("single, one group on one cloud,", "tests/fleets/single.yaml"),
    ("accounts, three accounts and two projects,", "tests/fleets/accounts.yaml"),
    ("existing, networks of others,", "tests/fleets/existing.yaml"),
];

pub(super) fn checks() -> Vec<Check> {
    let each = FLEETS.iter().map(|(name, path)| {
        Check::new(format!("fleets: {name} applies, and Packer accepts it"), move |context| {
            applies(context, path, &fs_err::read_to_string(context.root.join(path))?)
        })
    });
    let mut checks: Vec<Check> = each.collect();
    checks.extend([
        Check::new("fleets: of 300 groups from a script, those of one team apply", many),
        Check::new("fleets: what init writes applies, and Packer accepts it", started),
        Check::new("fleets: the program's tests pass with europe in place of the repository's", replaced),
    ]);
    checks
}

fn applies(context: &CheckContext<'_>, path: &str, text: &str) -> anyhow::Result<()> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let directory = context.sandbox.path(&format!("fleets-{name}"));
    lay_out(context.root, &directory, text, &[])?;
    accepted(context, &directory)
}

/// The groups of many teams, which differ in their names. Applying all of them takes more than eight minutes.
fn many(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let script = "tests/fleets/many.py";
    let text = run(Command::new("python3").current_dir(context.root).arg(script))?;
    let directory = context.sandbox.path("fleets-many");
    lay_out(context.root, &directory, &text, &[])?;
    let fleet = parse(script, &text)?;
    ensure!(fleet.groups.len() == 300, "{script} prints {} groups", fleet.groups.len());
    let is_applied = |scope: &Scope| match scope {
        Scope::Stack(_, stack) => stack.as_str() == "teams-8",
        Scope::Account(_) | Scope::Network(_) => true,
    };
    apply(context, &directory, fleet.scopes().into_iter().filter(is_applied))
}

fn started(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let directory = context.sandbox.path("fleets-started");
    fs_err::create_dir_all(&directory)?;
    let common = ["init", "--cloud", "both", "--name", "acme", "--repository", "example/acme"];
    let aws = ["--owner", "@example/platform", "--aws-account", "123456789012", "--aws-region", "eu-central-1"];
    let gcp = ["--gcp-project", "example-acme", "--gcp-region", "europe-west1"];
    fleetgen(&directory, &[&common[..], &aws, &gcp].concat(), &[])?;
    let text = fs_err::read_to_string(directory.join("fleet.yaml"))?;
    lay_out(context.root, &directory, &text, &[])?;
    accepted(context, &directory)
}

/// Terraform applies every root, with recorded schemas, and Packer accepts every layer.
fn accepted(context: &CheckContext<'_>, directory: &Path) -> anyhow::Result<()> {
    let fleet = parse("fleet.yaml", &fs_err::read_to_string(directory.join("fleet.yaml"))?)?;
    apply(context, directory, fleet.scopes())?;
    layers::validate(context, directory)
}

fn apply(context: &CheckContext<'_>, directory: &Path, scopes: impl IntoIterator<Item = Scope>) -> anyhow::Result<()> {
    copy(&context.root.join("terraform"), &directory.join("terraform"))?;
    for scope in scopes {
        roots::apply(context, &directory.join(scope.directory())).with_context(|| scope.to_string())?;
    }
    Ok(())
}

/// The tests read the files of a copy of this repository, in which the fleet, what is generated and the records are others.
fn replaced(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let copied = "git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --no-dereference --target-directory \"$0\"";
    run(Command::new("bash").current_dir(context.root).args(["-euo", "pipefail", "-c", copied]).arg(folder.path()))?;
    let own = "rm -rf fleet.yaml generated images .github/workflows .github/CODEOWNERS && git init --quiet";
    run(Command::new("bash").current_dir(folder.path()).args(["-euc", own]))?;
    fs_err::copy(context.root.join(EUROPE), folder.path().join("fleet.yaml"))?;
    fleetgen(folder.path(), &["generate"], &[])?;
    let test = |name: &str| {
        let mut cargo = cargo_apart(context.root, "fleets");
        cargo.args(["test", "--package", "fleetgen", "--locked", "--quiet", name]);
        output(cargo.env("FLEETGEN_TEST_REPOSITORY", folder.path()))
    };
    let done = test("")?;
    ensure!(done.status.success(), "{}", fleetgen_toolbox::process::both(&done));
    // They do read the copy.
    fs_err::OpenOptions::new().append(true).open(folder.path().join("generated/MANIFEST"))?.set_len(0)?;
    ensure!(!test("committed_files")?.status.success(), "the tests do not read the copy");
    Ok(())
}
