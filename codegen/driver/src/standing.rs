//! How a rollout stands, and when a driver has nothing more to do.

use fleetgen_rollout::{GroupState, Hold, Phase, RolloutOutcome, State, Status};
use jiff::Timestamp;

/// How long to go on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Stop at this time.
    pub until: Option<Timestamp>,
    /// What to wait for, instead of stopping when nothing else is left to do.
    pub waits: Waits,
}

/// What a driver waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Waits {
    /// Nothing.
    #[default]
    Nothing,
    /// Windows and freezes.
    Calendar,
    /// People as well: there is someone who may approve, or let it go on.
    People,
}

/// Why a driver stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The rollout is over.
    Finished(RolloutOutcome),
    /// The time is up.
    InProgress,
    /// A person paused it.
    Paused,
    /// It waits for a window, the end of a freeze, or an approval.
    Waiting(Hold),
    /// It cannot go on without a person.
    NeedsHuman(Hold),
}

/// Why there is nothing to do now.
pub(crate) fn stop(state: &State, now: Timestamp, limits: Limits) -> Option<Stop> {
    if state.outcome().is_none() && limits.until.is_some_and(|until| now >= until) {
        return Some(Stop::InProgress);
    }
    let is_open = state.holds().any(|hold| matches!(hold, Hold::Window { .. } | Hold::Freeze { .. }));
    match standing(state) {
        Stop::InProgress => None,
        Stop::Waiting(_) | Stop::NeedsHuman(_) if is_open && limits.waits == Waits::Calendar => None,
        Stop::Waiting(_) | Stop::NeedsHuman(_) | Stop::Paused if limits.waits == Waits::People => None,
        stop => Some(stop),
    }
}

/// How a rollout stands: over, paused, waiting, held for a person, or in progress.
pub fn standing(state: &State) -> Stop {
    if let Some(outcome) = state.outcome() {
        return Stop::Finished(outcome);
    }
    let active = || state.active().filter_map(|index| state.groups.get(index));
    let needs_person = |group: &GroupState| group.hold.as_ref().is_some_and(Hold::needs_person);
    let is_moving = |group: &GroupState| match group.phase {
        Phase::Canary | Phase::Judging | Phase::Updating => !group.is_still,
        _ => false,
    };
    if state.paused.is_some() {
        let goes_on = active().any(|group| {
            group.pending.is_some()
                || !needs_person(group)
                    && (group.phase == Phase::RollingBack || group.stopping.is_some() || is_moving(group))
        });
        return if goes_on { Stop::InProgress } else { Stop::Paused };
    }
    let waits = |hold: &Hold| {
        hold.needs_person() || matches!(hold, Hold::Window { .. } | Hold::Freeze { .. } | Hold::Approval { .. })
    };
    let is_waiting = |group: &GroupState| {
        group.pending.is_none()
            && group.hold.as_ref().is_some_and(waits)
            // What was changed outside the rollout is not touched, whatever it does.
            && (matches!(group.hold, Some(Hold::Drift { .. })) || !is_moving(group))
    };
    let nothing_starts = state.status == Status::Running && state.hold.as_ref().is_some_and(waits);
    if !active().all(is_waiting) || (active().next().is_none() && !nothing_starts) {
        return Stop::InProgress;
    }
    let first = |wanted: fn(&Hold) -> bool| state.holds().find(|hold| wanted(hold)).cloned();
    let by_person = first(Hold::needs_person);
    let approval = first(|hold| matches!(hold, Hold::Approval { .. }));
    let calendar = first(|hold| matches!(hold, Hold::Window { .. } | Hold::Freeze { .. }));
    match (by_person, approval.or(calendar)) {
        (Some(hold), _) => Stop::NeedsHuman(hold),
        (None, Some(hold)) => Stop::Waiting(hold),
        (None, None) => Stop::InProgress,
    }
}
