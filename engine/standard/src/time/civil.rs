//! Dates and counts of days.
//!
//! # Place
//! Below every reader and writer of `time`.
//!
//! # Method
//! Proleptic Gregorian calendar with the year begun in March, so that the leap day is the last one. To days: months follow
//! `(153 m + 2) / 5` (Howard Hinnant, "chrono-compatible low-level date algorithms"). From days: divisions by
//! multiplication (Cassio Neri and Lorenz Schneider, "Euclidean affine functions and their application to calendar
//! algorithms", Software: Practice and Experience 2023, figure 12). No branch, no table.
//!
//! # Holds
//! Days from a date and back, lengths of months, weekdays.
//!
//! # Does not hold
//! Zones.

/// Seconds of one day of a wall clock.
pub const SECONDS_PER_DAY: i64 = 86_400;

/// A date of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil {
    /// The year.
    pub year: i32,
    /// The month, 1..=12.
    pub month: u8,
    /// The day, 1..=31.
    pub day: u8,
}

/// Days since 1970-01-01. The date must be a real one with a year in 0..=9999.
#[must_use]
#[inline]
pub const fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    debug_assert!(0 <= year && year <= 9999 && 1 <= month && month <= 12 && 1 <= day && day <= 31);
    // One year is added so that January of year 0 stays above zero; 400 of them would do the same.
    let early = (month <= 2) as u32;
    let year = year as u32 + 400 - early;
    let month = month + 12 * early - 3;
    let century = year / 100;
    let days = year * 1461 / 4 - century + century / 4 + (153 * month + 2) / 5 + day;
    days as i64 - 865_566
}

/// The date that lies `days` after 1970-01-01. For years 0..=9999.
#[must_use]
#[inline]
pub const fn civil_from_days(days: i64) -> Civil {
    // From the first of March of the year -400: above zero for all dates that are asked for.
    let days = (days + 719_468 + 146_097) as u32;
    let quarters = 4 * days + 3;
    let century = quarters / 146_097;
    let day_of_century = quarters % 146_097 / 4;
    let scaled = 2_939_745 * (4 * day_of_century + 3) as u64;
    let year_of_century = (scaled >> 32) as u32;
    let day_of_year = scaled as u32 / 2_939_745 / 4;
    let month_and_day = 2_141 * day_of_year + 197_913;
    let is_early = 306 <= day_of_year;
    let month = (month_and_day >> 16) - 12 * is_early as u32;
    let day = (month_and_day & 0xFFFF) / 2_141 + 1;
    let year = (100 * century + year_of_century + is_early as u32) as i32 - 400;
    Civil { year, month: month as u8, day: day as u8 }
}

/// Whether February has 29 days.
#[must_use]
#[inline]
pub const fn is_leap_year(year: i32) -> bool {
    // Of the years that 25 divides, only those that 16 divides; of the others, those that 4 divides.
    year & (if year % 25 == 0 { 15 } else { 3 }) == 0
}

/// How many days the month has, 28..=31. `month` is 1..=12.
#[must_use]
#[inline]
pub const fn days_in_month(year: i32, month: u32) -> u32 {
    if month == 2 {
        28 + is_leap_year(year) as u32
    } else {
        // Odd months up to July and even ones from August have 31.
        30 | (month ^ (month >> 3))
    }
}

/// The weekday of a count of days: 0 is Monday, 6 is Sunday.
#[must_use]
pub const fn weekday(days: i64) -> u8 {
    // 1970-01-01 was a Thursday.
    (days + 3).rem_euclid(7) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_goes_there_and_back() {
        let mut days = days_from_civil(0, 1, 1);
        for year in 0..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_from_civil(year, month, day), days);
                    let date = Civil { year, month: month as u8, day: day as u8 };
                    assert_eq!(civil_from_days(days), date);
                    days += 1;
                }
            }
        }
    }

    #[test]
    fn days_agree_with_jiff() {
        for days in (-30_000..90_000).step_by(13) {
            let there =
                jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let here = civil_from_days(days);
            assert_eq!(i32::from(there.year()), here.year);
            assert_eq!((there.month() as u8, there.day() as u8), (here.month, here.day));
            assert_eq!(there.weekday().to_monday_zero_offset() as u8, weekday(days));
        }
    }

    #[test]
    fn months_have_their_lengths() {
        let lengths: Vec<u32> = (1..=12).map(|month| days_in_month(2023, month)).collect();
        assert_eq!(lengths, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
        for (year, leap) in
            [(1900, false), (2000, true), (2024, true), (2026, false), (2100, false)]
        {
            assert_eq!(is_leap_year(year), leap, "{year}");
        }
    }
}
