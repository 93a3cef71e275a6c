//! Where the images of a layer are built, and where they are needed.

use std::collections::BTreeSet;

use crate::choice::Cloud;
use crate::model::{Fleet, Layer, Network};
use crate::scalar::{NetworkName, Region};

/// A cloud that a layer is built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The network in which it is built.
    pub network: NetworkName,
    /// The region of that network.
    pub region: Region,
    /// The other regions that need it; sorted.
    pub copies: Vec<Region>,
}

/// The clouds that a layer is built on: those of the groups and proxies that run it or a layer built on it. A layer that none
/// runs yet is built wherever its lineage has a vendor's image.
pub fn placements(fleet: &Fleet, layer: &Layer) -> Vec<(Cloud, Placement)> {
    let needed = |network: &&Network| {
        fleet.groups.values().any(|group| group.network == network.name && fleet.runs(group, &layer.name))
            || fleet.proxy_layer(network).is_some_and(|own| own.is_or_descends_from(&layer.name))
    };
    place(layer, fleet.networks.values().filter(needed), |cloud| fleet.build_network(cloud))
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
    Cloud::ALL.into_iter().filter_map(on).collect()
}
