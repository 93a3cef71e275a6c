//! For tests: the simulated clouds that `fleetgen-loopback` serves on this machine. Only in programs that are built with the
//! feature `loopback`.

use crate::error::Failure;

/// Names the simulated clouds.
const VARIABLE: &str = "FLEETGEN_LOOPBACK";

/// The URL of the simulated clouds, if the environment names them.
pub(super) fn url() -> Result<Option<String>, Failure> {
    let Ok(url) = std::env::var(VARIABLE) else { return Ok(None) };
    if url.starts_with("http://127.0.0.1:") {
        return Ok(Some(url));
    }
    Err(Failure::usage(format!("{VARIABLE} is {url}, which is not on this machine"), None))
}
