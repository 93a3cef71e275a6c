//! Six rollouts as text that a person can read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Some_, expect_none, plan, words};
use fleetgen_fleet::choice::{Cloud, OnFailure};
use fleetgen_rollout::{Order, Plan};
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

#[test]
fn canary_fails() {
    let mut script = Script::new(small(), 1);
    script.sick.push((2, Sickness::AtOnce));
    expect("canary-fails", &script);
}

/// Somebody pauses for lunch, and the window closes meanwhile: the rollout goes on when the next one opens.
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

/// Somebody starts an instance refresh in the console. The rollout touches nothing until a person has decided.
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
