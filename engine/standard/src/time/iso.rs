//! ISO 8601 and RFC 3339 times: `2024-08-20T12:41:57-04:00` and what resembles it.
//!
//! # Place
//! Nine of ten feeds write this shape, so `time::parse` comes here first.
//!
//! # Method
//! Two whole words hold `2024-08-` and `20T12:41`. One xor per word leaves digits as 0..=9 and separators as 0, one add
//! shows in the top bits of the bytes whether any is larger, and pairs of digits become numbers by one multiplication.
//! Whatever is unusual or wrong goes to the reader of single bytes, which accepts more and knows where an error is.
//!
//! # Holds
//! The fast and the slow reader of the shape.
//!
//! # Does not hold
//! Dates without dashes: `date`.

use super::civil::{SECONDS_PER_DAY, days_from_civil, days_in_month};
use super::clock::{Marker, after_date};
use super::cursor::Cursor;
use super::{LocalTime, Precision, TimeError, TimeNote, YEARS, date};

/// `0000-00-`, the bytes that the first word is compared with.
const DATE_ZEROS: u64 = u64::from_le_bytes(*b"0000-00-");
/// `00?00:00`, with a 0 where the separator of date and clock stands.
const CLOCK_ZEROS: u64 = u64::from_le_bytes(*b"00\x0000:00");
/// Added to a difference, 0x76 carries into the top bit from 10 on, 0x7f from 1 on.
const DATE_LIMITS: u64 = u64::from_le_bytes([0x76, 0x76, 0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f]);
const CLOCK_LIMITS: u64 = u64::from_le_bytes([0x76, 0x76, 0, 0x76, 0x76, 0x7f, 0x76, 0x76]);
const TOPS: u64 = 0x8080_8080_8080_8080;
/// The top bits of the second word but for the separator, which is looked at by itself.
const CLOCK_TOPS: u64 = TOPS & !0x80_0000;

/// Reads an ISO text.
pub(super) fn parse(text: &[u8]) -> Result<LocalTime, TimeError> {
    match fast(text) {
        Some(time) => Ok(time),
        None => slow(text.trim_ascii()),
    }
}

/// `YYYY-MM-DDTHH:MM:SS`, then perhaps a fraction, then perhaps `Z`, `+HH:MM` or `+HHMM`; or the same up to the day or
/// the minute.
#[inline]
fn fast(text: &[u8]) -> Option<LocalTime> {
    let (date, rest) = text.split_first_chunk::<8>()?;
    let clock = match *rest {
        // A date alone gets a midnight to be read with.
        [d0, d1] => [d0, d1, b'T', b'0', b'0', b':', b'0', b'0'],
        _ => *rest.first_chunk::<8>()?,
    };
    let (s0, s1, tail) = match *rest.get(8..).unwrap_or(b"") {
        [] => (b'0', b'0', &b""[..]),
        [b':', s0, s1, ref tail @ ..] => (s0, s1, tail),
        _ => return None,
    };
    let separator = clock[2];
    let date = u64::from_le_bytes(*date) ^ DATE_ZEROS;
    let clock = u64::from_le_bytes(clock) ^ CLOCK_ZEROS;
    let wrong = ((date.wrapping_add(DATE_LIMITS) | date) & TOPS)
        | ((clock.wrapping_add(CLOCK_LIMITS) | clock) & CLOCK_TOPS);
    let (s0, s1) = (s0.wrapping_sub(b'0'), s1.wrapping_sub(b'0'));
    let is_shaped = wrong == 0 && matches!(separator, b'T' | b' ') && s0 < 6 && s1 < 10;
    if !is_shaped {
        return None;
    }
    // Each byte times ten plus its right neighbour: at the first digit of a pair this is the pair's value. Once the
    // separator is cleared every byte is at most 9, so that no byte carries into the next.
    let clock = clock & !0xff_0000;
    let pairs = date.wrapping_mul(10).wrapping_add(date >> 8);
    let byte = |word: u64, index: u32| (word >> (8 * index)) as u32 & 0xff;
    let year = byte(pairs, 0) * 100 + byte(pairs, 2);
    let month = byte(pairs, 5);
    let pairs = clock.wrapping_mul(10).wrapping_add(clock >> 8);
    let (day, hour, minute) = (byte(pairs, 0), byte(pairs, 3), byte(pairs, 6));
    let year = year as i32;
    if !(YEARS.contains(&year) && month.wrapping_sub(1) < 12) {
        return None;
    }
    if days_in_month(year, month) <= day.wrapping_sub(1) || 23 < hour || 59 < minute {
        return None;
    }
    let (micros, precision, offset_minutes) = match *tail {
        [] => {
            let precision = match rest.len() {
                2 => Precision::Date,
                8 => Precision::Minute,
                _ => Precision::Second,
            };
            (0, precision, None)
        }
        [b'Z'] => (0, Precision::Second, Some(0)),
        [sign, h0, h1, b':', m0, m1] => {
            (0, Precision::Second, Some(offset(sign, [h0, h1, m0, m1])?))
        }
        _ => unusual_tail(tail)?,
    };
    let clock = hour * 3600 + minute * 60 + u32::from(s0) * 10 + u32::from(s1);
    let seconds = days_from_civil(year, month, day) * SECONDS_PER_DAY + i64::from(clock);
    let note = TimeNote::None;
    Some(LocalTime { seconds, micros, precision, offset_minutes, zone: None, note })
}

/// What may follow the seconds besides nothing, `Z` and `+HH:MM`: a fraction, `+HHMM`.
fn unusual_tail(tail: &[u8]) -> Option<(u32, Precision, Option<i16>)> {
    let (micros, precision, tail) = fraction(tail)?;
    let offset_minutes = match *tail {
        [] => None,
        [b'Z'] => Some(0),
        [sign, h0, h1, b':', m0, m1] | [sign, h0, h1, m0, m1] => {
            Some(offset(sign, [h0, h1, m0, m1])?)
        }
        _ => return None,
    };
    Some((micros, precision, offset_minutes))
}

/// The microseconds of `.123456789`, and what comes after.
#[inline]
fn fraction(tail: &[u8]) -> Option<(u32, Precision, &[u8])> {
    let Some((b'.', digits)) = tail.split_first() else {
        return Some((0, Precision::Second, tail));
    };
    let (mut micros, mut width, mut unit) = (0, 0, 1_000_000);
    // Ends: at the first byte that is no digit, at the latest at the end of the text.
    for byte in digits {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        if 9 < digit {
            break;
        }
        unit /= 10;
        micros += digit * unit;
        width += 1;
    }
    let is_fraction = 0 < width && width <= 9;
    is_fraction.then(|| (micros, Precision::Subsecond, &digits[width..]))
}

/// The minutes of a written offset: its sign, two digits of hours, two of minutes.
#[inline]
fn offset(sign: u8, digits: [u8; 4]) -> Option<i16> {
    let digits = u32::from_le_bytes(digits) ^ 0x3030_3030;
    let is_shaped = (digits.wrapping_add(0x7676_7676) | digits) & 0x8080_8080 == 0;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let (hours, minutes) = (pairs & 0xff, pairs >> 16 & 0xff);
    // `+` is 43 and `-` is 45: 44 minus the sign is 1 or -1.
    let direction = 44 - i16::from(sign);
    let is_offset = is_shaped && matches!(sign, b'+' | b'-') && hours < 15 && minutes < 60;
    // Only what is an offset is small enough to be multiplied.
    is_offset.then(|| direction * (hours * 60 + minutes) as i16)
}

/// The same shape byte by byte, with months and days of one digit, any clock and any zone.
#[cold]
fn slow(text: &[u8]) -> Result<LocalTime, TimeError> {
    let mut cursor = Cursor::new(text)?;
    let day = date::year_first(&mut cursor, b"-")?;
    after_date(&mut cursor, day, Marker::Optional)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Found by `tests/tests/mutation.rs`, round 13002: a clock that a far byte follows.
    #[test]
    fn what_is_no_offset_is_not_multiplied() {
        for sign in 0..=u8::MAX {
            for digits in [[0xFF; 4], *b"9999", *b"~~~~", [0; 4]] {
                assert_eq!(offset(sign, digits), None);
            }
        }
    }

    proptest! {
        #[test]
        fn both_readers_agree(seconds in -2_208_988_800_i64..7_289_654_400, micros in 0..1_000_000_u32, width in 0..=9_usize, zone in 0..5, hours in 0..15, minutes in 0..60) {
            let stamp = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
            let mut text = stamp.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            if 0 < width {
                let digits = format!("{micros:06}789");
                text = format!("{text}.{}", &digits[..width]);
            }
            text += &match zone {
                0 => String::new(),
                1 => "Z".to_owned(),
                2 => format!("+{hours:02}:{minutes:02}"),
                3 => format!("-{hours:02}:{minutes:02}"),
                _ => format!("-{hours:02}{minutes:02}"),
            };
            let time = fast(text.as_bytes());
            prop_assert_eq!(time.map(|time| time.seconds), Some(seconds));
            prop_assert_eq!(time.ok_or(()), slow(text.as_bytes()).map_err(|_| ()));
        }

        #[test]
        fn what_the_fast_reader_takes_the_slow_one_reads_alike(text in "[12][0-9]{3}[-/][01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\\.[0-9]{0,10})?)?)?(Z|[+-][01][0-9]:?[0-6][0-9])?") {
            if let Some(time) = fast(text.as_bytes()) {
                prop_assert_eq!(Ok(time), slow(text.as_bytes()));
            }
        }

        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(time) = fast(&bytes) {
                prop_assert_eq!(Ok(time), slow(&bytes));
            }
        }
    }

    #[test]
    fn one_wrong_byte_never_passes_the_fast_reader() {
        let good = b"2024-08-20T12:41:57";
        assert!(fast(good).is_some());
        for index in 0..good.len() {
            for byte in 0..=255_u8 {
                let mut text = *good;
                text[index] = byte;
                if let Some(time) = fast(&text) {
                    assert!(
                        byte.is_ascii_digit() || byte == good[index] || byte == b' ',
                        "{byte} at {index}"
                    );
                    assert_eq!(Ok(time), slow(&text));
                }
            }
        }
    }
}
