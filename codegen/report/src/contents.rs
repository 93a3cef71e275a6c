//! What differs in two images, as people read it.

use fleetgen_images::{Changed, Difference};

use crate::inert;

/// How many items of a list are shown.
const MOST: usize = 12;

/// A line for packages, and one each for vulnerabilities that are fixed and added. Long lists are cut.
pub(crate) fn lines(Difference { packages, vulnerabilities }: &Difference) -> Vec<String> {
    let packages = packages.iter().map(|(name, (before, after))| match (before.as_str(), after.as_str()) {
        ("", after) => format!("{name} {after} (new)"),
        (before, "") => format!("{name} {before} (removed)"),
        (before, after) => format!("{name} {before} → {after}"),
    });
    let mut lines = vec![format!("packages: {}", shortened(&packages.collect::<Vec<_>>()))];
    let Some(Changed { fixed, added }) = vulnerabilities else {
        lines.push("vulnerabilities: unknown, since a report of Trivy is missing".to_owned());
        return lines;
    };
    for (what, found) in [("fixes", fixed), ("adds", added)] {
        let found = found.iter().map(|it| format!("{} ({}, {})", it.id, it.severity.to_lowercase(), it.package));
        lines.push(format!("{what}: {}", shortened(&found.collect::<Vec<_>>())));
    }
    lines
}

fn shortened(list: &[String]) -> String {
    let shown: Vec<String> = list.iter().take(MOST).map(|item| inert(item)).collect();
    match list.len() {
        0 => "none".to_owned(),
        number if number > MOST => format!("{} and {} more", shown.join(", "), number - MOST),
        _ => shown.join(", "),
    }
}
