//! Journals in buckets, against the S3 of moto: the driver's own tests, with its feature `bucket`.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::ensure;
use fleetgen_toolbox::process::run;

use super::{Check, CheckContext};

const BUCKET: &str = "example-journals";

pub(super) fn checks() -> Vec<Check> {
    vec![Check::new("journals: S3", s3)]
}

/// moto, until the check ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn s3(context: &CheckContext<'_>) -> anyhow::Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}");
    let mut moto = Command::new(context.tools.clouds.join("moto_server"));
    moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Server(moto.spawn()?);
    let credentials =
        [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")];
    let started = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        ensure!(started.elapsed() < Duration::from_mins(1), "moto does not start");
        std::thread::sleep(Duration::from_millis(100));
    }
    let bucket = format!("s3://{BUCKET}");
    let mut make = Command::new(context.tools.clouds.join("aws"));
    run(make.args(["--endpoint-url", &url, "s3", "mb", &bucket]).envs(credentials))?;
    let package = ["--package", "fleetgen-driver", "--features", "bucket", "--locked", "--quiet"];
    let mut clippy = Command::new("cargo");
    clippy.current_dir(context.root).arg("clippy").args(package).args(["--all-targets", "--", "--deny", "warnings"]);
    run(&mut clippy)?;
    let mut test = Command::new("cargo");
    test.current_dir(context.root).arg("test").args(package).arg("bucket").envs(credentials);
    test.env("AWS_ENDPOINT", &url).env("AWS_ALLOW_HTTP", "true").env("FLEETGEN_TEST_BUCKET", BUCKET);
    let shown = run(&mut test)?;
    drop(server);
    // A filter that matches nothing would pass too.
    ensure!(shown.contains("2 passed"), "the tests of the bucket did not run:\n{shown}");
    Ok(())
}
