//! What could be resolved of a fleet.yaml that may still have problems: what the rules look at.

use std::collections::BTreeMap;
use std::ops::Deref;

use fleetgen_problem::{Severity, Span};

use crate::choice::{AccountResource, Architecture, Cloud};
use crate::field::{Entries, Field, Optional as _, entries};
use crate::file::{self, FleetFile};
use crate::group::Group;
use crate::model::{Layer, Network};
use crate::origin::Origins;
use crate::scalar::{
    AccountId, AccountName, AwsKmsKey, Bucket, Date, FleetName, GcpKmsKey, GcpProject, GroupName, LayerName,
    NetworkName, ProfileName, Region, TagKey, Text,
};

/// What the rules need to know besides fleet.yaml.
#[derive(Debug, Clone, Copy)]
pub struct CheckContext<'a> {
    /// The day on which it is checked. Without one, nothing has expired.
    pub today: Option<&'a Date>,
    /// How bad an expired entry of `scan.ignore` is: it must stop a build, and must not stop a rollback.
    pub expired: Severity,
}

/// What could be resolved.
pub(crate) struct Draft<'a> {
    pub(crate) file: &'a FleetFile,
    pub(crate) context: CheckContext<'a>,
    pub(crate) tags: BTreeMap<TagKey, Text>,
    pub(crate) networks: BTreeMap<NetworkName, Network>,
    pub(crate) layers: BTreeMap<LayerName, Layer>,
    pub(crate) groups: BTreeMap<GroupName, GroupDraft>,
}

/// A resolved group, and where its values come from if that was recorded.
pub(crate) struct GroupDraft {
    pub(crate) group: Group,
    /// The profiles it inherits from, nearest first.
    pub(crate) profiles: Vec<ProfileName>,
    pub(crate) origins: Origins,
}

/// An account on AWS as it is written.
pub(crate) struct WrittenAwsAccount<'a> {
    pub(crate) name: AccountName,
    /// Where its name is; nothing for the account in which images are built.
    pub(crate) at: Option<Span>,
    pub(crate) account: &'a Field<AccountId>,
    pub(crate) state_bucket: &'a Field<Bucket>,
    pub(crate) state_region: &'a Field<Region>,
    pub(crate) disk_key: Option<&'a Field<AwsKmsKey>>,
    pub(crate) restrict_images: Option<&'a Field<bool>>,
    pub(crate) existing: Option<&'a Field<Vec<Field<AccountResource>>>>,
}

/// A project on GCP as it is written.
pub(crate) struct WrittenGcpAccount<'a> {
    pub(crate) name: AccountName,
    /// Where its name is; nothing for the project in which images are built.
    pub(crate) at: Option<Span>,
    pub(crate) project: &'a Field<GcpProject>,
    pub(crate) state_bucket: &'a Field<Bucket>,
    pub(crate) disk_key: Option<&'a Field<GcpKmsKey>>,
}

/// Rules look at the group's values, and at their origins only to report a problem.
impl Deref for GroupDraft {
    type Target = Group;

    fn deref(&self) -> &Group {
        &self.group
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn fleet_name(&self) -> Option<&'a FleetName> {
        self.file.fleet.get()?.name.get()
    }

    pub(crate) fn aws_account(&self) -> Option<&'a file::AwsAccount> {
        self.file.clouds.get()?.aws.as_ref()?.get()
    }

    pub(crate) fn gcp_account(&self) -> Option<&'a file::GcpAccount> {
        self.file.clouds.get()?.gcp.as_ref()?.get()
    }

    /// The accounts on AWS as they are written: first the one in which images are built.
    pub(crate) fn aws_accounts(&self) -> Vec<WrittenAwsAccount<'a>> {
        let Some(builder) = self.aws_account() else { return Vec::new() };
        let first = WrittenAwsAccount {
            name: AccountName::builder(Cloud::Aws),
            at: None,
            account: &builder.account,
            state_bucket: &builder.state_bucket,
            state_region: &builder.state_region,
            disk_key: builder.disk_key.as_ref(),
            restrict_images: builder.restrict_images.as_ref(),
            existing: builder.existing.as_ref(),
        };
        let more = entries(builder.accounts.as_ref()).iter().filter_map(|(name, account)| {
            let account = account.get()?;
            Some(WrittenAwsAccount {
                name: name.get()?.clone(),
                at: Some(name.span),
                account: &account.account,
                state_bucket: &account.state_bucket,
                state_region: &account.state_region,
                disk_key: account.disk_key.as_ref(),
                restrict_images: account.restrict_images.as_ref(),
                existing: account.existing.as_ref(),
            })
        });
        std::iter::once(first).chain(more).collect()
    }

    /// The projects on GCP as they are written: first the one in which images are built.
    pub(crate) fn gcp_accounts(&self) -> Vec<WrittenGcpAccount<'a>> {
        let Some(builder) = self.gcp_account() else { return Vec::new() };
        let first = WrittenGcpAccount {
            name: AccountName::builder(Cloud::Gcp),
            at: None,
            project: &builder.project,
            state_bucket: &builder.state_bucket,
            disk_key: builder.disk_key.as_ref(),
        };
        let more = entries(builder.projects.as_ref()).iter().filter_map(|(name, account)| {
            let account = account.get()?;
            Some(WrittenGcpAccount {
                name: name.get()?.clone(),
                at: Some(name.span),
                project: &account.project,
                state_bucket: &account.state_bucket,
                disk_key: account.disk_key.as_ref(),
            })
        });
        std::iter::once(first).chain(more).collect()
    }

    /// The account of a network on AWS, as it is written.
    pub(crate) fn account_of(&self, network: &file::Network) -> Option<WrittenAwsAccount<'a>> {
        network.cloud.get().filter(|cloud| **cloud == Cloud::Aws)?;
        let name = network.account.default_to(AccountName::builder(Cloud::Aws))?;
        self.aws_accounts().into_iter().find(|account| account.name == name)
    }

    /// The networks as they are written.
    pub(crate) fn written_networks(&self) -> impl Iterator<Item = (&'a NetworkName, &'a file::Network)> {
        self.file.networks.get().into_iter().flat_map(Entries::iter)
    }

    /// The layers that could be resolved, each with its name's field, as it is written, and resolved.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (&'a Field<LayerName>, &'a file::Layer, &Layer)> {
        let written = self.file.layers.get().into_iter().flat_map(|layers| &layers.0);
        written.filter_map(|(name, layer)| Some((name, layer.get()?, self.layers.get(name.get()?)?)))
    }

    /// Whether every layer could be resolved.
    pub(crate) fn has_all_layers(&self) -> bool {
        self.layers().count() == self.file.layers.get().map_or(0, |layers| layers.0.len())
    }

    /// A layer and those it is built on, nearest first.
    pub(crate) fn lineage<'l>(&'l self, layer: &'l Layer) -> impl Iterator<Item = &'l Layer> {
        std::iter::once(layer).chain(layer.ancestors.iter().filter_map(|name| self.layers.get(name)))
    }

    /// The layer that a layer is built on.
    pub(crate) fn parent(&self, layer: &Layer) -> Option<&Layer> {
        self.layers.get(layer.parent()?)
    }

    /// A root layer with a vendor's image on a cloud for an architecture.
    pub(crate) fn vendor_image(&self, cloud: Cloud, architecture: Architecture) -> Option<&Layer> {
        let mut roots = self.layers.values().filter(|layer| layer.parent().is_none());
        roots.find(|layer| {
            let images = match cloud {
                Cloud::Aws => layer.source.aws.as_ref().map(|(_, images)| images),
                Cloud::Gcp => layer.source.gcp.as_ref().map(|(_, images)| images),
            };
            images.is_some_and(|images| images.get(&architecture).is_some())
        })
    }

    /// The layer that proxies on AWS run; nothing if they start from a vendor's image.
    pub(crate) fn proxy_layer(&self) -> Option<&'a LayerName> {
        self.file.proxy.get()?.layer.as_ref()?.get()
    }

    /// The networks in which images can be built: those of the builders' account that fleetgen creates.
    pub(crate) fn builder_networks(&self, cloud: Cloud) -> impl Iterator<Item = &Network> + Clone {
        let builder = AccountName::builder(cloud);
        let own = self.networks.values().filter(|network| network.existing.is_none());
        own.filter(move |network| network.cloud == cloud && network.account == builder)
    }

    /// The network in which images are built: the one that is set, or the first of its account.
    pub(crate) fn build_network(&self, cloud: Cloud) -> Option<&Network> {
        let set = match cloud {
            Cloud::Aws => self.aws_account()?.build_network.as_ref(),
            Cloud::Gcp => self.gcp_account()?.build_network.as_ref(),
        };
        let mut networks = self.builder_networks(cloud);
        match set {
            Some(field) => field.get().and_then(|name| networks.find(|network| network.name == *name)),
            None => networks.next(),
        }
    }
}
