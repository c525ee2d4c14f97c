//! Tracking numbers: one spelling for each, check digits, and whose a number may be.
//!
//! # Place
//! [`Number::normalize`] runs once per event, before the shipment is looked up. [`check`] and [`detect`] serve
//! `crossdock detect`, feeds under test and dead-letter notes.
//!
//! # Method
//! A number is upper case without blanks and dashes, in an array of 40 bytes: no allocation. The ZIP code that USPS puts
//! in front (`420` and 5 or 9 digits) and the `00` in front of an SSCC are taken off, because the same parcel comes with
//! and without them. On the hot path a number need only be [`Number::is_plausible`]; a wrong check digit is no reason to
//! drop an event, since carriers send numbers of their partners and customers' own references.
//!
//! # Holds
//! [`Number`], [`check`], [`Verdict`], [`detect`], [`Candidate`], check-digit arithmetic in `check_digit`, the shapes of
//! each carrier in `shape`.
//!
//! # Does not hold
//! Epochs of re-used numbers and aliases: `core`.

pub mod check_digit;
mod detect;
mod shape;

pub use detect::{Candidate, Verdict, check, detect};
pub use shape::{CARRIERS, NumberShape, is_post, issuing_post, post_of};

use std::fmt;

/// The longest number, bytes. The longest in use have 39 (DHL eCommerce) and, with their ZIP code, 38 (USPS).
pub const NUMBER_SIZE_MAX: usize = 40;
/// The shortest plausible number, bytes.
pub const NUMBER_SIZE_MIN: usize = 4;

/// A tracking number in its one spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    bytes: [u8; NUMBER_SIZE_MAX],
    size: u8,
    /// Whether a ZIP code stood in front.
    is_routed: bool,
}

/// How each byte is spelled; 0 for the bytes that are left out. Brackets and the group separator (0x1d) come with
/// application identifiers: `(00)3...`.
const SPELLING: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    // Ends: at the last byte.
    while byte < 256 {
        table[byte] = match byte as u8 {
            0 | b' ' | b'-' | b'(' | b')' | b'\t' | b'\r' | b'\n' | 0x1d => 0,
            other => other.to_ascii_uppercase(),
        };
        byte += 1;
    }
    table
};

/// Spells a text of at most 40 bytes in which nothing is left out, eight bytes at a time. None for any other: the bytes
/// that are left out are all below `.`, and so are a few that aren't.
#[inline]
fn spell_words(text: &[u8]) -> Option<[u8; NUMBER_SIZE_MAX]> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x80 * ONES;
    if NUMBER_SIZE_MAX < text.len() {
        return None;
    }
    let mut bytes = [0; NUMBER_SIZE_MAX];
    let mut low = 0;
    let (words, rest) = text.as_chunks::<8>();
    let mut last = [b'0'; 8];
    last[..rest.len()].copy_from_slice(rest);
    for (target, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words.iter().chain([&last])) {
        let word = u64::from_le_bytes(*word);
        low |= word.wrapping_sub(u64::from(b'.') * ONES) & !word & TOPS;
        // A byte of `a` to `z` has its top bit set by adding to 128 - `a` and not by adding to 127 - `z`.
        let plain = word & !TOPS;
        let is_letter = (plain + 0x1f * ONES) & !(plain + 0x05 * ONES) & !word & TOPS;
        *target = (word - (is_letter >> 2)).to_le_bytes();
    }
    if low != 0 {
        return None;
    }
    bytes[text.len()..].fill(0);
    Some(bytes)
}

/// A bit of [`KINDS`]: a digit.
const DIGIT: u8 = 1;
/// A bit of [`KINDS`]: a byte that no number has.
const WRONG: u8 = 2;

/// What kind each byte is.
const KINDS: [u8; 256] = {
    let mut table = [WRONG; 256];
    let mut byte = 0;
    // Ends: at the last byte.
    while byte < 256 {
        match byte as u8 {
            b'0'..=b'9' => table[byte] = DIGIT,
            b'A'..=b'Z' | b'.' | b'_' | b'/' | b':' | b'#' => table[byte] = 0,
            _ => {}
        }
        byte += 1;
    }
    table
};

impl Number {
    /// The one spelling of a number: upper case, without blanks, dashes and brackets, without the `420` and ZIP code in
    /// front of a USPS number and the `00` in front of an SSCC. None when it is empty or longer than 40 bytes.
    #[must_use]
    #[inline]
    pub fn normalize(text: &[u8]) -> Option<Number> {
        let mut number = Number { bytes: [0; NUMBER_SIZE_MAX], size: 0, is_routed: false };
        let mut size = 0;
        if let Some(bytes) = spell_words(text) {
            (number.bytes, size) = (bytes, text.len());
        } else {
            for &byte in text.iter().filter(|&&byte| SPELLING[usize::from(byte)] != 0) {
                *number.bytes.get_mut(size)? = SPELLING[usize::from(byte)];
                size += 1;
            }
        }
        number.size = size as u8;
        match (size, number.bytes[0], number.bytes[1]) {
            (0, ..) => return None,
            (28 | 30 | 32 | 34 | 38, b'4', b'2') => number.strip_zip(),
            (20, b'0', b'0') => number.strip_sscc(),
            _ => {}
        }
        Some(number)
    }

    /// The bytes.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.size)]
    }

    /// The text; empty when it isn't ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// Whether a ZIP code stood in front of it.
    #[must_use]
    pub const fn is_routed(&self) -> bool {
        self.is_routed
    }

    /// Whether it can be a tracking number at all: 4 to 40 letters, digits, or `. _ / : #`, with a digit among them, not
    /// one and the same digit throughout. `N/A`, `NONE` and `0000000000` are not plausible.
    #[must_use]
    #[inline]
    pub fn is_plausible(&self) -> bool {
        let bytes = self.as_bytes();
        let (mut kinds, mut differing) = (0, 0);
        for &byte in bytes {
            kinds |= KINDS[usize::from(byte)];
            differing |= byte ^ self.bytes[0];
        }
        NUMBER_SIZE_MIN <= bytes.len() && kinds & (DIGIT | WRONG) == DIGIT && differing != 0
    }

    /// Takes `420` and a ZIP code of 5 or 9 digits off, when a number with a right check digit follows.
    fn strip_zip(&mut self) {
        let bytes = self.as_bytes();
        if bytes[2] != b'0' || !bytes.iter().all(u8::is_ascii_digit) {
            return;
        }
        for zip_size in [5, 9] {
            let rest = &bytes[3 + zip_size..];
            let has_shape = match rest.len() {
                // Labels before 2010 leave out the 91 that their check digit counts.
                20 => check_digit::gs1(rest) || check_digit::gs1_after(b"91", rest),
                22 | 26 => rest[0] == b'9' && check_digit::gs1(rest),
                30 => rest.starts_with(b"94") && check_digit::gs1(rest),
                _ => false,
            };
            if has_shape {
                let start = 3 + zip_size;
                self.is_routed = true;
                self.strip(start);
                return;
            }
        }
    }

    /// Takes the application identifier `00` off an SSCC.
    fn strip_sscc(&mut self) {
        let rest = &self.as_bytes()[2..];
        if rest.iter().all(u8::is_ascii_digit) && check_digit::gs1(rest) {
            self.strip(2);
        }
    }

    fn strip(&mut self, count: usize) {
        let size = usize::from(self.size);
        assert!(count < size);
        self.bytes.copy_within(count..size, 0);
        self.bytes[size - count..size].fill(0);
        self.size = (size - count) as u8;
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Number({})", self.as_bytes().escape_ascii())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests;
