//! What builds left behind in a region.

use std::collections::BTreeSet;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Filter, Reservation, Tag};
use fleetgen_rollout::Place;
use jiff::Timestamp;

use super::{Aws, Clients, failure};
use crate::failure::Failure;
use crate::litter::{Kind, Litter, Thing};

impl Aws {
    /// What has the fleet's tags in a region.
    pub(crate) async fn litter(&mut self, site: &Place) -> Result<Litter, Failure> {
        let clients = self.at(site).await?;
        let mut things = clients.machines(site).await?;
        things.extend(clients.disks(site).await?);
        things.extend(clients.keys(site).await?);
        things.extend(clients.images_and_snapshots(site).await?);
        Ok(Litter { things, in_use: clients.in_use().await? })
    }

    /// Removes a thing. An image goes with its snapshots.
    pub(crate) async fn remove(&mut self, thing: &Thing) -> Result<(), Failure> {
        let ec2 = self.at(&thing.site).await?.ec2;
        let id = &thing.id;
        match thing.kind {
            Kind::Machine => ec2.terminate_instances().instance_ids(id).send().await.map(drop).map_err(failure),
            Kind::Disk => ec2.delete_volume().volume_id(id).send().await.map(drop).map_err(failure),
            Kind::Snapshot => ec2.delete_snapshot().snapshot_id(id).send().await.map(drop).map_err(failure),
            Kind::Key => ec2.delete_key_pair().key_pair_id(id).send().await.map(drop).map_err(failure),
            Kind::Image => {
                let request = ec2.deregister_image().image_id(id).delete_associated_snapshots(true);
                request.send().await.map(drop).map_err(failure)
            }
        }
    }
}

impl Clients {
    async fn machines(&self, site: &Place) -> Result<Vec<Thing>, Failure> {
        let states = filter("instance-state-name", &["pending", "running", "stopping", "stopped"]);
        let request = self.ec2.describe_instances().filters(of_fleet(site)).filters(built()).filters(states);
        let mut pages = request.into_paginator().send();
        let mut things = Vec::new();
        while let Some(page) = pages.next().await {
            for instance in page.map_err(failure)?.reservations().iter().flat_map(Reservation::instances) {
                let id = instance.instance_id.clone().unwrap_or_default();
                things.push(thing(site, Kind::Machine, id, name(instance.tags()), time(instance.launch_time.as_ref())));
            }
        }
        Ok(things)
    }

    async fn disks(&self, site: &Place) -> Result<Vec<Thing>, Failure> {
        let request = self.ec2.describe_volumes().filters(of_fleet(site)).filters(built());
        let mut pages = request.filters(filter("status", &["available"])).into_paginator().send();
        let mut things = Vec::new();
        while let Some(page) = pages.next().await {
            for volume in page.map_err(failure)?.volumes() {
                let id = volume.volume_id.clone().unwrap_or_default();
                things.push(thing(site, Kind::Disk, id, name(volume.tags()), time(volume.create_time.as_ref())));
            }
        }
        Ok(things)
    }

    async fn keys(&self, site: &Place) -> Result<Vec<Thing>, Failure> {
        let found = self.ec2.describe_key_pairs().filters(of_fleet(site)).send().await.map_err(failure)?;
        let key = |key: &aws_sdk_ec2::types::KeyPairInfo| {
            let id = key.key_pair_id.clone().unwrap_or_default();
            thing(site, Kind::Key, id, key.key_name.clone(), time(key.create_time.as_ref()))
        };
        Ok(found.key_pairs().iter().map(key).collect())
    }

    /// Images, and the snapshots that none of them has: those of an image that was half copied, or that was deregistered.
    async fn images_and_snapshots(&self, site: &Place) -> Result<Vec<Thing>, Failure> {
        let request = self.ec2.describe_images().owners("self").filters(of_fleet(site));
        let mut pages = request.include_deprecated(true).include_disabled(true).into_paginator().send();
        let (mut things, mut owned) = (Vec::new(), BTreeSet::new());
        while let Some(page) = pages.next().await {
            for image in page.map_err(failure)?.images() {
                let id = image.image_id.clone().unwrap_or_default();
                let created = image.creation_date.as_deref().and_then(|at| at.parse().ok());
                things.push(thing(site, Kind::Image, id, image.name.clone(), created));
                let disks = image.block_device_mappings().iter().filter_map(|device| device.ebs.as_ref());
                owned.extend(disks.filter_map(|disk| disk.snapshot_id.clone()));
            }
        }
        let request = self.ec2.describe_snapshots().owner_ids("self").filters(of_fleet(site));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            for snapshot in page.map_err(failure)?.snapshots() {
                let id = snapshot.snapshot_id.clone().unwrap_or_default();
                if !owned.contains(&id) {
                    let created = time(snapshot.start_time.as_ref());
                    things.push(thing(site, Kind::Snapshot, id, name(snapshot.tags()), created));
                }
            }
        }
        Ok(things)
    }

    /// The images of all versions of all launch templates of the region.
    async fn in_use(&self) -> Result<BTreeSet<String>, Failure> {
        let mut pages = self.ec2.describe_launch_templates().into_paginator().send();
        let mut images = BTreeSet::new();
        while let Some(page) = pages.next().await {
            for template in page.map_err(failure)?.launch_templates() {
                let versions = self.versions(template.launch_template_id.as_deref().unwrap_or_default()).await?;
                images.extend(versions.into_iter().filter_map(|version| version.launch_template_data?.image_id));
            }
        }
        Ok(images)
    }
}

fn filter(name: &str, values: &[&str]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.iter().map(|value| (*value).to_owned()).collect())).build()
}

fn of_fleet(site: &Place) -> Filter {
    filter("tag:fleet", &[&site.name])
}

/// What Packer starts has this tag, and machines of groups do not.
fn built() -> Filter {
    filter("tag-key", &["build"])
}

fn name(tags: &[Tag]) -> Option<String> {
    tags.iter().find(|tag| tag.key.as_deref() == Some("Name")).and_then(|tag| tag.value.clone())
}

fn time(at: Option<&DateTime>) -> Option<Timestamp> {
    at.and_then(|at| Timestamp::from_second(at.secs()).ok())
}

fn thing(site: &Place, kind: Kind, id: String, name: Option<String>, created: Option<Timestamp>) -> Thing {
    Thing { kind, site: site.clone(), zone: None, id, name: name.unwrap_or_default(), created, is_overdue: false }
}
