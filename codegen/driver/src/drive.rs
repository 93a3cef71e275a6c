//! The loop: look, step, append, perform.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};

use fleetgen_fleet::Check;
use fleetgen_fleet::scalar::ImageId;
use fleetgen_rollout::{
    Answer, Append, Cloud, Effect, Engine, Event, Head, Journal, JournalError, Look, Notice, Notices, Record,
    SealedRecord, State, Step, Subject, Verdict,
};
use jiff::{SignedDuration, Timestamp};

use crate::replay::{ReplayError, Replayed, follow, replay};
use crate::standing::{Limits, Stop, stop};
use crate::{Clock, Gates, Lease};

/// How often the journal is checked for orders of other processes.
const ORDERS: SignedDuration = SignedDuration::from_secs(10);

/// What a driver works with.
pub struct Parts<'a> {
    /// The clouds.
    pub cloud: &'a mut dyn Cloud,
    /// Where records go.
    pub journal: &'a mut dyn Journal,
    /// The right to drive.
    pub lease: &'a mut dyn Lease,
    /// Time.
    pub clock: &'a mut dyn Clock,
    /// Gates that no cloud answers.
    pub gates: &'a mut dyn Gates,
    /// The images that are revoked now.
    pub revoked: &'a mut dyn FnMut() -> BTreeSet<ImageId>,
    /// Sees what happens.
    pub observer: &'a mut dyn Observer,
    /// Tells people what they should know.
    pub notifier: Option<&'a mut dyn Notifier>,
    /// Set by whoever wants the driver to stop. The rollout can be resumed.
    pub stop: &'a AtomicBool,
}

/// Is told what a driver does: for output, and to check invariants.
pub trait Observer {
    /// A record is durable.
    fn recorded(&mut self, record: &Record);
    /// An effect is about to be performed.
    fn performing(&mut self, effect: &Effect);
    /// An event led to a state.
    fn stepped(&mut self, engine: &Engine, event: &Event, at: Timestamp, state: &State, effects: &[Effect]);
}

/// Tells no one.
#[derive(Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn recorded(&mut self, _: &Record) {}
    fn performing(&mut self, _: &Effect) {}
    fn stepped(&mut self, _: &Engine, _: &Event, _: Timestamp, _: &State, _: &[Effect]) {}
}

/// Tells people what they should know. It never keeps a rollout from going on.
pub trait Notifier {
    /// Takes a notice, without waiting for it to be delivered.
    fn send(&mut self, notice: &Notice);

    /// The records whose notices were delivered since the last call. Waits for the others, if asked to, but not for long.
    fn told(&mut self, wait: bool) -> BTreeSet<u64>;
}

/// What ends a driver early. Nothing is lost: the rollout can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// Another driver has taken over.
    #[error("another driver has taken over: {0}")]
    Fenced(String),
    /// The journal cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A record could not be written.
    #[error("the journal cannot be written: {0}")]
    Journal(#[from] JournalError),
}

/// Drives a rollout.
pub struct Driver<'a> {
    engine: &'a Engine,
    parts: Parts<'a>,
    actor: String,
    epoch: u64,
    /// Taken while a step is made of it.
    state: Option<State>,
    head: Head,
    queue: BinaryHeap<Reverse<(Timestamp, u64, Subject)>>,
    /// When each subject is due. An entry of the queue with another time is out of date.
    due: BTreeMap<Subject, Timestamp>,
    queued: u64,
    orders_read: Timestamp,
    notices: Notices,
    /// The last record whose notice the notifier has got.
    told: u64,
    /// How many events there were, recorded or not.
    events: u64,
}

impl<'a> Driver<'a> {
    /// Replays the journal and takes over: from now on, the driver before this one can append nothing.
    ///
    /// # Errors
    /// The journal is broken or belongs to another plan, or cannot be read or written.
    pub fn open(engine: &'a Engine, parts: Parts<'a>, actor: &str, most: Option<u64>) -> Result<Self, Halt> {
        let Replayed { state, head, notices, .. } = replay(engine, parts.journal, most)?;
        let epoch = state.epoch + 1;
        let notifies = parts.notifier.is_some();
        let mut driver = Self {
            engine,
            actor: actor.to_owned(),
            epoch,
            state: Some(state),
            head,
            queue: BinaryHeap::new(),
            due: BTreeMap::new(),
            queued: 0,
            orders_read: Timestamp::MIN,
            notices,
            told: 0,
            events: 0,
            parts,
        };
        driver.submit(Event::Opened { plan: engine.id().clone(), epoch, notifies })?;
        Ok(driver)
    }

    /// The state.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Takes an event, and does everything that follows from it.
    ///
    /// # Errors
    /// Another driver has taken over, or the journal cannot be read or written.
    pub fn submit(&mut self, event: Event) -> Result<(), Halt> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let at = self.parts.clock.now();
            for effect in self.commit(&event, at)? {
                events.extend(self.perform(effect));
            }
        }
        Ok(())
    }

    /// Performs an effect whose record is durable, and returns how that ended.
    fn perform(&mut self, effect: Effect) -> Option<Event> {
        self.parts.observer.performing(&effect);
        let index = self.engine.index(&effect.group)?;
        let Answer { outcome, request } = self.parts.cloud.perform(&self.engine.plan().groups[index], &effect);
        let pending = self.state.as_ref().and_then(|state| state.groups[index].pending.as_ref());
        let number = pending.map_or(0, |pending| pending.number);
        Some(Event::Performed { group: effect.group, number, outcome, request })
    }

    /// Steps, and makes the step durable if it changed something. Returns what to perform.
    fn commit(&mut self, event: &Event, at: Timestamp) -> Result<Vec<Effect>, Halt> {
        loop {
            let Some(state) = self.state.take() else { return Ok(Vec::new()) };
            self.events += 1;
            let Step { state, effects, changed, touched } = self.engine.step(state, event, at);
            if changed {
                let record = Record {
                    number: self.head.number + 1,
                    previous: self.head.digest.clone(),
                    epoch: self.epoch,
                    actor: self.actor.clone(),
                    at,
                    event: event.clone(),
                    effects: effects.clone(),
                };
                if !self.append(SealedRecord::new(record.clone()))? {
                    // A person gave an order meanwhile. It comes first.
                    let replayed = replay(self.engine, self.parts.journal, None)?;
                    if replayed.state.epoch != self.epoch {
                        return Err(Halt::Fenced("another driver".to_owned()));
                    }
                    self.state = Some(replayed.state);
                    self.head = replayed.head;
                    self.notices = replayed.notices;
                    self.schedule_all(at);
                    continue;
                }
                self.note(&record, &state);
            }
            self.parts.observer.stepped(self.engine, event, at, &state, &effects);
            self.state = Some(state);
            self.schedule(&touched, at);
            return Ok(effects);
        }
    }

    /// Appends a record. Returns false if another one is in its place, which is not another driver's.
    fn append(&mut self, sealed: SealedRecord) -> Result<bool, Halt> {
        let number = sealed.record.number;
        let text = sealed.render();
        let appended = self.parts.journal.append(number, &text);
        if !matches!(appended, Ok(Append::Written)) {
            // Ours may have been written although the answer was lost.
            match (self.parts.journal.read(number)?, appended) {
                (Some(found), _) if found == text => {}
                (Some(found), _) => {
                    let other = SealedRecord::parse(&found)
                        .map_err(|what| ReplayError::Broken(fleetgen_rollout::Broken { number, what }))?;
                    if matches!(other.record.event, Event::Opened { .. }) {
                        return Err(Halt::Fenced(other.record.actor));
                    }
                    return Ok(false);
                }
                (None, Err(error)) => return Err(error.into()),
                (None, Ok(_)) => return Err(JournalError(format!("record {number} has vanished")).into()),
            }
        }
        self.head = Head { number, digest: sealed.digest };
        self.parts.journal.set_head(&self.head)?;
        self.parts.observer.recorded(&sealed.record);
        Ok(true)
    }

    fn schedule(&mut self, touched: &[Subject], at: Timestamp) {
        for subject in touched {
            let due = self.state.as_ref().and_then(|state| self.engine.attention(state, *subject, at));
            match due {
                Some(due) => {
                    self.due.insert(*subject, due);
                    self.queued += 1;
                    self.queue.push(Reverse((due, self.queued, *subject)));
                }
                None => {
                    self.due.remove(subject);
                }
            }
        }
    }

    fn schedule_all(&mut self, at: Timestamp) {
        let groups = (0..self.engine.plan().groups.len()).map(Subject::Group);
        self.schedule(&groups.chain([Subject::Wave]).collect::<Vec<_>>(), at);
    }

    /// Takes records that others have appended: orders, or the end of this driver.
    fn take_records(&mut self) -> Result<(), Halt> {
        while let Some(text) = self.parts.journal.read(self.head.number + 1)? {
            let number = self.head.number + 1;
            let broken = |what: String| ReplayError::Broken(fleetgen_rollout::Broken { number, what });
            let sealed = SealedRecord::parse(&text).map_err(broken)?;
            if matches!(sealed.record.event, Event::Opened { .. }) {
                return Err(Halt::Fenced(sealed.record.actor));
            }
            let Some(state) = self.state.take() else { return Ok(()) };
            let step = follow(self.engine, state, &sealed.record).map_err(ReplayError::Broken)?;
            self.head = Head { number, digest: sealed.digest };
            self.parts.observer.recorded(&sealed.record);
            self.note(&sealed.record, &step.state);
            let Record { event, at, .. } = sealed.record;
            self.parts.observer.stepped(self.engine, &event, at, &step.state, &step.effects);
            self.state = Some(step.state);
            let now = self.parts.clock.now();
            self.schedule(&step.touched, now);
            // Whoever gave the order performs nothing, so what follows from it is up to us.
            for effect in step.effects {
                if let Some(performed) = self.perform(effect) {
                    self.submit(performed)?;
                }
            }
        }
        Ok(())
    }

    /// Gives the notifier what a record says, if someone should know.
    fn note(&mut self, record: &Record, after: &State) {
        let Some(notifier) = &mut self.parts.notifier else { return };
        self.notices.take(self.engine, record, after);
        for notice in self.notices.due().iter().filter(|notice| notice.record > self.told) {
            notifier.send(notice);
        }
        self.told = self.told.max(record.number);
    }

    /// Appends what people were told, so that they are not told again.
    fn take_told(&mut self, wait: bool) -> Result<(), Halt> {
        let Some(notifier) = &mut self.parts.notifier else { return Ok(()) };
        let records = notifier.told(wait);
        if records.is_empty() { Ok(()) } else { self.submit(Event::Notified { records }) }
    }

    /// Runs until the rollout is over, the time is up, or only a person or the calendar can go on.
    ///
    /// # Errors
    /// Another driver has taken over, or the journal cannot be read or written.
    pub fn run(&mut self, limits: Limits) -> Result<Stop, Halt> {
        self.take_records()?;
        loop {
            let now = self.parts.clock.now();
            if now.duration_since(self.orders_read).abs() >= ORDERS {
                self.take_records()?;
                self.parts.lease.keep(now).map_err(Halt::Fenced)?;
                self.orders_read = now;
                self.take_revocations()?;
            }
            self.take_told(false)?;
            if let Some(stop) = self.stop(now, limits) {
                self.take_told(true)?;
                if !matches!(stop, Stop::Finished(_)) {
                    self.submit(Event::Closed)?;
                }
                return Ok(stop);
            }
            let Some(Reverse((due, number, subject))) = self.queue.pop() else {
                // Only an order can go on; one may come.
                self.parts.clock.wait(now.checked_add(ORDERS).unwrap_or(Timestamp::MAX));
                continue;
            };
            if self.due.get(&subject) != Some(&due) {
                continue;
            }
            if due > now {
                self.queue.push(Reverse((due, number, subject)));
                self.parts.clock.wait(limits.until.map_or(due, |until| until.min(due)));
                continue;
            }
            self.due.remove(&subject);
            self.look(subject, now)?;
            self.schedule(&[subject], now);
        }
    }

    fn stop(&self, now: Timestamp, limits: Limits) -> Option<Stop> {
        let state = self.state.as_ref()?;
        let is_asked = self.parts.stop.load(Ordering::Relaxed) && state.outcome().is_none();
        if is_asked { Some(Stop::InProgress) } else { stop(state, now, limits) }
    }

    /// Images may be revoked at any time, as long as the rollout runs.
    fn take_revocations(&mut self) -> Result<(), Halt> {
        let images = (self.parts.revoked)();
        let is_new = |image: &ImageId| self.state.as_ref().is_some_and(|state| !state.revoked.contains(image));
        let is_used = |image: &ImageId| {
            let groups = self.engine.plan().groups.iter();
            groups.into_iter().any(|group| group.to.image == *image || group.from.image.as_ref() == Some(image))
        };
        let images: BTreeSet<ImageId> = images.into_iter().filter(|image| is_new(image) && is_used(image)).collect();
        if images.is_empty() || self.state.as_ref().is_some_and(|state| state.outcome().is_some()) {
            return Ok(());
        }
        self.submit(Event::Revoked { images })
    }

    fn look(&mut self, subject: Subject, now: Timestamp) -> Result<(), Halt> {
        let Some(state) = &self.state else { return Ok(()) };
        let group = match subject {
            Subject::Group(index) => self.engine.plan().groups.get(index),
            Subject::Wave => None,
        };
        let sight = group.map(|group| self.parts.cloud.observe(group));
        let mut verdicts = BTreeMap::new();
        for (name, gate) in self.engine.wanted(state, subject, now) {
            let verdict = match gate.check {
                Check::Http(_) | Check::LocalCommand(_) => self.parts.gates.check(group, gate),
                Check::Alarm(_) | Check::Sessions | Check::MachineCommand(_) => self.parts.cloud.check(group, gate),
                Check::Approval(_) => Verdict::Unknown,
            };
            verdicts.insert(name.clone(), verdict);
        }
        let event = match (group, sight) {
            (Some(group), Some(sight)) => Event::Looked { group: group.name.clone(), look: Look { sight, verdicts } },
            _ if verdicts.is_empty() => Event::Ticked,
            _ => Event::Judged { verdicts },
        };
        self.submit(event)
    }
}
