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

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn opening(days: &[Day], from: &str, to: &str, zone: &str) -> Opening {
        Opening::parse(&Window {
            days: days.to_vec(),
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            time_zone: zone.to_owned().try_into().unwrap(),
        })
        .unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn is_open(opening: &Opening, time: &str) -> bool {
        opening.around(at(time)).any(|(from, to)| (from..to).contains(&at(time)))
    }

    #[test]
    fn windows_are_in_their_own_time_zone() {
        let office = opening(&[Day::Monday, Day::Tuesday], "10:00", "16:00", "Asia/Tokyo");
        for (time, open) in [
            ("2026-11-02T00:59:59Z", false),
            ("2026-11-02T01:00:00Z", true),
            ("2026-11-02T06:59:59Z", true),
            // The first minute after the period.
            ("2026-11-02T07:00:00Z", false),
            ("2026-11-04T02:00:00Z", false),
        ] {
            assert_eq!(is_open(&office, time), open, "{time}");
        }
        // Sunday in UTC, and Monday in Auckland.
        let auckland = opening(&[Day::Monday], "08:00", "10:00", "Pacific/Auckland");
        assert!(is_open(&auckland, "2026-11-01T19:30:00Z"));
    }

    /// On 14 March 2027, New York goes from 02:00 to 03:00.
    #[test]
    fn what_the_clocks_skip_does_not_open() {
        let within = opening(&[Day::Sunday], "02:00", "03:00", "America/New_York");
        for minute in 0..24 * 60 {
            let time = at("2027-03-14T04:00:00Z").checked_add(SignedDuration::from_mins(minute)).unwrap().to_string();
            assert!(!is_open(&within, &time) || !time.starts_with("2027-03-14T06"), "{time}");
        }
        // 01:30 to 02:00 is before the gap, and 03:00 to 03:30 after it: an hour in all.
        let across = opening(&[Day::Sunday], "01:30", "03:30", "America/New_York");
        assert!(is_open(&across, "2027-03-14T06:30:00Z") && is_open(&across, "2027-03-14T07:29:00Z"));
        assert!(!is_open(&across, "2027-03-14T07:30:00Z"));
        // 02:30 does not exist; an hour later does.
        let from = opening(&[Day::Sunday], "02:30", "05:00", "America/New_York");
        assert!(!is_open(&from, "2027-03-14T07:29:00Z") && is_open(&from, "2027-03-14T07:30:00Z"));
    }

    /// On 1 November 2026, New York has the hour from 01:00 to 02:00 twice.
    #[test]
    fn what_the_clocks_repeat_opens_once() {
        let within = opening(&[Day::Sunday], "01:00", "01:30", "America/New_York");
        assert!(is_open(&within, "2026-11-01T05:00:00Z") && !is_open(&within, "2026-11-01T06:00:00Z"));
        // One that ends after the hour is as much longer.
        let across = opening(&[Day::Sunday], "00:30", "02:00", "America/New_York");
        assert!(is_open(&across, "2026-11-01T04:30:00Z") && is_open(&across, "2026-11-01T06:59:00Z"));
        assert!(!is_open(&across, "2026-11-01T07:00:00Z"));
    }

    #[test]
    fn the_next_opening_is_found_a_week_ahead() {
        let weekly = opening(&[Day::Wednesday], "10:00", "11:00", "UTC");
        let now = at("2026-11-04T11:00:00Z");
        let next = weekly.around(now).map(|(from, _)| from).filter(|from| *from > now).min();
        assert_eq!(next, Some(at("2026-11-11T10:00:00Z")));
    }
}
