//! Paths of generated files.

/// A path below the root of the repository where generated files may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath(String);

impl RelPath {
    /// Accepts `generated/…`, `.github/workflows/fleet-*.yml` and `.github/CODEOWNERS`, with components of letters, digits and `. _ - + @`, none of
    /// them `.` or starting with `..`.
    pub fn parse(path: &str) -> Option<Self> {
        let sound = path.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with("..")
                && part != "."
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte))
        });
        let ours = path == ".github/CODEOWNERS"
            || path.strip_prefix("generated/").is_some_and(|rest| !rest.is_empty())
            || path
                .strip_prefix(".github/workflows/fleet-")
                .and_then(|rest| rest.strip_suffix(".yml"))
                .is_some_and(|rest| !rest.contains('/'));
        (sound && ours).then(|| Self(path.to_owned()))
    }

    /// The path, with `/` between its components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory, from the root of the repository.
    pub fn directory(&self) -> &str {
        self.split().0
    }

    /// The directory, from the root, and the name in it.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }
}

impl std::fmt::Display for RelPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RelPath;

    #[test]
    fn paths_stay_where_generated_files_are() {
        for path in [
            "generated/MANIFEST",
            "generated/terraform/a/b/c.tf",
            ".github/workflows/fleet-build.yml",
            ".github/CODEOWNERS",
        ] {
            assert!(RelPath::parse(path).is_some(), "{path}");
        }
        for path in [
            "",
            "/",
            "generated",
            "generated/",
            "generated//a",
            "generated/../fleet.yaml",
            "../generated/a",
            "/generated/a",
            "generated/./a",
            "fleet.yaml",
            "terraform/modules/a.tf",
            ".github/workflows/ci.yml",
            ".github/workflows/fleet-a/b.yml",
            "generated/a b",
            "generated/a\nb",
            "generated/é",
            "generated/..a",
        ] {
            assert!(RelPath::parse(path).is_none(), "{path:?}");
        }
    }
}
