//! Writing documents: digits, times and JSON texts straight into a buffer.
//!
//! # Place
//!
//! What the writers in [`carriers`](crate::carriers) are made of.
//!
//! # Method
//!
//! No formatting machinery: a document is a row of constant pieces with numbers between them, and
//! `core::fmt` would cost more than all the rest together. Dates by the days-from-civil
//! algorithm of Howard Hinnant ("chrono-Compatible Low-Level Date Algorithms").
//!
//! # Holds
//!
//! - Nothing is allocated once the buffer has grown to the longest document.

/// Seconds since 1970-01-01T00:00:00, of UTC or of some wall clock.
pub(crate) type Clock = i64;

/// A calendar day and a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
}

/// Splits a clock; years 1970 to 9999.
pub(crate) const fn civil(clock: Clock) -> Civil {
    let days = clock.div_euclid(86_400) + 719_468;
    let second_of_day = clock.rem_euclid(86_400) as u32;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097) as u32;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = (era * 400) as u32 + year_of_era + if month <= 2 { 1 } else { 0 };
    Civil {
        year,
        month,
        day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
        hour: second_of_day / 3600,
        minute: second_of_day / 60 % 60,
        second: second_of_day % 60,
    }
}

/// Pairs of digits, `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

const HEX: [u8; 16] = *b"0123456789abcdef";

/// What a writer can put into a buffer.
pub(crate) trait Put {
    /// A piece as it stands.
    fn put(&mut self, piece: &str);
    /// A text inside JSON quotes: quotes, backslashes and control characters are escaped.
    fn put_json(&mut self, text: &str);
    /// Two digits.
    fn put_2(&mut self, number: u32);
    /// Four digits.
    fn put_4(&mut self, number: u32);
    /// As many digits as it takes.
    fn put_number(&mut self, number: u64);
    /// Exactly `width` digits, leading zeros first; higher digits are left out.
    fn put_padded(&mut self, number: u64, width: usize);
    /// `width` hexadecimal digits.
    fn put_hex(&mut self, number: u64, width: usize);
    /// `2026-05-21T08:14:00`.
    fn put_iso(&mut self, clock: Clock);
    /// `20260521`.
    fn put_compact_date(&mut self, clock: Clock);
    /// `081400`.
    fn put_compact_time(&mut self, clock: Clock);
    /// `-05:00`, from minutes, with `separator` between hours and minutes.
    fn put_offset(&mut self, minutes: i32, separator: &str);
}

impl Put for Vec<u8> {
    #[inline]
    fn put(&mut self, piece: &str) {
        self.extend_from_slice(piece.as_bytes());
    }

    fn put_json(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            match byte {
                b'"' | b'\\' => self.extend_from_slice(&[b'\\', byte]),
                0..0x20 => {
                    self.put("\\u00");
                    self.put_hex(u64::from(byte), 2);
                }
                _ => self.push(byte),
            }
        }
    }

    #[inline]
    fn put_2(&mut self, number: u32) {
        self.extend_from_slice(&PAIRS[number as usize % 100]);
    }

    #[inline]
    fn put_4(&mut self, number: u32) {
        self.put_2(number / 100);
        self.put_2(number);
    }

    fn put_number(&mut self, number: u64) {
        let width = number.checked_ilog10().unwrap_or(0) as usize + 1;
        self.put_padded(number, width);
    }

    fn put_padded(&mut self, number: u64, width: usize) {
        let start = self.len();
        self.resize(start + width, b'0');
        let mut rest = number;
        for digit in self[start..].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    fn put_hex(&mut self, number: u64, width: usize) {
        for digit in (0..width).rev() {
            let shift = 4 * digit.min(15) as u32;
            self.push(HEX[(number >> shift) as usize & 15]);
        }
    }

    fn put_iso(&mut self, clock: Clock) {
        let at = civil(clock);
        let mut text = *b"0000-00-00T00:00:00";
        text[0..2].copy_from_slice(&PAIRS[at.year as usize / 100 % 100]);
        text[2..4].copy_from_slice(&PAIRS[at.year as usize % 100]);
        text[5..7].copy_from_slice(&PAIRS[at.month as usize]);
        text[8..10].copy_from_slice(&PAIRS[at.day as usize]);
        text[11..13].copy_from_slice(&PAIRS[at.hour as usize]);
        text[14..16].copy_from_slice(&PAIRS[at.minute as usize]);
        text[17..19].copy_from_slice(&PAIRS[at.second as usize]);
        self.extend_from_slice(&text);
    }

    fn put_compact_date(&mut self, clock: Clock) {
        let at = civil(clock);
        self.put_4(at.year);
        self.put_2(at.month);
        self.put_2(at.day);
    }

    fn put_compact_time(&mut self, clock: Clock) {
        let at = civil(clock);
        self.put_2(at.hour);
        self.put_2(at.minute);
        self.put_2(at.second);
    }

    fn put_offset(&mut self, minutes: i32, separator: &str) {
        self.push(if minutes < 0 { b'-' } else { b'+' });
        self.put_2(minutes.unsigned_abs() / 60);
        self.put(separator);
        self.put_2(minutes.unsigned_abs() % 60);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(write: impl FnOnce(&mut Vec<u8>), expected: &str) {
        let mut buffer = Vec::new();
        write(&mut buffer);
        assert_eq!(String::from_utf8_lossy(&buffer), expected);
    }

    #[test]
    fn times_are_written_as_carriers_write_them() {
        let clock = 1_779_351_240; // 2026-05-21T08:14:00Z
        check(|b| b.put_iso(clock), "2026-05-21T08:14:00");
        check(|b| b.put_compact_date(clock), "20260521");
        check(|b| b.put_compact_time(clock), "081400");
        check(|b| b.put_offset(-300, ":"), "-05:00");
        check(|b| b.put_offset(330, "."), "+05.30");
        check(|b| b.put_iso(951_782_400), "2000-02-29T00:00:00");
        check(|b| b.put_iso(4_102_444_799), "2099-12-31T23:59:59");
    }

    #[test]
    fn numbers_and_texts() {
        check(|b| b.put_number(0), "0");
        check(|b| b.put_number(1_234_567), "1234567");
        check(|b| b.put_padded(42, 5), "00042");
        check(|b| b.put_hex(0xBEEF, 6), "00beef");
        check(|b| b.put_json("a\"b\\c\n"), r#"a\"b\\c\u000a"#);
    }
}
