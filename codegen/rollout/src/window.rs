//! When things may start: windows and freezes, in their own time zones.

use std::collections::BTreeMap;

use fleetgen_fleet::Window;
use fleetgen_fleet::choice::Day;
use fleetgen_fleet::scalar::EnvironmentName;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

use crate::plan::{Kind, Plan};
use crate::state::Hold;

/// The windows and freezes of a plan, parsed once.
#[derive(Debug)]
pub struct Calendar {
    environments: BTreeMap<EnvironmentName, Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// Empty for any time.
    windows: Vec<Opening>,
    /// From, until (exclusive), and why.
    freezes: Vec<(Timestamp, Timestamp, String)>,
}

#[derive(Debug)]
struct Opening {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
    zone: TimeZone,
}

impl Calendar {
    /// The calendar of a plan. Windows do not apply to an emergency.
    pub fn new(plan: &Plan) -> Self {
        let is_emergency = matches!(plan.request.kind, Kind::Emergency(_));
        let environments = plan.environments.iter().map(|environment| {
            let windows = if is_emergency { &[] } else { environment.windows.as_slice() };
            let freezes = plan.policy.freezes.iter().filter(|freeze| freeze.environments.contains(&environment.name));
            let freezes = freezes.filter_map(|freeze| {
                let zone = zone(freeze.time_zone.as_str())?;
                let start = |day: Date| day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
                let last: Date = freeze.until.as_str().parse().ok()?;
                let until = start(last.checked_add(1.day()).ok()?)?;
                Some((start(freeze.from.as_str().parse().ok()?)?, until, freeze.reason.to_string()))
            });
            let times =
                Times { windows: windows.iter().filter_map(Opening::parse).collect(), freezes: freezes.collect() };
            (environment.name.clone(), times)
        });
        Self { environments: environments.collect() }
    }

    /// What keeps something in an environment from starting at a time.
    pub fn hold(&self, environment: &EnvironmentName, at: Timestamp) -> Option<Hold> {
        let times = self.environments.get(environment)?;
        if let Some((_, until, reason)) = times.freezes.iter().find(|(from, until, _)| (*from..*until).contains(&at)) {
            return Some(Hold::Freeze { until: *until, reason: reason.clone() });
        }
        if times.windows.is_empty()
            || times.windows.iter().any(|window| window.around(at).any(|(from, to)| (from..to).contains(&at)))
        {
            return None;
        }
        let next = times
            .windows
            .iter()
            .flat_map(|window| window.around(at))
            .map(|(from, _)| from)
            .filter(|from| *from > at)
            .min();
        Some(Hold::Window { until: next })
    }
}

impl Opening {
    fn parse(window: &Window) -> Option<Self> {
        let time = |text: &str| text.parse::<Time>().ok();
        Some(Self {
            days: window.days.iter().copied().map(weekday).collect(),
            from: time(window.from.as_str())?,
            to: time(window.to.as_str())?,
            zone: zone(window.time_zone.as_str())?,
        })
    }

    /// The window's periods from the day before a time to eight days after it, the longest time without one if it opens
    /// once a week.
    ///
    /// A local time that the clocks skip is taken as the instant as far after the gap; one that they repeat, as the first
    /// of the two. So a window can be shorter than it reads, or not open at all on that day, but never open outside what it
    /// reads.
    fn around(&self, at: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let today = at.to_zoned(self.zone.clone()).date();
        (-1..=8).filter_map(move |offset: i64| {
            let day = today.checked_add(offset.days()).ok()?;
            if !self.days.contains(&day.weekday()) {
                return None;
            }
            let instant = |time: Time| {
                let zoned = self.zone.to_ambiguous_zoned(day.to_datetime(time)).compatible();
                zoned.ok().map(|zoned| zoned.timestamp())
            };
            let period = (instant(self.from)?, instant(self.to)?);
            (period.0 < period.1).then_some(period)
        })
    }
}

/// The database is bundled with the program, so that a plan means the same on every machine.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Monday => Weekday::Monday,
        Day::Tuesday => Weekday::Tuesday,
        Day::Wednesday => Weekday::Wednesday,
        Day::Thursday => Weekday::Thursday,
        Day::Friday => Weekday::Friday,
        Day::Saturday => Weekday::Saturday,
        Day::Sunday => Weekday::Sunday,
    }
}
