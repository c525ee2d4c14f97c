//! Times written as RFC 3339.
//!
//! # Place
//! Used by whoever writes changes, histories and dead letters.
//!
//! # Method
//! The digits are laid out in an array on the stack and appended once. Nothing is allocated while the vector has room
//! for [`TEXT_SIZE_MAX`] more bytes.
//!
//! # Holds
//! Writers of instants with and without an offset, and of local times, which get no offset and no `Z`.
//!
//! # Does not hold
//! Readers.

use super::civil::{SECONDS_PER_DAY, civil_from_days};
use super::{LocalTime, Precision};

/// The size of the longest text: `2024-08-20T12:41:57.123456-04:00`.
pub const TEXT_SIZE_MAX: usize = 32;

/// The size of `2024-08-20T12:41:57`.
const SECONDS_SIZE: usize = 19;

/// Appends an instant in universal time, `2024-08-20T16:41:57Z`. `seconds` count from 1970 and lie in the years
/// 0..=9999; `micros` are written as 3 or 6 digits unless they are 0.
pub fn write_utc(out: &mut Vec<u8>, seconds: i64, micros: u32) {
    let mut text = [0; TEXT_SIZE_MAX];
    let size = layout(&mut text, seconds, micros);
    text[size] = b'Z';
    out.extend_from_slice(&text[..=size]);
}

/// Appends an instant as the clock shows it under the offset, `2024-08-20T12:41:57-04:00`. Offset 0 is written `+00:00`:
/// `Z` is for instants whose place is not known.
pub fn write_with_offset(out: &mut Vec<u8>, seconds: i64, micros: u32, offset_minutes: i16) {
    assert!(offset_minutes.unsigned_abs() < 24 * 60);
    let mut text = [0; TEXT_SIZE_MAX];
    let size = layout(&mut text, seconds + i64::from(offset_minutes) * 60, micros);
    let size = put_offset(&mut text, size, offset_minutes);
    out.extend_from_slice(&text[..size]);
}

/// Appends a time as it was written: a date alone where there was no clock, an offset only where one was given.
/// Minutes get `:00`, because RFC 3339 has no shorter clock.
pub fn write_local(out: &mut Vec<u8>, time: &LocalTime) {
    let mut text = [0; TEXT_SIZE_MAX];
    let mut size = layout(&mut text, time.seconds, time.micros);
    if time.precision == Precision::Date {
        size = 10;
    } else if let Some(minutes) = time.offset_minutes {
        size = put_offset(&mut text, size, minutes);
    }
    out.extend_from_slice(&text[..size]);
}

/// Lays out date, clock and fraction, and says how many bytes they take.
fn layout(text: &mut [u8; TEXT_SIZE_MAX], seconds: i64, micros: u32) -> usize {
    assert!(micros < 1_000_000);
    let date = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    assert!((0..=9999).contains(&date.year));
    let clock = seconds.rem_euclid(SECONDS_PER_DAY) as u32;
    text[..SECONDS_SIZE].copy_from_slice(b"0000-00-00T00:00:00");
    put(text, 0, date.year as u32 / 100);
    put(text, 2, date.year as u32 % 100);
    put(text, 5, u32::from(date.month));
    put(text, 8, u32::from(date.day));
    put(text, 11, clock / 3600);
    put(text, 14, clock / 60 % 60);
    put(text, 17, clock % 60);
    if micros == 0 {
        return SECONDS_SIZE;
    }
    text[SECONDS_SIZE] = b'.';
    put(text, SECONDS_SIZE + 1, micros / 10_000);
    put(text, SECONDS_SIZE + 3, micros / 100 % 100);
    put(text, SECONDS_SIZE + 5, micros % 100);
    if micros.is_multiple_of(1000) { SECONDS_SIZE + 4 } else { SECONDS_SIZE + 7 }
}

fn put_offset(text: &mut [u8; TEXT_SIZE_MAX], at: usize, minutes: i16) -> usize {
    text[at] = if minutes < 0 { b'-' } else { b'+' };
    let minutes = u32::from(minutes.unsigned_abs());
    put(text, at + 1, minutes / 60);
    text[at + 3] = b':';
    put(text, at + 4, minutes % 60);
    at + 6
}

/// The digits of 0 to 99.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut value = 0;
    while value < 100 {
        pairs[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    pairs
};

/// Puts two digits.
#[inline]
fn put(text: &mut [u8; TEXT_SIZE_MAX], at: usize, value: u32) {
    text[at..at + 2].copy_from_slice(&PAIRS[value as usize]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{TimeShape, parse};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in -2_208_902_400_i64..7_289_568_000, micros in 0..1_000_000_u32, offset in -899..900_i16) {
            let mut text = Vec::new();
            write_with_offset(&mut text, seconds, micros, offset);
            let time = parse(TimeShape::Iso, &text).unwrap();
            prop_assert_eq!((time.instant(), time.micros, time.offset_minutes), (Some(seconds), micros, Some(offset)));
            let mut again = Vec::new();
            write_local(&mut again, &time);
            prop_assert_eq!(&again, &text);
            text.clear();
            write_utc(&mut text, seconds, micros);
            let stamp: jiff::Timestamp = std::str::from_utf8(&text).unwrap().parse().unwrap();
            prop_assert_eq!(stamp.as_microsecond(), seconds * 1_000_000 + i64::from(micros));
        }
    }

    #[test]
    fn fractions_take_three_or_six_digits_and_dates_stay_dates() {
        let written = |micros| {
            let mut text = Vec::new();
            write_utc(&mut text, 0, micros);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(5000), "1970-01-01T00:00:00.005Z");
        assert_eq!(written(5), "1970-01-01T00:00:00.000005Z");
        let mut text = Vec::new();
        write_local(&mut text, &parse(TimeShape::Iso, b"2011-04-29+02:00").unwrap());
        assert_eq!(text, b"2011-04-29");
    }
}
