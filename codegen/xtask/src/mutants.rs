//! Breaks the rollout engine on purpose, as `codegen/simulator/tests/mutations.yaml` lists, and checks that the tests notice.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

/// Which mutations to apply.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those of these invariants
    invariants: Vec<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    invariant: u32,
    file: String,
    find: String,
    replace: String,
    test: String,
}

/// Applies each mutation to a copy of the crates, and runs the test that must fail.
pub(crate) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let text = fs_err::read_to_string(root.join("codegen/simulator/tests/mutations.yaml"))?;
    let mutations: Vec<Mutation> = serde_saphyr::from_str(&text)?;
    let folder = tempfile::Builder::new().prefix("fleetgen-mutants-").tempdir()?;
    let copy = folder.path();
    fleetgen_toolbox::files::copy(&root.join("codegen"), &copy.join("codegen"))?;
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs_err::copy(root.join(file), copy.join(file))?;
    }
    let mut survived = Vec::new();
    for mutation in mutations {
        if !args.invariants.is_empty() && !args.invariants.contains(&mutation.invariant) {
            continue;
        }
        let file = copy.join(&mutation.file);
        let before = fs_err::read_to_string(&file)?;
        ensure!(
            before.matches(&mutation.find).count() == 1,
            "mutation {}: {} does not have exactly one `{}`",
            mutation.invariant,
            mutation.file,
            mutation.find
        );
        write(&file, &before.replace(&mutation.find, &mutation.replace))?;
        let noticed = is_noticed(copy, &mutation).with_context(|| format!("mutation {}", mutation.invariant))?;
        write(&file, &before)?;
        println!("{} {:>2}  {}", if noticed { "noticed " } else { "SURVIVED" }, mutation.invariant, mutation.test);
        if !noticed {
            survived.push(mutation.invariant);
        }
    }
    if survived.is_empty() { Ok(()) } else { bail!("no test notices the mutations {survived:?}") }
}

/// Whether the test fails. A mutation that does not compile is a mistake in the list.
fn is_noticed(copy: &Path, mutation: &Mutation) -> anyhow::Result<bool> {
    let mut build = cargo(copy);
    build.args(["test", "--quiet", "--package", "fleetgen-simulator", "--no-run"]);
    ensure!(build.output()?.status.success(), "it does not compile");
    let mut test = cargo(copy);
    test.args(["test", "--quiet", "--package", "fleetgen-simulator", "--test", "properties", "--test", "journal"]);
    test.arg(&mutation.test).env("FLEETGEN_CASES", "3000").env("PROPTEST_MAX_SHRINK_ITERS", "10");
    Ok(!test.output()?.status.success())
}

fn cargo(copy: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(copy).env("CARGO_TARGET_DIR", copy.join("target")).env("RUST_BACKTRACE", "0");
    command
}

#[expect(clippy::disallowed_methods, reason = "a copy in a temporary folder")]
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    Ok(fs_err::write(path, text)?)
}
