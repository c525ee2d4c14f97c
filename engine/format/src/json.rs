//! JSON to the tape, in place.
//!
//! # Place
//! Behind the decoder, for `json` and for each line of `ndjson`.
//!
//! # Method
//! simd-json writes the tape directly: strings are unescaped in place and borrowed from the input. With padding after the document
//! nothing is copied; without, simd-json copies the input once into its own buffer. Where it fails, the bytes are looked at
//! again, slowly, to say where and why; that happens once per bad document. UTF-16, told by its mark or by the zero beside the first
//! sign, is turned into UTF-8 before; so is a document that stands as a text in another one taken out of it.
//!
//! # Holds
//! [`Json`]: simd-json's buffers, its errors in our words, and the text of documents that came in other clothes.
//!
//! # Does not hold
//! Other encodings: JSON is Unicode, and what is neither is refused with its place.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use simd_json::{Buffers, ErrorType, Tape};

use crate::decode::{PADDING, pad};
use crate::{DecodeError, DecodeErrorKind, Format, TapeView, foreign};

/// The byte-order mark that some senders put before UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// simd-json's working storage.
pub(crate) struct Json {
    buffers: Buffers,
    depth_max: usize,
    /// The document in UTF-8, where it came as UTF-16 or within another one. Reused.
    text: Vec<u8>,
}

impl std::fmt::Debug for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Json").field("depth_max", &self.depth_max).finish_non_exhaustive()
    }
}

impl Json {
    pub(crate) fn new(depth_max: usize) -> Self {
        Self { buffers: Buffers::with_max_depth(4096, depth_max), depth_max, text: Vec::new() }
    }

    /// Reads `buffer[..size]` onto `tape`.
    pub(crate) fn fill<'a>(
        &'a mut self,
        buffer: &'a mut [u8],
        size: usize,
        tape: &mut Tape<'a>,
    ) -> Result<(), DecodeError> {
        let Self { buffers, depth_max, text } = self;
        let Some((encoding, mark_size)) = utf16(&buffer[..size]) else {
            return parse(buffers, *depth_max, buffer, size, tape);
        };
        transcode(encoding, &buffer[mark_size..size], text);
        let text_size = pad(text);
        // The place is that of the same sign in the bytes; the text is looked at again, because a parse may have altered it.
        parse(buffers, *depth_max, text, text_size, tape).map_err(|mut error| {
            let mut again = Vec::new();
            transcode(encoding, &buffer[mark_size..size], &mut again);
            let before = again.get(..error.offset).unwrap_or(&again);
            error.offset = mark_size + 2 * String::from_utf8_lossy(before).encode_utf16().count();
            error.offset = error.offset.min(size);
            error
        })
    }

    /// Reads the document that stands as a text under `key` of the object in `buffer[..size]`; the object itself where there is none.
    pub(crate) fn fill_within<'a>(
        &'a mut self,
        key: &str,
        buffer: &'a mut [u8],
        size: usize,
        tape: &mut Tape<'a>,
    ) -> Result<(), DecodeError> {
        let Some(inner) = text_under(key, &buffer[..size], self.depth_max) else {
            return self.fill(buffer, size, tape);
        };
        let place = memchr::memmem::find(&buffer[..size], key.as_bytes()).unwrap_or(0);
        let Self { buffers, depth_max, text } = self;
        *text = inner.into_bytes();
        let text_size = pad(text);
        parse(buffers, *depth_max, text, text_size, tape).map_err(|mut error| {
            error.message = format!("in the text of \"{key}\", {}", error.message).into();
            error.offset = place;
            error
        })
    }
}

/// The encoding of a document in UTF-16 and the size of its mark: JSON begins with an ASCII sign, whose other byte is zero.
#[inline]
fn utf16(bytes: &[u8]) -> Option<(&'static Encoding, usize)> {
    match *bytes {
        [0xFF, 0xFE, ..] => Some((UTF_16LE, 2)),
        [0xFE, 0xFF, ..] => Some((UTF_16BE, 2)),
        [first, 0, ..] if first != 0 && first.is_ascii() => Some((UTF_16LE, 0)),
        [0, second, ..] if second != 0 && second.is_ascii() => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// Replaces `text` by the document in UTF-8. Half a surrogate pair becomes U+FFFD.
#[cold]
fn transcode(encoding: &'static Encoding, bytes: &[u8], text: &mut Vec<u8>) {
    let mut bytes_of_text = core::mem::take(text);
    bytes_of_text.clear();
    let mut whole = String::from_utf8(bytes_of_text).unwrap_or_default();
    let mut decoder = encoding.new_decoder_without_bom_handling();
    whole.reserve(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 2 + 16));
    let (_, read_size, _) = decoder.decode_to_string(bytes, &mut whole, true);
    debug_assert_eq!(read_size, bytes.len());
    *text = whole.into_bytes();
}

/// The text under `key` of the object that `bytes` hold, if that is one.
fn text_under(key: &str, bytes: &[u8], depth_max: usize) -> Option<String> {
    let mut copy = bytes.to_vec();
    let size = pad(&mut copy);
    let mut outer = Json::new(depth_max);
    let mut tape = Tape(Vec::new());
    outer.fill(&mut copy, size, &mut tape).ok()?;
    let view = TapeView::new(&tape.0);
    let inner = view.text(view.get(0, key)?)?;
    (!inner.trim_ascii().is_empty()).then(|| String::from(inner))
}

/// Reads `buffer[..size]`, which is UTF-8, onto `tape`.
fn parse<'a>(
    buffers: &mut Buffers,
    depth_max: usize,
    buffer: &'a mut [u8],
    size: usize,
    tape: &mut Tape<'a>,
) -> Result<(), DecodeError> {
    let start = if buffer[..size].starts_with(MARK) { MARK.len() } else { 0 };
    let buffer = &mut buffer[start..];
    let size = size - start;
    let document: *mut [u8] = buffer;
    // SAFETY: `document` comes from the exclusive borrow `buffer`, which is not used again; this is the only reference
    // made from it until the parse has returned.
    #[expect(unsafe_code, reason = "a failed parse must give the bytes back, see below")]
    let lent: &'a mut [u8] = unsafe { &mut *document };
    let outcome = if size + PADDING <= lent.len() {
        simd_json::fill_tape_padded(lent, size, buffers, tape)
    } else {
        simd_json::fill_tape(&mut lent[..size], buffers, tape)
    };
    outcome.map_err(|error| {
        tape.0.clear();
        // SAFETY: all that can borrow from `lent` are nodes on `tape`, and that has just been emptied. So nothing else reads
        // or writes these bytes while this reference lives, and they are initialized.
        #[expect(unsafe_code, reason = "a parse that failed borrows nothing any more")]
        let bytes: &[u8] = unsafe { &*document };
        let mut error = explain(&bytes[..size], &error, depth_max);
        error.offset += start;
        foreign::instead(error, &bytes[..size], &Format::Json)
    })
}

/// Says why simd-json refused `bytes`. Its first stage (UTF-8, strings) fails without a place and before a byte is altered; its second
/// (structure, numbers, escapes) knows the place, and strings before it may have been unescaped already.
#[cold]
fn explain(bytes: &[u8], error: &simd_json::Error, depth_max: usize) -> DecodeError {
    let size = bytes.len();
    let text_size = bytes.trim_ascii_end().len();
    if text_size == 0 {
        return DecodeError::new(DecodeErrorKind::Empty, 0, "nothing but white space");
    }
    let place = error.index().min(size);
    match error.error() {
        ErrorType::InvalidUtf8 => explain_encoding(bytes),
        ErrorType::DepthLimitExceeded => {
            let message = format!("nested deeper than {depth_max} levels");
            DecodeError::new(DecodeErrorKind::TooDeep, place, message)
        }
        ErrorType::InvalidUnicodeCodepoint | ErrorType::InvalidUnicodeEscape => {
            let place = bad_escape(bytes).unwrap_or(place);
            DecodeError::new(
                DecodeErrorKind::Encoding,
                place,
                "half a surrogate pair, or no character, after \\u",
            )
        }
        ErrorType::InvalidEscape => {
            let place = bad_escape(bytes).unwrap_or(place);
            DecodeError::new(DecodeErrorKind::Malformed, place, "an escape that JSON does not have")
        }
        // The structure ran out before it was closed.
        ErrorType::Syntax if error.character().is_some() => DecodeError::new(
            DecodeErrorKind::Truncated,
            text_size,
            "the document ends before it is complete",
        ),
        ErrorType::Syntax | ErrorType::Eof | ErrorType::UnterminatedString => {
            explain_string(bytes, place)
        }
        _ if is_cut_token(&bytes[..text_size], place) => DecodeError::new(
            DecodeErrorKind::Truncated,
            text_size,
            "the document ends within a value",
        ),
        kind => {
            let found = bytes.get(place).map_or_else(|| "the end".into(), |&byte| show(byte));
            DecodeError::new(
                DecodeErrorKind::Malformed,
                place,
                format!("{} at {found}", describe(kind)),
            )
        }
    }
}

fn explain_encoding(bytes: &[u8]) -> DecodeError {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => DecodeError::new(
            DecodeErrorKind::Truncated,
            error.valid_up_to(),
            "the document ends within a character",
        ),
        Err(error) => {
            let place = error.valid_up_to();
            let message = format!("{} is not UTF-8", show(bytes[place]));
            DecodeError::new(DecodeErrorKind::Encoding, place, message)
        }
        Ok(_) => DecodeError::new(DecodeErrorKind::Encoding, 0, "not UTF-8"),
    }
}

/// The first stage refused the strings: a control byte inside one, or one without an end.
fn explain_string(bytes: &[u8], place: usize) -> DecodeError {
    let mut within = false;
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => within = !within,
            0..=0x1F if within => {
                let message = format!("{} within a string", show(byte));
                return DecodeError::new(DecodeErrorKind::Malformed, at, message);
            }
            _ => {}
        }
    }
    if within {
        DecodeError::new(
            DecodeErrorKind::Truncated,
            bytes.len(),
            "the document ends within a string",
        )
    } else {
        DecodeError::new(DecodeErrorKind::Malformed, place, "not JSON")
    }
}

/// The first escape that stands for no character. simd-json doesn't say where a string went wrong; strings before that one may hold
/// left-overs of their own escapes, so the place is where a person should look first.
fn bad_escape(bytes: &[u8]) -> Option<usize> {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    // Ends: each turn moves past a backslash.
    while let Some(step) = memchr::memchr(b'\\', &bytes[at..]) {
        let place = at + step;
        let size = match bytes.get(place + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => match unit(place) {
                Some(0xD800..=0xDBFF) => match unit(place + 6) {
                    Some(0xDC00..=0xDFFF) => 12,
                    _ => return Some(place),
                },
                Some(0xDC00..=0xDFFF) | None => return Some(place),
                Some(_) => 6,
            },
            _ => return Some(place),
        };
        at = place + size;
    }
    None
}

/// Whether `text` ends within a number or within `true`, `false`, `null`, and that is where the error is.
fn is_cut_token(text: &[u8], place: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    let start = text.iter().rposition(|byte| !is_part(byte)).map_or(0, |at| at + 1);
    let rest = &text[start..];
    if rest.is_empty() || place < start {
        return false;
    }
    let is_number =
        rest.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            && !rest[rest.len() - 1].is_ascii_digit();
    let is_word = |word: &[u8]| rest.len() < word.len() && word.starts_with(rest);
    is_number || is_word(b"true") || is_word(b"false") || is_word(b"null")
}

fn show(byte: u8) -> String {
    if byte.is_ascii_graphic() {
        format!("`{}`", char::from(byte))
    } else {
        format!("byte 0x{byte:02x}")
    }
}

fn describe(kind: &ErrorType) -> &'static str {
    match kind {
        ErrorType::ExpectedArrayContent => "a `,` or `]` is missing",
        ErrorType::ExpectedObjectContent => "a `,` or `}` is missing",
        ErrorType::ExpectedObjectKey | ErrorType::KeyMustBeAString | ErrorType::BadKeyType => {
            "a key in quotes is missing"
        }
        ErrorType::ExpectedObjectColon => "a `:` is missing",
        ErrorType::ExpectedTrue | ErrorType::ExpectedFalse | ErrorType::ExpectedNull => {
            "a word that is neither true, false nor null"
        }
        ErrorType::InvalidNumber | ErrorType::InvalidExponent => {
            "a number that JSON does not allow"
        }
        ErrorType::TrailingData => "something follows the value",
        ErrorType::Overflow => "a number beyond 64 bits",
        _ => "not JSON",
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::{DecodeLimits, Decoder, Format, PADDING, pad};

    fn read(decoder: &mut Decoder, input: &[u8], padded: bool) -> String {
        let mut bytes = input.to_vec();
        let size = if padded { pad(&mut bytes) } else { bytes.len() };
        assert_eq!(bytes.len() - size, if padded { PADDING } else { 0 });
        match decoder.decode_padded(&Format::Json, &mut bytes, size) {
            Ok(document) => document.view().to_json(),
            Err(error) => error.to_string(),
        }
    }

    fn check(input: impl AsRef<[u8]>, expected: Expect) {
        let mut decoder = Decoder::new(DecodeLimits { depth_max: 4, ..DecodeLimits::default() });
        let copied = read(&mut decoder, input.as_ref(), false);
        let in_place = read(&mut decoder, input.as_ref(), true);
        assert_eq!(copied, in_place);
        expected.assert_eq(&in_place);
    }

    #[test]
    fn values_come_as_they_are() {
        check(
            r#"{"a":[1,-2,true,null,"x"],"b":{}}"#,
            expect![[r#"{"a":[1,-2,true,null,"x"],"b":{}}"#]],
        );
        check("18446744073709551615", expect!["18446744073709551615"]);
        check("\"a\\u00e9\\n\\\"\\ud83d\\ude00\"", expect![[r#""aé\n\"😀""#]]);
        check(b"\xEF\xBB\xBF{\"a\":1}", expect![[r#"{"a":1}"#]]);
        check(" [ ] ", expect!["[]"]);
    }

    #[test]
    fn utf_16_is_read_with_and_without_a_mark() {
        let text = "[{\"a\":\"Kö\u{1F600}\"}]";
        for big in [false, true] {
            for mark in ["", "\u{feff}"] {
                let units = format!("{mark}{text}");
                let bytes = units
                    .encode_utf16()
                    .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
                check(bytes.collect::<Vec<u8>>(), expect![[r#"[{"a":"Kö😀"}]"#]]);
            }
        }
        let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        check(le("[\"ö\" 2]"), expect!["malformed: a `,` or `]` is missing at `2` at byte 10"]);
        check(
            [le("[\"x"), vec![0]].concat(),
            expect!["truncated: the document ends within a string at byte 7"],
        );
        check(b"\xff\xfe", expect!["empty: nothing but white space at byte 2"]);
    }

    #[test]
    fn a_document_may_stand_as_a_text_within_another() {
        fn within(input: &str, expected: Expect) {
            let mut decoder = Decoder::new(DecodeLimits::default());
            let format = Format::JsonWithin("data".into());
            let found = match decoder.decode(&format, &mut input.as_bytes().to_vec()) {
                Ok(document) => document.view().to_json(),
                Err(error) => error.to_string(),
            };
            expected.assert_eq(&found);
        }
        within(r#"{"ok":true,"data":"{\"a\":\"\\u00e9\\n\"}"}"#, expect![[r#"{"a":"é\n"}"#]]);
        within(r#"{"data":{"a":1}}"#, expect![[r#"{"data":{"a":1}}"#]]);
        within(r#"{"data":" "}"#, expect![[r#"{"data":" "}"#]]);
        within("[1]", expect!["[1]"]);
        within(
            r#"{"data":"{"}"#,
            expect![[
                r#"truncated: in the text of "data", the document ends before it is complete at byte 2"#
            ]],
        );
        within(
            r#"{"data":"#,
            expect!["truncated: the document ends before it is complete at byte 8"],
        );
    }

    #[test]
    fn bad_documents_say_what_and_where() {
        check("", expect!["empty: nothing but white space at byte 0"]);
        check(" \n", expect!["empty: nothing but white space at byte 0"]);
        check("{\"a\":", expect!["truncated: the document ends before it is complete at byte 5"]);
        check("{\"a\":1", expect!["truncated: the document ends before it is complete at byte 6"]);
        check(
            "{\"a\":{\"b\":1}",
            expect!["truncated: the document ends before it is complete at byte 12"],
        );
        check("{\"a\":tr", expect!["truncated: the document ends within a value at byte 7"]);
        check("{\"a\":\"xy", expect!["truncated: the document ends within a string at byte 8"]);
        check("{\"a\":\"xy\\", expect!["truncated: the document ends within a string at byte 9"]);
        check("{\"a\":-", expect!["truncated: the document ends within a value at byte 6"]);
        check("{\"a\" 1}", expect!["malformed: a `:` is missing at `1` at byte 5"]);
        check("{\"a\":1,}", expect!["malformed: a key in quotes is missing at `}` at byte 7"]);
        check("{\"a\":1} {", expect!["malformed: not JSON at `}` at byte 6"]);
        check("[1 2]", expect!["malformed: a `,` or `]` is missing at `2` at byte 3"]);
        check("[01]", expect!["malformed: a number that JSON does not allow at `1` at byte 2"]);
        check("{a:1}", expect!["malformed: a `,` or `}` is missing at `a` at byte 1"]);
        check("<a/>", expect!["malformed: an XML document where JSON should be at byte 0"]);
        check(
            "{\"a\":\"\\ud800\"}",
            expect![[r#"encoding: half a surrogate pair, or no character, after \u at byte 6"#]],
        );
        check(
            "{\"a\":\"\\ud800x\"}",
            expect![[r#"encoding: half a surrogate pair, or no character, after \u at byte 6"#]],
        );
        check(
            "{\"a\":\"\\udc00\"}",
            expect![[r#"encoding: half a surrogate pair, or no character, after \u at byte 6"#]],
        );
        check(
            "{\"a\":\"\\u00e\"}",
            expect![[r#"encoding: half a surrogate pair, or no character, after \u at byte 6"#]],
        );
        check("{\"a\":\"\\x\"}", expect!["malformed: an escape that JSON does not have at byte 6"]);
        check("{\"a\":\"\0\"}", expect!["malformed: byte 0x00 within a string at byte 6"]);
        check("\0", expect!["malformed: not JSON at byte 0x00 at byte 0"]);
        check(b"{\"a\":\"\xff\"}", expect!["encoding: byte 0xff is not UTF-8 at byte 6"]);
        check(b"{\"a\":\"\xc3", expect!["truncated: the document ends within a string at byte 7"]);
        check("[[[[[1]]]]]", expect!["too_deep: nested deeper than 4 levels at byte 4"]);
        check("1e999", expect!["malformed: a number that JSON does not allow at `1` at byte 0"]);
        check("1e400", expect!["malformed: a number that JSON does not allow at `1` at byte 0"]);
    }
}
