//! The invariants of rollouts, over random plans, faults, crashes, orders and clocks. A failure shrinks to a small script.
//! `mutations.yaml` lists how the engine was broken to see each invariant fail.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{Back, Some_, expect_none, plan, with_freeze, with_gates};
use fleetgen_fleet::choice::{Cloud, OnFailure};
use fleetgen_fleet::scalar::{Amount, Percent};
use fleetgen_rollout::{Engine, Order, Phase, Plan, Scope, SealedRecord, TRANSITIONS};
use fleetgen_simulator::{Fault, FaultKind, Script, Sickness, run};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn some() -> impl Strategy<Value = Some_> {
    let amounts = (0u32..3, 0u32..4);
    let back = prop_oneof![6 => Just(Back::Proven), 1 => Just(Back::Impossible), 1 => Just(Back::Off)];
    let gate = prop_oneof![4 => Just(None), 1 => Just(Some(OnFailure::Fail)), 1 => Just(Some(OnFailure::Hold))];
    let shape = (any::<bool>(), 0usize..2, 1u32..3, 0u32..9, proptest::option::of(1u32..50), amounts);
    (shape, prop_oneof![Just(0u32), Just(60), Just(600)], back, gate).prop_map(
        |((aws, environment, wave, size, canary, (unavailable, surge)), bake, back, gate)| {
            let cloud = if aws { Cloud::Aws } else { Cloud::Gcp };
            let some = Some_ { environment, wave, canary, bake, back, gate, ..Some_::new(cloud, size) };
            match (cloud, unavailable, surge) {
                // What fleet.yaml would refuse: neither may a machine be missing, nor one be added.
                (_, 0, 0) => some,
                (Cloud::Aws, unavailable, surge) if size > 1 => Some_ {
                    max_unavailable: Amount::Machines(unavailable.min(size - 1)),
                    max_surge: if surge == 0 && unavailable > 0 {
                        Amount::Machines(0)
                    } else {
                        Amount::Share(Percent(34))
                    },
                    ..some
                },
                (Cloud::Gcp, unavailable, _) if size > 3 && unavailable > 0 => {
                    Some_ { max_unavailable: Amount::Machines(3), max_surge: Amount::Machines(0), ..some }
                }
                _ => some,
            }
        },
    )
}

fn plans() -> impl Strategy<Value = Plan> {
    let calendar = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.3));
    (prop::collection::vec(some(), 1..6), calendar, 1u32..4, 1u32..3).prop_map(
        |(groups, (windows, freeze, gates), at_once, failures)| {
            let plan = plan(&groups, windows, at_once, failures);
            let plan = if freeze { with_freeze(plan) } else { plan };
            if gates { with_gates(plan) } else { plan }
        },
    )
}

fn kind() -> impl Strategy<Value = (FaultKind, u32)> {
    use FaultKind::{
        AnswersLost, Contended, Deleted, Duplicated, Expired, ForeignCancel, ForeignChange, ImageGone, Killed,
        NoCapacity, OldSick, Scaled, SlowTermination, Stale, Suspended, TerraformApply, Throttled,
    };
    prop_oneof![
        3 => (60u32..7_200).prop_map(|lasts| (Throttled, lasts)),
        3 => (60u32..7_200).prop_map(|lasts| (AnswersLost, lasts)),
        3 => (60u32..7_200).prop_map(|lasts| (Contended, lasts)),
        1 => (60u32..7_200).prop_map(|lasts| (ImageGone, lasts)),
        2 => (10u32..30).prop_map(|lasts| (Stale, lasts)),
        3 => (60u32..7_200).prop_map(|lasts| (Duplicated, lasts)),
        3 => (60u32..9_000).prop_map(|lasts| (NoCapacity, lasts)),
        3 => (60u32..90_000).prop_map(|lasts| (Expired, lasts)),
        2 => (60u32..7_200).prop_map(|lasts| (SlowTermination, lasts)),
        2 => (60u32..7_200).prop_map(|lasts| (Suspended, lasts)),
        1 => (60u32..7_200).prop_map(|lasts| (OldSick, lasts)),
        2 => (1u32..4).prop_map(|machines| (Killed(machines), 0)),
        2 => (0u32..9).prop_map(|size| (Scaled(size), 0)),
        1 => Just((ForeignChange, 0)),
        1 => Just((ForeignCancel, 0)),
        2 => Just((TerraformApply, 0)),
        1 => Just((Deleted, 0)),
    ]
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = (0usize..6, 0u32..10_000, kind());
    prop::collection::vec(fault.prop_map(|(group, at, (kind, lasts))| Fault { group, at, lasts, kind }), 0..4)
}

fn sick() -> impl Strategy<Value = Vec<(usize, Sickness)>> {
    let sickness = prop_oneof![Just(Sickness::AtOnce), (10u32..2_000).prop_map(Sickness::After)];
    prop::collection::vec((0usize..6, sickness), 0..2)
}

fn orders() -> impl Strategy<Value = Vec<(u32, Order)>> {
    let order = prop_oneof![
        3 => Just(Order::Pause { reason: "a look at the graphs".to_owned() }),
        3 => Just(Order::Resume),
        1 => any::<bool>().prop_map(|leave_mixed| Order::Abort { leave_mixed }),
        1 => prop_oneof![Just(Scope::All), Just(Scope::Wave)].prop_map(Order::RollBack),
    ];
    prop::collection::vec((0u32..10_000, order), 0..4).prop_map(|mut orders| {
        orders.sort_by_key(|(at, _)| *at);
        orders
    })
}

fn scripts() -> impl Strategy<Value = Script> {
    let times = (prop::collection::vec(0u64..120, 0..3), prop::collection::vec((0u32..10_000, -5_000i32..5_000), 0..2));
    (plans(), any::<u64>(), faults(), sick(), orders(), times, prop::bool::weighted(0.1)).prop_map(
        |(plan, seed, faults, sick, orders, (crashes, mut jumps), fails)| {
            jumps.sort_unstable();
            let failing =
                if fails { vec!["errors".to_owned(), "https://www.example.com/errors".to_owned()] } else { Vec::new() };
            Script { faults, sick, orders, crashes, jumps, failing, ..Script::new(plan, seed) }
        },
    )
}

fn cases(cases: u32) -> ProptestConfig {
    let cases = std::env::var("FLEETGEN_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The same script, in which only images and gates are bad: nothing that depends on the time of day.
fn timeless() -> impl Strategy<Value = Script> {
    scripts().prop_map(|script| {
        let mut plan = script.plan;
        for environment in &mut plan.environments {
            environment.windows.clear();
        }
        plan.policy.freezes.clear();
        let sick = script.sick.into_iter().filter(|(_, sickness)| *sickness == Sickness::AtOnce).collect();
        Script { sick, failing: script.failing, crashes: script.crashes, ..Script::new(plan, script.seed) }
    })
}

/// Every transition of the table happens in some run, and no other.
#[test]
fn every_transition_happens() {
    let mut runner = TestRunner::deterministic();
    let strategy = scripts();
    let listed: BTreeSet<(Phase, Phase)> = TRANSITIONS.iter().map(|(from, _, to)| (*from, *to)).collect();
    let mut missing = listed.clone();
    let random = (0..1_000).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    for script in rare().into_iter().chain(random) {
        let engine = Engine::new(script.plan.clone());
        let report = run(&Script { checks: false, ..script });
        let mut state = engine.initial();
        for text in &report.records {
            let record = SealedRecord::parse(text).unwrap().record;
            let before: Vec<Phase> = state.groups.iter().map(|group| group.phase).collect();
            state = engine.step(state, &record.event, record.at).state;
            for (before, after) in before.into_iter().zip(state.groups.iter().map(|group| group.phase)) {
                missing.remove(&(before, after));
                assert!(before == after || leads(&listed, before, after, 3), "{before} to {after}");
            }
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("never seen: {missing:?}");
}

/// What random scripts rarely lead to.
fn rare() -> Vec<Script> {
    let vendor = |size| Some_ { back: Back::Impossible, ..Some_::new(Cloud::Aws, size) };
    let script = |some: &Some_| Script::new(plan(std::slice::from_ref(some), false, 1, 1), 1);
    // Aborted while its empty group is being set.
    let mut scripts = vec![Script { orders: vec![(50, Order::Abort { leave_mixed: false })], ..script(&vendor(0)) }];
    let proven = Some_ { back: Back::Proven, ..vendor(0) };
    scripts.push(Script { orders: vec![(50, Order::Abort { leave_mixed: false })], ..script(&proven) });
    // Left mixed, and then ordered back.
    let orders = vec![(100, Order::Abort { leave_mixed: true }), (2_000, Order::RollBack(Scope::All))];
    scripts.push(Script { orders, ..script(&vendor(3)) });
    // Scaled to nothing while its gates are checked.
    let judged = Some_ { gate: Some(OnFailure::Fail), bake: 60, ..Some_::new(Cloud::Gcp, 3) };
    let scaled = |at| Fault { group: 0, at, lasts: 0, kind: FaultKind::Scaled(0) };
    scripts.extend((100..600).step_by(10).map(|at| Script { faults: vec![scaled(at)], ..script(&judged) }));
    scripts
}

/// Whether one phase leads to another in at most a few steps: one look can take a group several phases on.
fn leads(listed: &BTreeSet<(Phase, Phase)>, from: Phase, to: Phase, steps: u32) -> bool {
    listed.contains(&(from, to))
        || steps > 1 && Phase::ALL.iter().any(|by| listed.contains(&(from, *by)) && leads(listed, *by, to, steps - 1))
}

proptest! {
    #![proptest_config(cases(400))]

    /// Whatever happens, every invariant that can be seen in a single run holds, and the rollout ends.
    #[test]
    fn invariants_hold(script in scripts()) {
        let report = run(&script);
        expect_none(&script, &report);
        assert!(report.outcome.is_some(), "it has not ended: {:?}\n{}", report.stop, common::words(&script, &report));
    }

    /// 3: crashes do not change how it ends.
    #[test]
    fn crashes_change_nothing(script in timeless()) {
        let report = run(&script);
        expect_none(&script, &report);
        let without = run(&Script { crashes: Vec::new(), ..script.clone() });
        assert_eq!(report.outcome, without.outcome, "{}", common::words(&script, &report));
    }

    /// 20: nor do a pause and a resume.
    #[test]
    fn a_pause_changes_nothing(script in timeless(), at in 0u32..8_000, lasts in 0u32..300_000) {
        let script = Script { crashes: Vec::new(), ..script };
        let orders = vec![(at, Order::Pause { reason: "lunch".to_owned() }), (at + lasts, Order::Resume)];
        let paused = Script { orders, ..script.clone() };
        let report = run(&paused);
        expect_none(&paused, &report);
        assert_eq!(report.outcome, run(&script).outcome, "{}", common::words(&paused, &report));
    }

    /// 21: an abort ends, although no one helps.
    #[test]
    fn an_abort_ends(script in scripts(), at in 0u32..10_000, leave_mixed in any::<bool>()) {
        let orders = vec![(at, Order::Abort { leave_mixed })];
        let script = Script { orders, is_attended: false, ..script };
        let report = run(&script);
        expect_none(&script, &report);
        // A rollout that waits for a person before that does not go on by itself.
        assert!(report.outcome.is_some(), "{:?}\n{}", report.stop, common::words(&script, &report));
    }

    /// 22: a clock that goes back never shortens a bake.
    #[test]
    fn a_bake_is_whole(script in timeless(), at in 0u32..4_000, back in 1i32..100_000) {
        let script = Script { jumps: vec![(at, -back)], ..script };
        let report = run(&script);
        expect_none(&script, &report);
        common::expect_whole_bakes(&script, &report);
    }
}
