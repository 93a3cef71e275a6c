//! The current day, for what expires. The only place that reads a clock.

use fleetgen_fleet::scalar::Date;

/// The current day in UTC, or that of `SOURCE_DATE_EPOCH` if it is set, so that a run can be repeated.
///
/// # Errors
/// `SOURCE_DATE_EPOCH` is not a number of seconds.
pub(crate) fn today() -> anyhow::Result<Date> {
    let now = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => jiff::Timestamp::from_second(seconds.parse()?)?,
        Err(_) => jiff::Timestamp::now(),
    };
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    Date::try_from(day.to_string()).map_err(|problem| anyhow::anyhow!("{}", problem.message))
}
