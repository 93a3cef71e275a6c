//! Terraform's state, as `terraform show -json` prints it.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::arguments::Global;
use crate::error::Failure;

/// Reads it from a file, or from standard input if the path is `-`.
pub(crate) fn read(global: &Global, path: &Path) -> Result<Value, Failure> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the state from standard input")?;
        text
    } else {
        fs_err::read_to_string(global.directory.join(path))
            .map_err(|error| Failure::usage(error.to_string(), Some("name a file with `--state`".to_owned())))?
    };
    serde_json::from_str(&text).map_err(|error| unusable(format!("the state is not JSON: {error}")))
}

/// The failure of a state that cannot be used.
pub(crate) fn unusable(message: String) -> Failure {
    Failure::usage(message, Some("pass what `terraform show -json` prints in the root's directory".to_owned()))
}
