//! Days as numbers: the proleptic Gregorian calendar since 1970-01-01, and its texts.

use std::fmt::Write;

/// The day number of a date.
#[must_use]
pub const fn to_days(year: i32, month: u8, day: u8) -> i32 {
    // Howard Hinnant, "chrono-compatible low-level date algorithms".
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let shifted = (month as i32 + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + day as i32 - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day number.
#[must_use]
pub const fn from_days(days: i32) -> (i32, u8, u8) {
    let days = days as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year as i32, month as u8, day as u8)
}

/// 0 for Monday to 6 for Sunday.
#[must_use]
pub const fn weekday(days: i32) -> usize {
    (days + 3).rem_euclid(7) as usize
}

/// Days of a month.
#[must_use]
pub const fn month_len(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The day number of `2026-11-27`, years 1970 to 2105.
#[must_use]
pub fn parse_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        if digits { part.parse::<i32>().ok() } else { None }
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let month = u8::try_from(month).ok().filter(|month| (1..=12).contains(month))?;
    let day = u8::try_from(day).ok().filter(|day| (1..=month_len(year, month)).contains(day))?;
    (1970..2106).contains(&year).then(|| i64::from(to_days(year, month, day)))
}

/// Seconds since 1970 of `2026-11-27T10:00:00Z`; a zone or offset must be there, seconds need not.
#[must_use]
pub fn parse_instant(text: &str) -> Option<i64> {
    let day = parse_date(text.get(..10)?)?;
    let rest = text.get(10..)?.strip_prefix('T')?;
    let zone_at = rest.find(['Z', '+', '-'])?;
    let (clock, zone) = (rest.get(..zone_at)?, rest.get(zone_at..)?);
    let (minutes, seconds) = match clock.len() {
        5 => (clock, 0),
        8 => {
            let seconds = clock.get(5..)?.strip_prefix(':')?;
            let digits = seconds.bytes().all(|byte| byte.is_ascii_digit());
            (clock.get(..5)?, if digits { seconds.parse::<i64>().ok()? } else { return None })
        }
        _ => return None,
    };
    let clock = i64::from(crate::rule::duration::parse_time_of_day(minutes)?);
    let offset = if zone == "Z" {
        0
    } else {
        let size = i64::from(crate::rule::duration::parse_time_of_day(zone.get(1..)?)?);
        if zone.starts_with('-') { -size } else { size }
    };
    (clock < 86_400 && seconds < 60).then_some(day * 86_400 + clock + seconds - offset)
}

/// `2026-11-27`.
#[must_use]
pub fn show_date(days: i64) -> String {
    let mut out = String::new();
    write_date(&mut out, days);
    out
}

/// As [`show_date`], added to a text.
pub fn write_date(out: &mut String, days: i64) {
    let (year, month, day) = from_days(i32::try_from(days.clamp(-700_000, 2_900_000)).unwrap_or(0));
    write!(out, "{year:04}-{month:02}-{day:02}").expect("writing to a string");
}

/// `2026-11-27T10:00:00Z`.
#[must_use]
pub fn show_instant(seconds: i64) -> String {
    let mut out = String::new();
    write_instant(&mut out, seconds);
    out
}

/// As [`show_instant`], added to a text.
pub fn write_instant(out: &mut String, seconds: i64) {
    let second = seconds.rem_euclid(86_400);
    write_date(out, seconds.div_euclid(86_400));
    let (hours, minutes) = (second / 3600, second / 60 % 60);
    write!(out, "T{hours:02}:{minutes:02}:{:02}Z", second % 60).expect("writing to a string");
}

/// `Mon`.
#[must_use]
pub const fn weekday_name(days: i32) -> &'static str {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][weekday(days)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_leads_back() {
        let mut expected = (1969, 1, 1);
        for days in to_days(1969, 1, 1)..to_days(2110, 1, 1) {
            assert_eq!(from_days(days), expected);
            assert_eq!(to_days(expected.0, expected.1, expected.2), days);
            let (year, month, day) = expected;
            expected = if day < month_len(year, month) {
                (year, month, day + 1)
            } else if month < 12 {
                (year, month + 1, 1)
            } else {
                (year + 1, 1, 1)
            };
        }
        assert_eq!((weekday(0), weekday_name(0)), (3, "Thu"));
    }

    #[test]
    fn texts() {
        for (text, want) in [
            ("2026-11-27T10:00:00Z", "2026-11-27T10:00:00Z"),
            ("2026-03-06T16:00:00-06:00", "2026-03-06T22:00:00Z"),
            ("2026-03-06T16:00+05:30", "2026-03-06T10:30:00Z"),
            ("2026-03-06T16:00", ""),
            ("2026-03-06T24:00:00Z", ""),
            ("2026-02-29T10:00:00Z", ""),
            ("2026-02-28 10:00:00Z", ""),
            ("2026-02-2é", ""),
        ] {
            assert_eq!(parse_instant(text).map(show_instant).unwrap_or_default(), want, "{text}");
        }
    }
}
