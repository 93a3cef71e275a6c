//! Documents that are generated.

use std::path::Path;

/// Writes docs/fleet-yaml.md, the reference, from the types of fleet.yaml. A test tells when it is stale.
#[expect(clippy::disallowed_methods, reason = "a document, not a generated file of a fleet")]
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    let path = root.join("docs/fleet-yaml.md");
    fs_err::write(&path, fleetgen_fleet::reference::markdown())?;
    println!("wrote docs/fleet-yaml.md");
    Ok(())
}
