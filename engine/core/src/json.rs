//! JSON out: fields in a stable order, written straight into the output's bytes.
//!
//! # Holds
//!
//! - Absent things write nothing, not even a null.
//! - Any text becomes a valid JSON string.

use crossdock_model::time::{EventTime, Micros, Precision};
use crossdock_standard::time::{self as standard, LocalTime, write};

/// An object that is being written.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    /// Where it began: every entry writes a comma before itself, and the first one becomes the brace.
    start: usize,
}

/// The longest key that is written in one piece with its marks.
const PIECE_KEY_LEN_MAX: usize = 28;

impl<'a> Object<'a> {
    /// Opens an object.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    /// Fields of an object whose beginning is elsewhere: see [`Self::written`].
    pub fn go_on(out: &'a mut Vec<u8>) -> Self {
        Self::begin(out)
    }

    /// Closes it.
    pub fn end(self) {
        match self.out.get_mut(self.start) {
            Some(first) => *first = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    /// A comma, the key and a colon. Inlined, so that for a key of the source text all of it is one constant.
    #[inline(always)]
    fn key(&mut self, key: &str) {
        let len = key.len();
        if PIECE_KEY_LEN_MAX < len {
            self.out.extend_from_slice(b",\"");
            self.out.extend_from_slice(key.as_bytes());
            self.out.extend_from_slice(b"\":");
            return;
        }
        let mut piece = [0_u8; PIECE_KEY_LEN_MAX + 4];
        piece[..2].copy_from_slice(b",\"");
        piece[2..2 + len].copy_from_slice(key.as_bytes());
        piece[2 + len..4 + len].copy_from_slice(b"\":");
        self.out.extend_from_slice(&piece[..4 + len]);
    }

    /// A text from the world, escaped; nothing where it is empty.
    #[inline(always)]
    pub fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.key(key);
            write_text(self.out, text.as_bytes());
        }
    }

    /// A text from the world, escaped, also where it is empty.
    #[inline(always)]
    pub fn text_or_empty(&mut self, key: &str, text: &str) {
        self.key(key);
        write_text(self.out, text.as_bytes());
    }

    /// A name of our own that needs no escape.
    #[inline(always)]
    pub fn name(&mut self, key: &str, name: &str) {
        self.key(key);
        write_name(self.out, name);
    }

    /// A number.
    #[inline(always)]
    pub fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        write_number(self.out, number);
    }

    /// A number that may be below zero.
    pub fn signed(&mut self, key: &str, number: i64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A share of one, given in millionths, with four digits behind the point.
    pub fn millionths(&mut self, key: &str, ppm: u32) {
        self.key(key);
        let parts = (u64::from(ppm) + 50) / 100;
        write_number(self.out, parts / 10_000);
        self.out.push(b'.');
        let digit = |of: u64| b'0' + (parts / of % 10) as u8;
        self.out.extend_from_slice(&[digit(1_000), digit(100), digit(10), digit(1)]);
    }

    /// A truth.
    #[inline(always)]
    pub fn truth(&mut self, key: &str, truth: bool) {
        self.key(key);
        self.out.extend_from_slice(if truth { b"true" } else { b"false" });
    }

    /// 128 bits in hex.
    #[inline(always)]
    pub fn hex128(&mut self, key: &str, bits: u128) {
        self.key(key);
        write_hex(self.out, &bits.to_be_bytes());
    }

    /// 64 bits in hex.
    #[inline(always)]
    pub fn hex64(&mut self, key: &str, bits: u64) {
        self.key(key);
        write_hex(self.out, &bits.to_be_bytes());
    }

    /// An instant in UTC; nothing where none is known.
    #[inline(always)]
    pub fn utc(&mut self, key: &str, time: Micros) {
        if let Some(micros) = time.get() {
            self.key(key);
            write_instant(self.out, micros, Some(0));
        }
    }

    /// An instant with its offset; nothing where no instant is known.
    #[inline(always)]
    pub fn instant(&mut self, key: &str, time: &EventTime) {
        if let Some(micros) = time.instant.get() {
            self.key(key);
            write_instant(self.out, micros, time.offset_minutes());
        }
    }

    /// A wall clock: a date, or a date and a time, without a zone; nothing where none is known.
    #[inline(always)]
    pub fn local(&mut self, key: &str, time: &EventTime) {
        if let Some(micros) = time.local.get() {
            self.key(key);
            write_wall_clock(self.out, micros, time.precision);
        }
    }

    /// A list of our own names, which need no escape.
    pub fn list<'n>(&mut self, key: &str, names: impl Iterator<Item = &'n str>) {
        self.key(key);
        self.out.push(b'[');
        for (count, name) in names.enumerate() {
            self.out.extend_from_slice(if count == 0 { b"\"" } else { b",\"" });
            self.out.extend_from_slice(name.as_bytes());
            self.out.push(b'"');
        }
        self.out.push(b']');
    }

    /// Fields that were written before, each behind its comma.
    #[inline(always)]
    pub fn written(&mut self, fields: &[u8]) {
        self.out.extend_from_slice(fields);
    }

    /// The fields of a whole object that was written before, put in here.
    pub fn fields_of(&mut self, object: &str) {
        let fields = object.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or("");
        if fields.is_empty() {
            return;
        }
        self.out.push(b',');
        self.out.extend_from_slice(fields.as_bytes());
    }

    /// Texts in a row; nothing where there are none.
    pub fn texts(&mut self, key: &str, texts: &[&str]) {
        let Some((first, others)) = texts.split_first() else { return };
        self.key(key);
        self.out.push(b'[');
        write_text(self.out, first.as_bytes());
        for text in others {
            self.out.push(b',');
            write_text(self.out, text.as_bytes());
        }
        self.out.push(b']');
    }

    /// An object within.
    pub fn object(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        let mut inner = Object::begin(self.out);
        write(&mut inner);
        inner.end();
    }
}

/// A name of our own in quotes.
fn write_name(out: &mut Vec<u8>, name: &str) {
    out.reserve(name.len() + 2);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

fn write_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
};

/// Bits in hex and quotes.
fn write_hex<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N]) {
    let mut text = [b'"'; 34];
    for (byte, pair) in bytes.iter().zip(text[1..].chunks_exact_mut(2)) {
        pair.copy_from_slice(&HEX[usize::from(*byte)]);
    }
    out.extend_from_slice(&text[..2 * N + 2]);
}

/// An instant in quotes.
fn write_instant(out: &mut Vec<u8>, micros: i64, offset_minutes: Option<i32>) {
    out.push(b'"');
    write_rfc3339(out, micros, offset_minutes);
    out.push(b'"');
}

/// A wall clock in quotes, or only its date.
fn write_wall_clock(out: &mut Vec<u8>, micros: i64, precision: Precision) {
    out.push(b'"');
    let start = out.len();
    write_rfc3339(out, micros, None);
    if precision == Precision::Date {
        out.truncate(start + "2026-05-21".len());
    }
    out.push(b'"');
}

/// A time as RFC 3339: with `offset_minutes` as an instant, without as a wall clock.
fn write_rfc3339(out: &mut Vec<u8>, micros: i64, offset_minutes: Option<i32>) {
    let seconds = micros.div_euclid(1_000_000);
    let fraction = micros.rem_euclid(1_000_000) as u32;
    match offset_minutes.map(i16::try_from) {
        Some(Ok(minutes)) if minutes != 0 && minutes.abs() < 24 * 60 => {
            write::write_with_offset(out, seconds, fraction, minutes);
        }
        Some(_) => write::write_utc(out, seconds, fraction),
        None => {
            let mut local = LocalTime::new(seconds, standard::Precision::Second);
            local.micros = fraction;
            write::write_local(out, &local);
        }
    }
}

const LOWS: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Not zero where one of eight bytes must be escaped.
#[inline]
const fn escaped(word: u64) -> u64 {
    let quote = word ^ (LOWS * b'"' as u64);
    let backslash = word ^ (LOWS * b'\\' as u64);
    let zeros = (quote.wrapping_sub(LOWS) & !quote) | (backslash.wrapping_sub(LOWS) & !backslash);
    (zeros | (word.wrapping_sub(LOWS * 0x20) & !word)) & HIGHS
}

/// True where a byte of a text must be escaped. Eight bytes at a time; the last eight once more take in the rest, and so do
/// four and two of a short text.
#[inline]
fn needs_escape(text: &[u8]) -> bool {
    let words = match (text.first_chunk::<4>(), text.last_chunk::<4>(), text.last_chunk::<8>()) {
        (_, _, Some(last)) => {
            let words = text.as_chunks::<8>().0.iter().chain([last]);
            return words.fold(0, |found, word| found | escaped(u64::from_le_bytes(*word))) != 0;
        }
        (Some(first), Some(last), None) => [u32::from_le_bytes(*first), u32::from_le_bytes(*last)],
        _ => match (text.first_chunk::<2>(), text.last_chunk::<2>(), text) {
            (Some(first), Some(last), _) => {
                [first, last].map(|pair| u32::from(u16::from_le_bytes(*pair)) | 0x2020_0000)
            }
            (_, _, [only]) => [u32::from(*only) | 0x2020_2000, 0x2020_2020],
            _ => return false,
        },
    };
    escaped(u64::from(words[0]) | u64::from(words[1]) << 32) != 0
}

/// A JSON string. Bytes are UTF-8 already.
pub fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if !needs_escape(text) {
        out.extend_from_slice(text);
        out.push(b'"');
        return;
    }
    let mut start = 0;
    for (at, &byte) in text.iter().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..=0x1F) {
            continue;
        }
        out.extend_from_slice(&text[start..at]);
        start = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(b'0' + (byte >> 4));
                out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&text[start..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_their_offset() {
        check(1_779_372_849_000_000, Some(-300), "2026-05-21T09:14:09-05:00");
        check(1_779_372_849_250_000, Some(0), "2026-05-21T14:14:09.250Z");
        check(-1, None, "1969-12-31T23:59:59.999999");
        check(951_782_400_000_000, None, "2000-02-29T00:00:00");
    }

    #[test]
    fn what_must_be_escaped_is_found_at_every_place() {
        for len in 0..40 {
            let plain = vec![b'a'; len];
            assert!(!needs_escape(&plain), "{len}");
            for at in 0..len {
                for byte in [b'"', b'\\', b'\n', 0, 0x1F] {
                    let mut text = plain.clone();
                    text[at] = byte;
                    assert!(needs_escape(&text), "{byte} at {at} of {len}");
                }
                for byte in [b' ', b'!', 0x7F, 0x80, 0xFF, b'['] {
                    let mut text = plain.clone();
                    text[at] = byte;
                    assert!(!needs_escape(&text), "{byte} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn any_text_is_a_json_string() {
        let mut out = Vec::new();
        write_text(&mut out, "a\"b\\c\n\u{1}é\u{0}".as_bytes());
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"b\\\\c\\n\\u0001é\\u0000\"");
    }

    #[track_caller]
    fn check(micros: i64, offset: Option<i32>, expected: &str) {
        let mut out = Vec::new();
        write_rfc3339(&mut out, micros, offset);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
