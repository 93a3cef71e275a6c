//! The fleet's signing keys, for the scripts that sign and verify.

use fleetgen_fleet::Fleet;
use fleetgen_tree::{File, Origin, Subject};
use serde::Serialize;

use super::render::SHELL;
use crate::EmitError;

#[derive(Serialize)]
struct KeysValues<'a> {
    aws: Option<AwsKey<'a>>,
    gcp: Option<String>,
    offline: bool,
    default: &'static str,
}

#[derive(Serialize)]
struct AwsKey<'a> {
    key: String,
    region: &'a str,
}

/// `keys.sh`, and the public key if there is one.
pub(super) fn files(fleet: &Fleet) -> Result<Vec<File>, EmitError> {
    let signing = &fleet.signing;
    let values = KeysValues {
        aws: signing
            .aws
            .as_ref()
            .map(|(key, region)| AwsKey { key: format!("awskms:///{key}"), region: region.as_str() }),
        // Cosign accepts the resource name of a key version as it is.
        gcp: signing.gcp.as_ref().map(|key| format!("gcpkms://{key}")),
        offline: signing.public_key.is_some(),
        default: match (&signing.aws, &signing.gcp) {
            (Some(_), _) => "aws",
            (None, Some(_)) => "gcp",
            (None, None) => "offline",
        },
    };
    let mut files = vec![SHELL.fleet_file("generated/packer/keys.sh", "keys.sh", &values)?];
    if let Some(key) = &signing.public_key {
        let content = format!("{}\n", key.as_str().trim_end());
        files.push(File {
            path: "generated/packer/cosign.pub".to_owned(),
            content,
            subject: Subject::Fleet,
            origin: Origin::Rendered,
        });
    }
    Ok(files)
}
