//! The decoder: one per thread, any format, storage reused.
//!
//! # Place
//! Owned by a lane. `decode` borrows it and the message's bytes until the [`Document`] is dropped.
//!
//! # Method
//! Node storage has to outlive documents of different lifetimes. Between documents it is an empty `Tape<'static>`; a document
//! takes it out with its own lifetime and puts it back, emptied, when dropped. Both steps are simd-json's safe `Tape::reset`.
//!
//! # Holds
//! [`Decoder`], [`Document`], [`Format`], [`CsvOptions`], [`pad`].

use simd_json::{Node, Tape};

use crate::foreign;
use crate::json::Json;
use crate::outline::TEXT_SIZE_MAX;
use crate::scanners::Scanners;
use crate::warning::Warnings;
use crate::{DecodeError, DecodeErrorKind, DecodeLimits, TapeView, Warning};

/// Bytes that must follow a document for [`Decoder::decode_padded`]; their content does not matter.
pub const PADDING: usize = simd_json::INPUT_PADDING;

/// How bytes become a tape. EPCIS is `Json` or `Xml` with a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// One JSON value.
    Json,
    /// A JSON object with this key, whose value is a text that is the JSON document; an object without it is the document.
    JsonWithin(Box<str>),
    /// JSON values, one a line; split with [`Splitter`](crate::Splitter), each line is decoded as JSON.
    Ndjson,
    /// XML elements as objects.
    Xml,
    /// Rows with a header, as an array of objects.
    Csv(CsvOptions),
    /// ANSI X12 interchanges.
    X12,
    /// UN/EDIFACT interchanges.
    Edifact,
}

impl Format {
    /// The format that feeds call `name`: `json`, `ndjson`, `xml`, `csv`, `x12`, `edifact`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "json" => Self::Json,
            "ndjson" => Self::Ndjson,
            "xml" => Self::Xml,
            "csv" => Self::Csv(CsvOptions::default()),
            "x12" => Self::X12,
            "edifact" => Self::Edifact,
            _ => return None,
        })
    }

    /// The name that feeds use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Json | Self::JsonWithin(_) => "json",
            Self::Ndjson => "ndjson",
            Self::Xml => "xml",
            Self::Csv(_) => "csv",
            Self::X12 => "x12",
            Self::Edifact => "edifact",
        }
    }
}

/// How a delimited file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Byte between fields. Default `,`.
    pub delimiter: u8,
    /// Byte around fields that hold a delimiter, doubled inside; `None` when quotes mean nothing. Default `"`.
    pub quote: Option<u8>,
    /// Field names; `None` when the first row has them. Default `None`.
    pub header: Option<Vec<String>>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: b',', quote: Some(b'"'), header: None }
    }
}

/// Appends [`PADDING`] to a document and returns the document's size, for [`Decoder::decode_padded`].
pub fn pad(buffer: &mut Vec<u8>) -> usize {
    let size = buffer.len();
    buffer.resize(size + PADDING, 0);
    size
}

/// Turns bytes into tapes. Its storage grows to the largest document and is then reused.
#[derive(Debug)]
pub struct Decoder {
    limits: DecodeLimits,
    json: Json,
    scanners: Scanners,
    tape: Tape<'static>,
    warnings: Warnings,
}

impl Decoder {
    /// A decoder with these bounds.
    #[must_use]
    pub fn new(limits: DecodeLimits) -> Self {
        assert!(0 < limits.depth_max);
        assert!(limits.document_size_max <= TEXT_SIZE_MAX / 4);
        Self {
            limits,
            json: Json::new(limits.depth_max),
            scanners: Scanners::default(),
            tape: Tape(Vec::new()),
            warnings: Warnings::new(limits.warning_count_max),
        }
    }

    /// The bounds it was made with.
    #[must_use]
    pub const fn limits(&self) -> &DecodeLimits {
        &self.limits
    }

    /// Reads one document. Its bytes may be altered (strings are unescaped in place).
    ///
    /// # Errors
    /// The document can't be read; see [`DecodeErrorKind`].
    pub fn decode<'a>(
        &'a mut self,
        format: &Format,
        bytes: &'a mut [u8],
    ) -> Result<Document<'a>, DecodeError> {
        let size = bytes.len();
        self.decode_padded(format, bytes, size)
    }

    /// Reads the document in `buffer[..size]`. Where at least [`PADDING`] bytes follow it (of any content, and unchanged
    /// afterwards: the next document will do), JSON is read without a copy. See [`pad`].
    ///
    /// # Errors
    /// The document can't be read; see [`DecodeErrorKind`].
    #[expect(clippy::panic_in_result_fn, reason = "a size beyond the buffer is the caller's bug")]
    pub fn decode_padded<'a>(
        &'a mut self,
        format: &Format,
        buffer: &'a mut [u8],
        size: usize,
    ) -> Result<Document<'a>, DecodeError> {
        assert!(size <= buffer.len());
        self.warnings.clear();
        if self.limits.document_size_max < size {
            let message =
                format!("{size} bytes where {} are allowed", self.limits.document_size_max);
            return Err(DecodeError::new(
                DecodeErrorKind::TooLarge,
                self.limits.document_size_max,
                message,
            ));
        }
        let mut tape: Tape<'a> = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let outcome = match format {
            Format::Json | Format::Ndjson => self.json.fill(buffer, size, &mut tape),
            Format::JsonWithin(key) => self.json.fill_within(key, buffer, size, &mut tape),
            Format::Xml | Format::Csv(_) | Format::X12 | Format::Edifact => {
                let bytes = &buffer[..size];
                let scanned =
                    self.scanners.fill(format, bytes, &self.limits, &mut self.warnings, &mut tape);
                scanned.map_err(|error| foreign::instead(error, bytes, format))
            }
        };
        let outcome = outcome.and_then(|()| check_node_count(&tape.0, size, &self.limits));
        match outcome {
            Ok(()) => Ok(Document { tape, home: &mut self.tape, warnings: &self.warnings }),
            Err(error) => {
                self.tape = tape.reset();
                Err(error)
            }
        }
    }
}

fn check_node_count(
    nodes: &[Node<'_>],
    size: usize,
    limits: &DecodeLimits,
) -> Result<(), DecodeError> {
    if nodes.len() <= limits.node_count_max {
        return Ok(());
    }
    let message = format!("{} values where {} are allowed", nodes.len(), limits.node_count_max);
    Err(DecodeError::new(DecodeErrorKind::TooLarge, size, message))
}

/// A document that was read. Gives the decoder its storage back when dropped.
#[derive(Debug)]
pub struct Document<'a> {
    tape: Tape<'a>,
    home: &'a mut Tape<'static>,
    warnings: &'a Warnings,
}

impl<'a> Document<'a> {
    /// The nodes.
    #[inline]
    #[must_use]
    pub fn view(&self) -> TapeView<'_> {
        TapeView::new(&self.tape.0)
    }

    /// What was odd, in the order of the document.
    #[inline]
    #[must_use]
    pub fn warnings(&self) -> &'a [Warning] {
        &self.warnings.list
    }

    /// How many warnings were not kept because there were too many.
    #[inline]
    #[must_use]
    pub fn warnings_left_out_count(&self) -> usize {
        self.warnings.left_out_count
    }
}

impl Drop for Document<'_> {
    fn drop(&mut self) {
        let tape = std::mem::replace(&mut self.tape, Tape(Vec::new()));
        *self.home = tape.reset();
    }
}
