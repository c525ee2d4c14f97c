//! Values with units, as people write them.
//!
//! # Place
//! Under the checks.
//! # Method
//! A whole number and a unit, nothing between, no fractions: `64KiB`, `30s`, `7d`. There is one way
//! to write each value, so that two configurations compare by eye.
//! # Holds
//! The units.
//! # Does not hold
//! Limits (`checked`).

use std::time::Duration;

/// Units of size, bytes.
const SIZES: &[(&str, u64)] =
    &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Units of time, milliseconds.
const TIMES: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads `64KiB`.
pub(super) fn size(text: &str) -> Option<u64> {
    read(text, SIZES)
}

/// Reads `30s`.
pub(super) fn time(text: &str) -> Option<Duration> {
    read(text, TIMES).map(Duration::from_millis)
}

fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let &(_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// Writes a size in the largest unit that leaves no rest.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, SIZES)
}

/// Writes a time in the largest unit that leaves no rest.
pub(super) fn show_time(time: Duration) -> String {
    show(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), TIMES)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    let fits = |&&(_, factor): &&(&str, u64)| value.is_multiple_of(factor) && value >= factor;
    let &(unit, factor) = units.iter().rev().find(fits).unwrap_or(&units[0]);
    format!("{}{unit}", value / factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_and_times_need_their_unit() {
        for (text, bytes) in [("64KiB", 65_536), ("0B", 0), ("1GiB", 1 << 30)] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["64", "64 KiB", "64kb", "KiB", "-1B", "1.5MiB", "99999999TiB", ""] {
            assert_eq!(size(text), None, "{text}");
        }
        for (text, ms) in [("250ms", 250), ("30s", 30_000), ("7d", 604_800_000)] {
            assert_eq!(time(text), Some(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(time("5 minutes"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(value in 0u64..1 << 50) {
            prop_assert_eq!(size(&show_size(value)), Some(value));
            let time_value = Duration::from_millis(value);
            prop_assert_eq!(time(&show_time(time_value)), Some(time_value));
        }
    }
}
