//! How many machines a group has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{Field, Optional as _};
use crate::scalar::Number;

/// How many machines the group has.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "Size", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct SizeSettings {
    /// The smallest number of machines.
    pub(crate) min: Field<Number<0, 10_000>>,
    /// The number that a new group starts with. Scaling changes it later. Default: `min`.
    pub(crate) desired: Option<Field<Number<0, 10_000>>>,
    /// The largest number of machines. Default: `desired`.
    pub(crate) max: Option<Field<Number<1, 10_000>>>,
}

/// How many machines: min ≤ desired ≤ max.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// The smallest number.
    pub min: u32,
    /// The number that a new group starts with.
    pub desired: u32,
    /// The largest number.
    pub max: u32,
}

impl SizeSettings {
    pub(super) fn resolve(&self) -> Option<Size> {
        let Number(min) = *self.min.get()?;
        let Number(desired) = self.desired.default_to(Number(min))?;
        let Number(max) = self.max.default_to(Number(desired))?;
        Some(Size { min, desired, max })
    }
}
