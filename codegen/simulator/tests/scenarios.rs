//! Rollouts as text that a person can read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Some_, expect_none, plan, words};
use fleetgen_fleet::choice::{Cloud, OnFailure};
use fleetgen_rollout::{Kind, Order, Plan, RolloutOutcome};
use fleetgen_simulator::{Fault, FaultKind, Report, Script, Sickness, run};

fn small() -> Plan {
    let stg = Some_ { bake: 60, ..Some_::new(Cloud::Aws, 1) };
    let web = Some_ { environment: 1, canary: Some(10), gate: Some(OnFailure::Fail), ..Some_::new(Cloud::Aws, 6) };
    let job = Some_ { environment: 1, canary: Some(30), ..Some_::new(Cloud::Gcp, 6) };
    let empty = Some_ { environment: 1, wave: 2, ..Some_::new(Cloud::Aws, 0) };
    plan(&[stg, web, job, empty], true, 2, 1)
}

#[track_caller]
fn expect(name: &str, script: &Script) -> Report {
    let report = run(script);
    expect_none(script, &report);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("scenarios");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, words(script, &report)));
    report
}

#[test]
fn good() {
    expect("good", &Script::new(small(), 1));
}

/// Settings that Terraform has changed reach machines with the image that they have, and go back with them.
#[test]
fn settings_alone() {
    let mut plan = small();
    for group in &mut plan.groups {
        group.to.image = group.from.image.clone().unwrap();
        group.to.comes_along = vec!["user data".to_owned()];
    }
    let script = Script::new(plan.clone(), 1);
    let report = run(&script);
    expect_none(&script, &report);
    assert_eq!(report.outcome, Some(RolloutOutcome::Done));
    let mut script = Script::new(plan, 1);
    script.sick.push((2, Sickness::AtOnce));
    let report = run(&script);
    expect_none(&script, &report);
    assert_ne!(report.outcome, Some(RolloutOutcome::Done));
}

#[test]
fn canary_fails() {
    let mut script = Script::new(small(), 1);
    script.sick.push((2, Sickness::AtOnce));
    expect("canary-fails", &script);
}

/// A person pauses for lunch, and the window closes meanwhile: the rollout goes on when the next one opens.
#[test]
fn pause_over_a_window_s_end() {
    let mut script = Script::new(small(), 1);
    let lunch = Order::Pause { reason: "an incident elsewhere".to_owned() };
    script.orders = vec![(1_700, lunch), (6 * 3_600, Order::Resume)];
    expect("pause", &script);
}

#[test]
fn crash_and_resume() {
    let mut script = Script::new(small(), 1);
    script.crashes = vec![31, 44];
    expect("crash", &script);
}

/// A person starts an instance refresh in the console. The rollout touches nothing until a person has decided.
#[test]
fn foreign_refresh() {
    let mut script = Script::new(small(), 1);
    script.faults = vec![Fault { group: 2, at: 1_445, lasts: 0, kind: FaultKind::ForeignChange }];
    script.orders = vec![(4_000, Order::Abort { leave_mixed: false })];
    expect("foreign-refresh", &script);
}

#[test]
fn abort() {
    let mut script = Script::new(small(), 1);
    script.orders = vec![(1_980, Order::Abort { leave_mixed: false })];
    expect("abort", &script);
}

/// A group that may not lose a machine, as one with GPUs: when its cloud has no capacity, it keeps what it has.
#[test]
fn a_group_keeps_its_machines_without_capacity() {
    for cloud in Cloud::ALL {
        for size in [1, 4] {
            let plan = plan(&[Some_::new(cloud, size)], false, 1, 1);
            let faults = vec![Fault { group: 0, at: 0, lasts: 1_000_000, kind: FaultKind::NoCapacity }];
            let script = Script { faults, ..Script::new(plan, 1) };
            let report = run(&script);
            expect_none(&script, &report);
            assert_eq!(report.outcome, Some(RolloutOutcome::RolledBack));
            let lowest = report.world.lowest(&script.plan.groups[0].name).unwrap();
            assert_eq!((lowest.healthy, lowest.size), (size, size));
        }
    }
}

/// An emergency waits for no window and no soak, and for every freeze.
#[test]
fn an_emergency_skips_windows_and_soaks() {
    let groups = [Some_::new(Cloud::Aws, 2), Some_ { environment: 1, ..Some_::new(Cloud::Gcp, 3) }];
    // On a Sunday.
    let sunday = |mut plan: Plan| {
        plan.request.created = common::at("2026-11-01T01:00:00Z");
        plan
    };
    let emergency = |mut plan: Plan| {
        plan.request.kind = Kind::Emergency("CVE-2026-12345".parse().unwrap());
        plan
    };
    let took = |plan: Plan| {
        let script = Script::new(plan, 1);
        let report = run(&script);
        expect_none(&script, &report);
        assert_eq!(report.outcome, Some(RolloutOutcome::Done));
        report.took.as_mins()
    };
    let plan = || sunday(plan(&groups, true, 1, 1));
    assert!(took(plan()) > 24 * 60, "until Monday");
    assert!(took(emergency(plan())) < 60, "neither the window nor the soak of 20 minutes");
    // All of Tuesday is frozen.
    let mut frozen = emergency(common::with_freeze(plan()));
    frozen.request.created = common::at("2026-11-02T16:00:00Z");
    assert!(took(frozen) > 22 * 60, "until Wednesday");
}
