//! What builds left behind in a project.

use std::collections::BTreeSet;

use fleetgen_rollout::Place;
use google_cloud_compute_v1::model::DeprecationStatus;
use google_cloud_compute_v1::model::deprecation_status::State;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::paginator::ItemPaginator as _;
use jiff::Timestamp;

use super::find::relative;
use super::prepare::boot_image;
use super::{Clients, Gcp, Scope, failure};
use crate::failure::{Class, Failure};
use crate::litter::{Kind, Litter, Thing};

impl Gcp {
    /// What has the fleet's labels in the zones of a region and among the project's images; or its names: Packer cannot label the disk
    /// of a machine.
    pub(crate) async fn litter(&mut self, site: &Place, zones: &[String], now: Timestamp) -> Result<Litter, Failure> {
        let clients = self.clients().await?;
        let mut things = Vec::new();
        for zone in zones {
            things.extend(clients.machines(site, zone).await?);
            things.extend(clients.disks(site, zone).await?);
        }
        things.extend(clients.images_of(site, now).await?);
        Ok(Litter { things, in_use: clients.in_use(site).await? })
    }

    /// Removes a thing.
    pub(crate) async fn remove(&mut self, thing: &Thing) -> Result<(), Failure> {
        let clients = self.clients().await?;
        let (project, zone) = (&thing.site.account, thing.zone.as_deref().unwrap_or_default());
        let started = match thing.kind {
            Kind::Machine => {
                let request = clients.instances.delete().set_project(project).set_zone(zone).set_instance(&thing.name);
                request.with_idempotency(true).send().await
            }
            Kind::Disk => {
                let request = clients.disks.delete().set_project(project).set_zone(zone).set_disk(&thing.name);
                request.with_idempotency(true).send().await
            }
            Kind::Image => {
                let request = clients.images.delete().set_project(project).set_image(&thing.name);
                request.with_idempotency(true).send().await
            }
            Kind::Snapshot | Kind::Key => {
                return Err(Failure::new(Class::Refuse, "builds on Google Cloud leave none of these"));
            }
        };
        let scope = thing.zone.as_deref().map_or(Scope::Project, Scope::Zone);
        clients.wait(&thing.site, scope, started.map_err(|error| failure(&error))?).await.map(drop)
    }

    /// Marks an image as deprecated.
    pub(crate) async fn deprecate(&mut self, thing: &Thing) -> Result<(), Failure> {
        let clients = self.clients().await?;
        let body = DeprecationStatus::new().set_state(State::Deprecated);
        let request = clients.images.deprecate().set_project(&thing.site.account).set_image(&thing.name).set_body(body);
        let started = request.with_idempotency(true).send().await;
        clients.wait(&thing.site, Scope::Project, started.map_err(|error| failure(&error))?).await.map(drop)
    }
}

impl Clients {
    async fn machines(&self, site: &Place, zone: &str) -> Result<Vec<Thing>, Failure> {
        let filter = format!("(labels.fleet = \"{}\") (labels.build:*)", site.name);
        let request = self.instances.list().set_project(&site.account).set_zone(zone).set_filter(filter);
        let (mut items, mut things) = (request.by_item(), Vec::new());
        while let Some(item) = items.next().await {
            let found = item.map_err(|error| failure(&error))?;
            things.push(thing(site, Kind::Machine, Some(zone), found.name, found.creation_timestamp.as_deref()));
        }
        Ok(things)
    }

    async fn disks(&self, site: &Place, zone: &str) -> Result<Vec<Thing>, Failure> {
        let (mut items, mut things) =
            (self.disks.list().set_project(&site.account).set_zone(zone).by_item(), Vec::new());
        while let Some(item) = items.next().await {
            let found = item.map_err(|error| failure(&error))?;
            let name = found.name.clone().unwrap_or_default();
            // FLEET-LAYER-build-ARCHITECTURE-RUN: the disk has the name of its machine.
            let is_built = name.starts_with(&format!("{}-", site.name)) && name.contains("-build-");
            if is_built && found.users.is_empty() {
                things.push(thing(site, Kind::Disk, Some(zone), found.name, found.creation_timestamp.as_deref()));
            }
        }
        Ok(things)
    }

    async fn images_of(&self, site: &Place, now: Timestamp) -> Result<Vec<Thing>, Failure> {
        let filter = format!("labels.fleet = \"{}\"", site.name);
        let (mut items, mut things) =
            (self.images.list().set_project(&site.account).set_filter(filter).by_item(), Vec::new());
        while let Some(item) = items.next().await {
            let found = item.map_err(|error| failure(&error))?;
            let status = found.deprecated.as_ref();
            let ends: Option<Timestamp> = status.and_then(|it| it.deprecated.as_deref()?.parse().ok());
            let is_active = status.and_then(|status| status.state.as_ref()).is_none_or(|state| *state == State::Active);
            let mut image = thing(site, Kind::Image, None, found.name, found.creation_timestamp.as_deref());
            image.id = format!("projects/{}/global/images/{}", site.account, image.name);
            image.is_overdue = is_active && ends.is_some_and(|ends| ends <= now);
            things.push(image);
        }
        Ok(things)
    }

    /// The images of all instance templates of the region.
    async fn in_use(&self, site: &Place) -> Result<BTreeSet<String>, Failure> {
        let request = self.templates.list().set_project(&site.account).set_region(site.region.as_str());
        let (mut items, mut images) = (request.by_item(), BTreeSet::new());
        while let Some(item) = items.next().await {
            let template = item.map_err(|error| failure(&error))?;
            images.extend(boot_image(&template).map(|image| relative(&image)));
        }
        Ok(images)
    }
}

fn thing(site: &Place, kind: Kind, zone: Option<&str>, name: Option<String>, created: Option<&str>) -> Thing {
    let name = name.unwrap_or_default();
    let created = created.and_then(|at| at.parse().ok());
    let zone = zone.map(str::to_owned);
    Thing { kind, site: site.clone(), zone, id: name.clone(), name, created, is_overdue: false }
}
