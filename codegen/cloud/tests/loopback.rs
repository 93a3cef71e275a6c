//! The vendors' clients against the simulated clouds on this machine: whole rollouts, and what each error leads to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use fleetgen_cloud::Clouds;
use fleetgen_driver::{Clock as _, Driver, Limits, LocalGates, Parts, Stop, Unobserved, Waits};
use fleetgen_fleet::choice::Cloud as CloudName;
use fleetgen_fleet::scalar::{Key, LayerName};
use fleetgen_fleet::{CheckContext, Fleet};
use fleetgen_images::{Images, Records};
use fleetgen_loopback::{Client, Served, WireFault, WireFaultKind};
use fleetgen_problem::{Severity, SourceFile};
use fleetgen_rollout::{
    Engine, Inventory, Kind, Place, Plan, Request, RolloutOutcome, SealedRecord, Versions as _, describe, plan,
};
use fleetgen_simulator::{Memory, invented};
use fleetgen_tree::AtomicFile;
use serde_json::Value;

const FLEET: &str = include_str!("../../loopback/tests/fleet.yaml");

fn fleet() -> Fleet {
    let source = SourceFile::from_bytes("fleet.yaml", FLEET.into()).unwrap();
    fleetgen_fleet::load(&source, CheckContext { today: None, expired: Severity::Warning }).unwrap().fleet
}

/// An older image of each layer, which the groups run, and a newer one.
fn records(fleet: &Fleet) -> BTreeMap<LayerName, Images> {
    let keys = fleet.layers.keys().map(|layer| (layer.clone(), "b".repeat(32).parse::<Key>().unwrap()));
    invented(fleet, &keys.collect())
}

/// Serves the fleet on this machine until the test ends.
fn served() -> Client {
    let make = || {
        let fleet = fleet();
        Ok(Served::new(&fleet, &records(&fleet), "2026-11-02T01:00:00Z".parse()?))
    };
    Client::start(make).unwrap()
}

struct Ground {
    client: Client,
    clouds: Clouds,
    fleet: Fleet,
    records: BTreeMap<LayerName, Images>,
    /// What the last drive did, in words.
    story: String,
}

impl Ground {
    fn new() -> Self {
        let client = served();
        let fleet = fleet();
        let records = records(&fleet);
        Self { clouds: Clouds::on_loopback(client.url()).unwrap(), client, fleet, records, story: String::new() }
    }

    fn inventory(&mut self) -> Inventory {
        let places: Vec<Place> =
            self.fleet.groups.values().map(|group| Place::of(&self.fleet, group).unwrap()).collect();
        self.fleet.groups.keys().cloned().zip(self.clouds.find(&places)).collect()
    }

    fn plan(&mut self, groups: &[&str]) -> Plan {
        let request = Request {
            created: self.client.now(),
            parent: None,
            kind: Kind::Regular,
            fix_forward: false,
            environments: Vec::new(),
            groups: groups.iter().map(|name| name.parse().unwrap()).collect(),
        };
        let inventory = self.inventory();
        plan(&self.fleet, &Records::new(&self.records), &inventory, request).unwrap()
    }

    /// Drives a plan, or goes on with it, until nothing is left to do but by people.
    fn drive(&mut self, plan: &Plan, journal: &Memory) -> Stop {
        let engine = Engine::new(plan.clone());
        let mut journal = journal.clone();
        let parts = Parts {
            cloud: &mut self.clouds,
            journal: &mut journal,
            lease: &mut (),
            clock: &mut self.client,
            gates: &mut LocalGates { directory: ".".into() },
            revoked: &mut BTreeSet::new,
            observer: &mut Unobserved,
            notifier: None,
            stop: &AtomicBool::new(false),
        };
        let limits = Limits { until: None, waits: Waits::Calendar };
        let stop = Driver::open(&engine, parts, "test", None).unwrap().run(limits).unwrap();
        let records = journal.records();
        let records: Vec<_> = records.iter().map(|text| SealedRecord::parse(text).unwrap().record).collect();
        self.story = describe(plan, &records);
        stop
    }

    /// What a group launches and has, as it is in truth.
    fn truth(&self) -> BTreeMap<String, Value> {
        serde_json::from_str(&self.client.get("truth").unwrap()).unwrap()
    }

    /// Asserts that groups run their new images, on every machine.
    fn assert_updated(&self, plan: &Plan) {
        let truth = self.truth();
        for group in &plan.groups {
            let truth = &truth[group.name.as_str()];
            assert_eq!(truth["image"], group.to.image.as_str(), "{}", group.name);
            let machines = truth["seen"]["machines"].as_object().unwrap();
            assert_eq!(machines.len(), usize::from(group.size > 0), "{}: {machines:?}", group.name);
        }
    }
}

/// The requests of an operation.
fn asked(exchanges: &[Value], operation: &str) -> usize {
    exchanges.iter().filter(|exchange| exchange["operation"] == operation).count()
}

#[test]
fn twelve_groups_of_both_clouds_are_rolled_out() {
    let mut ground = Ground::new();
    let plan = ground.plan(&[]);
    assert_eq!(plan.groups.len(), 12);
    let journal = Memory::default();
    let stop = ground.drive(&plan, &journal);
    assert_eq!(stop, Stop::Finished(RolloutOutcome::Done), "{}", ground.story);
    ground.assert_updated(&plan);
    // The ids of requests are in the journal.
    let records = journal.records().join("\n");
    assert!(records.contains("\"request\":\"request-") && records.contains("\"request\":\"operation-"), "{records}");
    // Nothing is left to do.
    assert!(ground.plan(&[]).groups.is_empty());
    // Every version but those that Terraform, groups and their ways back need can be deleted.
    for group in ["stg-web", "stg-search"].map(|name| &ground.fleet.groups[name]) {
        let place = Place::of(&ground.fleet, group).unwrap();
        let list = ground.clouds.list(&group.name, &place).unwrap();
        assert_eq!(list.all.len(), 2);
        ground.clouds.delete(&group.name, &place, &list.all[0]).unwrap();
        // What machines have cannot be deleted on Google Cloud; AWS would do it.
        let in_use = ground.clouds.delete(&group.name, &place, &list.all[1]);
        assert_eq!(in_use.is_err(), place.cloud == CloudName::Gcp);
    }
    keep(&ground, "rollout");
}

/// Keeps the exchanges for whoever holds them against the vendors' descriptions.
fn keep(ground: &Ground, name: &str) {
    let Some(directory) = std::env::var_os("FLEETGEN_EXCHANGES") else { return };
    let exchanges = ground.client.get("exchanges").unwrap();
    let path = Path::new(&directory).join(format!("{name}.json"));
    AtomicFile::stage(&path, exchanges.as_bytes()).and_then(AtomicFile::commit).unwrap();
}

/// `fleetgen status`, which the job `plan` runs.
#[test]
fn what_runs_is_shown() {
    let mut ground = Ground::new();
    let places: Vec<Place> = ground.fleet.groups.values().filter_map(|group| Place::of(&ground.fleet, group)).collect();
    for (live, place) in ground.clouds.live(&places).into_iter().zip(&places) {
        assert_eq!(live.unwrap().images.len(), 1, "{place:?}");
        assert_eq!(ground.clouds.recorded(place, "/example/none/image").unwrap(), None);
    }
    keep(&ground, "status");
}

#[test]
fn an_image_that_does_not_work_goes_back() {
    let mut ground = Ground::new();
    for name in ["stg-web", "stg-search"] {
        let plan = ground.plan(&[name]);
        ground.client.post("sick", name).unwrap();
        let before = plan.groups[0].from.image.clone().unwrap();
        let stop = ground.drive(&plan, &Memory::default());
        assert_eq!(stop, Stop::Finished(RolloutOutcome::RolledBack), "{name}\n{}", ground.story);
        assert_eq!(ground.truth()[name]["image"], before.as_str(), "{name}");
    }
    keep(&ground, "back");
}

#[test]
fn a_group_that_gets_no_machines_says_why() {
    let mut ground = Ground::new();
    for name in ["stg-web", "stg-search"] {
        let plan = ground.plan(&[name]);
        ground.client.post("starve", name).unwrap();
        ground.drive(&plan, &Memory::default());
        assert!(ground.story.contains("do not become healthy: "), "{name}\n{}", ground.story);
        assert!(ground.story.contains("no zone has capacity"), "{name}\n{}", ground.story);
        ground.story.clear();
    }
    keep(&ground, "starved");
}

#[test]
fn gates_are_asked() {
    let mut ground = Ground::new();
    for (name, what) in [("stg-web", "web-errors"), ("stg-api", "smoke"), ("stg-single", "sessions")] {
        let plan = ground.plan(&[name]);
        ground.client.post("fire", what).unwrap();
        let stop = ground.drive(&plan, &Memory::default());
        assert_eq!(stop, Stop::Finished(RolloutOutcome::RolledBack), "{name}\n{}", ground.story);
        ground.client.post("quiet", what).unwrap();
    }
    keep(&ground, "gates");
}

/// Whatever happens to a request, once it is over the rollout ends as if it had not been, and nothing is done twice.
#[test]
fn faults_of_the_wire_change_nothing_in_the_end() {
    use WireFaultKind::{Broken, Lost, Stale, Throttled, Truncated, WrongId};
    const AWS: &[&str] = &[
        "DescribeAutoScalingGroups",
        "DescribeInstanceRefreshes",
        "DescribeTargetHealth",
        "DescribeImages",
        "DescribeLaunchTemplateVersions",
        "CreateLaunchTemplateVersion",
        "RunInstances",
        "StartInstanceRefresh",
        "CancelInstanceRefresh",
        "DescribeAlarms",
    ];
    const GCP: &[&str] = &[
        "compute.regionInstanceGroupManagers.get",
        "compute.regionInstanceGroupManagers.listManagedInstances",
        "compute.regionInstanceGroupManagers.patch",
        "compute.regionInstanceTemplates.get",
        "compute.regionInstanceTemplates.insert",
        "compute.images.get",
        "compute.regionOperations.get",
    ];
    for kind in [Throttled, Broken, Lost, Truncated, Stale, WrongId] {
        for (name, operations) in [("stg-web", AWS), ("stg-search", GCP)] {
            let mut ground = Ground::new();
            let plan = ground.plan(&[name]);
            for operation in operations {
                // An answer about something else is only told apart where it names what it is about.
                if kind == WrongId && !["DescribeAutoScalingGroups", "compute.regionOperations.get"].contains(operation)
                {
                    continue;
                }
                ground.client.fail(&WireFault { operation: (*operation).to_owned(), kind, times: 1 }).unwrap();
            }
            let stop = ground.drive(&plan, &Memory::default());
            assert_eq!(stop, Stop::Finished(RolloutOutcome::Done), "{name} {kind:?}\n{}", ground.story);
            ground.assert_updated(&plan);
            let exchanges: Vec<Value> = serde_json::from_str(&ground.client.get("exchanges").unwrap()).unwrap();
            for operation in operations {
                assert!(asked(&exchanges, operation) > 0, "{operation} was never asked for");
            }
            let group = &ground.fleet.groups[name];
            let place = Place::of(&ground.fleet, group).unwrap();
            let made = ground.clouds.list(&group.name, &place).unwrap().all.len() - 1;
            assert_eq!(made, 1, "{name} {kind:?}: a version was made twice");
        }
    }
}

/// Credentials that are expired or not enough hold a rollout, and it goes on when they are good again.
#[test]
fn bad_credentials_hold_a_rollout() {
    for kind in [WireFaultKind::Expired, WireFaultKind::Forbidden] {
        for (name, operation) in [
            ("stg-web", "DescribeAutoScalingGroups"),
            ("stg-web", "CreateLaunchTemplateVersion"),
            ("stg-web", "StartInstanceRefresh"),
            ("stg-search", "compute.regionInstanceGroupManagers.get"),
            ("stg-search", "compute.regionInstanceGroupManagers.patch"),
        ] {
            let mut ground = Ground::new();
            let plan = ground.plan(&[name]);
            ground.client.fail(&WireFault { operation: operation.to_owned(), kind, times: 1 }).unwrap();
            let journal = Memory::default();
            let stop = ground.drive(&plan, &journal);
            let held = journal.records().join("\n");
            assert!(held.contains("denied") || held.contains("credentials"), "{operation} {kind:?}: {held}");
            assert!(
                matches!(stop, Stop::Finished(RolloutOutcome::Done) | Stop::NeedsHuman(_) | Stop::Waiting(_)),
                "{operation} {kind:?}: {stop:?}"
            );
            if !matches!(stop, Stop::Finished(_)) {
                let stop = ground.drive(&plan, &journal);
                assert_eq!(stop, Stop::Finished(RolloutOutcome::Done), "{operation} {kind:?}\n{}", ground.story);
            }
            ground.assert_updated(&plan);
        }
    }
}

#[test]
fn what_would_fail_is_refused_before_anything_is_replaced() {
    let mut ground = Ground::new();
    for name in ["stg-web", "stg-search"] {
        let plan = ground.plan(&[name]);
        ground.client.post("lose", plan.groups[0].to.image.as_str()).unwrap();
        let journal = Memory::default();
        let stop = ground.drive(&plan, &journal);
        assert_eq!(stop, Stop::Finished(RolloutOutcome::Failed), "{name}\n{}", ground.story);
        assert!(journal.records().join("\n").contains("there is no image"), "{name}");
        let truth = ground.truth();
        assert_eq!(truth[name]["image"], plan.groups[0].from.image.as_ref().unwrap().as_str());
    }
}

#[test]
fn what_terraform_has_changed_comes_along() {
    let mut ground = Ground::new();
    for name in ["stg-web", "stg-search"] {
        ground.client.post("apply", name).unwrap();
        let plan = ground.plan(&[name]);
        let words = plan.groups[0].to.comes_along.join(", ");
        let expected =
            if plan.groups[0].place.cloud == CloudName::Aws { "user data changed" } else { "metadata changed" };
        assert_eq!(words, expected, "{name}");
        let stop = ground.drive(&plan, &Memory::default());
        assert_eq!(stop, Stop::Finished(RolloutOutcome::Done), "{name}\n{}", ground.story);
    }
}
