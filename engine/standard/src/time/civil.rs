//! Dates and counts of days.
//!
//! # Place
//! Below every reader and writer of `time`.
//!
//! # Method
//! Proleptic Gregorian calendar with the year begun in March, so that the leap day is the last one and months follow
//! `(153 m + 2) / 5` (Howard Hinnant, "chrono-compatible low-level date algorithms"). No branch, no table.
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
pub const fn civil_from_days(days: i64) -> Civil {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era as i32 + era as i32 * 400 + (month <= 2) as i32;
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
