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
    is_first: bool,
}

impl<'a> Object<'a> {
    /// Opens an object.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_first: true }
    }

    /// Closes it.
    pub fn end(self) {
        self.out.push(b'}');
    }

    fn key(&mut self, key: &str) {
        // One reservation a field: the longest key and its marks are well below 32 bytes.
        self.out.reserve(key.len() + 32);
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A text from the world, escaped; nothing where it is empty.
    pub fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.key(key);
            write_text(self.out, text.as_bytes());
        }
    }

    /// A text from the world, escaped, also where it is empty.
    pub fn text_or_empty(&mut self, key: &str, text: &str) {
        self.key(key);
        write_text(self.out, text.as_bytes());
    }

    /// A name of our own that needs no escape.
    pub fn name(&mut self, key: &str, name: &str) {
        self.key(key);
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'"');
    }

    /// A number.
    pub fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A truth.
    pub fn truth(&mut self, key: &str, truth: bool) {
        self.key(key);
        self.out.extend_from_slice(if truth { b"true" } else { b"false" });
    }

    /// 128 bits in hex.
    pub fn hex128(&mut self, key: &str, bits: u128) {
        self.key(key);
        self.out.push(b'"');
        write_hex(self.out, (bits >> 64) as u64);
        write_hex(self.out, bits as u64);
        self.out.push(b'"');
    }

    /// 64 bits in hex.
    pub fn hex64(&mut self, key: &str, bits: u64) {
        self.key(key);
        self.out.push(b'"');
        write_hex(self.out, bits);
        self.out.push(b'"');
    }

    /// An instant in UTC; nothing where none is known.
    pub fn utc(&mut self, key: &str, time: Micros) {
        if let Some(micros) = time.get() {
            self.key(key);
            self.out.push(b'"');
            write_rfc3339(self.out, micros, Some(0));
            self.out.push(b'"');
        }
    }

    /// An instant with its offset; nothing where no instant is known.
    pub fn instant(&mut self, key: &str, time: &EventTime) {
        if let Some(micros) = time.instant.get() {
            self.key(key);
            self.out.push(b'"');
            write_rfc3339(self.out, micros, time.offset_minutes());
            self.out.push(b'"');
        }
    }

    /// A wall clock: a date, or a date and a time, without a zone; nothing where none is known.
    pub fn local(&mut self, key: &str, time: &EventTime) {
        if let Some(micros) = time.local.get() {
            self.key(key);
            self.out.push(b'"');
            let start = self.out.len();
            write_rfc3339(self.out, micros, None);
            if time.precision == Precision::Date {
                self.out.truncate(start + "2026-05-21".len());
            }
            self.out.push(b'"');
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

    /// The fields of a whole object that was written before, put in here.
    pub fn fields_of(&mut self, object: &str) {
        let fields = object.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or("");
        if fields.is_empty() {
            return;
        }
        if !self.is_first {
            self.out.push(b',');
        }
        self.is_first = false;
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

fn write_hex(out: &mut Vec<u8>, bits: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0_u8; 16];
    for (byte, pair) in bits.to_be_bytes().iter().zip(text.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    out.extend_from_slice(&text);
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

/// A JSON string. Bytes are UTF-8 already.
pub fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    // Nearly no text needs an escape; this loop has no early end, so it runs many bytes at a time.
    let needs_escape = text
        .iter()
        .fold(false, |needs, &byte| needs | (byte < 0x20) | (byte == b'"') | (byte == b'\\'));
    if !needs_escape {
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
