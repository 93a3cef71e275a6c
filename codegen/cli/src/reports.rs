//! The reports of builds that are asked about later: SBOMs and Trivy's reports.
//!
//! Each is a file named by its SHA-256, which is also in the image's record. So a copy from anywhere, such as a bucket, is as
//! good as the original: what does not have its digest is refused.

use std::path::{Path, PathBuf};

use fleetgen_fleet::scalar::Sha256;
use fleetgen_images::{Build, Contents, packages, vulnerabilities};
use fleetgen_problem::{Code, Place, Problem};
use fleetgen_tree::AtomicFile;

use crate::error::Failure;
use crate::records::read;

/// The directory where `images record` keeps them.
pub(crate) const DIRECTORY: &str = ".fleetgen/reports";

/// Where reports are.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// The directory with the reports of builds, each named by its SHA-256
    #[arg(long, value_name = "DIR", default_value = DIRECTORY)]
    pub(crate) reports: PathBuf,
}

/// A directory of reports.
#[derive(Debug)]
pub(crate) struct Reports(PathBuf);

impl Reports {
    pub(crate) fn new(root: &Path, args: &Args) -> Self {
        Self(root.join(&args.reports))
    }

    /// Keeps a report.
    pub(crate) fn keep(&self, digest: &Sha256, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(digest);
        if !path.exists() {
            fs_err::create_dir_all(&self.0)?;
            AtomicFile::stage(&path, bytes)?.sync()?.commit()?;
        }
        Ok(())
    }

    pub(crate) fn path(&self, digest: &Sha256) -> PathBuf {
        self.0.join(format!("{digest}.json"))
    }

    /// A report of a build; nothing if it is not here.
    pub(crate) fn get(&self, build: &Build, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(digest) = build.digests.get(name) else { return Ok(None) };
        let path = self.path(digest);
        let refuse = |message: String| {
            let problem = Problem::new(Code::Image, Place::File(path.display().to_string()), message);
            Failure::Problems(
                vec![problem.hint("delete it, and copy it again from where your builds keep their reports")],
                None,
            )
        };
        match read(&path) {
            Ok(bytes) if fleetgen_images::digest(&bytes) == *digest => Ok(Some(bytes)),
            Ok(_) => Err(refuse("this report does not have the digest that the record names".to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refuse(format!("this report cannot be read: {error}"))),
        }
    }

    /// What a build contains; nothing if its SBOM is not here.
    pub(crate) fn contents(&self, build: &Build) -> Result<Option<Contents>, Failure> {
        let Some(sbom) = self.get(build, "sbom")? else { return Ok(None) };
        let trivy = self.get(build, "trivy")?;
        let packages = packages(&sbom).map_err(|error| anyhow::anyhow!("an SBOM cannot be read: {error}"))?;
        let vulnerabilities = trivy.map(|trivy| vulnerabilities(&trivy)).transpose();
        let vulnerabilities =
            vulnerabilities.map_err(|error| anyhow::anyhow!("a report of Trivy cannot be read: {error}"))?;
        Ok(Some(Contents { packages, vulnerabilities }))
    }
}
