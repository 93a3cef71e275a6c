//! Plans for tests, without a fleet.yaml.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use fleetgen_fleet::choice::{Cloud, Day, OnFailure};
use fleetgen_fleet::scalar::{Amount, Duration, Percent};
use fleetgen_fleet::{Check, Gate, Window};
use fleetgen_rollout::{
    EnvironmentPlan, GroupPlan, Kind, Phase, Place, Plan, Policy, Request, Rollback, Running, Setting, Strategy,
    Target, Version,
};
use fleetgen_simulator::{Report, Script};
use jiff::Timestamp;

/// A Monday morning.
pub(crate) const MONDAY: &str = "2026-11-02T01:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What a group can return to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Back {
    Proven,
    Impossible,
    Off,
}

/// A group of a test plan.
#[derive(Debug, Clone)]
pub(crate) struct Some_ {
    pub(crate) cloud: Cloud,
    pub(crate) environment: usize,
    pub(crate) wave: u32,
    pub(crate) size: u32,
    /// In percent.
    pub(crate) canary: Option<u32>,
    pub(crate) max_unavailable: Amount,
    pub(crate) max_surge: Amount,
    pub(crate) bake: u32,
    pub(crate) back: Back,
    /// What happens when its gate fails, if it has one.
    pub(crate) gate: Option<OnFailure>,
}

impl Some_ {
    pub(crate) fn new(cloud: Cloud, size: u32) -> Self {
        let (max_unavailable, max_surge) = match cloud {
            Cloud::Aws if size == 1 => (Amount::Machines(0), Amount::Machines(1)),
            Cloud::Aws => (Amount::Machines(0), Amount::Share(Percent(34))),
            Cloud::Gcp => (Amount::Machines(0), Amount::Machines(3)),
        };
        Self {
            cloud,
            environment: 0,
            wave: 1,
            size,
            canary: None,
            max_unavailable,
            max_surge,
            bake: 300,
            back: Back::Proven,
            gate: None,
        }
    }
}

pub(crate) fn ami(digit: u32) -> String {
    format!("ami-{digit:08x}")
}

pub(crate) fn image(cloud: Cloud, number: u32) -> fleetgen_fleet::scalar::ImageId {
    let text = match cloud {
        Cloud::Aws => ami(number),
        Cloud::Gcp => format!("projects/example-fleet/global/images/image-{number}"),
    };
    text.parse().unwrap()
}

pub(crate) fn group(index: usize, some: &Some_) -> GroupPlan {
    let name = format!("{}-{index:02}", if some.cloud == Cloud::Aws { "web" } else { "job" });
    let version = |number: u32| Version::from(number.to_string());
    let key = |digit: &str| digit.repeat(32).parse().unwrap();
    let number = u32::try_from(index).unwrap();
    let gate = |on_failure| Gate { check: Check::Alarm("errors".parse().unwrap()), passes: 2, on_failure };
    GroupPlan {
        name: name.parse().unwrap(),
        place: Place {
            cloud: some.cloud,
            account: "123456789012".to_owned(),
            region: "ap-northeast-1".parse().unwrap(),
            name: format!("example-prod-{name}"),
        },
        environment: ["stg", "prod"][some.environment].parse().unwrap(),
        wave: some.wave,
        layer: "web".parse().unwrap(),
        from: Running { setting: Setting::only(version(1)), image: Some(image(some.cloud, 1_000 + number)) },
        to: Target {
            image: image(some.cloud, 2_000 + number),
            key: key("b"),
            source: version(1),
            comes_along: Vec::new(),
        },
        rollback: match some.back {
            Back::Proven | Back::Off => Rollback::Proven(key("a")),
            Back::Impossible => Rollback::Impossible("fleetgen did not build its image".to_owned()),
        },
        roll_back: !matches!(some.back, Back::Off),
        strategy: if some.cloud == Cloud::Aws { Strategy::InstanceRefresh } else { Strategy::Versions },
        size: some.size,
        canary: some.canary.map(Percent),
        max_unavailable: some.max_unavailable,
        max_surge: some.max_surge,
        min_healthy: None,
        bake: Duration::from_seconds(some.bake),
        progress_deadline: Duration::from_seconds(1_800),
        gates: some.gate.map(|on_failure| ("errors".parse().unwrap(), gate(on_failure))).into_iter().collect(),
    }
}

/// Working hours in Tokyo.
pub(crate) fn window() -> Window {
    Window {
        days: vec![Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday],
        from: "10:00".parse().unwrap(),
        to: "16:00".parse().unwrap(),
        time_zone: "Asia/Tokyo".to_owned().try_into().unwrap(),
    }
}

pub(crate) fn plan(groups: &[Some_], windows: bool, groups_at_once: u32, stop_after_failures: u32) -> Plan {
    let mut groups: Vec<GroupPlan> = groups.iter().enumerate().map(|(index, some)| group(index, some)).collect();
    groups.sort_by_key(|group| (group.environment.as_str() == "prod", group.wave, group.name.clone()));
    let environment = |name: &str, soak| EnvironmentPlan {
        name: name.parse().unwrap(),
        windows: if windows && name == "prod" { vec![window()] } else { Vec::new() },
        gates: BTreeMap::new(),
        soak: Duration::from_seconds(soak),
    };
    let used = |environment: &EnvironmentPlan| groups.iter().any(|group| group.environment == environment.name);
    let environments = [environment("stg", 1_200), environment("prod", 0)].into_iter().filter(used).collect();
    Plan {
        fleet: "example".parse().unwrap(),
        request: Request {
            created: at(MONDAY),
            parent: None,
            kind: Kind::Regular,
            fix_forward: false,
            environments: Vec::new(),
            groups: Vec::new(),
        },
        policy: Policy { groups_at_once, stop_after_failures, bake: Duration::from_seconds(600), freezes: Vec::new() },
        environments,
        groups,
        left_out: BTreeMap::new(),
    }
}

/// The journal in words.
pub(crate) fn words(script: &Script, report: &Report) -> String {
    let records: Vec<_> =
        report.records.iter().map(|text| fleetgen_rollout::SealedRecord::parse(text).unwrap().record).collect();
    fleetgen_rollout::describe(&script.plan, &records)
}

/// Fails with the journal in words if an invariant was violated.
#[track_caller]
pub(crate) fn expect_none(script: &Script, report: &Report) {
    assert!(
        report.violations.is_empty(),
        "{:#?}\n{}\n{:?} {:?}",
        report.violations,
        words(script, report),
        report.outcome,
        report.stop
    );
}

/// Adds an approval and an alarm before each wave of production.
pub(crate) fn with_gates(mut plan: Plan) -> Plan {
    for environment in plan.environments.iter_mut().filter(|environment| environment.name.as_str() == "prod") {
        let approval = Check::Approval("the release notes are out".parse().unwrap());
        let page = Check::Http("https://www.example.com/errors".parse().unwrap());
        for (name, check) in [("release", approval), ("errors", page)] {
            environment.gates.insert(name.parse().unwrap(), Gate { check, passes: 2, on_failure: OnFailure::Fail });
        }
    }
    plan
}

/// Adds a freeze of all of the next day.
pub(crate) fn with_freeze(mut plan: Plan) -> Plan {
    let day = |text: &str| text.to_owned().try_into().unwrap();
    plan.policy.freezes.push(fleetgen_fleet::Freeze {
        reason: "year-end closing".parse().unwrap(),
        from: day("2026-11-03"),
        until: day("2026-11-03"),
        time_zone: "Asia/Tokyo".to_owned().try_into().unwrap(),
        environments: plan.environments.iter().map(|environment| environment.name.clone()).collect(),
    });
    plan
}

/// Fails if a group was baked for less than its time.
#[track_caller]
pub(crate) fn expect_whole_bakes(script: &Script, report: &Report) {
    for (index, group) in script.plan.groups.iter().enumerate() {
        let phases: Vec<_> = report.phases.iter().filter(|(_, other, _)| *other == index).collect();
        for pair in phases.windows(2) {
            let ((baking, _, phase), (next, _, to)) = (pair[0], pair[1]);
            if *phase == Phase::Baking && matches!(to, Phase::Verifying | Phase::Done | Phase::Set) {
                let baked = next.duration_since(*baking).as_secs();
                assert!(baked >= i64::from(group.bake.seconds), "{}: {baked} s\n{}", group.name, words(script, report));
            }
        }
    }
}
