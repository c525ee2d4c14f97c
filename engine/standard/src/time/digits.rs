//! Dates and clocks that are digits and nothing else, or colons, read over whole words.
//!
//! # Place
//! EDI writes little else, so `time::parse` tries this before the readers of single bytes.
//!
//! # Method
//! As in `iso`: digits become 0..=9 by one xor, pairs become numbers by one multiplication. Whatever is unusual or wrong
//! is left to the slower readers.
//!
//! # Holds
//! `YYYYMMDD`, the same with `HHMM` or `HHMMSS`, and both clocks alone, with and without colons.
//!
//! # Does not hold
//! Zones; numbers of digits that can be read in two ways.

use super::civil::{SECONDS_PER_DAY, days_from_civil, days_in_month};
use super::{LocalTime, Precision, TimeShape, YEARS};

/// Reads a text of 4, 6, 8, 12 or 14 digits of a shape that has them.
#[inline]
pub(super) fn parse(shape: TimeShape, text: &[u8]) -> Option<LocalTime> {
    if shape == TimeShape::ClockColon {
        return colon(text);
    }
    let (has_date, has_clock) = match shape {
        TimeShape::CompactDate | TimeShape::X12Date => (true, false),
        TimeShape::CompactDateTime
        | TimeShape::EdifactDtm102
        | TimeShape::EdifactDtm203
        | TimeShape::EdifactDtm204
        | TimeShape::EdifactDtm205
        | TimeShape::EdifactDtm303
        | TimeShape::EdifactDtm304 => (true, true),
        TimeShape::ClockCompact | TimeShape::X12Time => (false, true),
        _ => return None,
    };
    let (day, rest) = if has_date {
        let (date, rest) = text.split_first_chunk::<8>()?;
        (day(*date)?, rest)
    } else {
        (0, text)
    };
    let (clock, precision) = match rest {
        [] if has_date => (0, Precision::Date),
        &[h0, h1, m0, m1] if has_clock => (clock([h0, h1, m0, m1, b'0', b'0'])?, Precision::Minute),
        &[h0, h1, m0, m1, s0, s1] if has_clock => {
            (clock([h0, h1, m0, m1, s0, s1])?, Precision::Second)
        }
        _ => return None,
    };
    Some(LocalTime::new(day * SECONDS_PER_DAY + i64::from(clock), precision))
}

/// `HH:MM` and `HH:MM:SS`.
fn colon(text: &[u8]) -> Option<LocalTime> {
    let (digits, precision) = match *text {
        [h0, h1, b':', m0, m1] => ([h0, h1, m0, m1, b'0', b'0'], Precision::Minute),
        [h0, h1, b':', m0, m1, b':', s0, s1] => ([h0, h1, m0, m1, s0, s1], Precision::Second),
        _ => return None,
    };
    Some(LocalTime::new(i64::from(clock(digits)?), precision))
}

/// The values of the four pairs of eight digits.
#[inline]
fn pairs(digits: [u8; 8]) -> Option<[u32; 4]> {
    let digits = u64::from_le_bytes(digits) ^ 0x3030_3030_3030_3030;
    if (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    Some([0, 16, 32, 48].map(|shift| (pairs >> shift) as u32 & 0xff))
}

/// Days since 1970-01-01.
#[inline]
fn day(digits: [u8; 8]) -> Option<i64> {
    let [century, year, month, day] = pairs(digits)?;
    let year = (century * 100 + year) as i32;
    let is_month = YEARS.contains(&year) && month.wrapping_sub(1) < 12;
    let is_day = is_month && day.wrapping_sub(1) < days_in_month(year, month);
    is_day.then(|| days_from_civil(year, month, day))
}

/// Seconds since midnight. 24:00 and second 60 are left to the slower reader.
#[inline]
fn clock([h0, h1, m0, m1, s0, s1]: [u8; 6]) -> Option<u32> {
    let [hour, minute, second, _] = pairs([h0, h1, m0, m1, s0, s1, b'0', b'0'])?;
    let is_clock = hour < 24 && minute < 60 && second < 60;
    is_clock.then_some(hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_it_takes_the_slower_readers_read_alike(text in "((19|20|21)[0-9]{2}[01][0-9][0-3][0-9])?([0-2][0-9][0-6][0-9]([0-6][0-9])?)?|[0-2][0-9]:[0-6][0-9](:[0-6][0-9])?|[0-9]{0,16}") {
            for shape in TimeShape::ALL {
                if let Some(time) = parse(shape, text.as_bytes()) {
                    prop_assert_eq!(Ok(time), shape.parse(text.as_bytes()), "{}", shape.name());
                }
            }
        }
    }

    #[test]
    fn plain_texts_are_taken() {
        for (shape, text) in [
            (TimeShape::X12Date, "20191218"),
            (TimeShape::X12Time, "1004"),
            (TimeShape::ClockCompact, "182506"),
            (TimeShape::ClockColon, "18:25"),
            (TimeShape::EdifactDtm203, "202002251728"),
            (TimeShape::EdifactDtm204, "20200225172859"),
        ] {
            assert!(parse(shape, text.as_bytes()).is_some(), "{text}");
        }
    }
}
