//! Journals in buckets, against the S3 of moto: the driver's own tests, with its feature `bucket`.

use std::process::Command;

use anyhow::ensure;
use fleetgen_toolbox::process::run;

use super::moto::{CREDENTIALS, Moto};
use super::{Check, CheckContext};

const BUCKET: &str = "example-journals";

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("journals: S3", s3)]
}

fn s3(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let moto = Moto::start(context, BUCKET)?;
    let package = ["--package", "fleetgen-driver", "--features", "bucket", "--locked", "--quiet"];
    let mut clippy = Command::new("cargo");
    clippy.current_dir(context.root).arg("clippy").args(package).args(["--all-targets", "--", "--deny", "warnings"]);
    run(&mut clippy)?;
    let mut test = Command::new("cargo");
    test.current_dir(context.root).arg("test").args(package).arg("bucket").envs(CREDENTIALS);
    test.env("AWS_ENDPOINT", &moto.url).env("AWS_ALLOW_HTTP", "true").env("FLEETGEN_TEST_BUCKET", BUCKET);
    let shown = run(&mut test)?;
    // A filter that matches nothing would pass too.
    ensure!(shown.contains("2 passed"), "the tests of the bucket did not run:\n{shown}");
    Ok(())
}
