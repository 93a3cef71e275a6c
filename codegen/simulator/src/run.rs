//! A whole rollout in a world, with everything that goes wrong and everything that people do, by script.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;

use fleetgen_driver::{Driver, Halt, Limits, Parts, Stop, Waits, order, replay};
use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::{Engine, Hold, Invariant, Order, Phase, Plan, RolloutOutcome, State, Violation, Watch};
use jiff::{SignedDuration, Timestamp};

use crate::observe::{Observing, Shared};
use crate::{Crashes, Fault, Memory, Point, Sickness, VirtualClock, VirtualTime, WATCHED, World};

/// Nobody stops a driver here.
static NEVER: AtomicBool = AtomicBool::new(false);

/// What happens in a run.
#[derive(Debug, Clone)]
pub struct Script {
    /// The plan.
    pub plan: Plan,
    /// The seed of everything that happens by chance.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Groups whose new image is sick, by their place in the plan.
    pub sick: Vec<(usize, Sickness)>,
    /// Gates that fail: their alarm, URL or program.
    pub failing: Vec<String>,
    /// What people order, in seconds after the start; in order.
    pub orders: Vec<(u32, Order)>,
    /// Where drivers crash. Each is replaced after a minute.
    pub crashes: Vec<Point>,
    /// By how many seconds the clock is wrong, from a time on; in order.
    pub jumps: Vec<(u32, i32)>,
    /// Whether a person approves what must be approved, and tells a rollout that needs a human to go on, and, if that does
    /// not help, aborts it.
    pub is_attended: bool,
    /// The end of the run, in hours.
    pub hours: u32,
    /// Whether every invariant is checked at every step, which takes as long as the fleet is large.
    pub checks: bool,
    /// Whether no driver replaces one that has crashed: two days later, the run is over.
    pub is_abandoned: bool,
}

impl Script {
    /// Nothing goes wrong.
    pub fn new(plan: Plan, seed: u64) -> Self {
        Self {
            plan,
            seed,
            faults: Vec::new(),
            sick: Vec::new(),
            failing: Vec::new(),
            orders: Vec::new(),
            crashes: Vec::new(),
            jumps: Vec::new(),
            is_attended: true,
            hours: 24 * 9,
            checks: true,
            is_abandoned: false,
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// How the rollout ended, if it has.
    pub outcome: Option<RolloutOutcome>,
    /// Why the last driver stopped.
    pub stop: Option<Stop>,
    /// How long it took.
    pub took: SignedDuration,
    /// How long that was without the parts of waits that are not worth watching.
    pub watched: SignedDuration,
    /// The state at the end.
    pub state: State,
    /// The journal.
    pub records: Vec<String>,
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// How many events there were, recorded or not.
    pub events: u64,
    /// When groups came to their phases, in true time.
    pub phases: Vec<(Timestamp, usize, Phase)>,
    /// How many points there were at which a driver can crash.
    pub points: Point,
    /// The world at the end.
    pub world: World,
}

/// Runs a script.
pub fn run(script: &Script) -> Report {
    let began = script.plan.request.created;
    let time = VirtualTime::new(began);
    let crashes = Crashes::at(script.crashes.iter().copied());
    let engine = Engine::new(script.plan.clone());
    let world = prepare(script, &engine, &time, &crashes);
    let managed: Vec<_> = names(&engine).map(|name| world.0.borrow().managed(name)).collect();
    let mut runs = Stage {
        script,
        engine: &engine,
        journal: Memory::new(&crashes),
        orders: script.orders.as_slice(),
        end: began + SignedDuration::from_hours(script.hours.into()),
        resumed: 0,
        events: 0,
        watched: SignedDuration::ZERO,
        violations: Vec::new(),
        phases: Vec::new(),
        stop: None,
        world,
        crashes,
        time,
    };
    while runs.drive() {}
    let Stage { mut journal, mut violations, world, crashes, time, stop, events, phases, watched, .. } = runs;
    let state = match replay(&engine, &mut journal, None) {
        Ok(replayed) => replayed.state,
        Err(error) => {
            violations.push(Violation { invariant: Invariant::Replay, what: error.to_string() });
            engine.initial()
        }
    };
    let world = world.0.borrow().clone();
    violations.extend(judge(&engine, &world, &managed, &approved(&script.plan)));
    let (outcome, points, records) = (state.outcome(), crashes.passed(), journal.records());
    let took = time.now().duration_since(began);
    Report { outcome, stop, took, watched, state, records, violations, events, phases, points, world }
}

/// What stays while drivers come and go.
struct Stage<'a> {
    script: &'a Script,
    engine: &'a Engine,
    world: Shared,
    time: VirtualTime,
    crashes: Crashes,
    journal: Memory,
    /// Those that were not given yet.
    orders: &'a [(u32, Order)],
    end: Timestamp,
    /// How often a person had to help.
    resumed: u32,
    events: u64,
    watched: SignedDuration,
    violations: Vec<Violation>,
    phases: Vec<(Timestamp, usize, Phase)>,
    stop: Option<Stop>,
}

impl Stage<'_> {
    /// Runs one driver, until it ends or crashes. Returns whether another one follows.
    fn drive(&mut self) -> bool {
        let began = self.script.plan.request.created;
        let jumps = self.script.jumps.iter();
        let jumps = jumps.map(|(at, by)| (seconds(began, *at), SignedDuration::from_secs((*by).into())));
        let mut clock = VirtualClock::new(&self.time).with_jumps(jumps.collect()).with_pace(0.0, WATCHED);
        let reader = clock.clone();
        let (mut cloud, mut gates, mut journal) = (self.world.clone(), self.world.clone(), self.journal.clone());
        let state = replay(self.engine, &mut journal, None);
        let state = state.map_or_else(|_| self.engine.initial(), |replayed| replayed.state);
        let mut observing = Observing {
            engine: self.engine,
            time: self.time.clone(),
            checks: self.script.checks,
            history: Vec::new(),
            watch: Watch::from_state(self.engine, &state),
            world: self.world.clone(),
            approved: approved(&self.script.plan),
            phases: state.groups.iter().map(|group| group.phase).collect(),
            violations: Vec::new(),
            replayed: Some(state),
        };
        let parts = Parts {
            cloud: &mut cloud,
            journal: &mut journal,
            lease: &mut (),
            clock: &mut clock,
            gates: &mut gates,
            revoked: &mut BTreeSet::new,
            observer: &mut observing,
            notifier: None,
            stop: &NEVER,
        };
        let mut events = 0;
        let halt = Driver::open(self.engine, parts, "driver", None).and_then(|mut driver| {
            loop {
                let until = self.orders.first().map_or(self.end, |(at, _)| seconds(began, *at).min(self.end));
                let limits = Limits { until: Some(reader.reads_at_most(until)), waits: Waits::Calendar };
                let stop = driver.run(limits);
                events = driver.events();
                if !self.attend(stop?, until) {
                    return Ok(());
                }
            }
        });
        self.events += events;
        self.watched += reader.waited();
        self.violations.append(&mut observing.violations);
        self.phases.append(&mut observing.history);
        match halt {
            Ok(()) => false,
            Err(Halt::Fenced(_) | Halt::Replay(_) | Halt::Journal(_)) if self.crashes.is_dead() => {
                self.crashes.revive();
                let pause = if self.script.is_abandoned {
                    SignedDuration::from_hours(47)
                } else {
                    SignedDuration::from_mins(1)
                };
                self.time.advance(self.time.now() + pause);
                !self.script.is_abandoned
            }
            Err(halt) => {
                self.violations.push(Violation { invariant: Invariant::Crash, what: halt.to_string() });
                false
            }
        }
    }

    /// Does what a person would when a driver stops. Returns whether it goes on.
    fn attend(&mut self, stop: Stop, until: Timestamp) -> bool {
        let began = self.script.plan.request.created;
        let now = self.time.now();
        self.stop = Some(stop.clone());
        if let Some(((at, next), rest)) = self.orders.split_first()
            && (seconds(began, *at) <= now || !matches!(stop, Stop::InProgress))
        {
            // Nothing happens until a person does something.
            self.time.advance(until);
            self.orders = rest;
            return self.order(next);
        }
        match stop {
            Stop::InProgress => now < self.end,
            Stop::Waiting(Hold::Approval { gate }) if self.script.is_attended => self.order(&Order::Approve { gate }),
            Stop::Paused | Stop::NeedsHuman(_) if self.script.is_attended && self.resumed < 9 => {
                self.time.advance(quiet(began, &self.script.faults).max(now) + SignedDuration::from_mins(5));
                self.resumed += 1;
                let abort = Order::Abort { leave_mixed: false };
                self.order(if self.resumed < 4 { &Order::Resume } else { &abort })
            }
            Stop::Finished(_) | Stop::Paused | Stop::Waiting(_) | Stop::NeedsHuman(_) => false,
        }
    }

    fn order(&mut self, given: &Order) -> bool {
        order(self.engine, &mut self.journal.for_people(), "operator", given, self.time.now()).is_ok()
    }
}

fn seconds(began: Timestamp, at: u32) -> Timestamp {
    began + SignedDuration::from_secs(at.into())
}

fn names(engine: &Engine) -> impl Iterator<Item = &fleetgen_fleet::scalar::GroupName> {
    engine.plan().groups.iter().map(|group| &group.name)
}

/// When the last fault ends.
fn quiet(began: Timestamp, faults: &[Fault]) -> Timestamp {
    let last = faults.iter().map(|fault| fault.at.saturating_add(fault.lasts)).max().unwrap_or(0);
    seconds(began, last)
}

fn prepare(script: &Script, engine: &Engine, time: &VirtualTime, crashes: &Crashes) -> Shared {
    let mut world = World::of_plan(engine.plan(), script.seed, time.now());
    world.join(time, crashes);
    world.set_floors(engine.plan());
    world.add_faults(engine.plan(), &script.faults);
    for (group, sickness) in &script.sick {
        if let Some(group) = engine.plan().groups.get(*group) {
            world.make_sick(&group.name, *sickness);
        }
    }
    for gate in &script.failing {
        world.make_gate_fail(gate);
    }
    Shared(Rc::new(RefCell::new(world)))
}

/// The images that may be launched: where groups go to, and where they may return to.
fn approved(plan: &Plan) -> BTreeSet<ImageId> {
    let from = plan.groups.iter().filter(|group| !matches!(group.rollback, fleetgen_rollout::Rollback::Impossible(_)));
    let from = from.filter_map(|group| group.from.image.clone());
    from.chain(plan.groups.iter().map(|group| group.to.image.clone())).collect()
}

/// What can be seen only in the world itself.
fn judge(engine: &Engine, world: &World, managed: &[Option<String>], approved: &BTreeSet<ImageId>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (plan, managed) in engine.plan().groups.iter().zip(managed) {
        let mut violate = |invariant: Invariant, what: String| {
            found.push(Violation { invariant, what: format!("{}: {what}", plan.name) });
        };
        if let Some((healthy, floor)) = world.below(&plan.name).and_then(|below| below.worst) {
            violate(Invariant::Floor, format!("{healthy} healthy, and the floor is {floor}"));
        }
        let lowest = world.lowest(&plan.name);
        if let Some(lowest) = lowest.filter(|lowest| lowest.size == 1 && lowest.healthy == 0)
            && plan.floor(1) == 1
        {
            violate(Invariant::GroupOfOne, format!("{lowest:?}"));
        }
        if world.managed(&plan.name) != *managed {
            violate(Invariant::TerraformKeeps, "what Terraform manages has changed".to_owned());
        }
        if let Some(key) = world.overwritten(&plan.name) {
            violate(Invariant::Foreign, key.to_owned());
        }
        if let Some(key) = world.conflict(&plan.name) {
            violate(Invariant::OneChange, key.to_owned());
        }
        if world.made(&plan.name) > 1 {
            violate(Invariant::Idempotent, format!("{} versions were made", world.made(&plan.name)));
        }
        let from = plan.from.image.as_ref();
        if let Some(image) = world.launched(&plan.name).find(|image| !approved.contains(*image) && Some(*image) != from)
        {
            violate(Invariant::OnlyApproved, image.to_string());
        }
    }
    let repeated = world.repeated().iter();
    found.extend(repeated.map(|key| Violation { invariant: Invariant::Idempotent, what: key.clone() }));
    found
}
