//! Tracking numbers as keys: one spelling per parcel.
//!
//! # Method
//!
//! Letters are raised and blanks go; dashes and dots go from numbers of digits and from UPS numbers,
//! where people write them for legibility, and stay in order numbers, where they tell apart. So do
//! the wrappings that carriers print go: `(00)` of an SSCC, `420` and a ZIP before a USPS number.
//! Check digits are not asked here: a number that a carrier reports about is one, whatever its
//! check digit says.
//!
//! # Holds
//!
//! - `number` is idempotent: the key of a normalized number is itself.

use crossdock_model::limits::NUMBER_LEN_MAX;

/// A normalized number, inline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    bytes: [u8; NUMBER_LEN_MAX],
    len: u8,
}

impl Number {
    /// The number's characters: ASCII letters, digits and a few marks.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn strip(&mut self, count: usize) {
        let len = usize::from(self.len);
        assert!(count < len);
        self.bytes.copy_within(count..len, 0);
        self.len -= count as u8;
    }
}

/// Shortest and longest number of digits of a USPS number behind `420` and a ZIP.
const IMPB_LEN: core::ops::RangeInclusive<usize> = 20..=26;

/// Normalizes a number; `None` where it can't be one: too long, empty, or of other characters.
#[must_use]
pub fn normalize(text: &str) -> Option<Number> {
    let mut number = Number { bytes: [0; NUMBER_LEN_MAX], len: 0 };
    let text = text.trim();
    let text = text.strip_prefix("(00)").map_or(text, str::trim);
    let drops_marks = is_legible_spelling(text);
    for byte in text.bytes() {
        match byte {
            b' ' | b'\t' => continue,
            b'-' | b'.' if drops_marks => continue,
            b'-' | b'.' | b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'/' | b'#' | b':' => {}
            _ => return None,
        }
        let slot = number.bytes.get_mut(usize::from(number.len))?;
        *slot = byte.to_ascii_uppercase();
        number.len += 1;
    }
    if number.len == 0 {
        return None;
    }
    if let Some(count) = wrapping(number.as_bytes()) {
        number.strip(count);
    }
    Some(number)
}

/// Digits or a UPS number with marks between: the marks mean nothing.
fn is_legible_spelling(text: &str) -> bool {
    let is_ups = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("1z"));
    is_ups || text.bytes().all(|byte| byte.is_ascii_digit() || b" -.\t".contains(&byte))
}

/// How many characters before the number proper.
fn wrapping(number: &[u8]) -> Option<usize> {
    if !number.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if number.len() == 20 && number.starts_with(b"00") {
        return Some(2);
    }
    if !number.starts_with(b"420") {
        return None;
    }
    // A ZIP of nine digits first: behind it a USPS number starts with 9.
    [12, 8].into_iter().find(|&count| {
        number.len() > count && IMPB_LEN.contains(&(number.len() - count)) && number[count] == b'9'
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parcel_has_one_spelling() {
        check("1z 999 aa1 01 2345 6784", Some("1Z999AA10123456784"));
        check("420 94105 9400 1112 0255 5842 3328 79", Some("9400111202555842332879"));
        check("420941051234 9400111202555842332879", Some("9400111202555842332879"));
        check("(00) 3 4012345 123456789 5", Some("340123451234567895"));
        check("00340123451234567895", Some("340123451234567895"));
        check("RB123456785GB", Some("RB123456785GB"));
        check("4201234567", Some("4201234567"));
        check("7777-7777.7770", Some("777777777770"));
        check("a-1001", Some("A-1001"));
    }

    #[test]
    fn what_can_not_be_a_number_is_none() {
        check("", None);
        check(" - ", None);
        check("n/a é", None);
        check("12345678901234567890123456789012345678901", None);
        check("12\u{0}34", None);
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let number = normalize(text);
        assert_eq!(number.as_ref().map(Number::as_bytes), expected.map(str::as_bytes));
        if let Some(number) = number {
            let again = core::str::from_utf8(number.as_bytes()).ok().and_then(normalize);
            assert_eq!(again, Some(number));
        }
    }
}
