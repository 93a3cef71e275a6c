//! Generated documents.

use std::path::Path;
use std::process::Command;

use fleetgen_toolbox::process::run;

/// Rewrites docs/fleet-yaml.md, docs/problems.md, and the output that README and docs show. The tests that compare them
/// also write them.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(root).env("FLEETGEN_WRITE_DOCS", "1");
    run(command.args([
        "test",
        "--quiet",
        "--package",
        "fleetgen",
        "--test",
        "repository",
        "--test",
        "layers",
        "--test",
        "images",
        "--test",
        "screen",
        "--test",
        "decide",
        "--test",
        "operate",
        "--test",
        "identities",
        "--test",
        "affected",
        "--test",
        "json",
    ]))?;
    println!("the documents are current");
    Ok(())
}
