//! `.github/CODEOWNERS`: who reviews changes of the fleet.

use std::fmt::Write as _;

use fleetgen_fleet::Fleet;
use fleetgen_tree::{File, Origin, Subject};

pub(crate) const PATH: &str = ".github/CODEOWNERS";

/// Where GitHub looks for it after that.
const ELSEWHERE: &[&str] = &["CODEOWNERS", "docs/CODEOWNERS"];

/// What a fleet is made of.
const OWNED: &[&str] = &["/.github/", "/fleet.yaml", "/generated/", "/goss/", "/images/", "/packer/", "/terraform/"];

/// The owners of what a fleet is made of, as GitHub reads them.
pub(crate) fn emit(fleet: &Fleet) -> Vec<File> {
    if fleet.owners.is_empty() {
        return Vec::new();
    }
    let owners = fleet.owners.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
    let mut content = "# Written by fleetgen from `fleet.owners` in fleet.yaml, which you change instead.\n".to_owned();
    for path in OWNED {
        let _ = writeln!(content, "{path:<12} {owners}");
    }
    vec![File { path: PATH.to_owned(), content, subject: Subject::Fleet, origin: Origin::Offered(ELSEWHERE) }]
}
