//! The disks of a group's machines.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::choice::{Cloud, DiskType, FileSystem};
use crate::field::{Entries, Field, Optional as _, entries};
use crate::scalar::{AbsolutePath, DiskName, Gibibytes, Number, UserName};

/// The boot disk. It is always encrypted, and new with each machine.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "Disk", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct DiskSettings {
    /// The size, at least that of the layer's image. Default: 20GiB.
    pub(crate) size: Option<Field<Gibibytes>>,
    /// The type. Default: gp3 on AWS; on GCP pd-balanced, or hyperdisk-balanced where the machine type requires one.
    #[serde(rename = "type")]
    pub(crate) kind: Option<Field<DiskType>>,
    /// Types with provisioned operations only: operations per second. gp3 has 3000 to 80000, at most 500 per GiB; io2 100 to
    /// 256000, at most 1000 per GiB; hyperdisk-balanced 3000 to 160000, at most 500 per GiB. Default: 3000, or Google's, which grows
    /// with the size.
    pub(crate) iops: Option<Field<Number<100, 256_000>>>,
    /// gp3 and hyperdisk-balanced only: throughput in MiB per second, at most a quarter of `iops`. gp3 has 125 to 2000,
    /// hyperdisk-balanced 140 to 2400. Default: 125, or Google's.
    pub(crate) throughput: Option<Field<Number<125, 2_400>>>,
}

/// A disk for data. It is always encrypted. It comes and goes with its machine, so what must stay is kept elsewhere too.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "DataDisk", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct DataDiskSettings {
    /// The size, such as 500GiB.
    pub(crate) size: Field<Gibibytes>,
    /// The type. Default: as for the boot disk.
    #[serde(rename = "type")]
    pub(crate) kind: Option<Field<DiskType>>,
    /// Operations per second, as for the boot disk.
    pub(crate) iops: Option<Field<Number<100, 256_000>>>,
    /// Throughput in MiB per second, as for the boot disk.
    pub(crate) throughput: Option<Field<Number<125, 2_400>>>,
    /// Where it is mounted, such as /var/lib/search. A service that writes there lists the path in its `writable`.
    pub(crate) mount: Field<AbsolutePath>,
    /// The user of the layer that owns its directory. Default: root.
    pub(crate) owner: Option<Field<UserName>>,
    /// Its file system. Default: ext4.
    pub(crate) filesystem: Option<Field<FileSystem>>,
}

/// The disks inside the host: fast, encrypted by the cloud, and empty when a machine starts on another host. They become one file system.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "InstanceStore", deny_unknown_fields, extend("x-inherited" = true))]
pub(crate) struct InstanceStoreSettings {
    /// Where it is mounted, such as /var/cache/images. A service that writes there lists the path in its `writable`.
    pub(crate) mount: Field<AbsolutePath>,
    /// The user of the layer that owns its directory. Default: root.
    pub(crate) owner: Option<Field<UserName>>,
    /// Its file system. Default: ext4.
    pub(crate) filesystem: Option<Field<FileSystem>>,
    /// GCP only, for machine types that have no local disks of their own: how many of 375GiB to attach. Default: none.
    pub(crate) disks: Option<Field<Number<1, 24>>>,
}

/// The boot disk.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Disk {
    /// Its size.
    pub size: Gibibytes,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: DiskType,
    /// Operations per second; nothing if the type has no such setting, or for the cloud's default.
    pub iops: Option<u32>,
    /// Throughput in MiB per second; as for operations.
    pub throughput: Option<u32>,
}

/// A disk for data.
#[derive(Debug, Clone, Serialize)]
pub struct DataDisk {
    /// Its size, type and figures.
    #[serde(flatten)]
    pub disk: Disk,
    /// Where it is mounted.
    #[serde(flatten)]
    pub mount: Mount,
}

/// The disks inside the host.
#[derive(Debug, Clone, Serialize)]
pub struct InstanceStore {
    /// Where it is mounted.
    #[serde(flatten)]
    pub mount: Mount,
    /// GCP: how many disks are attached to a machine type without.
    pub disks: Option<u32>,
}

/// Where a disk is mounted.
#[derive(Debug, Clone, Serialize)]
pub struct Mount {
    /// The path.
    pub mount: AbsolutePath,
    /// The user that owns its directory.
    pub owner: UserName,
    /// Its file system.
    pub filesystem: FileSystem,
}

/// What the default type of a disk depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host {
    pub(super) cloud: Cloud,
    /// The machine type boots from Hyperdisk only.
    pub(super) hyperdisk: bool,
}

impl Host {
    fn disk(
        self,
        size: Gibibytes,
        kind: Option<DiskType>,
        iops: Option<Number<100, 256_000>>,
        throughput: Option<Number<125, 2_400>>,
    ) -> Disk {
        let kind = kind.unwrap_or(match self.cloud {
            Cloud::Aws => DiskType::Gp3,
            Cloud::Gcp if self.hyperdisk => DiskType::HyperdiskBalanced,
            Cloud::Gcp => DiskType::PdBalanced,
        });
        let (iops, throughput) = (iops.map(|iops| iops.0), throughput.map(|throughput| throughput.0));
        match kind {
            DiskType::Gp3 => Disk { size, kind, iops: iops.or(Some(3_000)), throughput: throughput.or(Some(125)) },
            DiskType::Io2 => Disk { size, kind, iops: iops.or(Some(3_000)), throughput },
            DiskType::PdBalanced | DiskType::PdSsd | DiskType::HyperdiskBalanced => {
                Disk { size, kind, iops, throughput }
            }
        }
    }
}

impl DiskSettings {
    pub(super) fn resolve(&self, host: Host) -> Option<Disk> {
        let size = self.size.default_to(Gibibytes(20))?;
        Some(host.disk(size, self.kind.read()?, self.iops.read()?, self.throughput.read()?))
    }
}

pub(super) fn data_disks(
    host: Host,
    disks: Option<&Field<Entries<DiskName, DataDiskSettings>>>,
) -> Option<BTreeMap<DiskName, DataDisk>> {
    let one = |disk: &DataDiskSettings| {
        let mount = mount(&disk.mount, disk.owner.as_ref(), disk.filesystem.as_ref())?;
        let disk = host.disk(*disk.size.get()?, disk.kind.read()?, disk.iops.read()?, disk.throughput.read()?);
        Some(DataDisk { disk, mount })
    };
    entries(disks).iter().map(|(name, disk)| Some((name.value.clone()?, one(disk.get()?)?))).collect()
}

impl InstanceStoreSettings {
    pub(super) fn resolve(&self) -> Option<InstanceStore> {
        let disks = self.disks.read()?.map(|Number(disks)| disks);
        Some(InstanceStore { mount: mount(&self.mount, self.owner.as_ref(), self.filesystem.as_ref())?, disks })
    }
}

fn mount(
    path: &Field<AbsolutePath>,
    owner: Option<&Field<UserName>>,
    filesystem: Option<&Field<FileSystem>>,
) -> Option<Mount> {
    Some(Mount {
        mount: path.value.clone()?,
        owner: owner.map_or_else(|| "root".parse().ok(), |owner| owner.value.clone())?,
        filesystem: filesystem.map_or(Some(FileSystem::Ext4), |filesystem| filesystem.value)?,
    })
}
