//! Bytes to UTF-8 text.
//!
//! # Place
//! Before the scan of XML, CSV, X12 and EDIFACT; simd-json checks UTF-8 itself.
//!
//! # Method
//! UTF-8 is checked and borrowed. Only other encodings are decoded, into a reused buffer: XML says its own (byte-order mark, then
//! prolog); text that should be UTF-8 and isn't is read as Windows-1252, which every byte is valid in, and a warning says so.
//!
//! # Holds
//! [`Text`]: the buffer and the choice of encoding; [`Source`]: what comes out.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::warning::{WarningKind, Warnings};
use crate::{DecodeError, DecodeErrorKind};

/// How much of a document may be searched for the prolog's `encoding`.
const PROLOG_SIZE_MAX: usize = 256;

/// Decoded text of a document that was not UTF-8. Reused.
#[derive(Debug, Default)]
pub(crate) struct Text {
    buffer: String,
}

/// A document's text, and how to get from a place in it to the place in the bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    /// Bytes of the mark before it.
    mark_size: usize,
    /// Whether it was decoded from an encoding of one byte a character.
    is_byte_a_character: bool,
}

impl Source<'_> {
    /// Turns places in the text into places in the bytes, for rising places; exact for UTF-8 and for one byte a character.
    pub(crate) fn byte_places(&self) -> impl FnMut(usize) -> usize {
        let Self { text, mark_size, is_byte_a_character } = *self;
        let mut known = (0, 0);
        move |place| {
            if !is_byte_a_character {
                return place + mark_size;
            }
            if place < known.0 {
                known = (0, 0);
            }
            debug_assert!(text.is_char_boundary(place));
            let characters = text.get(known.0..place).map_or(0, |part| part.chars().count());
            known = (place, known.1 + characters);
            known.1 + mark_size
        }
    }
}

impl Text {
    /// The document as UTF-8, without a byte-order mark.
    pub(crate) fn read<'a>(
        &'a mut self,
        bytes: &'a [u8],
        is_xml: bool,
        warnings: &mut Warnings,
    ) -> Result<Source<'a>, DecodeError> {
        let (encoding, mark_size) = choose(bytes, is_xml)?;
        let body = &bytes[mark_size..];
        if encoding != UTF_8 && !(encoding.is_ascii_compatible() && body.is_ascii()) {
            if self.decode(encoding, body) {
                warnings.push(WarningKind::Encoding, mark_size, body.len());
            }
            let is_byte_a_character = encoding.is_single_byte();
            return Ok(Source { text: &self.buffer, mark_size, is_byte_a_character });
        }
        match std::str::from_utf8(body) {
            Ok(text) => Ok(Source { text, mark_size, is_byte_a_character: false }),
            Err(error) => {
                let place = mark_size + error.valid_up_to();
                warnings.push(WarningKind::Encoding, place, error.error_len().unwrap_or(1));
                self.decode(WINDOWS_1252, body);
                Ok(Source { text: &self.buffer, mark_size, is_byte_a_character: true })
            }
        }
    }

    fn decode(&mut self, encoding: &'static Encoding, bytes: &[u8]) -> bool {
        self.buffer.clear();
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let size_max = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
        self.buffer.reserve(size_max);
        let (_, read_size, had_errors) = decoder.decode_to_string(bytes, &mut self.buffer, true);
        debug_assert_eq!(read_size, bytes.len());
        had_errors
    }
}

fn choose(bytes: &[u8], is_xml: bool) -> Result<(&'static Encoding, usize), DecodeError> {
    if let Some((encoding, mark_size)) = Encoding::for_bom(bytes) {
        return Ok((encoding, mark_size));
    }
    if !is_xml {
        return Ok((UTF_8, 0));
    }
    match bytes {
        [b'<', 0, ..] => return Ok((UTF_16LE, 0)),
        [0, b'<', ..] => return Ok((UTF_16BE, 0)),
        _ => {}
    }
    let Some((label, offset)) = declared(bytes) else {
        return Ok((UTF_8, 0));
    };
    match Encoding::for_label(label) {
        // A prolog that could be read byte by byte is not UTF-16, whatever it says.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok((UTF_8, 0)),
        Some(encoding) => Ok((encoding, 0)),
        None if std::str::from_utf8(bytes).is_ok() => Ok((UTF_8, 0)),
        None => {
            let shown = String::from_utf8_lossy(label).into_owned();
            let message = format!("the encoding \"{shown}\" is not known");
            Err(DecodeError::new(DecodeErrorKind::Encoding, offset, message))
        }
    }
}

/// The label in `<?xml … encoding="…"?>` and where it stands.
fn declared(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let start = bytes.len() - bytes.trim_ascii_start().len();
    let head = &bytes[..bytes.len().min(start + PROLOG_SIZE_MAX)];
    if !head[start..].starts_with(b"<?xml") {
        return None;
    }
    let end = start + memchr::memmem::find(&head[start..], b"?>")?;
    let at = start + memchr::memmem::find(&head[start..end], b"encoding")? + b"encoding".len();
    let open = at + head[at..end].iter().position(|&byte| byte == b'"' || byte == b'\'')?;
    let size = memchr::memchr(head[open], &head[open + 1..end])?;
    Some((&head[open + 1..open + 1 + size], open + 1))
}
