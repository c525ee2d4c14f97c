//! The way of every format but JSON: bytes to text, text to spans, spans to tape.
//!
//! # Place
//! Behind the decoder.
//!
//! # Method
//! Nodes borrow the input, the decoded text or the arena, so those may not grow while nodes exist: a scan is finished before the
//! first node is written. A warning's place is turned back into a place in the bytes at the end, in one pass.
//!
//! # Holds
//! [`Scanners`]: the storage of all of them.

use simd_json::Tape;

use crate::csv::Csv;
use crate::encoding::{Source, Text};
use crate::keys::KEYS;
use crate::outline::Outline;
use crate::warning::{Warning, Warnings};
use crate::xml::Xml;
use crate::{DecodeError, DecodeErrorKind, DecodeLimits, Format, edifact, x12};

/// Working storage of the scans. Reused.
#[derive(Debug, Default)]
pub(crate) struct Scanners {
    text: Text,
    outline: Outline,
    xml: Xml,
    csv: Csv,
}

impl Scanners {
    /// Reads `bytes` onto `tape`.
    pub(crate) fn fill<'a>(
        &'a mut self,
        format: &Format,
        bytes: &'a [u8],
        limits: &DecodeLimits,
        warnings: &mut Warnings,
        tape: &mut Tape<'a>,
    ) -> Result<(), DecodeError> {
        let Self { text, outline, xml, csv } = self;
        if bytes.trim_ascii().is_empty() {
            return Err(DecodeError::new(DecodeErrorKind::Empty, 0, "nothing but white space"));
        }
        let source = text.read(bytes, *format == Format::Xml, warnings)?;
        let text = source.text;
        let earlier_count = warnings.list.len();
        outline.clear();
        let scanned = match format {
            Format::Xml => xml.scan(text, limits, outline),
            Format::Csv(options) => csv.scan(text, options, limits, outline, warnings),
            Format::X12 => x12::scan(text, limits, outline, warnings),
            Format::Edifact => edifact::scan(text, limits, outline, warnings),
            Format::Json | Format::JsonWithin(_) | Format::Ndjson => {
                unreachable!("simd-json writes the tape itself")
            }
        };
        scanned.map_err(|mut error| {
            error.offset = source.byte_places()(error.offset);
            error
        })?;
        place_in_bytes(&mut warnings.list[earlier_count..], &source);
        if matches!(format, Format::Csv(_)) {
            csv.write(text, &outline.arena, &mut tape.0);
        } else {
            outline.write(text, &KEYS, &mut tape.0);
        }
        Ok(())
    }
}

fn place_in_bytes(warnings: &mut [Warning], source: &Source<'_>) {
    let mut byte_place = source.byte_places();
    warnings.sort_unstable_by_key(|warning| (warning.offset, warning.size));
    for warning in warnings {
        let end = warning.offset + warning.size;
        warning.offset = byte_place(warning.offset);
        warning.size = byte_place(end) - warning.offset;
    }
}
