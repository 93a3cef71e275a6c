//! Drives a rollout of many groups on the simulator, with a journal that keeps nothing, and prints how many events that took:
//! `load GROUPS BAKE`, with the bake in seconds. `cargo xtask bench` measures it.
#![expect(clippy::print_stdout, reason = "a measurement, which prints its result")]
#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::BTreeSet;

use common::{Some_, plan};
use fleetgen_driver::{Driver, Limits, Parts, Unobserved, Waits};
use fleetgen_fleet::choice::Cloud;
use fleetgen_rollout::Engine;
use fleetgen_simulator::{Crashes, Memory, VirtualClock, VirtualTime, World};

fn main() {
    let numbers: Vec<u32> = std::env::args().skip(1).map(|word| word.parse().unwrap()).collect();
    let (groups, bake) = (numbers[0], numbers[1]);
    let some = (0..groups).map(|index| {
        let cloud = if index % 2 == 0 { Cloud::Aws } else { Cloud::Gcp };
        Some_ { bake, wave: 1 + index % 3, canary: Some(20), ..Some_::new(cloud, 3 + index % 5) }
    });
    let plan = plan(&some.collect::<Vec<_>>(), false, groups / 20 + 1, 1);
    let engine = Engine::new(plan);
    let time = VirtualTime::new(engine.plan().request.created);
    let mut world = World::of_plan(engine.plan(), 1, time.now());
    world.join(&time, &Crashes::default());
    let mut gates = world.clone();
    let parts = Parts {
        cloud: &mut world,
        journal: &mut Memory::forgetful(),
        lease: &mut (),
        clock: &mut VirtualClock::new(&time),
        gates: &mut gates,
        revoked: &mut BTreeSet::new,
        observer: &mut Unobserved,
        notifier: None,
        stop: &std::sync::atomic::AtomicBool::new(false),
    };
    let mut driver = Driver::open(&engine, parts, "bench", None).unwrap();
    driver.run(Limits { until: None, waits: Waits::Calendar }).unwrap();
    println!("{}", driver.events());
}
