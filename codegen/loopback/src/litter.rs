//! What builds left behind: tests put it there.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::Refusal;
use crate::compute::url;
use crate::served::{Form, Served};
use crate::xml::Xml;

/// A thing that a test puts into the world.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// `machine`, `disk`, `snapshot`, `key` or `image`.
    pub kind: String,
    /// Its id on AWS, and its name on Google Cloud.
    pub id: String,
    /// On AWS its region, on Google Cloud its zone, or `global`.
    pub at: String,
    /// When it was made.
    pub created: String,
    /// The tag `fleet`.
    pub fleet: String,
    /// Whether a build has started it.
    pub built: bool,
    /// An image's snapshot on AWS, or when its days end on Google Cloud.
    #[serde(default)]
    pub more: Option<String>,
}

impl Served {
    /// What there is of a kind in a place, for a caller whose filters want this fleet's things only.
    fn left(&self, kind: &str, at: &str, fleet: Option<&str>, built: bool) -> Vec<Left> {
        let is_wanted = |left: &&Left| {
            left.kind == kind
                && left.at == at
                && fleet.is_none_or(|fleet| left.fleet == fleet)
                && (left.built || !built)
        };
        self.left.iter().filter(is_wanted).cloned().collect()
    }

    /// Removes a thing.
    fn take_away(&mut self, kind: &str, id: &str) -> bool {
        let before = self.left.len();
        self.left.retain(|left| left.kind != kind || left.id != id);
        self.left.len() < before
    }

    /// What EC2 shows of what is left, and what it removes. Nothing if the operation is about something else.
    pub(crate) fn ec2_litter(
        &mut self,
        operation: &str,
        region: &str,
        form: &Form,
    ) -> Result<Option<Vec<Xml>>, Refusal> {
        let filter = |wanted: &str| {
            let number = (1..6).find(|number| form.get(&format!("Filter.{number}.Name")) == Some(wanted))?;
            form.get(&format!("Filter.{number}.Value.1"))
        };
        let (fleet, built) = (filter("tag:fleet"), filter("tag-key") == Some("build"));
        let tags = |left: &Left| {
            let tag = |key: &str, value: &str| vec![Xml::text("key", key), Xml::text("value", value)];
            Xml::list("tagSet", "item", [tag("fleet", &left.fleet), tag("Name", &format!("name of {}", left.id))])
        };
        let removed = |was_there: bool| {
            let missing = || Refusal::new(400, "InvalidParameterValue", "there is no such thing");
            was_there.then(|| Some(vec![Xml::text("return", true)])).ok_or_else(missing)
        };
        Ok(Some(match operation {
            "DescribeInstances" => {
                let reservations = self.left("machine", region, fleet, built).into_iter().map(|left| {
                    let state = Xml::node("instanceState", [Xml::text("code", 16), Xml::text("name", "running")]);
                    let instance = vec![
                        Xml::text("instanceId", &left.id),
                        state,
                        Xml::text("launchTime", &left.created),
                        tags(&left),
                    ];
                    vec![Xml::list("instancesSet", "item", [instance])]
                });
                vec![Xml::list("reservationSet", "item", reservations)]
            }
            "DescribeVolumes" => {
                let volumes = self.left("disk", region, fleet, built).into_iter().map(|left| {
                    let status = Xml::text("status", "available");
                    vec![Xml::text("volumeId", &left.id), status, Xml::text("createTime", &left.created), tags(&left)]
                });
                vec![Xml::list("volumeSet", "item", volumes)]
            }
            "DescribeKeyPairs" => {
                let keys = self.left("key", region, fleet, built).into_iter().map(|left| {
                    let name = Xml::text("keyName", format!("packer_{}", left.id));
                    vec![Xml::text("keyPairId", &left.id), name, Xml::text("createTime", &left.created), tags(&left)]
                });
                vec![Xml::list("keySet", "item", keys)]
            }
            "DescribeSnapshots" => {
                let snapshots = self.left("snapshot", region, fleet, built).into_iter().map(|left| {
                    let status = Xml::text("status", "completed");
                    vec![Xml::text("snapshotId", &left.id), status, Xml::text("startTime", &left.created), tags(&left)]
                });
                vec![Xml::list("snapshotSet", "item", snapshots)]
            }
            "DescribeImages" if form.get("ImageId.1").is_none() => {
                let images = self.left("image", region, fleet, built).into_iter().map(|left| {
                    let disk = Xml::node("ebs", left.more.iter().map(|snapshot| Xml::text("snapshotId", snapshot)));
                    vec![
                        Xml::text("imageId", &left.id),
                        Xml::text("imageState", "available"),
                        Xml::text("name", format!("name of {}", left.id)),
                        Xml::text("creationDate", &left.created),
                        Xml::list("blockDeviceMapping", "item", [vec![Xml::text("deviceName", "/dev/sda1"), disk]]),
                        tags(&left),
                    ]
                });
                vec![Xml::list("imagesSet", "item", images)]
            }
            "DescribeLaunchTemplates" => {
                let groups = self.groups.iter().filter(|group| group.place.region.as_str() == region);
                let templates = groups.map(|group| {
                    vec![
                        Xml::text("launchTemplateId", group.template()),
                        Xml::text("launchTemplateName", &group.place.name),
                    ]
                });
                vec![Xml::list("launchTemplates", "item", templates)]
            }
            "TerminateInstances" => {
                let id = form.required("InstanceId.1")?.to_owned();
                removed(self.take_away("machine", &id))?;
                let state =
                    |name: &str, code| Xml::node(name, [Xml::text("code", code), Xml::text("name", "shutting-down")]);
                let instance = vec![Xml::text("instanceId", id), state("currentState", 32)];
                vec![Xml::list("instancesSet", "item", [instance])]
            }
            "DeleteVolume" => return removed(self.take_away("disk", form.required("VolumeId")?)),
            "DeleteSnapshot" => return removed(self.take_away("snapshot", form.required("SnapshotId")?)),
            "DeleteKeyPair" => return removed(self.take_away("key", form.required("KeyPairId")?)),
            "DeregisterImage" => return removed(self.take_away("image", form.required("ImageId")?)),
            _ => return Ok(None),
        }))
    }

    /// What Compute Engine shows of what is left in a zone, or among images.
    pub(crate) fn compute_litter(&self, kind: &str, project: &str, at: &str, filter: &str) -> Value {
        let fleet = filter.split_once("labels.fleet = \"").and_then(|(_, rest)| rest.split('"').next());
        let found = self.left(kind, at, fleet, filter.contains("labels.build"));
        let items = found.iter().map(|left| {
            let mut item = json!({ "name": left.id, "creationTimestamp": left.created });
            match kind {
                "machine" => item["status"] = "RUNNING".into(),
                "disk" => item["status"] = "READY".into(),
                _ => {
                    item["status"] = "READY".into();
                    item["selfLink"] = url(&format!("projects/{project}/global/images/{}", left.id)).into();
                    if let Some(ends) = &left.more {
                        item["deprecated"] = json!({ "state": "ACTIVE", "deprecated": ends });
                    }
                }
            }
            item
        });
        json!({ "items": items.collect::<Vec<_>>() })
    }

    /// Removes a thing from a zone or an image; or marks the image as deprecated.
    pub(crate) fn compute_removes(&mut self, kind: &str, name: &str, deprecates: bool) -> Result<(), Refusal> {
        let missing = || Refusal::new(404, "notFound", format!("The resource '{name}' was not found"));
        if deprecates {
            let image = self.left.iter_mut().find(|left| left.kind == kind && left.id == name).ok_or_else(missing)?;
            image.more = None;
            return Ok(());
        }
        if self.take_away(kind, name) { Ok(()) } else { Err(missing()) }
    }
}
