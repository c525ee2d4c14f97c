//! Why a document can't be read.
//!
//! # Place
//! Returned by the decoder for a whole document; the caller turns it into a dead letter. Parts that were passed over in a
//! document that could be read are [`Warning`](crate::Warning)s.
//!
//! # Holds
//! [`DecodeError`], [`DecodeErrorKind`] (closed: counters and dead-letter reasons are keyed on it).

use std::borrow::Cow;
use std::fmt;

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DecodeErrorKind {
    /// No bytes, or only white space.
    Empty,
    /// The document ends before it is complete.
    Truncated,
    /// The bytes break the rules of the format.
    Malformed,
    /// The bytes are not text in the encoding they should be in, or hold half a surrogate pair.
    Encoding,
    /// Nested deeper than [`depth_max`](crate::DecodeLimits::depth_max).
    TooDeep,
    /// Larger than [`document_size_max`](crate::DecodeLimits::document_size_max), or more nodes than
    /// [`node_count_max`](crate::DecodeLimits::node_count_max).
    TooLarge,
    /// Well-formed, but holds what is refused for safety: a document type with entities of its own.
    Refused,
    /// The compressed payload is damaged.
    Compression,
}

impl DecodeErrorKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Empty,
        Self::Truncated,
        Self::Malformed,
        Self::Encoding,
        Self::TooDeep,
        Self::TooLarge,
        Self::Refused,
        Self::Compression,
    ];

    /// The name in counters and dead letters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Encoding => "encoding",
            Self::TooDeep => "too_deep",
            Self::TooLarge => "too_large",
            Self::Refused => "refused",
            Self::Compression => "compression",
        }
    }
}

/// A document that can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Which of the closed list.
    pub kind: DecodeErrorKind,
    /// Byte where it was noticed, from 0. For an XML document that declares an encoding other than UTF-8 it counts in
    /// the text after decoding.
    pub offset: usize,
    /// What was found, for people: lower case, no full stop.
    pub message: Cow<'static, str>,
}

impl DecodeError {
    pub(crate) fn new(
        kind: DecodeErrorKind,
        offset: usize,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { kind, offset, message: message.into() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at byte {}", self.kind.name(), self.message, self.offset)
    }
}

impl std::error::Error for DecodeError {}
