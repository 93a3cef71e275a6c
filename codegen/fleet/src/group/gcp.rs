//! Settings that only GCP has.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{Entries, Field, Optional as _, entries, set};
use crate::scalar::{GcpRole, MetadataKey, Number, Text, Word};

/// Settings that only GCP has. In a profile they apply to its groups on GCP.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct GcpSettings {
    /// Use Spot machines, which Google may stop at any time. Default: false.
    pub(crate) spot: Option<Field<bool>>,
    /// Project roles for the machines, besides those for logs and metrics.
    pub(crate) roles: Option<Field<Vec<Field<GcpRole>>>>,
    /// The type of GPU to attach to an N1 machine, such as nvidia-tesla-t4.
    pub(crate) accelerator: Option<Field<Word>>,
    /// How many GPUs to attach. Default: 1.
    pub(crate) accelerators: Option<Field<Number<1, 16>>>,
    /// Boot only software that Google or the fleet has signed. Default: true.
    pub(crate) secure_boot: Option<Field<bool>>,
    /// Entries of the machines' metadata, such as `{ google-monitoring-enable: "1" }`. fleetgen sets user-data, and those for sessions.
    /// Default: none.
    pub(crate) metadata: Option<Field<Entries<MetadataKey, Text>>>,
}

/// Settings that only GCP has.
#[derive(Debug, Clone, Serialize)]
pub struct Gcp {
    /// Whether machines are Spot.
    pub spot: bool,
    /// Project roles for the machines; sorted.
    pub roles: Vec<GcpRole>,
    /// The GPUs attached to an N1 machine: type and number.
    pub accelerator: Option<(Word, u32)>,
    /// Whether only signed software boots.
    pub secure_boot: bool,
    /// Entries of the machines' metadata.
    pub metadata: BTreeMap<MetadataKey, Text>,
}

impl GcpSettings {
    pub(super) fn resolve(&self) -> Option<Gcp> {
        let Number(count) = self.accelerators.default_to(Number(1))?;
        Some(Gcp {
            spot: self.spot.default_to(false)?,
            roles: set(self.roles.as_ref()),
            accelerator: self.accelerator.read()?.map(|kind| (kind, count)),
            secure_boot: self.secure_boot.default_to(true)?,
            metadata: entries(self.metadata.as_ref())
                .iter()
                .map(|(key, value)| Some((key.value.clone()?, value.value.clone()?)))
                .collect::<Option<_>>()?,
        })
    }
}
