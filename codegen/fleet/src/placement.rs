//! Where the images of a layer are built, and where they are needed.

use std::collections::BTreeSet;

use crate::choice::Cloud;
use crate::model::{Fleet, Layer, Network};
use crate::scalar::{NetworkName, Region};

/// A cloud that a layer is built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The network in which it is built; its cloud is the placement's.
    pub network: NetworkName,
    /// The region of that network.
    pub region: Region,
    /// The other regions that need it; sorted.
    pub copies: Vec<Region>,
}

/// The clouds that a layer is built on: those of the groups that run it, or a layer built on it. A layer that no group runs
/// yet is built wherever its line has a vendor's image.
pub fn placements(fleet: &Fleet, layer: &Layer) -> Vec<(Cloud, Placement)> {
    let network = |cloud| match cloud {
        Cloud::Aws => fleet.aws.as_ref().and_then(|account| fleet.networks.get(&account.build_network)),
        Cloud::Gcp => fleet.gcp.as_ref().and_then(|account| fleet.networks.get(&account.build_network)),
    };
    let needed = |network: &Network| {
        fleet.groups.values().any(|group| group.network == network.name && runs(fleet.layers.get(&group.layer), layer))
    };
    place(layer, fleet.networks.values().filter(|network| needed(network)), network)
}

/// Whether a layer is another one, or built on it.
pub(crate) fn runs(of_group: Option<&Layer>, layer: &Layer) -> bool {
    of_group.is_some_and(|of_group| of_group.name == layer.name || of_group.ancestors.contains(&layer.name))
}

/// As [`placements`], for the rules, which have no fleet yet.
pub(crate) fn place<'a>(
    layer: &Layer,
    needed: impl Iterator<Item = &'a Network>,
    build: impl Fn(Cloud) -> Option<&'a Network>,
) -> Vec<(Cloud, Placement)> {
    let needed: Vec<&Network> = needed.collect();
    let has_source = |cloud| match cloud {
        Cloud::Aws => layer.source.aws.is_some(),
        Cloud::Gcp => layer.source.gcp.is_some(),
    };
    let on = |cloud: Cloud| {
        let network = build(cloud)?;
        let is_needed = needed.iter().any(|needed| needed.cloud == cloud);
        (is_needed || (needed.is_empty() && has_source(cloud))).then(|| {
            let regions: BTreeSet<&Region> =
                needed.iter().filter(|needed| needed.cloud == cloud).map(|needed| &needed.region).collect();
            let copies = regions.into_iter().filter(|region| **region != network.region).cloned().collect();
            (cloud, Placement { network: network.name.clone(), region: network.region.clone(), copies })
        })
    };
    [Cloud::Aws, Cloud::Gcp].into_iter().filter_map(on).collect()
}
