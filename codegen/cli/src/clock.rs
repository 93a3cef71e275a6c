//! The current day, for what expires, and the time of orders and plans. The only place that reads a clock.

use fleetgen_fleet::scalar::Date;
use jiff::Timestamp;

/// The current day in UTC, or that of `SOURCE_DATE_EPOCH` if it is set, so that a run can be repeated.
///
/// # Errors
/// `SOURCE_DATE_EPOCH` is not a number of seconds.
pub(crate) fn today() -> anyhow::Result<Date> {
    let day = now()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    Date::try_from(day.to_string()).map_err(|problem| anyhow::anyhow!("{}", problem.message))
}

/// The time now in whole seconds, or `SOURCE_DATE_EPOCH` if it is set.
///
/// # Errors
/// `SOURCE_DATE_EPOCH` is not a number of seconds.
pub(crate) fn now() -> anyhow::Result<Timestamp> {
    Ok(match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => Timestamp::from_second(seconds.parse()?)?,
        Err(_) => Timestamp::from_second(Timestamp::now().as_second())?,
    })
}
