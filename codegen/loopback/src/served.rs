//! What is served: the world, what the clouds call its parts, and what clients did.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, anyhow};
use fleetgen_fleet::choice::{Architecture, Cloud};
use fleetgen_fleet::scalar::{ImageId, LayerName};
use fleetgen_fleet::{CheckContext, Fleet, Group};
use fleetgen_images::Images;
use fleetgen_problem::{Severity, SourceFile};
use fleetgen_simulator::{Crashes, Shown, VirtualTime, World, first};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::answer::{Answer, Refusal};
use crate::fault::WireFault;
use crate::group::{KnownImage, Named};
use crate::litter::Left;

/// Both clouds, with a fleet's groups.
pub struct Served {
    pub(crate) world: World,
    pub(crate) time: VirtualTime,
    pub(crate) groups: Vec<Named>,
    pub(crate) images: Vec<KnownImage>,
    /// When refreshes began.
    pub(crate) started: BTreeMap<String, Timestamp>,
    /// What versions of launch templates are described as.
    pub(crate) descriptions: BTreeMap<(String, u64), String>,
    /// What instance templates say that the world does not know, by group and name.
    pub(crate) templates: BTreeMap<(usize, String), Value>,
    /// Operations of Google Cloud, and how often each is still shown as running.
    pub(crate) operations: BTreeMap<String, (Value, u32)>,
    /// By region and name: the value, and its version.
    pub(crate) parameters: BTreeMap<(String, String), (String, u64)>,
    pub(crate) commands: BTreeMap<String, String>,
    /// Objects of Cloud Storage, with their generations, by bucket and name.
    pub(crate) objects: BTreeMap<String, (u64, Vec<u8>)>,
    pub(crate) generation: u64,
    /// What builds left behind.
    pub(crate) left: Vec<Left>,
    /// Alarms that fire, and commands that fail, by their names.
    pub(crate) firing: BTreeSet<String>,
    pub(crate) faults: Vec<WireFault>,
    /// The newest answer of each operation about each thing.
    pub(crate) before: BTreeMap<String, Answer>,
    /// How many effects there were.
    pub(crate) effects: u64,
    /// Every exchange.
    pub(crate) exchanges: Vec<Value>,
}

impl Served {
    /// The groups of a repository's fleet, each on the first image of its layer that is recorded for it.
    ///
    /// # Errors
    /// fleet.yaml or a record of images cannot be read.
    pub fn read(root: &Path, at: Timestamp) -> anyhow::Result<Self> {
        let (fleet, records) = read(root)?;
        Ok(Self::new(&fleet, &records, at))
    }

    /// The groups of a repository's fleet as Terraform has just made them, each on the vendor's image.
    ///
    /// # Errors
    /// fleet.yaml or a record of images cannot be read.
    pub fn read_new(root: &Path, at: Timestamp) -> anyhow::Result<Self> {
        let (fleet, records) = read(root)?;
        Ok(Self::starting(&fleet, &records, at, |_| None))
    }

    /// The groups of a fleet, each on the first image of its layer that is recorded for it.
    pub fn new(fleet: &Fleet, records: &BTreeMap<LayerName, Images>, at: Timestamp) -> Self {
        Self::starting(fleet, records, at, |group| first(records, fleet, group))
    }

    fn starting<'a>(
        fleet: &Fleet,
        records: &BTreeMap<LayerName, Images>,
        at: Timestamp,
        image: impl Fn(&Group) -> Option<&'a ImageId>,
    ) -> Self {
        let mut world = World::of_fleet(fleet, image, 1, at);
        let time = VirtualTime::new(at);
        world.join(&time, &Crashes::default());
        Self {
            world,
            time,
            groups: fleet.groups.values().filter_map(|group: &Group| Named::of(fleet, group)).collect(),
            images: images(records),
            started: BTreeMap::new(),
            descriptions: BTreeMap::new(),
            templates: BTreeMap::new(),
            operations: BTreeMap::new(),
            parameters: BTreeMap::new(),
            commands: BTreeMap::new(),
            left: Vec::new(),
            objects: BTreeMap::new(),
            generation: 0,
            firing: BTreeSet::new(),
            faults: Vec::new(),
            before: BTreeMap::new(),
            effects: 0,
            exchanges: Vec::new(),
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// The account of the fleet's groups on AWS.
    pub(crate) fn account(&self) -> String {
        let on_aws = self.groups.iter().find(|group| group.place.cloud == Cloud::Aws);
        on_aws.map_or_else(|| "123456789012".to_owned(), |group| group.place.account.clone())
    }

    /// The group in a region with this name.
    pub(crate) fn at(&self, region: &str, name: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.place.region.as_str() == region && group.place.name == name)
    }

    /// A group as it is now.
    pub(crate) fn show(&mut self, index: usize) -> Result<Shown, Refusal> {
        let group = &self.groups[index];
        let missing = || match group.place.cloud {
            Cloud::Aws => Refusal::invalid("AutoScalingGroup name not found - null"),
            Cloud::Gcp => Refusal::new(404, "notFound", format!("The resource '{}' was not found", group.place.name)),
        };
        self.world.show(&group.name).ok_or_else(missing)
    }
}

fn images(records: &BTreeMap<LayerName, Images>) -> Vec<KnownImage> {
    let mut known = Vec::new();
    for image in records.values().flat_map(|images| &images.images) {
        for (_, architecture, build) in image.builds() {
            let architecture = match architecture {
                Architecture::Amd64 => "x86_64",
                Architecture::Arm64 => "arm64",
            };
            let ids = build.ids.iter();
            known.extend(ids.map(|(region, id)| KnownImage {
                id: id.clone(),
                architecture,
                region: region.to_string(),
            }));
        }
    }
    known
}

/// A repository's fleet, and what is recorded of its images.
fn read(root: &Path) -> anyhow::Result<(Fleet, BTreeMap<LayerName, Images>)> {
    let bytes = fs_err::read(root.join("fleet.yaml"))?;
    let source = SourceFile::from_bytes("fleet.yaml", bytes).map_err(|_| anyhow!("fleet.yaml is not UTF-8"))?;
    let loaded = fleetgen_fleet::load(&source, CheckContext { today: None, expired: Severity::Warning });
    let fleet = loaded.map_err(|problems| anyhow!("fleet.yaml has {} problems", problems.len()))?.fleet;
    let mut records = BTreeMap::new();
    for layer in fleet.layers.keys() {
        let path = root.join(Images::path(layer));
        if path.exists() {
            let parsed = Images::parse(layer, &fs_err::read_to_string(&path)?);
            let images = parsed.map_err(|problem| anyhow!("{}: {}", path.display(), problem.message))?;
            records.insert(layer.clone(), images);
        }
    }
    Ok((fleet, records))
}

/// A form of the query protocols.
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    pub(crate) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    pub(crate) fn required(&self, key: &str) -> Result<&str, Refusal> {
        self.get(key).ok_or_else(|| Refusal::new(400, "MissingParameter", format!("{key} is missing")))
    }

    /// `PREFIX.1`, `PREFIX.2` and so on.
    pub(crate) fn list(&self, prefix: &str) -> Vec<String> {
        (1..).map_while(|number| self.get(&format!("{prefix}.{number}")).map(str::to_owned)).collect()
    }
}

/// Serves on a port of this machine, or on any free one, until `POST /_world/end`. `ready` gets the URL. One request at a time: the
/// clouds' clients cannot tell, and the world is one thing.
///
/// # Errors
/// The port cannot be used.
pub fn serve(port: u16, served: Served, ready: impl FnOnce(String)) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (served, ended) = (Rc::new(RefCell::new(served)), Rc::new(Notify::new()));
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        ready(format!("http://{}", listener.local_addr()?));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = ended.notified() => return Ok(()),
            };
            let (stream, _) = accepted.context("no connection can be accepted")?;
            let (served, ended) = (Rc::clone(&served), Rc::clone(&ended));
            tokio::task::spawn_local(async move {
                let service = hyper::service::service_fn(|request| crate::wire::answer(&served, &ended, request));
                let io = hyper_util::rt::TokioIo::new(stream);
                // A connection that breaks is the client's business, and some of our faults.
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            });
        }
    })
}
