//! The journal: every changed byte is found, and only one driver writes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use common::{Some_, expect_none, plan};
use fleetgen_driver::{Driver, Halt, Limits, Parts, Stop, Unobserved, Waits, replay};
use fleetgen_fleet::Gate;
use fleetgen_fleet::choice::{Cloud as CloudName, OnFailure};
use fleetgen_rollout::{
    Answer, Cloud, Effect, Engine, GroupPlan, Machines, Phase, Plan, PlanId, RolloutOutcome, SealedRecord, Sight,
    Verdict, Version, VersionList, prunable, verify,
};
use fleetgen_simulator::{Crashes, Memory, Script, Sickness, VirtualClock, VirtualTime, World, run};
use jiff::SignedDuration;
use proptest::prelude::*;

/// A fleet with everything in it that both clouds do differently, small enough to try every point of a run.
fn small(cloud: CloudName) -> Plan {
    let empty = Some_ { wave: 1, bake: 0, ..Some_::new(cloud, 0) };
    let one = Some_ { wave: 1, bake: 60, ..Some_::new(cloud, 1) };
    let six = Some_ { wave: 2, canary: Some(30), gate: Some(OnFailure::Fail), bake: 60, ..Some_::new(cloud, 6) };
    plan(&[empty, one, six], false, 2, 1)
}

/// 3, exhaustively: a crash before or after any record and any effect, in a rollout that is good and in one that fails.
#[test]
fn a_crash_anywhere_changes_nothing() {
    for cloud in CloudName::ALL {
        for sick in [Vec::new(), vec![(2, Sickness::AtOnce)], vec![(2, Sickness::After(200))]] {
            let script = Script { sick, ..Script::new(small(cloud), 7) };
            let whole = run(&script);
            expect_none(&script, &whole);
            assert!(whole.points > 40);
            for point in 0..whole.points {
                let script = Script { crashes: vec![point], ..script.clone() };
                let report = run(&script);
                expect_none(&script, &report);
                assert_eq!(report.outcome, whole.outcome, "{point}\n{}", common::words(&script, &report));
            }
        }
    }
}

/// 22, exhaustively: a driver crashes, and the clock of the next one is behind.
#[test]
fn a_clock_that_is_behind_shortens_no_bake() {
    let mut plan = small(CloudName::Gcp);
    for group in &mut plan.groups {
        group.bake = fleetgen_fleet::scalar::Duration::from_seconds(600);
    }
    let script = Script::new(plan, 7);
    let whole = run(&script);
    let took = u32::try_from(whole.took.as_secs()).unwrap();
    for point in 0..whole.points {
        for at in (0..took).step_by(120) {
            let script = Script { crashes: vec![point], jumps: vec![(at, -5_000)], ..script.clone() };
            let report = run(&script);
            expect_none(&script, &report);
            common::expect_whole_bakes(&script, &report);
        }
    }
}

/// 19: without a driver, canaries stay canaries for 48 hours.
#[test]
fn canaries_stay_without_a_driver() {
    let script = Script { is_abandoned: true, ..Script::new(small(CloudName::Aws), 7) };
    let whole = run(&Script { is_abandoned: false, ..script.clone() });
    let mut canaries = 0;
    for point in 0..whole.points {
        let report = run(&Script { crashes: vec![point], ..script.clone() });
        let (group, plan) = (&report.state.groups[2], &script.plan.groups[2]);
        if matches!(group.phase, Phase::Canary | Phase::Judging) {
            let mut world = report.world;
            let new = world.truth(&plan.name).unwrap().on(group.version.as_ref().unwrap()).total();
            assert!(new <= 2, "{point}: {new} machines");
            canaries = canaries.max(new);
        }
    }
    assert_eq!(canaries, 2);
}

fn id() -> PlanId {
    small(CloudName::Aws).id()
}

fn records() -> Vec<String> {
    run(&Script::new(small(CloudName::Aws), 7)).records
}

fn is_broken(records: Vec<String>, most: usize) -> bool {
    verify(&id(), &mut Memory::of(records), Some(most as u64)).unwrap().is_err()
}

/// 23: every byte.
#[test]
fn every_changed_byte_is_found() {
    let records = records();
    assert!(!is_broken(records.clone(), records.len()));
    for (index, text) in records.iter().enumerate() {
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let mut records = records.clone();
            records[index] = changed;
            assert!(is_broken(records.clone(), records.len()), "record {}, byte {at}", index + 1);
        }
    }
}

#[test]
fn missing_and_reordered_records_are_found() {
    let records = records();
    for index in 0..records.len() {
        let mut without = records.clone();
        without.remove(index);
        assert!(is_broken(without, records.len()), "without {}", index + 1);
        let mut twice = records.clone();
        twice.insert(index, records[index].clone());
        assert!(is_broken(twice, records.len() + 1), "twice {}", index + 1);
        for other in 0..index {
            let mut swapped = records.clone();
            swapped.swap(index, other);
            assert!(is_broken(swapped, records.len()), "{} for {}", index + 1, other + 1);
        }
    }
}

/// A record that was written again, with the right digest, is not the one that the next record follows.
#[test]
fn a_record_that_was_sealed_again_is_found() {
    let records = records();
    for index in 0..records.len() - 1 {
        let mut record = SealedRecord::parse(&records[index]).unwrap().record;
        record.actor = "somebody else".to_owned();
        let mut forged = records.clone();
        forged[index] = SealedRecord::new(record).render();
        assert!(is_broken(forged, records.len()), "record {}", index + 1);
    }
}

#[test]
fn a_journal_of_another_plan_is_refused() {
    let engine = Engine::new(small(CloudName::Gcp));
    let error = replay(&engine, &mut Memory::of(records()), None).unwrap_err();
    assert_eq!(error.to_string(), "record 1 of the journal is broken: it belongs to the journal of another plan");
}

/// 2: any prefix of a journal leads to the state that the driver had then; 20 prefixes of each.
#[test]
fn prefixes_lead_to_the_same_state() {
    let engine = Engine::new(small(CloudName::Aws));
    let records = records();
    for length in 0..=records.len() {
        let prefix = || Memory::of(records[..length].to_vec());
        let one = replay(&engine, &mut prefix(), None).unwrap();
        let other = replay(&engine, &mut prefix(), None).unwrap();
        assert_eq!(one.state, other.state);
        assert_eq!(one.head.number, length as u64);
    }
}

/// The same seed gives the same journal, byte for byte; another seed another one.
#[test]
fn a_seed_gives_one_journal() {
    let of = |seed| run(&Script::new(small(CloudName::Gcp), seed)).records;
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

/// A world in which a second driver takes over just before, or in the middle of, an effect of the first.
struct Contested {
    world: Rc<RefCell<World>>,
    engine: Rc<Engine>,
    journal: Memory,
    time: VirtualTime,
    /// At which effect the second driver takes over.
    at: u32,
    performed: Rc<Cell<u32>>,
    /// How many effects the first driver performed after that.
    after: Rc<Cell<u32>>,
}

/// Drives in a world until the limits, or until another driver takes over.
fn drive(
    engine: &Engine,
    cloud: &mut dyn Cloud,
    mut journal: Memory,
    time: &VirtualTime,
    actor: &str,
    limits: Limits,
) -> Result<Stop, Halt> {
    let parts = Parts {
        cloud,
        journal: &mut journal,
        lease: &mut (),
        clock: &mut VirtualClock::new(time),
        gates: &mut Passing,
        revoked: &mut BTreeSet::new,
        observer: &mut Unobserved,
        notifier: None,
        stop: &std::sync::atomic::AtomicBool::new(false),
    };
    Driver::open(engine, parts, actor, None)?.run(limits)
}

/// Gates that pass.
struct Passing;

impl fleetgen_driver::Gates for Passing {
    fn check(&mut self, _: Option<&GroupPlan>, _: &Gate) -> Verdict {
        Verdict::Pass
    }
}

impl Contested {
    fn take_over(&self) {
        let until = self.time.now() + SignedDuration::from_secs(90);
        let limits = Limits { until: Some(until), waits: Waits::Calendar };
        let mut cloud = Uncontested(self.world.clone());
        drive(&self.engine, &mut cloud, self.journal.clone(), &self.time, "second", limits).unwrap();
    }
}

impl Cloud for Contested {
    fn observe(&mut self, group: &GroupPlan) -> Sight {
        self.world.borrow_mut().observe(group)
    }

    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer {
        let number = self.performed.get() + 1;
        self.performed.set(number);
        if number > self.at {
            self.after.set(self.after.get() + 1);
        }
        let outcome = self.world.borrow_mut().perform(group, effect);
        if number == self.at {
            self.take_over();
        }
        outcome
    }

    fn check(&mut self, _: Option<&GroupPlan>, _: &Gate) -> Verdict {
        Verdict::Pass
    }
}

struct Uncontested(Rc<RefCell<World>>);

impl Cloud for Uncontested {
    fn observe(&mut self, group: &GroupPlan) -> Sight {
        self.0.borrow_mut().observe(group)
    }

    fn perform(&mut self, group: &GroupPlan, effect: &Effect) -> Answer {
        self.0.borrow_mut().perform(group, effect)
    }

    fn check(&mut self, _: Option<&GroupPlan>, _: &Gate) -> Verdict {
        Verdict::Pass
    }
}

/// 18: a driver that was replaced performs nothing more, wherever it was.
#[test]
fn a_driver_that_was_replaced_stops() {
    for cloud in CloudName::ALL {
        for at in 1..100 {
            let plan = small(cloud);
            let engine = Rc::new(Engine::new(plan.clone()));
            let time = VirtualTime::new(plan.request.created);
            let mut world = World::of_plan(&plan, 7, time.now());
            world.join(&time, &Crashes::default());
            let mut contested = Contested {
                world: Rc::new(RefCell::new(world)),
                engine: engine.clone(),
                journal: Memory::default(),
                time: time.clone(),
                at,
                performed: Rc::default(),
                after: Rc::default(),
            };
            let (performed, after) = (contested.performed.clone(), contested.after.clone());
            let world = contested.world.clone();
            let journal = contested.journal.clone();
            let ended = drive(&engine, &mut contested, journal.clone(), &time, "first", Limits::default());
            if performed.get() < at {
                assert!(at > 7, "a run has more effects than {at}");
                break;
            }
            assert!(matches!(&ended, Err(Halt::Fenced(_))), "{at}: {ended:?}");
            assert_eq!(after.get(), 0, "at {at}");
            // A third one ends it.
            let ended = drive(&engine, &mut Uncontested(world), journal, &time, "third", Limits::default());
            assert_eq!(ended.unwrap(), Stop::Finished(RolloutOutcome::Done), "at {at}");
        }
    }
}

proptest! {
    /// 24: pruning never takes a version that something refers to.
    #[test]
    fn pruning_keeps_what_is_used(
        count in 1u32..12, used in prop::collection::vec(1u32..12, 5), machines in prop::collection::vec(1u32..12, 0..4),
        plans in prop::collection::btree_set(1u32..12, 0..4), keep in 0usize..4,
    ) {
        let version = |number: u32| Version::from(number.to_string());
        let versions: Vec<Version> = (1..=count).map(version).collect();
        let mut world = World::of_plan(&small(CloudName::Aws), 1, common::at(common::MONDAY));
        let mut seen = world.truth(&small(CloudName::Aws).groups[0].name).unwrap();
        seen.setting.version = version(used[0]);
        seen.setting.canary = Some((version(used[1]), 1));
        seen.machines = machines.iter().map(|number| (version(*number), Machines::default())).collect();
        let plans: BTreeSet<Version> = plans.into_iter().map(version).collect();
        let default = version(used[2]);
        let list = VersionList { all: versions, latest: version(used[3]), default: Some(default), seen };
        let pruned = prunable(&list, &plans, keep);
        let (versions, seen) = (&list.all, &list.seen);
        let mut kept: BTreeSet<Version> = [used[0], used[1], used[2], used[3]].into_iter().map(version).collect();
        kept.extend(seen.machines.keys().cloned());
        kept.extend(plans);
        kept.extend(versions.iter().rev().take(keep).cloned());
        prop_assert!(pruned.iter().all(|version| !kept.contains(version)), "{:?}", pruned);
        // And it takes everything else.
        prop_assert_eq!(pruned.len() + versions.iter().filter(|version| kept.contains(version)).count(), versions.len());
    }
}
