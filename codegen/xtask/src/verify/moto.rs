//! moto, an emulated AWS, for a check.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use fleetgen_toolbox::machine::wait_for;
use fleetgen_toolbox::process::run;

use super::CheckContext;

/// moto, until the check ends.
pub(super) struct Moto {
    server: Child,
    /// Where it answers.
    pub(super) url: String,
}

/// What the clients of AWS read.
pub(super) const CREDENTIALS: [(&str, &str); 3] =
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_DEFAULT_REGION", "us-east-1")];

impl Moto {
    /// Starts it, with a bucket.
    pub(super) fn start(context: &CheckContext<'_>, bucket: &str) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = Command::new(context.tools.clouds.join("moto_server"));
        server.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let moto = Self { server: server.spawn()?, url: format!("http://127.0.0.1:{port}") };
        wait_for(|| std::net::TcpStream::connect(("127.0.0.1", port)).ok(), "moto")?;
        moto.s3(context, &["mb", &format!("s3://{bucket}")])?;
        Ok(moto)
    }

    /// `aws s3`.
    pub(super) fn s3(&self, context: &CheckContext<'_>, words: &[&str]) -> anyhow::Result<String> {
        let mut aws = Command::new(context.tools.clouds.join("aws"));
        run(aws.args(["--endpoint-url", &self.url, "s3"]).args(words).envs(CREDENTIALS))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
