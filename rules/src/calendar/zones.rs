//! Between wall clocks and instants.
//!
//! # Method
//!
//! The zones of the IANA database that jiff bundles, all of them loaded once: a lookup by
//! [`ZoneId`] is an index. A wall-clock time that does not exist is the moment after the jump; one that
//! exists twice is the first.

use std::sync::OnceLock;

use crossdock_standard::zone::ZoneId;
use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use super::civil;

/// The zone of an id.
#[must_use]
pub fn of(id: ZoneId) -> &'static TimeZone {
    static ZONES: OnceLock<Vec<TimeZone>> = OnceLock::new();
    let zones = ZONES.get_or_init(|| {
        ZoneId::all().map(|id| TimeZone::get(id.name()).unwrap_or(TimeZone::UTC)).collect()
    });
    &zones[usize::from(id.index())]
}

/// The zone of an IANA name.
#[must_use]
pub fn named(name: &str) -> Option<TimeZone> {
    ZoneId::from_name(name.as_bytes()).map(|id| of(id).clone())
}

/// Day since 1970 and second of the day that a wall clock shows.
#[must_use]
pub fn local(zone: &TimeZone, instant: i64) -> (i32, u32) {
    let offset = Timestamp::from_second(instant)
        .map_or(0, |timestamp| i64::from(zone.to_offset(timestamp).seconds()));
    let local = instant + offset;
    let day = i32::try_from(local.div_euclid(86_400)).unwrap_or(0);
    (day, local.rem_euclid(86_400) as u32)
}

/// The instant at which a wall clock shows a second of a day; 86,400 is the midnight after.
#[must_use]
pub fn instant(zone: &TimeZone, day: i32, second: u32) -> i64 {
    let day = day + i32::try_from(second / 86_400).unwrap_or(0);
    let second = second % 86_400;
    let naive = i64::from(day) * 86_400 + i64::from(second);
    let (year, month, of_month) = civil::from_days(day);
    let parts = (i16::try_from(year), i8::try_from(month), i8::try_from(of_month));
    let (Ok(year), Ok(month), Ok(of_month)) = parts else { return naive };
    let Ok(date) = jiff::civil::Date::new(year, month, of_month) else { return naive };
    let part = |value: u32| i8::try_from(value).unwrap_or(0);
    let time = Time::new(part(second / 3600), part(second / 60 % 60), part(second % 60), 0);
    let Ok(time) = time else { return naive };
    zone.to_ambiguous_timestamp(DateTime::from_parts(date, time))
        .compatible()
        .map_or(naive, Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_jump() {
        let zone = named("America/New_York").expect("there");
        let day = civil::to_days(2026, 3, 8);
        // 02:30 does not exist: 03:30.
        assert_eq!(civil::show_instant(instant(&zone, day, 9000)), "2026-03-08T07:30:00Z");
        assert_eq!(local(&zone, instant(&zone, day, 9000)), (day, 12_600));
        assert_eq!(civil::show_instant(instant(&zone, day, 86_400)), "2026-03-09T04:00:00Z");
        // 01:30 exists twice: the first.
        let day = civil::to_days(2026, 11, 1);
        assert_eq!(civil::show_instant(instant(&zone, day, 5400)), "2026-11-01T05:30:00Z");
        assert!(named("America/Nowhere").is_none());
    }
}
