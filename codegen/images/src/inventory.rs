//! What is in an image: the packages of its SBOM, and the vulnerabilities of its Trivy report.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The reports that say what is in an image, by their names in a record.
pub const KEPT: &[&str] = &["sbom", "trivy"];

/// A package of an SBOM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Package {
    /// Its kind, as in a package URL: `deb`, `golang`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A vulnerability of a Trivy report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Vulnerability {
    /// Its id, such as CVE-2026-12345.
    pub id: String,
    /// The package that has it.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// The version that fixes it, if there is one.
    pub fixed: Option<String>,
    /// How bad it is: `LOW` to `CRITICAL`.
    pub severity: String,
}

/// What is read of an SBOM in `CycloneDX` 1.6.
#[derive(Deserialize)]
struct Sbom {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    purl: String,
}

/// The packages of an SBOM. Components without a package URL, such as files and the operating system, are left out.
///
/// # Errors
/// It is not an SBOM in `CycloneDX`.
pub fn packages(sbom: &[u8]) -> serde_json::Result<BTreeSet<Package>> {
    let sbom: Sbom = serde_json::from_slice(sbom)?;
    let package = |component: Component| {
        let kind = component.purl.strip_prefix("pkg:")?.split('/').next()?.to_owned();
        Some(Package { kind, name: component.name, version: component.version })
    };
    Ok(sbom.components.into_iter().filter_map(package).collect())
}

/// What is read of Trivy's report, with `SchemaVersion` 2.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trivy {
    #[serde(default)]
    results: Option<Vec<TrivyResult>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyResult {
    #[serde(default)]
    vulnerabilities: Option<Vec<Found>>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "PkgName")]
    package: String,
    #[serde(rename = "InstalledVersion", default)]
    version: String,
    #[serde(rename = "FixedVersion", default)]
    fixed: String,
    #[serde(rename = "Severity", default)]
    severity: String,
}

/// The vulnerabilities of a Trivy report.
///
/// # Errors
/// It is not a Trivy report.
pub fn vulnerabilities(report: &[u8]) -> serde_json::Result<BTreeSet<Vulnerability>> {
    let report: Trivy = serde_json::from_slice(report)?;
    let found = report.results.into_iter().flatten().flat_map(|result| result.vulnerabilities.unwrap_or_default());
    let vulnerability = |found: Found| Vulnerability {
        id: found.id,
        package: found.package,
        version: found.version,
        fixed: Some(found.fixed).filter(|fixed| !fixed.is_empty()),
        severity: found.severity,
    };
    Ok(found.map(vulnerability).collect())
}

/// What differs between two images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Packages that changed, by name: the versions before and after. Empty if it was not, or is no longer, there.
    pub packages: BTreeMap<String, (String, String)>,
    /// Vulnerabilities that only one of them has; nothing if a report of Trivy is missing.
    pub vulnerabilities: Option<Changed>,
}

/// Vulnerabilities that only one of two images has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Those that only the old image has.
    pub fixed: BTreeSet<Vulnerability>,
    /// Those that only the new image has.
    pub added: BTreeSet<Vulnerability>,
}

/// What an image contains.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The packages of its SBOM.
    pub packages: BTreeSet<Package>,
    /// The vulnerabilities of its Trivy report, if there is one.
    pub vulnerabilities: Option<BTreeSet<Vulnerability>>,
}

impl Contents {
    /// What differs in a newer image. A vulnerability is the same if its id and its package are.
    pub fn difference(&self, newer: &Self) -> Difference {
        let versions = |contents: &Self| {
            let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for package in &contents.packages {
                versions.entry(package.name.clone()).or_default().push(package.version.clone());
            }
            versions
        };
        let (before, after) = (versions(self), versions(newer));
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let text = |versions: Option<&Vec<String>>| versions.map(|versions| versions.join(", ")).unwrap_or_default();
        let packages = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
        let only = |these: &BTreeSet<Vulnerability>, those: &BTreeSet<Vulnerability>| {
            let known: BTreeSet<_> = those.iter().map(|it| (&it.id, &it.package)).collect();
            these.iter().filter(|it| !known.contains(&(&it.id, &it.package))).cloned().collect()
        };
        let vulnerabilities = self.vulnerabilities.as_ref().zip(newer.vulnerabilities.as_ref());
        Difference {
            packages: packages.map(|name| (name.clone(), (text(before.get(name)), text(after.get(name))))).collect(),
            vulnerabilities: vulnerabilities.map(|(old, new)| Changed { fixed: only(old, new), added: only(new, old) }),
        }
    }
}
