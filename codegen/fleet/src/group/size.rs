//! How many machines a group has, and their boot disk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::field::{Field, Optional as _};
use crate::scalar::{Gibibytes, Number};

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

/// The boot disk. It is always encrypted: gp3 on AWS, and on GCP a balanced persistent disk, or a balanced Hyperdisk where
/// the machine type requires one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Disk", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct DiskSettings {
    /// The size, at least that of the layer's image. Default: 20GiB.
    pub(crate) size: Option<Field<Gibibytes>>,
    /// AWS only: I/O operations per second, at most 500 per GiB. Default: 3000.
    pub(crate) iops: Option<Field<Number<3_000, 16_000>>>,
    /// AWS only: throughput in MiB per second, at most a quarter of `iops`. Default: 125.
    pub(crate) throughput: Option<Field<Number<125, 1_000>>>,
}

/// The boot disk.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Disk {
    /// Its size.
    pub size: Gibibytes,
    /// AWS: I/O operations per second.
    pub iops: u32,
    /// AWS: throughput in MiB per second.
    pub throughput: u32,
}

impl DiskSettings {
    pub(super) fn resolve(&self) -> Option<Disk> {
        Some(Disk {
            size: self.size.default_to(Gibibytes(20))?,
            iops: self.iops.default_to(Number(3_000))?.0,
            throughput: self.throughput.default_to(Number(125))?.0,
        })
    }
}
