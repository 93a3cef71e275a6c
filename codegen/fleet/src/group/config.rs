//! What machines of a group find at boot, besides what is in their image.

use std::collections::BTreeMap;

use fleetgen_problem::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{Entries, Field, Optional as _, entries};
use crate::file;
use crate::model::LayerFile;
use crate::resolve::layer_file;
use crate::scalar::{AbsolutePath, SecretName, Text, VariableName, Word};

/// What machines get when they start, so that groups and environments differ without another image. A machine keeps what it started
/// with; a rollout replaces machines after a change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Config", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct ConfigSettings {
    /// Environment variables of the layers' services that have a `command`, such as `{ LOG_LEVEL: debug }`. They replace those of the
    /// image. Default: none.
    pub(crate) environment: Option<Field<Entries<VariableName, Text>>>,
    /// Files, by absolute path. They replace those of the image. Default: none.
    pub(crate) files: Option<Field<Entries<AbsolutePath, file::LayerFile>>>,
    /// Secrets, each by the environment variable that services find it in, such as `{ DATABASE_PASSWORD: { name: example/prod/database } }`. A machine
    /// fetches them with its own identity at boot, into memory. Default: none.
    pub(crate) secrets: Option<Field<Entries<VariableName, SecretSettings>>>,
}

/// A secret, by its name. Its value never is in fleet.yaml.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Secret", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct SecretSettings {
    /// The name in AWS Secrets Manager, in the group's account and region, or the id in GCP's Secret Manager, in its project.
    pub(crate) name: Field<SecretName>,
    /// The key in a secret that is JSON, such as `password`. Default: none; the variable gets the whole secret.
    pub(crate) key: Option<Field<Word>>,
}

/// A secret, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// The key in it, if it is JSON.
    pub key: Option<Word>,
}

/// What machines find at boot.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Config {
    /// Environment variables of services.
    pub environment: BTreeMap<VariableName, Text>,
    /// Files, by path.
    pub files: BTreeMap<AbsolutePath, LayerFile>,
    /// Secrets, by the variable that services find them in.
    pub secrets: BTreeMap<VariableName, Secret>,
}

impl Config {
    /// Whether machines find nothing.
    pub fn is_empty(&self) -> bool {
        self.environment.is_empty() && self.files.is_empty() && self.secrets.is_empty()
    }
}

impl ConfigSettings {
    /// What this adds to a configuration: it replaces what has the same name.
    pub(crate) fn add_to(&self, config: &mut Config) -> Option<()> {
        for (name, value) in entries(self.environment.as_ref()) {
            config.environment.insert(name.value.clone()?, value.value.clone()?);
        }
        for (path, file) in entries(self.files.as_ref()) {
            config.files.insert(path.value.clone()?, layer_file(file.get()?)?);
        }
        for (name, secret) in entries(self.secrets.as_ref()) {
            let secret = secret.get()?;
            let secret = Secret { name: secret.name.value.clone()?, key: secret.key.read()? };
            config.secrets.insert(name.value.clone()?, secret);
        }
        Some(())
    }

    /// The paths of what is set, each with its position, as a group's origins have them.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (String, Span)> {
        fn of<K: AsRef<str>, V>(
            kind: &'static str,
            written: Option<&Field<Entries<K, V>>>,
        ) -> impl Iterator<Item = (String, Span)> {
            let names = entries(written).iter().filter_map(|(name, value)| Some((name.get()?, value.span)));
            names.map(move |(name, span)| (format!("config.{kind}.{}", name.as_ref()), span))
        }
        let environment = of("environment", self.environment.as_ref());
        environment.chain(of("files", self.files.as_ref())).chain(of("secrets", self.secrets.as_ref()))
    }
}
